//! The errors of the command, with the exit status of each.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
#[cfg(feature = "reproduce")]
use tiam_bench::BenchError;

/// Wrong usage or input.
const USAGE: u8 = 2;
/// Failed while running.
const FAILED: u8 = 1;

/// Every way in which a command ends early.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    /// Flags, a configuration file or data that do not make sense together; the text says what to do.
    #[error("{0}")]
    Usage(String),
    /// The data could not be read.
    #[error(transparent)]
    Data(#[from] tiam_data::DataError),
    /// A parameter, the data or a model file was refused.
    #[error(transparent)]
    Model(#[from] tiam_models::ModelError),
    /// A parameter of the driver was refused.
    #[error(transparent)]
    Core(#[from] tiam_core::CoreError),
    /// Sizes that do not fit, or threads that do not start.
    #[error(transparent)]
    Linalg(#[from] tiam_linalg::LinalgError),
    /// The other processes cannot be reached.
    #[error(transparent)]
    Mpi(#[from] tiam_mpi::MpiError),
    /// An experiment failed or was refused.
    #[cfg(feature = "reproduce")]
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// A folder or file that cannot be created, found out before any work was done.
    #[error("{}: cannot be created: {source}; choose another place with --out", path.display())]
    Create {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Results could not be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A model could not be saved after the work was done.
    #[error("the model could not be saved: {0}")]
    Save(tiam::Error),
    /// Training or a replay failed.
    #[error("{0}")]
    Failed(String),
    /// The reader of standard output has gone; there is nobody to tell.
    #[error("standard output was closed")]
    ClosedPipe,
}

impl CliError {
    /// For [`Result::map_err`] where a file is written.
    pub(crate) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    /// What happened, in the words of the command line: parameters by their flags, no numbers of the system's errors.
    pub(crate) fn in_words(&self) -> String {
        use tiam_core::CoreError;
        use tiam_data::DataError;
        use tiam_models::ModelError;
        let (parameter, value, allowed) = match self {
            Self::Data(DataError::InvalidParameter {
                parameter,
                value,
                allowed,
            }) => (*parameter, value.clone(), allowed.clone()),
            Self::Model(ModelError::Parameter {
                parameter,
                value,
                allowed,
            }) => (*parameter, value.clone(), format!("it must be {allowed}")),
            Self::Core(CoreError::Parameter {
                name,
                value,
                allowed,
            }) => (*name, value.to_string(), format!("it must be {allowed}")),
            other => return reworded(&other.to_string()),
        };
        match crate::flags::of_parameter(parameter) {
            Some(flag) => format!("--{flag} {value} is not allowed: {allowed}"),
            None => reworded(&self.to_string()),
        }
    }

    /// The exit status: 2 for wrong usage or input, 1 for a failure while running, 0 for a reader that had enough.
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::ClosedPipe => 0,
            #[cfg(feature = "reproduce")]
            Self::Bench(BenchError::Data(_) | BenchError::Peers { .. }) => USAGE,
            #[cfg(feature = "reproduce")]
            Self::Bench(_) => FAILED,
            Self::Write { .. } | Self::Save(_) | Self::Failed(_) => FAILED,
            Self::Usage(_)
            | Self::Data(_)
            | Self::Model(_)
            | Self::Core(_)
            | Self::Linalg(_)
            | Self::Mpi(_)
            | Self::Create { .. } => USAGE,
        }
    }
}

/// What libraries say, and what it is on a command line.
const REWORDED: [(&str, &str); 7] = [
    (
        "raise `max_bytes`",
        "learn from it with `tiam train --stream`",
    ),
    (
        "No such file or directory (os error 2)",
        "there is no such file or folder",
    ),
    (
        "Permission denied (os error 13)",
        "reading or writing is not permitted",
    ),
    ("raise `max_categories`", "raise --max-categories"),
    ("ignore the column,", "leave it out with --ignore,"),
    (
        "list the column as categorical",
        "name the column with --categorical",
    ),
    (
        "there is no train-images-idx3-ubyte beside it; put it there, or ask for no label",
        "the folder holds no images; to train on a table, name its file: --data FOLDER/FILE.csv",
    ),
];

fn reworded(text: &str) -> String {
    let words = REWORDED.iter();
    words.fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// What the front door refuses, with the flag that helps.
impl From<tiam::Error> for CliError {
    fn from(error: tiam::Error) -> Self {
        use tiam::Error;
        use tiam_data::DataError;
        let advice = match &error {
            Error::Data(_) | Error::Model(_) | Error::Core(_) | Error::Linalg(_) => "",
            Error::Failed { .. } | Error::Training { .. } => {
                return Self::Failed(error.to_string());
            }
            Error::NoLabels { .. } => " with --label, or use `tiam predict`",
            Error::OneClass { .. } => " (--label)",
            Error::OtherTask { .. } => " with --label",
            Error::NoProbabilities => "; leave --proba out",
            _ => "",
        };
        match error {
            Error::Data(DataError::InvalidParameter {
                parameter: "label",
                value,
                allowed,
            }) => Self::Usage(format!("--label {value} is not {allowed}")),
            Error::Precision { what, precision } => Self::Usage(format!(
                "{what} is of {precision}; go on with --precision {precision}"
            )),
            Error::Data(error) => Self::Data(error),
            Error::Model(error) => Self::Model(error),
            Error::Core(error) => Self::Core(error),
            Error::Linalg(error) => Self::Linalg(error),
            Error::NotATable { data, asked } => {
                let flag = match asked {
                    "streaming" => "--stream",
                    _ if asked.contains("weights") => "--sample-weights",
                    _ => "--task values",
                };
                Self::Usage(format!("{data} is no table; {flag} needs one"))
            }
            other => Self::Usage(format!("{other}{advice}")),
        }
    }
}
