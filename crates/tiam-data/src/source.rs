//! Input files, plain or gzip, with limits on what they may allocate.

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;

use crate::error::{DataError, Result};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Longest expansion deflate can reach: 258 bytes for 2 bits, and its header.
const DEFLATE_MAX_RATIO: u64 = 1040;
/// Bytes of the file looked at to find its format.
pub(crate) const HEAD: usize = 512;
const BUFFER: usize = 1 << 16;
const CONTENT: &str = "the content of the file";

/// Bytes that every file may make the loader allocate: enough for a parser's fixed parts and for small valid files.
pub(crate) const FLOOR: u64 = 16 << 20;

/// Limits on what a file may make the loader allocate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Bytes of a single buffer.
    pub(crate) max_bytes: u64,
    /// Allocated bytes for each byte of the file on disk.
    pub(crate) max_expansion: u64,
}

/// A file whose compression is known.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) gzip: bool,
    /// Bytes on disk.
    disk_len: u64,
    /// The decompressed length modulo 2³² that the last gzip member states; for a plain file its length.
    stated_len: u64,
    limits: Limits,
}

impl Source {
    /// Opens the file and reads its first and last bytes, which tell its compression and length.
    pub(crate) fn open(path: &Path, limits: Limits) -> Result<Self> {
        let io = |e| DataError::io(path, e);
        let mut file = File::open(path).map_err(io)?;
        let disk_len = file.metadata().map_err(io)?.len();
        let mut magic = [0; 2];
        let mut stated_len = disk_len;
        let gzip = disk_len >= 2 && {
            file.read_exact(&mut magic).map_err(io)?;
            magic == GZIP_MAGIC
        };
        if gzip && disk_len >= 8 {
            let mut trailer = [0; 4];
            file.seek(SeekFrom::End(-4)).map_err(io)?;
            file.read_exact(&mut trailer).map_err(io)?;
            stated_len = u64::from(u32::from_le_bytes(trailer));
        }
        Ok(Self {
            path: path.to_path_buf(),
            gzip,
            disk_len,
            stated_len,
            limits,
        })
    }

    /// Limit of the total bytes of many small buffers of one kind.
    pub(crate) fn expansion(&self) -> u64 {
        FLOOR.max(self.limits.max_expansion.saturating_mul(self.disk_len))
    }

    /// Limit of a single buffer in bytes.
    fn limit(&self) -> u64 {
        self.limits.max_bytes.min(self.expansion())
    }

    /// Refuses a buffer over the limit.
    pub(crate) fn check(&self, what: &str, bytes: u64) -> Result<()> {
        self.check_bytes(what, bytes)?;
        self.check_pieces(what, bytes)
    }

    /// Refuses a buffer larger than `max_bytes`.
    pub(crate) fn check_bytes(&self, what: &str, bytes: u64) -> Result<()> {
        if bytes <= self.limits.max_bytes {
            return Ok(());
        }
        Err(self.too_large(what, bytes, self.limits.max_bytes, "`max_bytes`"))
    }

    /// Refuses small buffers whose total exceeds [`expansion`](Self::expansion).
    pub(crate) fn check_pieces(&self, what: &str, bytes: u64) -> Result<()> {
        if bytes <= self.expansion() {
            return Ok(());
        }
        let raise = "`max_expansion`, or store it uncompressed";
        Err(self.too_large(what, bytes, self.expansion(), raise))
    }

    fn too_large(&self, what: &str, bytes: u64, limit: u64, raise: &'static str) -> DataError {
        DataError::TooLarge {
            path: self.path.clone(),
            what: what.to_owned(),
            bytes,
            limit,
            raise,
        }
    }

    /// A vector with room for `len` items, where the limit allows it.
    pub(crate) fn reserve<T>(&self, len: usize, what: &str) -> Result<Vec<T>> {
        self.check(what, (len as u64).saturating_mul(size_of::<T>() as u64))?;
        crate::error::reserve(len, what)
    }

    /// Appends bytes to a buffer of unknown final size: its room is doubled, but never past the limit.
    pub(crate) fn append(&self, bytes: &mut Vec<u8>, more: &[u8], what: &str) -> Result<()> {
        let needed = bytes.len() + more.len();
        self.check(what, needed as u64)?;
        if needed > bytes.capacity() {
            let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
            let room = needed.saturating_mul(2).min(limit);
            bytes
                .try_reserve_exact(room - bytes.len())
                .map_err(|_| DataError::OutOfMemory {
                    what: what.to_owned(),
                    bytes: room as u64,
                })?;
        }
        bytes.extend_from_slice(more);
        Ok(())
    }

    /// A reader of the decompressed bytes.
    pub(crate) fn reader(&self) -> Result<Reader> {
        let file = File::open(&self.path).map_err(|e| DataError::io(&self.path, e))?;
        let file = BufReader::with_capacity(BUFFER, file);
        let inner: Box<dyn Read> = if self.gzip {
            Box::new(MultiGzDecoder::new(file))
        } else {
            Box::new(file)
        };
        Ok(Reader {
            inner,
            path: self.path.clone(),
            gzip: self.gzip,
            offset: 0,
        })
    }

    /// The first decompressed bytes, at most [`HEAD`].
    pub(crate) fn head(&self) -> Result<Vec<u8>> {
        let mut head = vec![0; HEAD];
        let n = self.reader()?.fill(&mut head)?;
        head.truncate(n);
        Ok(head)
    }

    /// All decompressed bytes.
    pub(crate) fn read_all(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if !self.gzip {
            bytes = self.reserve(self.disk_len.try_into().unwrap_or(usize::MAX), CONTENT)?;
        }
        let mut reader = self.reader()?;
        let mut chunk = vec![0; BUFFER];
        loop {
            let n = reader.fill(&mut chunk)?;
            if n == 0 {
                return Ok(bytes);
            }
            self.append(&mut bytes, &chunk[..n], CONTENT)?;
        }
    }

    /// Whether the file states that it holds `expected` decompressed bytes. For plain files the answer is certain; for gzip
    /// true is nearly certain, and after false only [`count`](Self::count) decides.
    pub(crate) fn states_length(&self, expected: u64) -> bool {
        if !self.gzip {
            return self.disk_len == expected;
        }
        let reachable = expected <= self.disk_len.saturating_mul(DEFLATE_MAX_RATIO);
        reachable && self.stated_len == expected & u64::from(u32::MAX)
    }

    /// The decompressed length, counted.
    pub(crate) fn count(&self) -> Result<u64> {
        if !self.gzip {
            return Ok(self.disk_len);
        }
        let mut reader = self.reader()?;
        let mut chunk = vec![0; BUFFER];
        while reader.fill(&mut chunk)? > 0 {
            self.check(CONTENT, reader.offset)?;
        }
        Ok(reader.offset)
    }
}

/// A reader that counts the decompressed bytes.
pub(crate) struct Reader {
    inner: Box<dyn Read>,
    path: PathBuf,
    gzip: bool,
    /// Bytes read so far.
    pub(crate) offset: u64,
}

impl Reader {
    /// Fills the buffer as far as the file reaches; returns the number of bytes.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut n = 0;
        while n < buffer.len() {
            match self.inner.read(&mut buffer[n..]) {
                Ok(0) => break,
                Ok(more) => n += more,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) if self.gzip => {
                    let offset = self.offset + n as u64;
                    return Err(DataError::Gzip {
                        path: self.path.clone(),
                        offset,
                        source,
                    });
                }
                Err(source) => return Err(DataError::io(&self.path, source)),
            }
        }
        self.offset += n as u64;
        Ok(n)
    }
}
