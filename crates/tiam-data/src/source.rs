//! Opening files: gzip or not, and never more bytes than allowed.

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

/// A file whose compression is known.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) gzip: bool,
    /// Bytes on disk.
    disk_len: u64,
    /// The decompressed length modulo 2³² that the last gzip member states; for a plain file its length.
    stated_len: u64,
}

impl Source {
    /// Looks at the first and last bytes.
    pub(crate) fn open(path: &Path) -> Result<Self> {
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
        })
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
    pub(crate) fn read_all(&self, limit: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if !self.gzip {
            self.check_limit(self.disk_len, limit)?;
            bytes =
                crate::error::reserve(self.disk_len.try_into().unwrap_or(usize::MAX), "the file")?;
        }
        let mut reader = self.reader()?;
        let mut chunk = vec![0; BUFFER];
        loop {
            let n = reader.fill(&mut chunk)?;
            if n == 0 {
                return Ok(bytes);
            }
            self.check_limit(reader.offset, limit)?;
            bytes.extend_from_slice(&chunk[..n]);
        }
    }

    fn check_limit(&self, bytes: u64, limit: u64) -> Result<()> {
        check_limit(&self.path, "the content of the file", bytes, limit)
    }

    /// Whether the file holds `expected` decompressed bytes, as far as that shows without decompressing: true is certain
    /// for plain files and near certain for gzip; after false for gzip only [`count`](Self::count) can tell.
    pub(crate) fn states_length(&self, expected: u64) -> bool {
        if !self.gzip {
            return self.disk_len == expected;
        }
        let reachable = expected <= self.disk_len.saturating_mul(DEFLATE_MAX_RATIO);
        reachable && self.stated_len == expected & u64::from(u32::MAX)
    }

    /// The decompressed length, counted.
    pub(crate) fn count(&self, limit: u64) -> Result<u64> {
        if !self.gzip {
            return Ok(self.disk_len);
        }
        let mut reader = self.reader()?;
        let mut chunk = vec![0; BUFFER];
        while reader.fill(&mut chunk)? > 0 {
            self.check_limit(reader.offset, limit)?;
        }
        Ok(reader.offset)
    }
}

/// Reads decompressed bytes and knows how many.
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

/// Refuses a buffer over the limit.
pub(crate) fn check_limit(path: &Path, what: &str, bytes: u64, limit: u64) -> Result<()> {
    if bytes <= limit {
        return Ok(());
    }
    Err(DataError::TooLarge {
        path: path.to_path_buf(),
        what: what.to_owned(),
        bytes,
        limit,
    })
}
