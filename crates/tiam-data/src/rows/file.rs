//! The file of a [`RowStore`](super::RowStore): blocks of rows, what they are, and where that begins.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

use super::codec;
use crate::{
    ColumnEncoding, Reading,
    error::{DataError, Place, Result},
};

/// The first bytes of the file, and its last ones; another layout has another number.
const MAGIC: [u8; 8] = *b"TIAMROW1";
/// The length of the contents and their checksum, before the last bytes.
const TRAILER: u64 = 24;
/// Bytes of a block before they are packed: enough that reading one takes longer than finding it.
const BLOCK: usize = 1 << 20;
/// Most rows of a block, so that narrow tables too have many blocks to be shuffled.
const MOST_ROWS: usize = 1 << 14;

/// A file that the rows were read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceMark {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// When it was changed last, in nanoseconds since 1970.
    pub(super) changed: u64,
}

/// What the file holds beside its blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Contents {
    pub(super) sources: Vec<SourceMark>,
    /// The parameters by which they were read.
    pub(super) read_by: String,
    pub(super) encoding: ColumnEncoding,
    pub(super) reading: Reading,
    /// Numbers of a row beside its features: its class, or its values.
    pub(super) n_answers: usize,
    pub(super) blocks: Vec<Block>,
}

/// A block of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    pub(super) at: u64,
    pub(super) bytes: usize,
    pub(super) n_rows: usize,
    checksum: u64,
}

impl Contents {
    pub(super) fn width(&self) -> usize {
        self.encoding.n_features() + self.n_answers
    }

    /// Rows of each block but the last.
    pub(super) fn rows_per_block(&self) -> usize {
        (BLOCK / (4 * self.width().max(1))).clamp(1, MOST_ROWS)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "half of a checksum is one")]
fn checksum(bytes: &[u8]) -> u64 {
    XxHash3_128::oneshot(bytes) as u64
}

fn damaged(path: &Path, what: &str) -> DataError {
    let reason = format!("{what}: the file is damaged; delete it, so that it is made anew");
    DataError::malformed(path, Place::Whole, reason)
}

/// A file that is being written, under another name until it is complete.
pub(super) struct Writer {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
    at: u64,
    packed: Vec<u8>,
    is_complete: bool,
}

impl Writer {
    /// Begins a file in place of what an interrupted writer has left; refused while another one is at work.
    pub(super) fn new(path: &Path) -> Result<Self> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let io = |e| DataError::io(&part, e);
        let mut open = OpenOptions::new();
        let file = open.write(true).create(true).truncate(false);
        let file = file.open(&part).map_err(io)?;
        file.try_lock().map_err(|e| match e {
            TryLockError::Error(e) => io(e),
            TryLockError::WouldBlock => {
                let reason = "another process is converting the same data; wait until it is done";
                DataError::malformed(&part, Place::Whole, reason)
            }
        })?;
        file.set_len(0).map_err(io)?;
        let mut this = Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(BLOCK, file),
            part,
            at: 0,
            packed: Vec::new(),
            is_complete: false,
        };
        this.write(&MAGIC)?;
        Ok(this)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        (self.file.write_all(bytes)).map_err(|e| DataError::io(&self.part, e))
    }

    /// Appends a block of rows: their features, and their answers.
    pub(super) fn block(
        &mut self,
        features: (&[f32], usize),
        answers: (&[f32], usize),
        n_rows: usize,
    ) -> Result<Block> {
        let mut packed = std::mem::take(&mut self.packed);
        packed.clear();
        for (rows, width) in [features, answers] {
            codec::encode(rows, width, &mut packed);
        }
        let block = Block {
            at: self.at,
            bytes: packed.len(),
            n_rows,
            checksum: checksum(&packed),
        };
        self.write(&packed)?;
        self.packed = packed;
        Ok(block)
    }

    /// Writes what the blocks are, and gives the file its name.
    pub(super) fn finish(mut self, contents: &Contents) -> Result<()> {
        let text = serde_json::to_vec(contents)
            .map_err(|e| DataError::malformed(&self.path, Place::Whole, e.to_string()))?;
        self.write(&text)?;
        self.write(&(text.len() as u64).to_le_bytes())?;
        self.write(&checksum(&text).to_le_bytes())?;
        self.write(&MAGIC)?;
        (self.file.flush())
            .and_then(|()| self.file.get_ref().sync_all())
            .and_then(|()| std::fs::rename(&self.part, &self.path))
            .map_err(|e| DataError::io(&self.part, e))?;
        self.is_complete = true;
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_complete {
            // What cannot be taken away is written over by the next one.
            std::fs::remove_file(&self.part).ok();
        }
    }
}

/// Opens a file and reads what its blocks are; none where there is no file.
pub(super) fn open(path: &Path) -> Result<Option<(File, Contents)>> {
    let io = |e| DataError::io(path, e);
    let mut file = match File::open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        found => found.map_err(io)?,
    };
    let length = file.metadata().map_err(io)?.len();
    let mut read = |at: u64, bytes: &mut [u8]| {
        file.seek(SeekFrom::Start(at)).map_err(io)?;
        file.read_exact(bytes).map_err(io)
    };
    let (mut magic, mut trailer) = ([0; 8], [0; TRAILER as usize]);
    let Some(end) = length.checked_sub(TRAILER).filter(|end| *end >= 8) else {
        return Err(damaged(path, "it breaks off"));
    };
    read(0, &mut magic)?;
    read(end, &mut trailer)?;
    if magic != MAGIC || trailer[16..] != MAGIC {
        return Err(damaged(path, "it does not begin and end as such files do"));
    }
    let number = |at: usize| {
        let bytes = trailer[at..].first_chunk().copied();
        u64::from_le_bytes(bytes.unwrap_or_default())
    };
    let begin = end.checked_sub(number(0)).filter(|begin| *begin >= 8);
    let begin = begin.ok_or_else(|| damaged(path, "it breaks off"))?;
    let mut text = vec![0; usize::try_from(end - begin).unwrap_or(usize::MAX)];
    read(begin, &mut text)?;
    if checksum(&text) != number(8) {
        return Err(damaged(path, "the checksum of its contents does not hold"));
    }
    let contents = serde_json::from_slice(&text);
    let contents: Contents = contents.map_err(|e| damaged(path, &e.to_string()))?;
    let (n, width) = (contents.rows_per_block(), contents.width());
    let fits = |block: &Block| {
        (1..=n).contains(&block.n_rows)
            && codec::most_bytes(block.n_rows, width).is_some_and(|most| block.bytes <= most)
            && (block.at.checked_add(block.bytes as u64)).is_some_and(|end| end <= begin)
    };
    let n_answers = contents.encoding.label_columns().count();
    if contents.n_answers != n_answers || !contents.blocks.iter().all(fits) {
        return Err(damaged(path, "its contents contradict one another"));
    }
    Ok(Some((file, contents)))
}

/// The rows of a block: features, then answers, in place of what the buffers hold.
pub(super) fn read(
    (path, file): (&Path, &mut File),
    contents: &Contents,
    block: &Block,
    features: &mut Vec<f32>,
    answers: &mut Vec<f32>,
) -> Result<()> {
    let mut packed = vec![0; block.bytes];
    file.seek(SeekFrom::Start(block.at))
        .and_then(|_| file.read_exact(&mut packed))
        .map_err(|e| DataError::io(path, e))?;
    let mut bytes = &packed[..];
    let mut decode = |rows: &mut Vec<f32>, width: usize| {
        rows.resize(block.n_rows * width, 0.0);
        codec::decode(&mut bytes, width, rows)
    };
    let is_whole = checksum(&packed) == block.checksum
        && decode(features, contents.encoding.n_features()).is_some()
        && decode(answers, contents.n_answers).is_some()
        && bytes.is_empty();
    match is_whole {
        true => Ok(()),
        false => Err(damaged(path, "the checksum of its rows does not hold")),
    }
}
