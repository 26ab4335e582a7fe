//! Training by batches (stochastic TIAM): the functions and types to call.

mod apart;
mod choices;
mod params;
mod problem;
mod state;
mod stream;
mod weighting;

pub use choices::{ClassWeights, CurvatureChoice, Sent, StepSchedule};
pub use params::{StochasticConfig, StochasticParams};
pub use problem::{StochasticData, StochasticProblem};
pub use stream::SampleStream;

use std::path::Path;

use serde_json::json;
use tiam_core::Observer;
use tiam_linalg::Real;

use self::state::{EpochInRun, State};
use self::weighting::sample_weights;
use crate::checkpoint::{RunIdentity, restore_state, save_state};
use crate::error::{ModelError, Result};
use crate::measures::NetworkMeasures;
use crate::network::{Architecture, Network};
use crate::trainer::{TrainError, Trained, run};

/// Trains `network` by batches: stochastic TIAM (ours).
///
/// A network trained before goes on from where it is (a warm start). Beside the data, memory is ten times the parameters,
/// the sketches of the curvature, and a tile of samples a thread.
///
/// # Errors
/// [`TrainError::Refused`] when data, weights and network do not fit, [`TrainError::Failed`] when a batch's loss or step is no
/// longer finite; the network is then that of the epoch before.
///
/// ```
/// use tiam_linalg::Matrix;
/// use tiam_models::{
///     Activation, Architecture, Init, Network, Samples, StochasticData, StochasticParams, Target, train_stochastic,
/// };
/// // Two classes, inside and outside of [−1, 1].
/// let x = Matrix::from_fn(1, 200, |_, j| j as f64 / 50.0 - 2.0);
/// let labels = (0..200).map(|j| u32::from(!(50..=150).contains(&j))).collect();
/// let samples = Samples::new(x, Target::Classes { labels, n_classes: 2 })?;
/// let shape = Architecture::new(1, &[16], 2, Activation::Relu, samples.target().loss())?;
/// let config = StochasticParams::default().epochs(40).check()?;
/// let network = Network::new(shape, Init::He, 1)?;
/// let trained = train_stochastic(network, StochasticData::new(&samples), &config, &mut [])?;
/// let found = trained.network.evaluate(&samples, &mut tiam_linalg::Compute::new(1)?)?;
/// assert!(found.accuracy > Some(0.97));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn train_stochastic<T: Real>(
    network: Network<T>,
    data: StochasticData<'_, T>,
    config: &StochasticConfig,
    observers: &mut [&mut dyn Observer<NetworkMeasures>],
) -> Result<Trained<T>, TrainError<T>> {
    let driver = config.driver(data.n_samples())?;
    let problem = StochasticProblem::new(network, data, config.clone())?;
    run(problem, driver, observers)
}

/// A network that goes on learning as data come in: inertia's history, the curvature's averages and the averaged iterates
/// pass from one call to the next.
///
/// ```
/// use tiam_linalg::{Compute, Matrix};
/// use tiam_models::{
///     Activation, Architecture, Init, Loss, Network, Samples, StochasticParams, StochasticTrainer, Target,
/// };
/// // y = 3x, in pieces.
/// let shape = Architecture::new(1, &[], 1, Activation::Relu, Loss::Squared)?;
/// let config = StochasticParams::default().ridge(0.0).check()?;
/// let mut trainer = StochasticTrainer::new(Network::<f64>::new(shape, Init::He, 0)?, &config)?;
/// for piece in 0..60 {
///     let x = Matrix::from_fn(1, 64, |_, j| ((piece * 64 + j) % 17) as f64 / 8.0 - 1.0);
///     let y = Matrix::from_fn(1, 64, |i, j| 3.0 * x[(i, j)]);
///     trainer.partial_fit(&Samples::new(x, Target::Values(y))?, None)?;
/// }
/// let at = Matrix::from_vec(1, 1, vec![0.5])?;
/// let found = trainer.network().forward(&at, &mut Compute::new(1)?)?;
/// assert!((found[(0, 0)] - 1.5).abs() < 0.01);
/// # Ok::<(), tiam_models::ModelError>(())
/// ```
pub struct StochasticTrainer<T> {
    state: State<T>,
}

impl<T: Real> StochasticTrainer<T> {
    /// Starts at this network.
    ///
    /// # Errors
    /// [`ModelError::Linalg`] when threads cannot start; [`ModelError::UnknownLoss`] for a loss of which a file has kept only the name.
    pub fn new(network: Network<T>, config: &StochasticConfig) -> Result<Self> {
        let state = State::new(network, config.clone())?;
        Ok(Self { state })
    }

    /// One epoch over these samples at the first step size of the schedule, in batches as their number suggests. Returns
    /// the weighted mean loss over its batches, each before its step.
    ///
    /// # Errors
    /// [`ModelError`] when samples or weights do not fit; [`ModelError::Diverged`] when a batch's loss or step is not
    /// finite. The network is then that of the call before, and later calls fail too.
    #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
    pub fn partial_fit(
        &mut self,
        samples: &crate::Samples<T>,
        weights: Option<&[f64]>,
    ) -> Result<f64> {
        self.state.network.check_samples(samples)?;
        let weights = sample_weights(samples, weights, &self.state.config.class_weights)?;
        if let Some(apart) = &self.state.apart {
            let n = samples.n_samples();
            apart.check(self.state.config.batch_size(n), n)?;
        }
        let place = EpochInRun {
            done: 0,
            of: None,
            inertia: self.state.config.inertia,
        };
        let State {
            blocks, compute, ..
        } = &mut self.state;
        let sparse = samples.sparse_inputs(blocks, compute);
        let sum = self
            .state
            .epoch(samples, sparse.as_ref(), weights.as_deref(), place);
        let sum = sum.ok_or(ModelError::Diverged)?;
        self.state.settle();
        Ok(sum.loss / samples.n_samples() as f64)
    }

    /// The averaged network.
    pub fn network(&self) -> &Network<T> {
        &self.state.network
    }
}

impl<T: Real> StochasticTrainer<T> {
    /// Writes everything that later calls depend on to a file, a checkpoint with its checksums: whole, or not at all.
    ///
    /// # Errors
    /// [`ModelError::Io`], naming the file; [`ModelError::Checkpoint`] once a call has ended in [`ModelError::Diverged`] and left numbers that are
    /// not finite. A file that was there before then stays.
    pub fn save(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let identity = identity(self.state.network.architecture(), &self.state.config)?;
        save_state(path.as_ref(), identity, |v| self.state.visit(v))
    }

    /// The trainer that was saved; it goes on with the same bits, on any number of threads. Of `network` only the architecture counts:
    /// its weights give way to those in the file.
    ///
    /// # Errors
    /// [`ModelError::Io`]; [`ModelError::Checkpoint`] for a file that is damaged, or of another architecture or other parameters, the
    /// difference named; those of [`StochasticTrainer::new`].
    ///
    /// ```
    /// # use tiam_linalg::Matrix;
    /// # use tiam_models::{Activation, Architecture, Init, Loss, Network, Samples, StochasticParams, StochasticTrainer, Target};
    /// # let shape = Architecture::new(1, &[3], 1, Activation::Relu, Loss::Squared)?;
    /// # let network = || Network::<f64>::new(shape.clone(), Init::He, 0);
    /// # let x = Matrix::from_fn(1, 64, |_, j| (j % 17) as f64);
    /// # let samples = Samples::new(x.clone(), Target::Values(x))?;
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("trainer.safetensors");
    /// let config = StochasticParams::default().check()?;
    /// let mut trainer = StochasticTrainer::new(network()?, &config)?;
    /// trainer.partial_fit(&samples, None)?;
    /// trainer.save(&path)?;
    /// // Later, in another process.
    /// let mut again = StochasticTrainer::restore(&path, network()?, &config)?;
    /// assert_eq!(again.partial_fit(&samples, None)?, trainer.partial_fit(&samples, None)?);
    /// assert_eq!(again.network(), trainer.network());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore(
        path: impl AsRef<Path>,
        network: Network<T>,
        config: &StochasticConfig,
    ) -> Result<Self> {
        let mut trainer = Self::new(network, config)?;
        let identity = identity(trainer.state.network.architecture(), config)?;
        restore_state(path.as_ref(), &identity, |v| trainer.state.visit(v))?;
        Ok(trainer)
    }
}

/// The architecture and parameters on which a trainer's steps depend.
fn identity(architecture: &Architecture, params: &StochasticParams) -> Result<RunIdentity> {
    let unwritten = |_| {
        let allowed = "constant, nesterov or fista, where it is written to a file";
        ModelError::parameter("schedule", params.schedule.name(), allowed)
    };
    Ok(RunIdentity::default()
        .parameter("architecture", json!(architecture))
        .parameter(
            "parameters",
            serde_json::to_value(params).map_err(unwritten)?,
        )
        .parameter("seed", params.seed))
}
