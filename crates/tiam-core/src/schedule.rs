//! Schedules of the coefficients over the iterations.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{CoreError, Inertia};

/// A user's schedule: the closure maps the iteration (0 for the first) and the base coefficients to that iteration's coefficients.
pub type ScheduleFn = dyn Fn(usize, Inertia) -> Inertia + Send + Sync;

/// The factor that scales all three base coefficients in iteration k = 0, 1, ....
///
/// | schedule | factor | source |
/// |---|---|---|
/// | `Constant` (default) | 1 | paper |
/// | `Nesterov` | k / (k + 3) | paper |
/// | `Fista` | (t_k − 1) / t_{k+1}, t_0 = 1, t_{k+1} = (1 + √(1 + 4 t_k²)) / 2 | Beck and Teboulle 2009 |
/// | `Custom` | the closure returns the coefficients | ours |
///
/// ```
/// use tiam_core::{Inertia, Schedule};
/// let base = Inertia::new(1.0, 1.0, 0.5)?;
/// let mut steps = Schedule::Nesterov.coefficients(base);
/// assert_eq!(steps.next(0), Inertia::NONE);
/// assert_eq!(steps.next(3).correction, 0.25);
///
/// let mut every_tenth_plain =
///     Schedule::custom(|k, base| if k % 10 == 9 { Inertia::NONE } else { base }).coefficients(base);
/// assert_eq!(every_tenth_plain.next(8), base);
/// assert_eq!(every_tenth_plain.next(9), Inertia::NONE);
/// # Ok::<(), tiam_core::CoreError>(())
/// ```
#[derive(Clone, Default)]
pub enum Schedule {
    /// The base coefficients throughout.
    #[default]
    Constant,
    /// Scaled by k / (k + 3).
    Nesterov,
    /// Scaled by (t_k − 1) / t_{k+1}.
    Fista,
    /// A closure. What it returns must lie in [0, 1], or the run ends with [`CoreError::Schedule`].
    Custom(Arc<ScheduleFn>),
}

impl Schedule {
    /// A closure of the iteration (0 for the first) and the base coefficients.
    pub fn custom(f: impl Fn(usize, Inertia) -> Inertia + Send + Sync + 'static) -> Self {
        Self::Custom(Arc::new(f))
    }

    /// `constant`, `nesterov`, `fista` or `custom`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Nesterov => "nesterov",
            Self::Fista => "fista",
            Self::Custom(_) => "custom",
        }
    }

    /// The coefficients of iteration 0, 1, ... for this base.
    #[must_use]
    pub fn coefficients(&self, base: Inertia) -> ScheduleSteps {
        ScheduleSteps {
            schedule: self.clone(),
            base,
            k: 0,
            t: 1.0,
        }
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads `constant`, `nesterov` or `fista`, as [`Schedule::name`] writes them.
impl FromStr for Schedule {
    type Err = CoreError;

    fn from_str(name: &str) -> Result<Self, CoreError> {
        match name {
            "constant" => Ok(Self::Constant),
            "nesterov" => Ok(Self::Nesterov),
            "fista" => Ok(Self::Fista),
            _ => Err(CoreError::UnknownSchedule {
                name: name.to_owned(),
            }),
        }
    }
}

/// A schedule with its base and, for FISTA, the t_k reached.
#[derive(Clone, Debug)]
pub struct ScheduleSteps {
    schedule: Schedule,
    base: Inertia,
    /// `t` is t_k.
    k: usize,
    t: f64,
}

impl ScheduleSteps {
    /// The coefficients of iteration `k` (0 for the first). This takes O(1) if k is the k of the last call or the one after it,
    /// and otherwise O(k) for FISTA's recursion.
    ///
    /// ```
    /// use tiam_core::{Inertia, Schedule};
    /// let mut steps = Schedule::Fista.coefficients(Inertia::heavy_ball(1.0)?);
    /// assert_eq!(steps.next(0).start, 0.0);
    /// assert!((steps.next(1).start - 0.281_753_525_125_320_87).abs() < 1e-15);
    /// # Ok::<(), tiam_core::CoreError>(())
    /// ```
    pub fn next(&mut self, k: usize) -> Inertia {
        match &self.schedule {
            Schedule::Constant => self.base,
            Schedule::Nesterov => self.base.scaled(k as f64 / (k as f64 + 3.0)),
            Schedule::Fista => {
                if k < self.k {
                    (self.k, self.t) = (0, 1.0);
                }
                while self.k < k {
                    self.t = fista_t_after(self.t);
                    self.k += 1;
                }
                self.base.scaled((self.t - 1.0) / fista_t_after(self.t))
            }
            Schedule::Custom(f) => f(k, self.base),
        }
    }
}

/// t_{k+1} from t_k.
fn fista_t_after(t: f64) -> f64 {
    (1.0 + (1.0 + 4.0 * t * t).sqrt()) / 2.0
}
