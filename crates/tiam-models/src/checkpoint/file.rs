//! The checkpoint file: a header, tensors and checksums.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use safetensors::SafeTensorError;
use safetensors::tensor::{SafeTensors, serialize_to_file};
use serde::{Deserialize, Serialize};
use tiam_core::Trace;
use tiam_linalg::StateVisitor;

use super::identity::{Fingerprint, Identity};
use super::tensors::{Reader, Tensor, Writer};
use crate::blocks::NetworkMeasures;
use crate::error::ModelError;
use crate::store::{Stored, header, io_error, read, write_whole};
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
struct Header {
    format: u32,
    /// Version of tiam that wrote it.
    version: String,
    precision: String,
    identity: Identity,
    note: String,
    trace: Trace<NetworkMeasures>,
    /// Of each tensor.
    checksums: BTreeMap<String, String>,
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
    /// The worst are small objects among the parameters of an [`Identity`].
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Checkpoint`], naming the file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let bytes = read(path)?;
        match decode(&bytes) {
            Ok(header) => Ok(Self {
                path: path.to_owned(),
                header,
                bytes,
            }),
            Err(reason) => Err(refusal(path, reason)),
        }
    }

    /// The newest usable checkpoint of a folder, that of the most iterations.
    ///
    /// # Errors
    /// [`ModelError::Io`] when the folder cannot be read.
    pub fn latest(folder: impl AsRef<Path>) -> Result<Found, ModelError> {
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
        self.header.trace.last().map_or(0, |row| row.iteration)
    }

    /// What the run was made of.
    pub fn identity(&self) -> &Identity {
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
    pub fn restore<T: Stored, P: TrainingProblem<T>>(
        &self,
        problem: &mut P,
    ) -> Result<(), ModelError> {
        let restored = self.try_restore(problem);
        restored.map_err(|reason| refusal(&self.path, reason))
    }

    fn try_restore<T: Stored, P: TrainingProblem<T>>(&self, problem: &mut P) -> Result<(), String> {
        if self.header.trace.rows.is_empty() {
            return Err("its trace has no rows: it is of no run".to_owned());
        }
        self.show_state::<T>(|reader| problem.visit_state(reader))
    }

    /// Has a state taken from the file by whoever shows it to the visitor.
    pub(super) fn show_state<T: Stored>(
        &self,
        visit: impl FnOnce(&mut dyn StateVisitor<T>),
    ) -> Result<(), String> {
        if self.header.precision != T::NAME {
            let stored = &self.header.precision;
            return Err(format!("it is of {stored}, the run of {}", T::NAME));
        }
        let tensors = SafeTensors::deserialize(&self.bytes).map_err(|e| e.to_string())?;
        let mut reader = Reader::new(&tensors);
        visit(&mut reader);
        reader.finish()
    }
}

pub(super) fn refusal(path: &Path, reason: String) -> ModelError {
    ModelError::Checkpoint {
        path: path.to_owned(),
        reason,
    }
}

/// The header of a file whose checksums all hold.
fn decode(bytes: &[u8]) -> Result<Header, String> {
    let metadata = header(bytes)?;
    let metadata = metadata.metadata().as_ref();
    let entry = |key: &str| {
        let text = metadata.and_then(|m| m.get(key));
        text.ok_or_else(|| format!("the header has no `{key}` entry"))
    };
    let text = entry(HEADER_KEY)?;
    if *entry(CHECKSUM_KEY)? != checksum(text.as_bytes()) {
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
    let rows = &header.trace.rows;
    // A run counts on from its last row.
    if let Some(row) = (0..rows.len()).find(|&row| rows[row].iteration != row) {
        let found = rows[row].iteration;
        return Err(format!("row {row} of its trace is of iteration {found}"));
    }
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    for (name, view) in tensors.iter() {
        if header.checksums.get(name) != Some(&checksum(view.data())) {
            return Err(format!(
                "the checksum of {name} does not hold: the file is damaged"
            ));
        }
    }
    if tensors.len() != header.checksums.len() {
        return Err("tensors are missing".to_owned());
    }
    Ok(header)
}

fn checksum(bytes: &[u8]) -> String {
    let mut hash = Fingerprint::default();
    hash.bytes(bytes);
    hash.finish()
}

/// What a run says beside its state.
pub(super) struct Facts<'a> {
    pub(super) identity: &'a Identity,
    pub(super) note: &'a str,
    pub(super) trace: Trace<NetworkMeasures>,
}

/// Writes the state of a problem after the trace's last row; returns the file.
pub(super) fn save<T: Stored, P: TrainingProblem<T>>(
    folder: &Path,
    problem: &mut P,
    facts: Facts<'_>,
) -> Result<PathBuf, ModelError> {
    let iteration = facts.trace.last().map_or(0, |row| row.iteration);
    let path = folder.join(format!("{PREFIX}{iteration:09}{SUFFIX}"));
    write::<T>(&path, |writer| problem.visit_state(writer), facts)?;
    Ok(path)
}

/// Writes the state that is shown to the visitor. It is in memory once more meanwhile.
pub(super) fn write<T: Stored>(
    path: &Path,
    visit: impl FnOnce(&mut dyn StateVisitor<T>),
    facts: Facts<'_>,
) -> Result<(), ModelError> {
    let mut writer = Writer::default();
    visit(&mut writer);
    if let Some(reason) = writer.error {
        return Err(refusal(path, reason));
    }
    let checksums = writer.tensors.iter();
    let header = Header {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        precision: T::NAME.to_owned(),
        identity: facts.identity.clone(),
        note: facts.note.to_owned(),
        trace: facts.trace,
        checksums: checksums
            .map(|tensor| (tensor.name.clone(), checksum(&tensor.bytes)))
            .collect(),
    };
    let header = serde_json::to_string(&header).map_err(|e| refusal(path, e.to_string()))?;
    let metadata = HashMap::from([
        (CHECKSUM_KEY.to_owned(), checksum(header.as_bytes())),
        (HEADER_KEY.to_owned(), header),
    ]);
    write_whole(path, |temporary| {
        let views: Result<Vec<_>, _> = writer.tensors.iter().map(Tensor::view).collect();
        serialize_to_file(views.map_err(failed)?, Some(metadata), temporary).map_err(failed)
    })
    .map_err(io_error(path))
}

fn failed(error: SafeTensorError) -> io::Error {
    match error {
        SafeTensorError::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

/// The checkpoints of a folder by iteration, the earliest first.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, ModelError> {
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
