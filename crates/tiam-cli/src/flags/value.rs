//! Reads each type of settings from a flag's text, and writes it to a configuration file.

use std::ffi::OsStr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use tiam::{Effort, ExportFormat, Method, Precision};
use tiam_core::{Guard, Inertia, Order, Schedule};
use tiam_data::{Decimal, Format, Header, MissingCells, ScalingKind, Task, TextEncoding};
use tiam_linalg::Solver;
use tiam_models::{Activation, Band, ClassWeights, CurvatureChoice, Init, Sent, StepSchedule};
use toml::Value;

use crate::values::{CheckpointEvery, DataSource, Delimiter, ScalingName, absolute};

/// The names of a value, the first of which is written, and what it means.
pub(crate) type Choice = (&'static [&'static str], &'static str);

/// A type of settings.
pub(crate) trait FlagValue: Sized {
    /// What it is chosen from; nothing where any text is read that makes sense.
    const CHOICES: &'static [Choice] = &[];

    /// From a flag's text; the error says what to write instead.
    fn read(text: &OsStr) -> Result<Self, String>;

    /// As a configuration file has it; none where there is nothing to write.
    fn written(&self) -> Option<Value>;
}

impl<V: FlagValue> FlagValue for Option<V> {
    const CHOICES: &'static [Choice] = V::CHOICES;

    fn read(text: &OsStr) -> Result<Self, String> {
        V::read(text).map(Some)
    }

    fn written(&self) -> Option<Value> {
        self.as_ref()?.written()
    }
}

impl FlagValue for PathBuf {
    fn read(text: &OsStr) -> Result<Self, String> {
        let path = Some(text).filter(|text| !text.is_empty());
        path.map(Self::from)
            .ok_or_else(|| "a path is needed".to_owned())
    }

    /// The same place, whatever the current folder is.
    fn written(&self) -> Option<Value> {
        Some(absolute(self).display().to_string().into())
    }
}

impl FlagValue for bool {
    /// A switch has no value.
    fn read(_: &OsStr) -> Result<Self, String> {
        Ok(true)
    }

    fn written(&self) -> Option<Value> {
        self.then_some(Value::Boolean(true))
    }
}

/// Types that are read from text by a function, and written as an expression says.
macro_rules! read_and_written {
    ($($kind:ty: $read:expr, |$value:ident| $written:expr;)+) => {$(
        impl FlagValue for $kind {
            fn read(text: &OsStr) -> Result<Self, String> {
                let read: fn(&str) -> Result<Self, String> = $read;
                read(utf8(text)?)
            }

            fn written(&self) -> Option<Value> {
                let $value = self;
                Some($written)
            }
        }
    )+};
}

read_and_written! {
    f64: number, |x| Value::Float(*x);
    usize: whole, |n| integer(*n);
    u64: whole, |n| integer(*n);
    NonZeroUsize: |s| Self::new(whole(s)?).ok_or_else(|| "at least 1 is needed".to_owned()), |n| integer(n.get());
    String: |s| Some(s.to_owned()).filter(|s| !s.is_empty()).ok_or_else(|| "it is empty".to_owned()), |s| s.clone().into();
    DataSource: parsed, |data| data.absolute().to_string().into();
    Vec<String>: columns, |columns| columns.clone().into();
    Vec<usize>: sizes, |sizes| sizes.iter().map(|n| integer(*n)).collect::<Vec<_>>().into();
    Activation: parsed, |activation| activation.to_string().into();
    Init: parsed, |init| init.to_string().into();
    Method: parsed, |method| method.to_string().into();
    Band: parsed, |band| vec![band.start, band.decay, band.floor].into();
    Inertia: inertia, |p| vec![p.start, p.gradient, p.correction].into();
    StepSchedule: parsed, |schedule| schedule.to_string().into();
    CurvatureChoice: parsed, |curvature| curvature.to_string().into();
    ClassWeights: parsed, |weights| weights.to_string().into();
    TextEncoding: parsed, |encoding| encoding.to_string().into();
    Delimiter: parsed, |delimiter| delimiter.to_string().into();
    // Never recorded.
    CheckpointEvery: parsed, |_every| "".into();
}

/// Types that are chosen by name.
macro_rules! chosen {
    ($($kind:ident { $($value:expr, $($name:literal)|+: $meaning:literal;)+ })+) => {$(
        impl FlagValue for $kind {
            const CHOICES: &'static [Choice] = &[$((&[$($name),+], $meaning)),+];

            fn read(text: &OsStr) -> Result<Self, String> {
                match utf8(text)? {
                    $($($name)|+ => Ok($value),)+
                    _ => {
                        let names: Vec<&str> = Self::CHOICES.iter().map(|(names, _)| names[0]).collect();
                        Err(format!("known are {}", names.join(", ")))
                    }
                }
            }

            fn written(&self) -> Option<Value> {
                // Not all of them can be compared, but all are shown by different texts.
                let shown = [$(format!("{:?}", $value)),+];
                let at = shown.iter().position(|value| *value == format!("{self:?}"))?;
                Some(Self::CHOICES[at].0[0].into())
            }
        }
    )+};
}

chosen! {
    Sent {
        Self::Full, "full": "as they are";
        Self::Bf16, "bf16": "in 16 bits each: half the bytes";
    }
    Format {
        Self::Table, "table" | "csv" | "tsv": "CSV or TSV, plain or gzip";
        Self::Idx, "idx": "the format of the MNIST files, plain or gzip, a file or the folder of four";
        Self::GraphNpz, "graph" | "npz": "a graph in a zip of NumPy arrays";
        Self::Arrays, "arrays" | "npy": "X and y in a zip of NumPy arrays, or one array with the label last";
        Self::Arff, "arff": "the format of Weka";
        Self::Json, "json" | "jsonl": "JSON, lines or an array of objects";
        Self::Libsvm, "libsvm" | "svmlight": "sparse text, label index:value ...";
        Self::Workbook, "xlsx" | "xls" | "ods": "the first sheet of a workbook";
        Self::Parquet, "parquet": "Parquet";
    }
    ExportFormat {
        Self::Onnx, "onnx": "a graph for onnxruntime and other programs";
        Self::C, "c": "a C header that needs no library";
        Self::Rust, "rust": "a Rust module that needs no library, no_std";
        Self::Json, "json": "the whole model as JSON";
    }
    Header {
        Self::Auto, "auto": "found out from the first rows";
        Self::Yes, "yes": "it does";
        Self::No, "no": "it does not";
    }
    Decimal {
        Self::Point, "point" | ".": "as in 1.5";
        Self::Comma, "comma" | ",": "as in 1,5";
    }
    MissingCells {
        Self::Fill, "fill": "numbers become the median and are marked, categories one of their own, rows without a label are left out";
        Self::Error, "error": "they are refused, all columns in one message";
    }
    Task {
        Self::Auto, "auto": "classes for text and for a few distinct integers, values otherwise";
        Self::Classes, "classes": "a class";
        Self::Values, "values": "a number to approximate";
    }
    ScalingName {
        Self::Auto, "auto": "what suits the kind of data";
        Self::Kind(ScalingKind::None), "none": "as they are";
        Self::Kind(ScalingKind::Standard), "standard": "mean 0, deviation 1";
        Self::Kind(ScalingKind::MinMax), "min-max": "to [0, 1]";
    }
    Effort {
        Self::Single, "single": "one network";
        Self::Good, "good": "as long as other programs fit once: a small table takes a second or two, a large one five trainings";
        Self::Best, "best": "ten times that";
    }
    Precision {
        Self::F32, "f32": "single precision";
        Self::F64, "f64": "double precision";
    }
    Order {
        Self::Forward, "forward": "from the first layer to the last";
        Self::Backward, "backward": "from the last layer to the first";
    }
    Guard {
        Self::On, "on": "a step that raises its block's objective is done again without inertia";
        Self::Off, "off": "it is not";
    }
    Solver {
        Self::AUTO, "auto": "the gradient step, each block in the form that is cheapest: backtracking, gram or dual";
        Self::Backtracking, "backtracking": "a gradient step found by backtracking; no matrix is inverted";
        Self::Gram, "gram": "the same step for more samples than features";
        Self::Dual, "dual": "the same step for more features than samples";
        Self::UnitBacktracking, "unit_backtracking" | "unit-backtracking": "backtracking from 1 each time, as mDLAM's published code does";
        Self::Cholesky, "cholesky": "the exact minimiser";
        Self::DualCholesky, "dual_cholesky" | "dual-cholesky": "the exact minimiser for more features than samples";
        Self::CG, "cg": "conjugate gradients";
    }
    Schedule {
        Self::Constant, "constant": "they do not";
        Self::Nesterov, "nesterov": "k / (k + 3)";
        Self::Fista, "fista": "the factors of FISTA";
    }
}

/// Puts what a text says into a field of the settings.
pub(super) fn put<V: FlagValue>(field: &mut V, text: &OsStr) -> Result<(), String> {
    *field = V::read(text)?;
    Ok(())
}

/// What the field of the settings is chosen from.
pub(super) const fn choices_of<S, V: FlagValue>(_: fn(&S) -> &V) -> &'static [Choice] {
    V::CHOICES
}

fn utf8(text: &OsStr) -> Result<&str, String> {
    text.to_str()
        .ok_or_else(|| "it is not written in UTF-8".to_owned())
}

fn parsed<V: FromStr<Err: ToString>>(text: &str) -> Result<V, String> {
    text.parse().map_err(|error: V::Err| error.to_string())
}

fn number(text: &str) -> Result<f64, String> {
    text.trim()
        .parse()
        .map_err(|_| "a number is needed, such as 0.1 or 1e-3".to_owned())
}

/// Reads a whole number.
pub(crate) fn whole<N: FromStr>(text: &str) -> Result<N, String> {
    let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let reason = if is_whole {
        "it is too large"
    } else {
        "a whole number from 0 is needed"
    };
    text.trim().parse().map_err(|_| reason.to_owned())
}

/// Columns, separated by commas; names in double quotes may hold them.
fn columns(text: &str) -> Result<Vec<String>, String> {
    let mut in_quotes = false;
    let names = text.split(|c| {
        in_quotes ^= c == '"';
        c == ',' && !in_quotes
    });
    let names: Vec<String> = names
        .map(|name| name.trim().trim_matches('"').trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    if in_quotes {
        return Err("a double quote is not closed".to_owned());
    }
    Ok(names)
}

/// Units of a layer, and weights between two, beyond which memory would end before training begins.
const MOST_UNITS: usize = 1_000_000;
const MOST_WEIGHTS: usize = 1_000_000_000;

/// Sizes of layers, separated by commas.
fn sizes(text: &str) -> Result<Vec<usize>, String> {
    if matches!(text.trim(), "" | "none") {
        return Ok(Vec::new());
    }
    let size = |part: &str| match part.trim().parse() {
        Ok(size) if (1..=MOST_UNITS).contains(&size) => Ok(size),
        _ => Err(format!(
            "`{part}` is not a layer size from 1 to {MOST_UNITS}; write sizes like 100,100, or none"
        )),
    };
    let sizes: Vec<usize> = text.split(',').map(size).collect::<Result<_, _>>()?;
    let weights = |pair: &[usize]| pair[0].saturating_mul(pair[1]);
    if sizes.windows(2).any(|pair| weights(pair) > MOST_WEIGHTS) {
        return Err(format!(
            "there are more than {MOST_WEIGHTS} weights between two layers"
        ));
    }
    Ok(sizes)
}

/// p1, p2, p3.
fn inertia(text: &str) -> Result<Inertia, String> {
    let numbers = text.split(',').map(|part| part.trim().parse().ok());
    match numbers.collect::<Vec<Option<f64>>>()[..] {
        [Some(p1), Some(p2), Some(p3)] => {
            Inertia::new(p1, p2, p3).map_err(|error| error.to_string())
        }
        _ => Err("three numbers P1,P2,P3 in [0, 1] are needed, such as 0.95,0.95,0.3".to_owned()),
    }
}

/// More threads would not start on any machine, and would take long not to.
const MOST_THREADS: usize = 4096;

pub(super) fn some_threads(n: usize) -> Result<usize, String> {
    let some = Some(n).filter(|n| (1..=MOST_THREADS).contains(n));
    some.ok_or_else(|| {
        format!("the number of threads must be at least 1, and at most {MOST_THREADS}")
    })
}

/// Reads a number of threads.
pub(crate) fn threads(text: &str) -> Result<usize, String> {
    whole(text).and_then(some_threads)
}

/// Text beyond what TOML's integers hold.
fn integer(n: impl TryInto<i64> + ToString + Copy) -> Value {
    n.try_into()
        .map_or_else(|_| n.to_string().into(), Value::Integer)
}
