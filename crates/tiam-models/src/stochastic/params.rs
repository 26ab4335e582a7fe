//! The parameters of training by batches, and their checked form.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use tiam_core::{DriverConfig, DriverParams, Guard, Inertia, Schedule, Stopping};
use tiam_linalg::CurvatureForm;

use super::choices::{ClassWeights, CurvatureChoice, StepSchedule};
use crate::error::ModelError;

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
/// | `ridge` | μ | 0.001 | ≥ 0 | ours |
/// | `trust` | κ/B | 6e-5 | > 0, or none | ours: Σ_l ⟨D_l, g_l⟩ (c η)² ≤ κ; grows with B as the gradient's noise falls |
/// | `curvature` | | auto | | ours |
/// | `rank` | r | 16 | ≥ 1 | ours: 8 to 256 end alike on MNIST, and narrow tables train faster with less |
/// | `refresh` | T | 20 | ≥ 1 | ours: 10 to 40 end alike on MNIST; the first five batches always |
/// | `retain` | | 0.95 | in [0, 1) | ours; a plain mean over the first 20 updates |
/// | `averaging` | | 0.25 | ≥ 0 | ours: the network is the average of its last 0.25 epochs, of at least 20 steps; 0: the last iterate |
/// | `met` | | 0.03 | in [0, 1), or none | ours: samples whose outputs are that close to their targets go forward only; classes only |
/// | `class_weights` | | equal | ≥ 0 each | |
/// | `patience` | | none | ≥ 1 | epochs without improvement on the validation part |
/// | `stop_after` | | none | | a run that was cut short, repeated |
/// | `seed` | | 0 | any | of the batches and the sketches |
/// | `threads` | | 1 | ≥ 1 | |
///
/// ```
/// use tiam_models::StochasticParams;
/// assert!(StochasticParams::default().step(f64::NAN).check().is_err());
/// assert!(StochasticParams::default().epochs(3).threads(2).check().is_ok());
/// assert_eq!(StochasticParams::default_batch_size(60_000), 500);
/// assert_eq!(StochasticParams::default_epochs(60_000), 5);
/// ```
#[derive(Clone, Debug)]
pub struct StochasticParams {
    pub(super) epochs: Option<usize>,
    pub(super) batch_size: Option<usize>,
    pub(super) step: f64,
    pub(super) step_schedule: StepSchedule,
    pub(super) damping: f64,
    pub(super) ridge: f64,
    pub(super) trust: Option<f64>,
    pub(super) curvature: CurvatureChoice,
    pub(super) rank: usize,
    pub(super) refresh: usize,
    pub(super) retain: f64,
    pub(super) averaging: f64,
    pub(super) met: Option<f64>,
    pub(super) class_weights: ClassWeights,
    pub(super) patience: Option<usize>,
    pub(super) stop_after: Option<usize>,
    pub(super) seed: u64,
    pub(super) threads: usize,
    pub(super) driver: DriverParams,
}

/// Parameters that have passed their checks; training takes only these.
#[derive(Clone, Debug)]
pub struct StochasticConfig {
    params: StochasticParams,
}

impl Default for StochasticParams {
    fn default() -> Self {
        let driver = DriverParams::default()
            .inertia(Self::INERTIA)
            .guard(Guard::Off);
        Self {
            epochs: None,
            batch_size: None,
            step: Self::STEP,
            step_schedule: StepSchedule::default(),
            damping: 0.1,
            ridge: Self::RIDGE,
            trust: Some(6e-5),
            curvature: CurvatureChoice::default(),
            rank: CurvatureForm::RANK,
            refresh: 20,
            retain: 0.95,
            averaging: 0.25,
            met: Some(0.03),
            class_weights: ClassWeights::default(),
            patience: None,
            stop_after: None,
            seed: 0,
            threads: 1,
            driver,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])+ $name:ident: $type:ty;)+) => {
        $($(#[$doc])+
        #[must_use]
        pub fn $name(self, $name: $type) -> Self {
            Self { $name, ..self }
        })+
    };
}

impl StochasticParams {
    /// The default of η.
    pub const STEP: f64 = 0.4;
    /// The default of μ.
    pub const RIDGE: f64 = 1e-3;
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

    setters! {
        /// η.
        step: f64;
        /// How η changes.
        step_schedule: StepSchedule;
        /// λ.
        damping: f64;
        /// μ.
        ridge: f64;
        /// κ/B; `None` for no trust region.
        trust: Option<f64>;
        /// The form of the curvature.
        curvature: CurvatureChoice;
        /// r.
        rank: usize;
        /// T, batches between two updates of the curvature.
        refresh: usize;
        /// Weight of the old average of the curvature in an update.
        retain: f64;
        /// Epochs the iterates are averaged over.
        averaging: f64;
        /// Largest error of a sample that counts as met; `None` where every sample goes backward.
        met: Option<f64>;
        /// How much each class counts.
        class_weights: ClassWeights;
        /// Epochs without improvement on the validation part after which training ends with its best network.
        patience: Option<usize>;
        /// Epochs after which to stop, short of those that the step schedule is made for.
        stop_after: Option<usize>;
        /// Of batches and sketches.
        seed: u64;
        /// Worker threads.
        threads: usize;
    }

    /// Epochs of a run.
    #[must_use]
    pub fn epochs(self, epochs: usize) -> Self {
        let epochs = Some(epochs);
        Self { epochs, ..self }
    }

    /// B.
    #[must_use]
    pub fn batch_size(self, batch_size: usize) -> Self {
        let batch_size = Some(batch_size);
        Self { batch_size, ..self }
    }

    /// p1, p2, p3.
    #[must_use]
    pub fn inertia(self, inertia: Inertia) -> Self {
        let driver = self.driver.inertia(inertia);
        Self { driver, ..self }
    }

    /// How they change over the epochs.
    #[must_use]
    pub fn schedule(self, schedule: Schedule) -> Self {
        let driver = self.driver.schedule(schedule);
        Self { driver, ..self }
    }

    /// What else ends a run; its `max_iterations` gives way to the epochs and `stop_after`.
    #[must_use]
    pub fn stopping(self, stopping: Stopping) -> Self {
        let driver = self.driver.stopping(stopping);
        Self { driver, ..self }
    }

    /// True where training stops early, which takes a validation part.
    pub fn stops_early(&self) -> bool {
        self.patience.is_some()
    }

    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ModelError::Parameter`] or [`ModelError::Core`], naming the parameter, its value and its range.
    pub fn check(self) -> Result<StochasticConfig, ModelError> {
        let positive = |x: f64| x > 0.0;
        ModelError::check_positive("epochs", self.epochs.unwrap_or(1))?;
        ModelError::check_positive("batch-size", self.batch_size.unwrap_or(1))?;
        ModelError::check("step", self.step, positive, "above 0")?;
        self.step_schedule.check()?;
        ModelError::check("damping", self.damping, positive, "above 0")?;
        ModelError::check("ridge", self.ridge, |x| x >= 0.0, "at least 0")?;
        ModelError::check("trust", self.trust.unwrap_or(1.0), positive, "above 0")?;
        ModelError::check_positive("rank", self.rank)?;
        ModelError::check_positive("refresh", self.refresh)?;
        let share = |x: f64| (0.0..1.0).contains(&x);
        ModelError::check("retain", self.retain, share, "in [0, 1)")?;
        ModelError::check("averaging", self.averaging, |x| x >= 0.0, "at least 0")?;
        ModelError::check("met", self.met.unwrap_or(0.0), share, "in [0, 1)")?;
        self.class_weights.check()?;
        ModelError::check_positive("patience", self.patience.unwrap_or(1))?;
        ModelError::check_positive("threads", self.threads)?;
        self.driver.clone().check()?;
        Ok(StochasticConfig { params: self })
    }
}

impl StochasticConfig {
    /// B for N samples.
    pub fn batch_size(&self, n_samples: usize) -> usize {
        let default = StochasticParams::default_batch_size(n_samples);
        self.params.batch_size.unwrap_or(default).min(n_samples)
    }

    /// Epochs for N samples.
    pub fn epochs(&self, n_samples: usize) -> usize {
        let default = StochasticParams::default_epochs(n_samples);
        self.params.epochs.unwrap_or(default)
    }

    pub(super) fn params(&self) -> &StochasticParams {
        &self.params
    }

    /// The parameters of the driver for a run over N samples.
    ///
    /// # Errors
    /// None that [`StochasticParams::check`] has not found.
    pub fn driver(&self, n_samples: usize) -> Result<DriverConfig, ModelError> {
        let mut driver = self.params.driver.clone();
        let epochs = self.epochs(n_samples);
        driver.stopping.max_iterations = self.params.stop_after.unwrap_or(epochs).min(epochs);
        Ok(driver.check()?)
    }
}

/// What determines a run, under the parameters' names; neither seed nor threads nor stopping rules.
impl Serialize for StochasticParams {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("StochasticParams", 16)?;
        fields.serialize_field("epochs", &self.epochs)?;
        fields.serialize_field("batch_size", &self.batch_size)?;
        fields.serialize_field("step", &self.step)?;
        fields.serialize_field("step_schedule", &self.step_schedule)?;
        fields.serialize_field("inertia", &self.driver.inertia)?;
        fields.serialize_field("schedule", self.driver.schedule.name())?;
        fields.serialize_field("damping", &self.damping)?;
        fields.serialize_field("ridge", &self.ridge)?;
        fields.serialize_field("trust", &self.trust)?;
        fields.serialize_field("curvature", &self.curvature)?;
        fields.serialize_field("rank", &self.rank)?;
        fields.serialize_field("refresh", &self.refresh)?;
        fields.serialize_field("retain", &self.retain)?;
        fields.serialize_field("averaging", &self.averaging)?;
        fields.serialize_field("met", &self.met)?;
        fields.serialize_field("class_weights", &self.class_weights)?;
        fields.end()
    }
}
