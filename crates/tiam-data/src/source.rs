//! Input files, plain, packed or piped, with limits on what they may allocate.

mod packing;
mod text;

pub use text::TextEncoding;

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    LoadParams,
    error::{DataError, Place, Result, grow, reserve},
};
use packing::Content;
pub(crate) use packing::{Packing, ReadSeek, Zip, not_built};

/// The path that means standard input.
pub(crate) const STANDARD_INPUT: &str = "-";
/// Longest expansion deflate can reach: 258 bytes for 2 bits, and its header.
const DEFLATE_MAX_RATIO: u64 = 1040;
pub(crate) const BUFFER: usize = 1 << 16;
const CONTENT: &str = "the content of the file";
/// Bytes by which compressions and archives are told.
const MAGIC: usize = 512;
/// Archives within archives that are looked into.
const MAX_NESTING: usize = 3;

/// Bytes that every file may make the loader allocate: enough for a parser's fixed parts and for small valid files.
pub(crate) const FLOOR: u64 = 16 << 20;

/// A file whose compression is known: decompressed and unpacked, as all its readers see it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    packing: Packing,
    /// The bytes, where they cannot be read from the file again: those of a pipe, those out of an archive.
    content: Option<Arc<Vec<u8>>>,
    /// What it is, if it is a zip.
    pub(crate) zip: Zip,
    /// Bytes on disk, or bytes that came through a pipe.
    disk_len: u64,
    /// Limit in bytes of a single buffer.
    max_bytes: u64,
    /// Limit in bytes for each byte on disk.
    max_expansion: u64,
    /// The encoding of text, where it is forced.
    text_encoding: Option<TextEncoding>,
}

impl Source {
    /// Opens a file, or standard input by the path `-`, and reads its first bytes, which tell its compression. What is not a regular
    /// file is read once, here, to its end. An archive that holds one table is unpacked.
    pub(crate) fn open(path: &Path, params: &LoadParams) -> Result<Self> {
        let mut source = Self {
            path: path.to_path_buf(),
            packing: Packing::None,
            content: None,
            zip: Zip::None,
            disk_len: 0,
            max_bytes: params.max_bytes,
            max_expansion: params.max_expansion,
            text_encoding: params.text_encoding,
        };
        if path == Path::new(STANDARD_INPUT) {
            source.path = PathBuf::from("standard input");
            source.read_once(io::stdin().lock())?;
        } else {
            let io = |e| DataError::io(path, e);
            let file = File::open(path).map_err(io)?;
            let metadata = file.metadata().map_err(io)?;
            if metadata.is_file() {
                source.disk_len = metadata.len();
            } else {
                source.read_once(file)?;
            }
        }
        source.look_inside()?;
        Ok(source)
    }

    /// What is in memory already, for messages about it: no limit but that of the memory.
    pub(crate) fn in_memory(name: &Path) -> Self {
        Self {
            path: name.to_path_buf(),
            packing: Packing::None,
            content: None,
            zip: Zip::None,
            disk_len: 0,
            max_bytes: u64::MAX,
            max_expansion: u64::MAX,
            text_encoding: None,
        }
    }

    /// Several files as one, for limits and messages about all of them.
    pub(crate) fn joined(sources: &[Self]) -> Self {
        let disk_len = sources
            .iter()
            .fold(0, |n: u64, source| n.saturating_add(source.disk_len));
        Self {
            disk_len,
            content: None,
            ..sources[0].clone()
        }
    }

    /// Takes all bytes of a pipe.
    fn read_once(&mut self, pipe: impl Read) -> Result<()> {
        let path = self.path.clone();
        // Every byte that has come counts as one on disk, so that the first limit is the only one.
        self.disk_len = u64::MAX;
        let stream = Stream::new(pipe, |_, e| DataError::io(&path, e));
        let bytes = self.read_to_end(stream, Vec::new(), CONTENT)?;
        self.disk_len = bytes.len() as u64;
        self.content = Some(Arc::new(bytes));
        Ok(())
    }

    /// Finds the compression, and unpacks an archive.
    fn look_inside(&mut self) -> Result<()> {
        for _ in 0..=MAX_NESTING {
            let mut magic = Vec::new();
            let path = self.path.clone();
            Stream::new(self.raw()?, |_, e| DataError::io(&path, e)).fill(&mut magic, MAGIC)?;
            self.packing = Packing::of(&magic);
            match packing::look_into(self, &self.head(MAGIC)?)? {
                Content::Itself(zip) => {
                    self.zip = zip;
                    return Ok(());
                }
                Content::Held(bytes) => self.content = Some(Arc::new(bytes)),
            }
        }
        let reason = "it is an archive in an archive in an archive; unpack it first";
        Err(DataError::malformed(&self.path, Place::Whole, reason))
    }

    /// Whether the bytes are in memory, because they cannot be read from the file again.
    pub(crate) fn is_held(&self) -> bool {
        self.content.is_some()
    }

    /// Limit of the total bytes of many small buffers of one kind.
    pub(crate) fn expansion(&self) -> u64 {
        FLOOR.max(self.max_expansion.saturating_mul(self.disk_len))
    }

    /// Limit of a single buffer in bytes.
    pub(crate) fn limit(&self) -> u64 {
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
        let mut chunk = Vec::new();
        while stream.fill(&mut chunk, BUFFER)? > 0 {
            self.append(&mut bytes, &chunk, what)?;
        }
        Ok(bytes)
    }

    /// Appends items to a buffer whose room is doubled, but never past the limit.
    pub(crate) fn append<T: Copy>(
        &self,
        buffer: &mut Vec<T>,
        items: &[T],
        what: &str,
    ) -> Result<()> {
        let needed = buffer.len() + items.len();
        if needed > buffer.capacity() {
            let size = size_of::<T>() as u64;
            self.check(what, (needed as u64).saturating_mul(size))?;
            let limit = usize::try_from(self.limit() / size).unwrap_or(usize::MAX);
            grow(buffer, needed.saturating_mul(2).min(limit), what)?;
        }
        buffer.extend_from_slice(items);
        Ok(())
    }

    /// The bytes as they are on disk.
    fn raw(&self) -> Result<Box<dyn BufRead + '_>> {
        if let Some(bytes) = &self.content {
            return Ok(Box::new(&bytes[..]));
        }
        let file = File::open(&self.path).map_err(|e| DataError::io(&self.path, e))?;
        Ok(Box::new(BufReader::with_capacity(BUFFER, file)))
    }

    /// The decompressed bytes, as they come.
    fn reader(&self) -> Result<Box<dyn Read + '_>> {
        let decoder = self.packing.decoder(self.raw()?);
        decoder.map_err(|e| self.broken(0, &e))?.ok_or_else(|| {
            let found = format!("{} compressed", self.packing.name());
            not_built(self, &found, "decompress it first")
        })
    }

    fn broken(&self, at: u64, error: &io::Error) -> DataError {
        let packing = self.packing.name();
        let reason = format!(
            "the {packing} stream breaks off after {at} decoded bytes: {error}; fetch or compress the file again"
        );
        DataError::malformed(&self.path, Place::Whole, reason)
    }

    /// The decompressed bytes.
    pub(crate) fn stream(&self) -> Result<Stream<'_>> {
        Ok(Stream::new(self.reader()?, |at, e| match self.packing {
            Packing::None => DataError::io(&self.path, e),
            _ => self.broken(at, &e),
        }))
    }

    /// The decompressed bytes for a reader that jumps about.
    pub(crate) fn seekable(&self) -> Result<Box<dyn ReadSeek + '_>> {
        if self.packing == Packing::None && self.content.is_none() {
            let file = File::open(&self.path).map_err(|e| DataError::io(&self.path, e))?;
            return Ok(Box::new(BufReader::new(file)));
        }
        Ok(Box::new(Cursor::new(self.read_all()?)))
    }

    /// The first decompressed bytes, at most `most`.
    pub(crate) fn head(&self, most: usize) -> Result<Vec<u8>> {
        let mut head = Vec::new();
        self.stream()?.fill(&mut head, most)?;
        Ok(head)
    }

    /// All decompressed bytes.
    pub(crate) fn read_all(&self) -> Result<Cow<'_, [u8]>> {
        if let (Packing::None, Some(bytes)) = (self.packing, &self.content) {
            return Ok(Cow::Borrowed(bytes));
        }
        let known = if self.packing == Packing::None {
            self.disk_len
        } else {
            0
        };
        let bytes = self.reserve(known.try_into().unwrap_or(usize::MAX), CONTENT)?;
        self.read_to_end(self.stream()?, bytes, CONTENT)
            .map(Cow::Owned)
    }

    /// Bytes before decompression.
    fn packed_len(&self) -> u64 {
        (self.content.as_ref()).map_or(self.disk_len, |bytes| bytes.len() as u64)
    }

    /// Whether the file cannot hold exactly `expected` decompressed bytes. For a plain file the answer is certain.
    pub(crate) fn cannot_hold(&self, expected: u64) -> bool {
        match self.packing {
            Packing::None => expected != self.packed_len(),
            Packing::Gzip => expected > self.packed_len().saturating_mul(DEFLATE_MAX_RATIO),
            _ => false,
        }
    }

    /// The decompressed length, counted.
    pub(crate) fn count(&self) -> Result<u64> {
        if self.packing == Packing::None {
            return Ok(self.packed_len());
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
