//! The types of flag values that no library has.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tiam_bench::methods::Method;
use tiam_core::{Guard, Inertia, Schedule};
use tiam_data::ScalingKind;
use tiam_linalg::Solver;
use tiam_models::{Cadence, SolverChoice};

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
    type Err = Infallible;

    /// `digits` are the embedded ones; a file of that name is `./digits`.
    fn from_str(s: &str) -> Result<Self, Infallible> {
        Ok(if s == "digits" {
            Self::Digits
        } else {
            Self::Path(s.into())
        })
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
            Ok(0) | Err(_) => Err(format!(
                "`{part}` is not a layer size; write sizes like 100,100, or none"
            )),
            Ok(size) => Ok(size),
        };
        s.split(',').map(size).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let sizes: Vec<String> = self.0.iter().map(usize::to_string).collect();
        f.write_str(&sizes.join(","))
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

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum FormatName {
    /// CSV or TSV, plain or gzip.
    #[value(alias = "csv", alias = "tsv")]
    Table,
    /// The format of the MNIST files, plain or gzip, a file or the folder of four.
    Idx,
    /// A graph in a zip of NumPy arrays.
    #[value(alias = "npz")]
    Graph,
}

/// Whether the first row of a table names its columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub(crate) enum HeaderName {
    /// Found out.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// What the label is.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub(crate) enum TaskName {
    /// Classes for text and for a few distinct integers, values otherwise.
    #[default]
    Auto,
    /// A class.
    Classes,
    /// A number to approximate.
    Values,
}

/// How inputs are scaled.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub(crate) enum ScalingName {
    /// What suits the kind of data.
    #[default]
    Auto,
    /// As they are.
    None,
    /// Mean 0, deviation 1.
    Standard,
    /// To [0, 1].
    MinMax,
}

impl ScalingName {
    /// The kind asked for, or what suits the data.
    pub(crate) fn resolve(self, suited: ScalingKind) -> ScalingKind {
        match self {
            Self::Auto => suited,
            Self::None => ScalingKind::None,
            Self::Standard => ScalingKind::Standard,
            Self::MinMax => ScalingKind::MinMax,
        }
    }

    /// The name for a kind.
    pub(crate) fn of(kind: ScalingKind) -> Self {
        match kind {
            ScalingKind::None => Self::None,
            ScalingKind::Standard => Self::Standard,
            ScalingKind::MinMax => Self::MinMax,
        }
    }
}

/// The scalar type.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub(crate) enum Precision {
    /// Single.
    #[default]
    F32,
    /// Double.
    F64,
}

/// Whether the guard is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub(crate) enum GuardName {
    /// A step that raises its block's objective is done again without inertia.
    #[default]
    On,
    /// It is not.
    Off,
}

impl From<GuardName> for Guard {
    fn from(name: GuardName) -> Self {
        match name {
            GuardName::On => Self::On,
            GuardName::Off => Self::Off,
        }
    }
}

/// How the W and a steps are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum SolverName {
    /// The gradient step, each block in the form that is cheapest: backtracking, gram or dual.
    Auto,
    /// A gradient step found by backtracking; no matrix is inverted.
    #[default]
    Backtracking,
    /// The same step for more samples than features.
    Gram,
    /// The same step for more features than samples.
    Dual,
    /// A gradient step found by backtracking from 1 each time, as mDLAM's published code does.
    #[value(alias = "unit-backtracking")]
    UnitBacktracking,
    /// The exact minimiser.
    Cholesky,
    /// The exact minimiser for more features than samples.
    DualCholesky,
    /// Conjugate gradients.
    Cg,
}

impl From<SolverName> for Solver {
    fn from(name: SolverName) -> Self {
        match name {
            SolverName::Auto => Self::AUTO,
            SolverName::Backtracking => Self::Backtracking,
            SolverName::Gram => Self::Gram,
            SolverName::Dual => Self::Dual,
            SolverName::UnitBacktracking => Self::UnitBacktracking,
            SolverName::Cholesky => Self::Cholesky,
            SolverName::DualCholesky => Self::DualCholesky,
            SolverName::Cg => Self::CG,
        }
    }
}

impl SolverName {
    /// The default: `auto` for TIAM, whose forms share one trajectory; the methods it is compared with keep the plain form.
    pub(crate) fn default_for(method: Method) -> Self {
        match method {
            Method::Tiam => Self::Auto,
            _ => Self::Backtracking,
        }
    }

    /// What a run records: the first block's form in place of `auto`, so that a repetition does not depend on a measured speed.
    pub(crate) fn recorded(self, solvers: &[SolverChoice]) -> Self {
        let first = solvers.first().map(|choice| choice.solver.as_str());
        match (self, first) {
            (Self::Auto, Some("gram")) => Self::Gram,
            (Self::Auto, Some("dual")) => Self::Dual,
            (Self::Auto, Some(_)) => Self::Backtracking,
            (asked, _) => asked,
        }
    }
}

/// How the inertia changes over the iterations.
#[derive(Clone, Copy, Debug, Default, PartialEq, ValueEnum)]
pub(crate) enum ScheduleName {
    /// It does not.
    #[default]
    Constant,
    /// k / (k + 3).
    Nesterov,
    /// The factors of FISTA.
    Fista,
}

impl From<ScheduleName> for Schedule {
    fn from(name: ScheduleName) -> Self {
        match name {
            ScheduleName::Constant => Self::Constant,
            ScheduleName::Nesterov => Self::Nesterov,
            ScheduleName::Fista => Self::Fista,
        }
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

/// The name a flag gives one of its values.
pub(crate) fn name_of(value: impl ValueEnum) -> String {
    value
        .to_possible_value()
        .map(|v| v.get_name().to_owned())
        .unwrap_or_default()
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
