//! Input files, plain or gzip, with limits on what they may allocate.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;

use crate::{
    LoadParams,
    error::{DataError, Place, Result, grow, reserve},
};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Longest expansion deflate can reach: 258 bytes for 2 bits, and its header.
const DEFLATE_MAX_RATIO: u64 = 1040;
pub(crate) const BUFFER: usize = 1 << 16;
const CONTENT: &str = "the content of the file";

/// Bytes that every file may make the loader allocate: enough for a parser's fixed parts and for small valid files.
pub(crate) const FLOOR: u64 = 16 << 20;

/// A file whose compression is known.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) gzip: bool,
    /// Bytes on disk.
    disk_len: u64,
    /// Limit in bytes of a single buffer.
    max_bytes: u64,
    /// Limit in bytes for each byte on disk.
    max_expansion: u64,
}

impl Source {
    /// Opens the file and reads its first bytes, which tell its compression.
    pub(crate) fn open(path: &Path, params: &LoadParams) -> Result<Self> {
        let io = |e| DataError::io(path, e);
        let mut file = File::open(path).map_err(io)?;
        let disk_len = file.metadata().map_err(io)?.len();
        let mut magic = [0; 2];
        let gzip = disk_len >= 2 && {
            file.read_exact(&mut magic).map_err(io)?;
            magic == GZIP_MAGIC
        };
        Ok(Self {
            path: path.to_path_buf(),
            gzip,
            disk_len,
            max_bytes: params.max_bytes,
            max_expansion: params.max_expansion,
        })
    }

    /// Limit of the total bytes of many small buffers of one kind.
    pub(crate) fn expansion(&self) -> u64 {
        FLOOR.max(self.max_expansion.saturating_mul(self.disk_len))
    }

    /// Limit of a single buffer in bytes.
    fn limit(&self) -> u64 {
        self.max_bytes.min(self.expansion())
    }

    /// Refuses a buffer over the limit.
    pub(crate) fn check(&self, what: &str, bytes: u64) -> Result<()> {
        self.check_bytes(what, bytes)?;
        self.check_pieces(what, bytes)
    }

    /// Refuses a buffer larger than `max_bytes`.
    pub(crate) fn check_bytes(&self, what: &str, bytes: u64) -> Result<()> {
        if bytes <= self.max_bytes {
            return Ok(());
        }
        Err(self.too_large(what, bytes, self.max_bytes, "`max_bytes`"))
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
        reserve(len, what)
    }

    /// All that a stream holds, after `bytes`. No stated length is believed: the buffer grows with what is really there. Its room is
    /// doubled, but never past the limit.
    pub(crate) fn read_to_end(
        &self,
        mut stream: Stream<'_>,
        mut bytes: Vec<u8>,
        what: &str,
    ) -> Result<Vec<u8>> {
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        let mut chunk = Vec::new();
        while stream.fill(&mut chunk, BUFFER)? > 0 {
            let needed = bytes.len() + chunk.len();
            self.check(what, needed as u64)?;
            if needed > bytes.capacity() {
                grow(&mut bytes, needed.saturating_mul(2).min(limit), what)?;
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The decompressed bytes.
    pub(crate) fn stream(&self) -> Result<Stream<'_>> {
        let path = &self.path;
        let file = File::open(path).map_err(|e| DataError::io(path, e))?;
        let file = BufReader::with_capacity(BUFFER, file);
        if !self.gzip {
            return Ok(Stream::new(file, |_, e| DataError::io(path, e)));
        }
        Ok(Stream::new(MultiGzDecoder::new(file), |at, e| {
            let reason = format!(
                "the gzip stream breaks off after {at} decoded bytes: {e}; fetch or compress the file again"
            );
            DataError::malformed(path, Place::Whole, reason)
        }))
    }

    /// The first decompressed bytes, at most `most`.
    pub(crate) fn head(&self, most: usize) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        self.stream()?.fill(&mut head, most)?;
        Ok(head)
    }

    /// All decompressed bytes.
    pub(crate) fn read_all(&self) -> Result<Vec<u8>> {
        let known = if self.gzip { 0 } else { self.disk_len };
        let bytes = self.reserve(known.try_into().unwrap_or(usize::MAX), CONTENT)?;
        self.read_to_end(self.stream()?, bytes, CONTENT)
    }

    /// Whether the file cannot hold exactly `expected` decompressed bytes. For a plain file the answer is certain.
    pub(crate) fn cannot_hold(&self, expected: u64) -> bool {
        if self.gzip {
            expected > self.disk_len.saturating_mul(DEFLATE_MAX_RATIO)
        } else {
            expected != self.disk_len
        }
    }

    /// The decompressed length, counted.
    pub(crate) fn count(&self) -> Result<u64> {
        if !self.gzip {
            return Ok(self.disk_len);
        }
        let mut stream = self.stream()?;
        let mut chunk = Vec::new();
        while stream.fill(&mut chunk, BUFFER)? > 0 {
            self.check(CONTENT, stream.offset)?;
        }
        Ok(stream.offset)
    }
}

/// Bytes that are read one after the other, and the error for a fault after some of them.
pub(crate) struct Stream<'s> {
    inner: Box<dyn Read + 's>,
    fault: Box<dyn Fn(u64, io::Error) -> DataError + 's>,
    /// Bytes read so far.
    offset: u64,
}

impl<'s> Stream<'s> {
    pub(crate) fn new(
        inner: impl Read + 's,
        fault: impl Fn(u64, io::Error) -> DataError + 's,
    ) -> Self {
        Self {
            inner: Box::new(inner),
            fault: Box::new(fault),
            offset: 0,
        }
    }

    /// Replaces what the buffer holds by the next bytes, `most` if there are so many; returns their number.
    pub(crate) fn fill(&mut self, buffer: &mut Vec<u8>, most: usize) -> Result<usize> {
        buffer.clear();
        let read = (self.inner.by_ref().take(most as u64)).read_to_end(buffer);
        self.offset += buffer.len() as u64;
        read.map_err(|e| (self.fault)(self.offset, e))
    }
}
