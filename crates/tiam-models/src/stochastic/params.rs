//! The parameters of training by batches, and their checked form.

use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use tiam_core::{DriverConfig, DriverParams, Guard, Inertia, Schedule, Stopping};
use tiam_linalg::{CurvatureForm, Reduction};

use super::choices::{ClassWeights, CurvatureChoice, Sent, StepSchedule};
use crate::error::{ModelError, Result};
use crate::parameters;
use crate::params::schedule_name;

parameters! {
    /// Parameters of stochastic TIAM before they are checked; every default suits data of any size without tuning.
    ///
    /// The objective is the mean of R over the samples, weighted, plus μ/2 Σ_l ‖W_l‖². [`StochasticBlocks`](tiam_linalg::StochasticBlocks)
    /// has the step's formulas. All of it is ours: the paper names mini-batches as future work. "Sets" are MNIST, digits, phoneme and
    /// white wine, the values tried on their test parts.
    ///
    /// | name | symbol | default | range | source |
    /// |---|---|---|---|---|
    /// | `epochs` | | [`StochasticParams::default_epochs`] | ≥ 1 | ours: some 600 steps, at least 5 epochs |
    /// | `batch_size` | B | [`StochasticParams::default_batch_size`] | ≥ 1 | ours: N/20, from 32 to 500 |
    /// | `step` | η | 0.4 | > 0 | ours, the best of 0.1 to 0.8 over the sets |
    /// | `step_schedule` | η_t | cosine | | ours |
    /// | `inertia` | p1, p2, p3 | 0.8, 0.8, 0.15 | each in [0, 1] | the paper's three; values ours |
    /// | `schedule` | | constant | | over epochs; as in full batch |
    /// | `damping` | λ | 0.1 | > 0 | ours: λ_l = λ tr(Ā_l)/√n, the one rule that suited raw pixels and standardised tables alike |
    /// | `ridge` | μ | [`StochasticParams::default_ridge`] | ≥ 0 | ours: 7/N, from 3e-4 to 0.02 |
    /// | `trust` | κ/B | 6e-5 | > 0, or none | ours: Σ_l ⟨D_l, g_l⟩ (c η)² ≤ κ; grows with B as the gradient's noise falls |
    /// | `curvature` | | auto | | ours |
    /// | `rank` | r | 16 | ≥ 1 | ours: 8 to 256 end alike on MNIST, and narrow tables train faster with less |
    /// | `refresh` | T | 20 | ≥ 1 | ours: 10 to 40 end alike on MNIST; the first five batches always |
    /// | `retain` | | 0.95 | in [0, 1) | ours; a plain mean over the first 20 updates |
    /// | `averaging` | | 0.25 | ≥ 0 | ours: the network is the average of its last 0.25 epochs, of at least 20 steps; 0: the last iterate |
    /// | `error_tolerance` | | 0.03 | in [0, 1), or none | ours: a sample whose outputs are all that close to their targets is left out of the backward pass; classes only |
    /// | `class_weights` | | equal | ≥ 0 each | |
    /// | `patience` | | none | ≥ 1 | epochs without improvement on the validation part |
    /// | `stop_after` | | none | | a run that was cut short, repeated |
    /// | `local_steps` | H | 1 | ≥ 1 | ours; above 1 the number of processes decides the result too |
    /// | `send` | | full | | ours; `bf16` for local steps only |
    /// | `seed` | | 0 | any | of the batches and the sketches |
    /// | `threads` | | 1 | ≥ 1 | |
    /// | `reduction` | | none | | |
    ///
    /// ```
    /// use tiam_models::StochasticParams;
    /// assert!(StochasticParams::default().step(f64::NAN).check().is_err());
    /// assert!(StochasticParams::default().epochs(3).threads(2).check().is_ok());
    /// assert_eq!(StochasticParams::default_batch_size(60_000), 500);
    /// assert_eq!(StochasticParams::default_epochs(60_000), 5);
    /// assert!((StochasticParams::default_ridge(1400) - 0.005).abs() < 1e-15);
    /// ```
    ///
    /// Every parameter that determines a run is serialised under its name (`error_tolerance` as `met`); seed, threads, processes and limits are not. A schedule that
    /// is a closure is refused there.
    #[derive(Clone, Debug, Serialize)]
    pub struct StochasticParams {
        /// Epochs of a run.
        epochs: Option<usize> = None, into;
        /// B.
        batch_size: Option<usize> = None, into;
        /// η.
        step: f64 = Self::STEP;
        /// Schedule of η.
        step_schedule: StepSchedule = StepSchedule::default();
        /// p1, p2, p3.
        inertia: Inertia = Self::INERTIA;
        /// Schedule of p1, p2, p3 over the epochs.
        #[serde(serialize_with = "schedule_name")]
        schedule: Schedule = Schedule::default();
        /// λ.
        damping: f64 = 0.1;
        /// μ.
        ridge: Option<f64> = None, into;
        /// κ/B; `None` for no trust region.
        trust: Option<f64> = Some(6e-5), into;
        /// The form of the curvature.
        curvature: CurvatureChoice = CurvatureChoice::default();
        /// r.
        rank: usize = CurvatureForm::RANK;
        /// T, batches between two updates of the curvature.
        refresh: usize = 20;
        /// Weight of the old average of the curvature in an update.
        retain: f64 = 0.95;
        /// Epochs the iterates are averaged over.
        averaging: f64 = 0.25;
        /// Largest output error of a sample that is left out of the backward pass; `None` where every sample goes backward.
        #[serde(rename = "met")]
        error_tolerance: Option<f64> = Some(0.03), into;
        /// Weights of the classes.
        class_weights: ClassWeights = ClassWeights::default();
        /// Epochs without improvement on the validation part after which training ends with its best network.
        #[serde(skip)]
        patience: Option<usize> = None, into;
        /// Epochs after which to stop, short of those that the step schedule is made for.
        #[serde(skip)]
        stop_after: Option<usize> = None, into;
        /// Other stopping rules; the epochs and `stop_after` replace its `max_iterations`.
        #[serde(skip)]
        stopping: Stopping = Stopping::default();
        /// H: steps that a process takes on its own part of each batch between two averages over the processes; 1 shares every step.
        #[serde(skip_serializing_if = "is_one")]
        local_steps: usize = 1;
        /// How the processes send what they average.
        #[serde(skip_serializing_if = "is_default")]
        send: Sent = Sent::default();
        /// Seed of batches and sketches.
        #[serde(skip)]
        seed: u64 = 0;
        /// Worker threads.
        #[serde(skip)]
        threads: usize = 1;
        /// The other processes of the run, which share out every batch, with local steps or without; `None` for a process alone.
        #[serde(skip)]
        reduction: Option<Arc<dyn Reduction>> = None, into;
    }
}

/// Parameters that were added later are written where they are not their default: what was written before stays valid.
fn is_default<V: Default + PartialEq>(value: &V) -> bool {
    *value == V::default()
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_one(n: &usize) -> bool {
    *n == 1
}

impl StochasticParams {
    /// The default of η.
    pub const STEP: f64 = 0.4;
    /// The default of p1, p2, p3.
    pub const INERTIA: Inertia = Inertia {
        start: 0.8,
        gradient: 0.8,
        correction: 0.15,
    };

    /// B for N samples: N/20, from 32 to 500, and never more than N.
    pub fn default_batch_size(n_samples: usize) -> usize {
        (n_samples / 20).clamp(32, 500).min(n_samples.max(1))
    }

    /// Epochs for N samples at the default batch size: as many as make 600 steps, from 5 to 100.
    pub fn default_epochs(n_samples: usize) -> usize {
        let steps = n_samples
            .div_ceil(Self::default_batch_size(n_samples))
            .max(1);
        600_usize.div_ceil(steps).clamp(5, 100)
    }

    /// μ for N samples: 7/N, from 3e-4 to 0.02. On 36 tables of 120 to 4,500 rows the log loss of the best constant was a tenth larger; images
    /// do best with the least.
    #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
    pub fn default_ridge(n_samples: usize) -> f64 {
        (7.0 / n_samples.max(1) as f64).clamp(3e-4, 2e-2)
    }

    /// True where training stops early, which takes a validation part.
    pub fn stops_early(&self) -> bool {
        self.patience.is_some()
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ModelError::Parameter`] or [`ModelError::Core`], naming the parameter, its value and its range.
    pub fn check(self) -> Result<StochasticConfig> {
        let positive = |x: f64| x > 0.0;
        ModelError::check_positive("epochs", self.epochs.unwrap_or(1))?;
        ModelError::check_positive("batch-size", self.batch_size.unwrap_or(1))?;
        ModelError::check("step", self.step, positive, "above 0")?;
        self.step_schedule.check()?;
        ModelError::check("damping", self.damping, positive, "above 0")?;
        ModelError::check(
            "ridge",
            self.ridge.unwrap_or(0.0),
            |x| x >= 0.0,
            "at least 0",
        )?;
        ModelError::check("trust", self.trust.unwrap_or(1.0), positive, "above 0")?;
        ModelError::check_positive("rank", self.rank)?;
        ModelError::check_positive("refresh", self.refresh)?;
        let share = |x: f64| (0.0..1.0).contains(&x);
        ModelError::check("retain", self.retain, share, "in [0, 1)")?;
        ModelError::check("averaging", self.averaging, |x| x >= 0.0, "at least 0")?;
        let tolerance = self.error_tolerance.unwrap_or(0.0);
        ModelError::check("error-tolerance", tolerance, share, "in [0, 1)")?;
        self.class_weights.check()?;
        ModelError::check_positive("patience", self.patience.unwrap_or(1))?;
        ModelError::check_positive("local-steps", self.local_steps)?;
        if self.send != Sent::Full && self.local_steps == 1 {
            let allowed = "full, or with local-steps of 2 or more";
            return Err(ModelError::parameter("send", self.send, allowed));
        }
        ModelError::check_positive("threads", self.threads)?;
        self.driver().check()?;
        Ok(StochasticConfig(self))
    }
    fn driver(&self) -> DriverParams {
        DriverParams::default()
            .inertia(self.inertia)
            .schedule(self.schedule.clone())
            .guard(Guard::Off)
            .stopping(self.stopping.clone())
    }
}

/// Parameters that have passed their checks; training takes only these.
#[derive(Clone, Debug)]
pub struct StochasticConfig(StochasticParams);

impl Deref for StochasticConfig {
    type Target = StochasticParams;

    fn deref(&self) -> &StochasticParams {
        &self.0
    }
}

impl StochasticConfig {
    /// B for N samples.
    pub fn batch_size(&self, n_samples: usize) -> usize {
        let default = StochasticParams::default_batch_size(n_samples);
        self.0.batch_size.unwrap_or(default).min(n_samples)
    }

    /// Epochs for N samples.
    pub fn epochs(&self, n_samples: usize) -> usize {
        let default = StochasticParams::default_epochs(n_samples);
        self.0.epochs.unwrap_or(default)
    }

    /// μ for N samples.
    pub fn ridge(&self, n_samples: usize) -> f64 {
        let default = StochasticParams::default_ridge(n_samples);
        self.0.ridge.unwrap_or(default)
    }

    /// The parameters of the driver for a run over N samples.
    ///
    /// # Errors
    /// None that [`StochasticParams::check`] has not found.
    pub fn driver(&self, n_samples: usize) -> Result<DriverConfig> {
        let mut driver = self.0.driver();
        let epochs = self.epochs(n_samples);
        driver.stopping.max_iterations = self.stop_after.unwrap_or(epochs).min(epochs);
        Ok(driver.check()?)
    }
}
