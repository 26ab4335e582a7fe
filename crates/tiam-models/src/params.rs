//! The parameters of full-batch training, and their checked form.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer, ser};
use tiam_core::{DriverConfig, DriverParams, Guard, Inertia, Order, Schedule, Stopping};
use tiam_linalg::{Accuracy, Reduction, Solver};

use crate::error::{ModelError, Result};
use crate::parameters;

/// The half-width of the band around the activations: ε_k = max(start · decayᵏ, floor) in iteration k = 0, 1, …
///
/// ```
/// use tiam_models::Band;
/// let band: Band = "10,0.9,0.01".parse()?;
/// assert!((band.width(1) - 9.0).abs() < 1e-12);
/// assert!((band.width(1000) - 0.01).abs() < 1e-12);
/// # Ok::<(), tiam_models::ModelError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// ε_0, above 0.
    pub start: f64,
    /// Factor an iteration, in (0, 1].
    pub decay: f64,
    /// Least width, above 0 and at most `start`.
    pub floor: f64,
}

impl Default for Band {
    /// 10, 0.9, 0.01: slower than mDLAM's 100, 0.5, 0.001, and better on every graph data set tried (ours).
    fn default() -> Self {
        Self {
            start: 10.0,
            decay: 0.9,
            floor: 0.01,
        }
    }
}

impl Band {
    /// The same width in every iteration.
    pub const fn constant(width: f64) -> Self {
        Self {
            start: width,
            decay: 1.0,
            floor: width,
        }
    }

    /// ε_k.
    pub fn width(&self, iteration: usize) -> f64 {
        let power = i32::try_from(iteration).unwrap_or(i32::MAX);
        (self.start * self.decay.powi(power)).max(self.floor)
    }

    fn check(&self) -> Result<()> {
        let share = |x: f64| x > 0.0 && x <= 1.0;
        let floor = |x: f64| x > 0.0 && x <= self.start;
        let below_start = "above 0 and at most the band's start";
        ModelError::check("band start", self.start, |x| x > 0.0, "above 0")?;
        ModelError::check("band decay", self.decay, share, "above 0 and at most 1")?;
        ModelError::check("band floor", self.floor, floor, below_start)
    }
}

impl FromStr for Band {
    type Err = ModelError;

    /// `START,DECAY,FLOOR`.
    fn from_str(s: &str) -> Result<Self> {
        let numbers: Option<Vec<f64>> = s.split(',').map(|x| x.trim().parse().ok()).collect();
        let Some(&[start, decay, floor]) = numbers.as_deref() else {
            let allowed = "three numbers separated by commas";
            return Err(ModelError::parameter("band", s, allowed));
        };
        let band = Self {
            start,
            decay,
            floor,
        };
        band.check().map(|()| band)
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.start, self.decay, self.floor)
    }
}

/// The start of the last layer's pre-activations z_L.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputStart {
    /// At the network's forward pass, as every other z and a.
    #[default]
    Forward,
    /// At the targets: +1 for a sample's class and −1 for the others, or the values (mDLAM).
    Targets,
}

/// An order of the blocks, with the name that stands for it in records where it is a closure.
///
/// ```
/// use tiam_core::Order;
/// use tiam_models::{NamedOrder, TiamParams};
/// let without_first = NamedOrder::new("without W_1", |_, blocks| blocks.retain(|block| *block != 0));
/// let record = serde_json::to_value(TiamParams::default().order(without_first))?;
/// assert_eq!(record["order"], "without W_1");
/// let nameless = Order::custom(|_, blocks| blocks.reverse());
/// assert!(serde_json::to_value(TiamParams::default().order(nameless)).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct NamedOrder {
    order: Order,
    name: Option<String>,
}

impl NamedOrder {
    /// A closure that rearranges the blocks 0, 1, … for an iteration (0 for the first), under this name.
    pub fn new(
        name: impl Into<String>,
        rearrange: impl Fn(usize, &mut Vec<usize>) + Send + Sync + 'static,
    ) -> Self {
        Self {
            order: Order::custom(rearrange),
            name: Some(name.into()),
        }
    }
}

impl From<Order> for NamedOrder {
    fn from(order: Order) -> Self {
        Self { order, name: None }
    }
}

impl Serialize for NamedOrder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (&self.order, &self.name) {
            (_, Some(name)) => serializer.serialize_str(name),
            (Order::Custom(_), None) => Err(ser::Error::custom(
                "an order that is a closure is written down by its name: NamedOrder::new",
            )),
            (order, None) => serializer.collect_str(&format_args!("{order:?}")),
        }
    }
}

parameters! {
    /// Parameters of TIAM before they are checked.
    ///
    /// The objective is F = R(z_L; Y) + Σ_l [ μ/2 ‖W_l‖² + λ ‖W_l‖₁ + ρ/2 ‖z_l − W_l a_{l−1} − b_l 1ᵀ‖² ], R a sum over samples, subject
    /// to |a_l − h(z_l)| ≤ ε_k entry by entry.
    ///
    /// | name | symbol | default | range | source |
    /// |---|---|---|---|---|
    /// | `rho` | ρ | 0.001 | 1e-30 to 1e30 | ours: the best of the powers of ten on Cora |
    /// | `ridge` | μ | 0.01 | ≥ 0 | ours, the same search |
    /// | `l1` | λ | 0 | ≥ 0 | the paper admits it |
    /// | `band` | ε | 10, 0.9, 0.01 | see [`Band`] | ours |
    /// | `pulse` | | false | | ours |
    /// | `output_start` | z_L⁰ | forward pass | | ours; `Targets` is mDLAM's |
    /// | `inertia` | p1, p2, p3 | 0.95, 0.95, 0.3 | each in [0, 1] | the paper's step; values ours |
    /// | `schedule` | | constant | | the paper; `nesterov` and `fista` as usual |
    /// | `guard` | | on | | ours, as mDLAM does |
    /// | `order` | | forward | | mDLAM |
    /// | `solver` | | backtracking | see [`Solver`] | the paper; the others ours |
    /// | `stopping` | | 100 iterations | see `tiam_core::Stopping` | ours |
    /// | `divergence_factor` | | 1e6 | ≥ 1 | ours |
    /// | `threads` | | 1 | ≥ 1 | |
    /// | `reduction` | | none | | |
    ///
    /// ```
    /// use tiam_models::TiamParams;
    /// assert!(TiamParams::default().rho(f64::NAN).check().is_err());
    /// assert!(TiamParams::default().rho(0.1).threads(2).check().is_ok());
    /// ```
    ///
    /// Every parameter that determines a trajectory is serialised under its name; threads, processes and limits are not. A schedule that is a closure, and an
    /// order that is one without a name ([`NamedOrder`]), are refused there: nothing would tell them from others.
    #[derive(Clone, Debug, Serialize)]
    pub struct TiamParams {
        /// ρ, the weight of the penalty.
        rho: f64 = Self::RHO;
        /// μ, the weight of ½‖W_l‖².
        ridge: f64 = Self::RIDGE;
        /// λ, the weight of ‖W_l‖₁; above 0 the W step is the paper's proximal step, whichever solver is chosen.
        l1: f64 = 0.0;
        /// ε_k.
        #[serde(serialize_with = "text")]
        band: Band = Band::default();
        /// Whether the band closes to its floor in every second iteration, the second one first, and opens again in the next. Each
        /// opening lets the hidden layers move by its width; a band that only shrinks lets them move by its start in all.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pulse: bool = false;
        /// Start of z_L.
        output_start: OutputStart = OutputStart::default();
        /// p1, p2, p3.
        inertia: Inertia = DriverParams::INERTIA;
        /// Schedule of the coefficients over the iterations.
        #[serde(serialize_with = "schedule_name")]
        schedule: Schedule = Schedule::default();
        /// Whether a step that raises its block's objective is done again without inertia.
        guard: Guard = Guard::default();
        /// The order of the blocks W_1, b_1, z_1, a_1, W_2, …, z_L, numbered from 0.
        order: NamedOrder = NamedOrder::default(), into;
        /// Solver of the W and a steps. Gram and dual forms are for the first layer, whose inputs stay; the others are then
        /// backtracked (or factored, for [`Solver::DualCholesky`]). [`Solver::Auto`] decides block by block:
        /// [`SolverChoice`](crate::SolverChoice) tells what and why.
        #[serde(serialize_with = "solver_name")]
        solver: Solver = Solver::Backtracking;
        /// When to stop.
        #[serde(skip)]
        stopping: Stopping = Stopping::default();
        /// F above this multiple of max(|F_0|, 1) counts as divergence.
        #[serde(skip)]
        divergence_factor: f64 = DriverParams::DIVERGENCE_FACTOR;
        /// Worker threads.
        #[serde(skip)]
        threads: usize = 1;
        /// The other processes of the run, which share out the samples; `None` for a process alone.
        #[serde(skip)]
        reduction: Option<Arc<dyn Reduction>> = None, into;
    }
}

/// Parameters that have passed their checks; training takes only these.
#[derive(Clone, Debug)]
pub struct TiamConfig {
    params: TiamParams,
    pub(crate) driver: DriverConfig,
}

impl TiamConfig {
    /// ε_k, pulses included.
    pub fn width(&self, iteration: usize) -> f64 {
        if self.params.pulse && iteration % 2 == 1 {
            self.params.band.floor
        } else {
            self.params.band.width(iteration)
        }
    }

    /// The parameters of the driver: inertia, schedule, guard, order, stopping.
    pub fn driver(&self) -> &DriverConfig {
        &self.driver
    }
}

impl Deref for TiamConfig {
    type Target = TiamParams;

    fn deref(&self) -> &TiamParams {
        &self.params
    }
}

impl TiamParams {
    /// The default of ρ.
    pub const RHO: f64 = 1e-3;
    /// The default of μ.
    pub const RIDGE: f64 = 1e-2;

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ModelError::Parameter`] or [`ModelError::Core`], naming the parameter, its value and its range.
    pub fn check(self) -> Result<TiamConfig> {
        ModelError::check_penalty("rho", self.rho)?;
        ModelError::check("ridge", self.ridge, |x| x >= 0.0, "at least 0")?;
        ModelError::check("l1", self.l1, |x| x >= 0.0, "at least 0")?;
        self.band.check()?;
        ModelError::check_positive("threads", self.threads)?;
        match self.solver {
            Solver::ConjugateGradient {
                max_iterations,
                rel_tolerance,
            } => {
                let range = |x: f64| (0.0..1.0).contains(&x);
                ModelError::check("cg tolerance", rel_tolerance, range, "in [0, 1)")?;
                ModelError::check_positive("cg iterations", max_iterations)?;
            }
            Solver::Auto {
                accuracy: Accuracy::RelResidual(below),
            } => {
                let range = |x: f64| x > 0.0 && x < 1.0;
                ModelError::check("residual", below, range, "above 0 and below 1")?;
            }
            _ => {}
        }
        let driver = DriverParams::default()
            .inertia(self.inertia)
            .schedule(self.schedule.clone())
            .guard(self.guard)
            .order(self.order.order.clone())
            .stopping(self.stopping.clone())
            .divergence_factor(self.divergence_factor);
        Ok(TiamConfig {
            driver: driver.check()?,
            params: self,
        })
    }
}

/// As `Display` writes it.
fn text<S: Serializer>(value: &impl fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// A schedule by its name; a closure has none.
pub(crate) fn schedule_name<S: Serializer>(
    schedule: &Schedule,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match schedule {
        Schedule::Custom(_) => Err(ser::Error::custom(
            "a schedule that is a closure cannot be written down",
        )),
        known => serializer.serialize_str(known.name()),
    }
}

fn solver_name<S: Serializer>(solver: &Solver, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(solver.name())
}
