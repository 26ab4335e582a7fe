//! Types of settings that no library has: where data come from, lists of sizes and of columns, how often a run is saved.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tiam_core::Inertia;
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

/// Units of a layer, and weights between two, beyond which memory would end before training begins.
const MOST_UNITS: usize = 1_000_000;
const MOST_WEIGHTS: usize = 1_000_000_000;

/// Sizes of the hidden layers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hidden(pub(crate) Vec<usize>);

impl FromStr for Hidden {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        if matches!(s.trim(), "" | "none") {
            return Ok(Self(Vec::new()));
        }
        let size = |part: &str| match part.trim().parse() {
            Ok(size) if (1..=MOST_UNITS).contains(&size) => Ok(size),
            _ => Err(format!(
                "`{part}` is not a layer size from 1 to {MOST_UNITS}; write sizes like 100,100, or none"
            )),
        };
        let sizes: Vec<usize> = s.split(',').map(size).collect::<Result<_, _>>()?;
        match sizes
            .windows(2)
            .find(|pair| pair[0] * pair[1] > MOST_WEIGHTS)
        {
            Some(pair) => Err(format!(
                "layers of {} and {} units have more than {MOST_WEIGHTS} weights between them",
                pair[0], pair[1]
            )),
            None => Ok(Self(sizes)),
        }
    }
}

/// Names or positions of columns, separated by commas.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns(pub(crate) Vec<String>);

impl FromStr for Columns {
    type Err = Infallible;

    fn from_str(s: &str) -> Result<Self, Infallible> {
        let names = s.split(',').map(str::trim).filter(|name| !name.is_empty());
        Ok(Self(names.map(str::to_owned).collect()))
    }
}

/// p1, p2, p3 from text.
pub(crate) fn inertia(s: &str) -> Result<Inertia, String> {
    let numbers: Vec<Option<f64>> = s.split(',').map(|part| part.trim().parse().ok()).collect();
    match numbers.as_slice() {
        [Some(p1), Some(p2), Some(p3)] => {
            Inertia::new(*p1, *p2, *p3).map_err(|error| error.to_string())
        }
        _ => Err("three numbers P1,P2,P3 in [0, 1] are needed, such as 0.95,0.95,0.3".to_owned()),
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
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "give a number of iterations from 1, a time as in 60s, or off".to_owned();
        if text == "off" {
            return Ok(Self::Off);
        }
        if let Some(seconds) = text.strip_suffix('s') {
            let seconds = seconds.parse().map_err(|_| bad())?;
            let interval = Duration::try_from_secs_f64(seconds).map_err(|_| bad())?;
            return Ok(Self::On(Cadence::Interval(interval)));
        }
        match text.parse() {
            Ok(n) if n > 0 => Ok(Self::On(Cadence::Iterations(n))),
            _ => Err(bad()),
        }
    }
}
