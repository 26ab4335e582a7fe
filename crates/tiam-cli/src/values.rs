//! Types of settings that no library has: the source of the data, the scaling, the precision, how often a run is saved.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tiam_data::ScalingKind;
use tiam_models::Cadence;

/// Where data come from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum DataSource {
    /// The embedded digits.
    Digits,
    /// A file or folder.
    Path(PathBuf),
}

impl DataSource {
    /// The same place, whatever the current folder is.
    pub(crate) fn absolute(&self) -> Self {
        match self {
            Self::Digits => Self::Digits,
            Self::Path(path) => Self::Path(absolute(path)),
        }
    }

    /// The last part of the path: what a model remembers of it.
    pub(crate) fn short_name(&self) -> String {
        match self {
            Self::Digits => self.to_string(),
            Self::Path(path) => path
                .file_name()
                .map_or_else(|| self.to_string(), |n| n.to_string_lossy().into()),
        }
    }
}

/// The path from the root, where the system can tell.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

impl FromStr for DataSource {
    type Err = &'static str;

    /// `digits` are the embedded ones; a file of that name is `./digits`.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "" => Err("a path is needed, or `digits`"),
            "digits" => Ok(Self::Digits),
            path => Ok(Self::Path(path.into())),
        }
    }
}

impl fmt::Display for DataSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits => f.write_str("digits"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

/// How inputs are scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ScalingName {
    /// What suits the kind of data.
    Auto,
    /// As asked for.
    Kind(ScalingKind),
}

impl ScalingName {
    /// The kind asked for, or what suits the data.
    pub(crate) fn resolve(self, suited: ScalingKind) -> ScalingKind {
        match self {
            Self::Auto => suited,
            Self::Kind(kind) => kind,
        }
    }
}

/// The scalar type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Precision {
    /// Single.
    F32,
    /// Double.
    F64,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        })
    }
}

/// What kind of data a model was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DataKind {
    /// The embedded digits.
    Digits,
    /// CSV or TSV.
    Table,
    /// Images.
    Idx,
    /// Node features of a graph.
    Graph,
}

/// How often a run is saved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum CheckpointEvery {
    /// Not even when it is interrupted.
    Off,
    /// After so many iterations, or so much time.
    On(Cadence),
}

impl FromStr for CheckpointEvery {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let cadence = match text.strip_suffix('s').map(str::parse) {
            _ if text == "off" => return Ok(Self::Off),
            None => text
                .parse()
                .ok()
                .filter(|n| *n > 0)
                .map(Cadence::Iterations),
            Some(seconds) => {
                let interval = seconds.ok().map(Duration::try_from_secs_f64);
                interval.and_then(Result::ok).map(Cadence::Interval)
            }
        };
        let cadence = cadence.map(Self::On);
        cadence.ok_or("give a number of iterations from 1, a time as in 60s, or off")
    }
}
