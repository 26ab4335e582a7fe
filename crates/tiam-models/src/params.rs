//! The parameters of full-batch training, and their checked form.

use std::fmt;
use std::str::FromStr;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use tiam_core::{DriverConfig, DriverParams, Guard, Inertia, Order, Schedule, Stopping};
use tiam_linalg::{Accuracy, Solver};

use crate::error::ModelError;

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

    fn check(&self) -> Result<(), ModelError> {
        ModelError::check("band start", self.start, |x| x > 0.0, "above 0")?;
        ModelError::check(
            "band decay",
            self.decay,
            |x| x > 0.0 && x <= 1.0,
            "above 0 and at most 1",
        )?;
        let floor = |x: f64| x > 0.0 && x <= self.start;
        ModelError::check(
            "band floor",
            self.floor,
            floor,
            "above 0 and at most the band's start",
        )
    }
}

impl FromStr for Band {
    type Err = ModelError;

    /// `START,DECAY,FLOOR`.
    fn from_str(s: &str) -> Result<Self, ModelError> {
        let [start, decay, floor] = triple("band", s)?;
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

/// Three numbers separated by commas.
pub(crate) fn triple(parameter: &'static str, s: &str) -> Result<[f64; 3], ModelError> {
    let numbers: Vec<f64> = s.split(',').filter_map(|x| x.trim().parse().ok()).collect();
    let fields = s.split(',').count();
    match numbers.as_slice() {
        [a, b, c] if fields == 3 => Ok([*a, *b, *c]),
        _ => Err(ModelError::parameter(
            parameter,
            s,
            "three numbers separated by commas",
        )),
    }
}

/// Where the last layer's pre-activations z_L start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputStart {
    /// At the network's forward pass, as every other z and a.
    #[default]
    Forward,
    /// At the targets: +1 for a sample's class and −1 for the others, or the values (mDLAM).
    Targets,
}

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
/// | `output_start` | z_L⁰ | forward pass | | ours; `Targets` is mDLAM's |
/// | `inertia` | p1, p2, p3 | 0.95, 0.95, 0.3 | each in [0, 1] | the paper's step; values ours |
/// | `schedule` | | constant | | the paper; `nesterov` and `fista` as usual |
/// | `guard` | | on | | ours, as mDLAM does |
/// | `order` | | forward | | mDLAM |
/// | `solver` | | backtracking | see [`Solver`] | the paper; the others ours |
/// | `stopping` | | 100 iterations | see `tiam_core::Stopping` | ours |
/// | `divergence_factor` | | 1e6 | ≥ 1 | ours |
/// | `threads` | | 1 | ≥ 1 | |
///
/// ```
/// use tiam_models::TiamParams;
/// assert!(TiamParams::default().rho(f64::NAN).check().is_err());
/// assert!(TiamParams::default().rho(0.1).threads(2).check().is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct TiamParams {
    rho: f64,
    ridge: f64,
    l1: f64,
    band: Band,
    output_start: OutputStart,
    solver: Solver,
    threads: usize,
    driver: DriverParams,
}

/// Parameters that have passed their checks; training takes only these.
#[derive(Clone, Debug)]
pub struct TiamConfig {
    pub(crate) rho: f64,
    pub(crate) ridge: f64,
    pub(crate) l1: f64,
    pub(crate) band: Band,
    pub(crate) output_start: OutputStart,
    pub(crate) solver: Solver,
    pub(crate) threads: usize,
    pub(crate) driver: DriverConfig,
}

impl TiamConfig {
    /// The parameters of the driver: inertia, schedule, guard, order, stopping.
    pub fn driver(&self) -> &DriverConfig {
        &self.driver
    }
}

impl Default for TiamParams {
    fn default() -> Self {
        Self {
            rho: Self::RHO,
            ridge: Self::RIDGE,
            l1: 0.0,
            band: Band::default(),
            output_start: OutputStart::default(),
            solver: Solver::Backtracking,
            threads: 1,
            driver: DriverParams::default(),
        }
    }
}

impl TiamParams {
    /// The default of ρ.
    pub const RHO: f64 = 1e-3;
    /// The default of μ.
    pub const RIDGE: f64 = 1e-2;

    /// ρ, the weight of the penalty.
    #[must_use]
    pub fn rho(self, rho: f64) -> Self {
        Self { rho, ..self }
    }

    /// μ, the weight of ½‖W_l‖².
    #[must_use]
    pub fn ridge(self, ridge: f64) -> Self {
        Self { ridge, ..self }
    }

    /// λ, the weight of ‖W_l‖₁; above 0 the W step is the paper's proximal step, whichever solver is chosen.
    #[must_use]
    pub fn l1(self, l1: f64) -> Self {
        Self { l1, ..self }
    }

    /// ε_k.
    #[must_use]
    pub fn band(self, band: Band) -> Self {
        Self { band, ..self }
    }

    /// Where z_L starts.
    #[must_use]
    pub fn output_start(self, output_start: OutputStart) -> Self {
        Self {
            output_start,
            ..self
        }
    }

    /// p1, p2, p3.
    #[must_use]
    pub fn inertia(self, inertia: Inertia) -> Self {
        Self {
            driver: self.driver.inertia(inertia),
            ..self
        }
    }

    /// How the coefficients change over the iterations.
    #[must_use]
    pub fn schedule(self, schedule: Schedule) -> Self {
        Self {
            driver: self.driver.schedule(schedule),
            ..self
        }
    }

    /// Whether a step that raises its block's objective is done again without inertia.
    #[must_use]
    pub fn guard(self, guard: Guard) -> Self {
        Self {
            driver: self.driver.guard(guard),
            ..self
        }
    }

    /// The order of the blocks W_1, b_1, z_1, a_1, W_2, …, z_L, numbered from 0.
    #[must_use]
    pub fn order(self, order: Order) -> Self {
        Self {
            driver: self.driver.order(order),
            ..self
        }
    }

    /// How the W and a steps are computed. Gram and dual forms are for the first layer, whose inputs stay; the others are then backtracked (or
    /// factored, for [`Solver::DualCholesky`]). [`Solver::Auto`] decides block by block: [`SolverChoice`](crate::SolverChoice) tells what and why.
    #[must_use]
    pub fn solver(self, solver: Solver) -> Self {
        Self { solver, ..self }
    }

    /// When to stop.
    #[must_use]
    pub fn stopping(self, stopping: Stopping) -> Self {
        Self {
            driver: self.driver.stopping(stopping),
            ..self
        }
    }

    /// F above this multiple of max(|F_0|, 1) counts as divergence.
    #[must_use]
    pub fn divergence_factor(self, factor: f64) -> Self {
        Self {
            driver: self.driver.divergence_factor(factor),
            ..self
        }
    }

    /// Worker threads.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ModelError::Parameter`] or [`ModelError::Core`], naming the parameter, its value and its range.
    pub fn check(self) -> Result<TiamConfig, ModelError> {
        ModelError::check_penalty("rho", self.rho)?;
        ModelError::check("ridge", self.ridge, |x| x >= 0.0, "at least 0")?;
        ModelError::check("l1", self.l1, |x| x >= 0.0, "at least 0")?;
        self.band.check()?;
        ModelError::check_positive("threads", self.threads)?;
        if let Solver::ConjugateGradient {
            max_iterations,
            rel_tolerance,
        } = self.solver
        {
            ModelError::check(
                "cg tolerance",
                rel_tolerance,
                |x| (0.0..1.0).contains(&x),
                "in [0, 1)",
            )?;
            ModelError::check_positive("cg iterations", max_iterations)?;
        }
        if let Solver::Auto {
            accuracy: Accuracy::RelResidual(below),
        } = self.solver
        {
            let range = |x: f64| x > 0.0 && x < 1.0;
            ModelError::check("residual", below, range, "above 0 and below 1")?;
        }
        Ok(TiamConfig {
            rho: self.rho,
            ridge: self.ridge,
            l1: self.l1,
            band: self.band,
            output_start: self.output_start,
            solver: self.solver,
            threads: self.threads,
            driver: self.driver.check()?,
        })
    }
}

/// What determines a trajectory, under the parameters' names; neither threads nor stopping rules.
impl Serialize for TiamParams {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("TiamParams", 10)?;
        fields.serialize_field("rho", &self.rho)?;
        fields.serialize_field("ridge", &self.ridge)?;
        fields.serialize_field("l1", &self.l1)?;
        fields.serialize_field("band", &self.band.to_string())?;
        fields.serialize_field("output_start", &self.output_start)?;
        fields.serialize_field("inertia", &self.driver.inertia)?;
        fields.serialize_field("schedule", self.driver.schedule.name())?;
        fields.serialize_field("guard", &self.driver.guard)?;
        fields.serialize_field("order", &format!("{:?}", self.driver.order))?;
        fields.serialize_field("solver", self.solver.name())?;
        fields.end()
    }
}
