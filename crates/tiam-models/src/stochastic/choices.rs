//! Named options of training by batches: step schedule, class weights, curvature.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tiam_linalg::CurvatureForm;

use crate::declare::as_text;
use crate::error::{ModelError, Result};
use crate::names;

/// The schedule of the step size η_t over a run's steps t = 0, …, T − 1.
///
/// As text: `cosine`, `constant`, `step:EVERY,FACTOR`.
///
/// ```
/// use tiam_models::StepSchedule;
/// assert!((StepSchedule::Cosine.factor(0.5, 10) - 0.5).abs() < 1e-12);
/// let halved: StepSchedule = "step:3,0.5".parse()?;
/// assert_eq!(halved.factor(0.65, 10), 0.25); // in the seventh of ten epochs
/// # Ok::<(), tiam_models::ModelError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StepSchedule {
    /// η (1 + cos π t/T)/2.
    #[default]
    Cosine,
    /// η.
    Constant,
    /// η `factor`^⌊epoch / every⌋.
    Step {
        /// Epochs between two reductions, at least 1.
        every: usize,
        /// Factor of the step size at each reduction, in (0, 1].
        factor: f64,
    },
}

impl StepSchedule {
    /// η_t/η once the share `progress` of all steps is done, in a run of `epochs`.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of epochs, and a share of it"
    )]
    pub fn factor(self, progress: f64, epochs: usize) -> f64 {
        match self {
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress.clamp(0.0, 1.0)).cos()),
            Self::Constant => 1.0,
            Self::Step { every, factor } => {
                let epoch = (progress * epochs as f64) as usize;
                factor.powi(i32::try_from(epoch / every.max(1)).unwrap_or(i32::MAX))
            }
        }
    }

    pub(super) fn check(self) -> Result<()> {
        match self {
            Self::Step { every, factor } => {
                ModelError::check_positive("step-schedule epochs", every)?;
                let range = |x| x > 0.0 && x <= 1.0;
                ModelError::check("step-schedule factor", factor, range, "above 0, at most 1")
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for StepSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cosine => f.write_str("cosine"),
            Self::Constant => f.write_str("constant"),
            Self::Step { every, factor } => write!(f, "step:{every},{factor}"),
        }
    }
}

impl FromStr for StepSchedule {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self> {
        let step = || {
            let (every, factor) = s.strip_prefix("step:")?.split_once(',')?;
            let (every, factor) = (every.trim().parse().ok()?, factor.trim().parse().ok()?);
            Some(Self::Step { every, factor })
        };
        let schedule = match s {
            "cosine" => Some(Self::Cosine),
            "constant" => Some(Self::Constant),
            _ => step(),
        };
        let schedule = schedule.ok_or_else(|| ModelError::Name {
            what: "step schedule",
            found: s.to_owned(),
            known: "cosine, constant, step:EVERY,FACTOR",
        })?;
        schedule.check().map(|()| schedule)
    }
}

as_text!(StepSchedule);

/// The weights of the classes. As text: `equal`, `balanced`, or the weights with commas between them.
///
/// ```
/// use tiam_models::ClassWeights;
/// assert_eq!("1,2.5".parse::<ClassWeights>()?, ClassWeights::Given(vec![1.0, 2.5]));
/// # Ok::<(), tiam_models::ModelError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ClassWeights {
    /// Every sample as much as any other.
    #[default]
    Equal,
    /// N / (C N_c): every class that occurs as much as any other.
    Balanced,
    /// A weight a class.
    Given(Vec<f64>),
}

impl ClassWeights {
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Given(weights) => weights.iter().try_for_each(|w| {
                ModelError::check("class-weights", *w, |x| x >= 0.0, "at least 0")
            }),
            Self::Equal | Self::Balanced => Ok(()),
        }
    }
}

impl fmt::Display for ClassWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equal => f.write_str("equal"),
            Self::Balanced => f.write_str("balanced"),
            Self::Given(weights) => {
                let texts: Vec<String> = weights.iter().map(f64::to_string).collect();
                f.write_str(&texts.join(","))
            }
        }
    }
}

impl FromStr for ClassWeights {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self> {
        let weights = match s {
            "equal" => Self::Equal,
            "balanced" => Self::Balanced,
            _ => {
                let numbers: Option<Vec<f64>> =
                    s.split(',').map(|x| x.trim().parse().ok()).collect();
                Self::Given(numbers.ok_or_else(|| ModelError::Name {
                    what: "class weights",
                    found: s.to_owned(),
                    known: "equal, balanced, or a number for each class, separated by commas",
                })?)
            }
        };
        weights.check().map(|()| weights)
    }
}

as_text!(ClassWeights);

/// Which form the curvature takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CurvatureChoice {
    /// Whole for narrow layers, sketched for wide ones: [`CurvatureForm::automatic`].
    #[default]
    Auto,
    /// Whole for every layer.
    Full,
    /// Sketched for every layer.
    Sketch,
    /// None: D = g (an ablation).
    Identity,
}

impl CurvatureChoice {
    pub(super) fn form(self, n_in: usize, rank: usize) -> CurvatureForm {
        match self {
            Self::Auto => CurvatureForm::automatic(n_in, rank),
            Self::Full => CurvatureForm::Full,
            Self::Sketch => CurvatureForm::Sketch { rank },
            Self::Identity => CurvatureForm::Identity,
        }
    }
}

/// How processes that take local steps send their parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// As they are.
    #[default]
    Full,
    /// In 16 bits: how far the weights have moved, and their last change, rounded to the nearest bf16.
    Bf16,
}

names!(Sent, "way of sending": Full = "full", Bf16 = "bf16");

names!(CurvatureChoice, "curvature": Auto = "auto", Full = "full", Sketch = "sketch", Identity = "identity");
