//! Writes the files of a run (model, report, trace, configuration), each whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tiam::Predictor;
use tiam_core::{Trace, TraceRow};
use tiam_models::{NetworkMeasures, SolverChoice};

use crate::error::CliError;
use crate::output;

const MODEL: &str = "model.safetensors";
const TRACE_CSV: &str = "trace.csv";
const TRACE_JSON: &str = "trace.json";
const CONFIG: &str = "config.toml";
const REPORT: &str = "report.html";

/// What `trace.json` holds.
#[derive(Serialize)]
struct Traced<'a> {
    #[serde(flatten)]
    trace: &'a Trace<NetworkMeasures>,
    solvers: &'a [SolverChoice],
}

/// The solvers' times beside a model file, where the run's trace is still there.
pub(crate) fn solver_times(model: &Path) -> Vec<SolverChoice> {
    #[derive(Deserialize)]
    struct Times {
        solvers: Vec<SolverChoice>,
    }
    let read = fs::read(model.with_file_name(TRACE_JSON)).ok();
    let times = read.and_then(|bytes| serde_json::from_slice::<Times>(&bytes).ok());
    times.map_or_else(Vec::new, |times| times.solvers)
}

/// The folder, found to be writable.
pub(crate) struct Artifacts {
    folder: PathBuf,
    /// Locked while the run lasts, where the system can lock a folder.
    _lock: Option<File>,
}

impl Artifacts {
    /// Creates the folder and tries it with a file, before any work is done.
    pub(crate) fn create(folder: &Path) -> Result<Self, CliError> {
        let probe = folder.join(format!(".tiam-{}.tmp", std::process::id()));
        fs::create_dir_all(folder)
            .and_then(|()| File::create(&probe))
            .and_then(|_| fs::remove_file(&probe))
            .map_err(|source| CliError::Create {
                path: folder.to_owned(),
                source,
            })?;
        Ok(Self {
            folder: folder.to_owned(),
            _lock: lock(folder)?,
        })
    }

    /// Refuses to write over the model that the run starts from: neither could it be repeated then nor gone on with.
    pub(crate) fn leave_alone(&self, from: Option<&Path>) -> Result<(), CliError> {
        let real = |path: &Path| fs::canonicalize(path).ok();
        match from {
            Some(from) if real(from).is_some_and(|f| Some(f) == real(&self.model_path())) => {
                Err(CliError::Usage(format!(
                    "--from {} would be written over; choose another place with --out",
                    from.display()
                )))
            }
            _ => Ok(()),
        }
    }

    /// Where the model goes.
    pub(crate) fn model_path(&self) -> PathBuf {
        Self::model_in(&self.folder)
    }

    /// Where the model of a run in this folder is.
    pub(crate) fn model_in(folder: &Path) -> PathBuf {
        folder.join(MODEL)
    }

    pub(crate) fn save_model(&self, model: &Predictor) -> Result<(), CliError> {
        model.save(self.model_path()).map_err(CliError::Save)
    }

    /// The page about the model; its place.
    pub(crate) fn save_report(&self, html: &str) -> Result<PathBuf, CliError> {
        let path = self.folder.join(REPORT);
        write_whole(&path, |file| file.write_all(html.as_bytes()))?;
        Ok(path)
    }

    pub(crate) fn save_config(&self, text: &str) -> Result<(), CliError> {
        write_whole(&self.folder.join(CONFIG), |file| {
            file.write_all(text.as_bytes())
        })
    }

    /// A search has no trace, and that of an earlier run would be taken for its own.
    pub(crate) fn remove_trace(&self) -> Result<(), CliError> {
        for name in [TRACE_CSV, TRACE_JSON] {
            let path = self.folder.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(CliError::writing(&path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// As a table for people and as JSON for programs.
    pub(crate) fn save_trace(
        &self,
        trace: &Trace<NetworkMeasures>,
        solvers: &[SolverChoice],
    ) -> Result<(), CliError> {
        write_whole(&self.folder.join(TRACE_CSV), |file| {
            write_trace(trace, file)
        })?;
        write_whole(&self.folder.join(TRACE_JSON), |file| {
            let traced = Traced { trace, solvers };
            serde_json::to_writer(file, &traced).map_err(io::Error::from)
        })
    }
}

/// Keeps other processes out of the folder; a system or file system that knows no locks lets everyone in.
fn lock(folder: &Path) -> Result<Option<File>, CliError> {
    let Ok(file) = File::open(folder) else {
        return Ok(None);
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::Error(_)) => Ok(None),
        Err(TryLockError::WouldBlock) => Err(CliError::Usage(format!(
            "another tiam is writing to {}; choose another place with --out",
            folder.display()
        ))),
    }
}

/// Writes a temporary file beside `path` and renames it.
pub(crate) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CliError> {
    let filled = |temporary: &Path| {
        let mut buffered = BufWriter::new(File::create(temporary)?);
        write(&mut buffered)?;
        buffered.flush()
    };
    tiam_models::write_whole(path, filled).map_err(CliError::writing(path))
}

/// A column of the trace as a table: its name, and the text of a row's cell.
type Column = (&'static str, fn(&TraceRow<NetworkMeasures>) -> String);

const COLUMNS: [Column; 17] = [
    ("iteration", |row| row.iteration.to_string()),
    ("objective", |row| row.objective.to_string()),
    ("violation", |row| row.violation.to_string()),
    ("restarts", |row| row.restarts.to_string()),
    ("rel_change", |row| known(row.rel_change)),
    ("seconds", |row| row.seconds.to_string()),
    ("inertia_start", |row| row.inertia.start.to_string()),
    ("inertia_gradient", |row| row.inertia.gradient.to_string()),
    ("inertia_correction", |row| {
        row.inertia.correction.to_string()
    }),
    ("train_loss", |row| row.measures.train_loss.to_string()),
    ("train_accuracy", |row| known(row.measures.train_accuracy)),
    ("epsilon", |row| row.measures.epsilon.to_string()),
    ("validation_loss", |row| {
        known(row.measures.validation.map(|part| part.loss))
    }),
    ("validation_accuracy", |row| {
        known(row.measures.validation.and_then(|part| part.accuracy))
    }),
    ("test_loss", |row| {
        known(row.measures.test.map(|part| part.loss))
    }),
    ("test_accuracy", |row| {
        known(row.measures.test.and_then(|part| part.accuracy))
    }),
    ("training_seconds", |row| {
        known(row.measures.training_seconds)
    }),
];

/// Nothing for what is not known.
fn known(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn write_trace(trace: &Trace<NetworkMeasures>, file: &mut dyn Write) -> io::Result<()> {
    let heading = COLUMNS.map(|(name, _)| name.to_owned()).to_vec();
    let row = |row| COLUMNS.map(|(_, text)| text(row)).to_vec();
    output::csv(
        file,
        std::iter::once(heading).chain(trace.rows.iter().map(row)),
    )
}
