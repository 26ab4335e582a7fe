//! The checkpoint file: a header, tensors and checksums.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tiam_core::Trace;
use tiam_linalg::{Real, StateVisitor};

use super::identity::{Fingerprint, RunIdentity};
use super::visitors::{Reader, Writer};
use crate::error::{ModelError, Result};
use crate::measures::NetworkMeasures;
use crate::tensors::{self, Tensors, io_error};
use crate::trainer::TrainingProblem;

/// The format's number; a file of another is refused.
const FORMAT: u32 = 1;
const HEADER_KEY: &str = "tiam-checkpoint";
const CHECKSUM_KEY: &str = "checksum";
const PREFIX: &str = "checkpoint-";
const SUFFIX: &str = ".safetensors";

/// Everything but the tensors.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    format: u32,
    /// Version of tiam that wrote it.
    version: String,
    precision: String,
    identity: RunIdentity,
    note: String,
    trace: Trace<NetworkMeasures>,
    /// Checksum of each tensor.
    checksums: BTreeMap<String, String>,
}

impl Header {
    /// The header of a state that is still to be shown.
    pub(super) fn new(identity: RunIdentity, note: &str, trace: Trace<NetworkMeasures>) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            precision: String::new(),
            identity,
            note: note.to_owned(),
            trace,
            checksums: BTreeMap::new(),
        }
    }

    fn iteration(&self) -> usize {
        self.trace.last().map_or(0, |row| row.iteration)
    }

    /// The file of such a state in a folder of checkpoints.
    pub(super) fn path_in(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{PREFIX}{:09}{SUFFIX}", self.iteration()))
    }
}

/// The part of a header that every format has.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// A run's state as a file holds it.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    header: Header,
    bytes: Vec<u8>,
}

/// The checkpoints in a folder.
#[derive(Debug)]
pub struct Found {
    /// The newest checkpoint that can be used.
    pub newest: Option<Checkpoint>,
    /// Newer ones that cannot, each with the reason.
    pub refused: Vec<ModelError>,
}

impl Checkpoint {
    /// Reads a file and checks it by its checksums.
    ///
    /// Memory: the file's size, and its header once more; for any file, damaged and forged ones included, at most 100 times its size and 64 KiB.
    /// The worst are small objects among the parameters of an [`RunIdentity`].
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Checkpoint`], naming the file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let bytes = tensors::read(&path)?;
        let header = decode(&bytes).map_err(refusal(&path))?;
        Ok(Self {
            path,
            header,
            bytes,
        })
    }

    /// The newest usable checkpoint of a folder, that of the most iterations.
    ///
    /// # Errors
    /// [`ModelError::Io`] when the folder cannot be read.
    pub fn latest(folder: impl AsRef<Path>) -> Result<Found> {
        let mut found = Found {
            newest: None,
            refused: Vec::new(),
        };
        for path in list(folder.as_ref())?.into_iter().rev() {
            match Self::read(&path) {
                Ok(checkpoint) => {
                    found.newest = Some(checkpoint);
                    break;
                }
                Err(error) => found.refused.push(error),
            }
        }
        Ok(found)
    }

    /// The file it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Iterations done.
    pub fn iteration(&self) -> usize {
        self.header.iteration()
    }

    /// The identity of the run: its data and parameters.
    pub fn identity(&self) -> &RunIdentity {
        &self.header.identity
    }

    /// The version of tiam that wrote it.
    pub fn version(&self) -> &str {
        &self.header.version
    }

    /// The text given to [`Checkpointer::note`](super::Checkpointer::note).
    pub fn note(&self) -> &str {
        &self.header.note
    }

    /// The rows so far.
    pub fn trace(&self) -> &Trace<NetworkMeasures> {
        &self.header.trace
    }

    /// Puts the state into a problem that was made of the same network, data and parameters.
    ///
    /// # Errors
    /// [`ModelError::Checkpoint`] when precision, names or shapes differ; the problem is then of no more use.
    pub fn restore<T: Real>(&self, problem: &mut dyn TrainingProblem<T>) -> Result<()> {
        if self.header.trace.rows.is_empty() {
            let reason = "its trace has no rows: it is of no run".to_owned();
            return Err(refusal(&self.path)(reason));
        }
        self.show_state::<T>(|reader| problem.visit_state(reader))
    }

    /// Gives a state the numbers in the file: `visit` shows the state to the visitor that it is called with.
    pub(super) fn show_state<T: Real>(
        &self,
        visit: impl FnOnce(&mut dyn StateVisitor<T>),
    ) -> Result<()> {
        let stored = self.header.precision.as_str();
        let shown = if stored == T::NAME {
            Tensors::parse(&self.bytes).and_then(|tensors| {
                let mut reader = Reader::new(&tensors);
                visit(&mut reader);
                reader.finish()
            })
        } else {
            Err(format!("it is of {stored}, the run of {}", T::NAME))
        };
        shown.map_err(refusal(&self.path))
    }
}

/// The error for a file with this fault.
pub(super) fn refusal(path: &Path) -> impl FnOnce(String) -> ModelError + '_ {
    move |reason| ModelError::Checkpoint {
        path: path.to_owned(),
        reason,
    }
}

/// The header of a file whose checksums all hold.
fn decode(bytes: &[u8]) -> Result<Header, String> {
    let file = Tensors::parse(bytes)?;
    let text = file.text(HEADER_KEY)?;
    if file.text(CHECKSUM_KEY)? != checksum(text.as_bytes()) {
        return Err("the header's checksum does not hold: the file is damaged".to_owned());
    }
    // Of another format nothing more is known.
    let Format { format } = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if format != FORMAT {
        return Err(format!(
            "it is of format {format}, this version reads {FORMAT}"
        ));
    }
    let header: Header = serde_json::from_str(text).map_err(|e| e.to_string())?;
    // A run counts on from its last row.
    for (row, counted) in header.trace.rows.iter().zip(0..) {
        if row.iteration != counted {
            let found = row.iteration;
            return Err(format!(
                "row {counted} of its trace is of iteration {found}"
            ));
        }
    }
    for (name, bytes) in file.iter() {
        if header.checksums.get(name) != Some(&checksum(bytes)) {
            return Err(format!(
                "the checksum of {name} does not hold: the file is damaged"
            ));
        }
    }
    if file.len() != header.checksums.len() {
        return Err("tensors are missing".to_owned());
    }
    Ok(header)
}

fn checksum(bytes: &[u8]) -> String {
    let mut hash = Fingerprint::default();
    hash.bytes(bytes);
    hash.finish()
}

/// Writes the state that `visit` shows to the visitor. The state is in memory once more meanwhile.
pub(super) fn write<T: Real>(
    path: &Path,
    mut header: Header,
    visit: impl FnOnce(&mut dyn StateVisitor<T>),
) -> Result<()> {
    let mut writer = Writer::default();
    visit(&mut writer);
    let tensors = writer.finish().map_err(refusal(path))?;
    header.precision = T::NAME.to_owned();
    let checksums = tensors.iter().map(|t| (t.name.clone(), checksum(&t.bytes)));
    header.checksums = checksums.collect();
    let header = serde_json::to_string(&header).map_err(|e| refusal(path)(e.to_string()))?;
    let texts = HashMap::from([
        (CHECKSUM_KEY.to_owned(), checksum(header.as_bytes())),
        (HEADER_KEY.to_owned(), header),
    ]);
    tensors::write(path, &tensors, texts)
}

/// The checkpoints of a folder by iteration, the earliest first.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(io_error(folder))? {
        let path = entry.map_err(io_error(folder))?.path();
        let number = path.file_name().and_then(|name| {
            let number = name.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
            number.parse::<usize>().ok()
        });
        found.extend(number.map(|number| (number, path)));
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
