//! Samples that are not in memory together.

use std::fmt;

use crate::data::Samples;
use crate::error::Result;

/// Samples for training by batches that are read from elsewhere while it runs, in portions that fit into memory.
///
/// A batch holds samples of one portion, in an order that the trainer draws. The better each portion stands for all samples, the nearer training is
/// to that on all of them shuffled.
///
/// ```
/// use tiam_linalg::{Compute, Matrix};
/// use tiam_models::{
///     Activation, Architecture, Init, ModelError, Network, SampleStream, Samples, StochasticData, StochasticParams, Target, train_stochastic,
/// };
/// /// y = 3x, made when it is asked for.
/// #[derive(Debug)]
/// struct Line;
/// impl Line {
///     fn portion(&self, at: usize) -> Result<Samples<f64>, ModelError> {
///         let x = Matrix::from_fn(1, 640, |_, j| ((640 * at + j) % 17) as f64 / 8.0 - 1.0);
///         let y = Matrix::from_fn(1, 640, |i, j| 3.0 * x[(i, j)]);
///         Samples::new(x, Target::Values(y))
///     }
/// }
/// impl SampleStream<f64> for Line {
///     fn n_samples(&self) -> usize {
///         6400
///     }
///     fn portions(&self, _epoch: usize, each: &mut dyn FnMut(&Samples<f64>) -> bool) -> Result<(), ModelError> {
///         for at in 0..10 {
///             if !each(&self.portion(at)?) {
///                 break;
///             }
///         }
///         Ok(())
///     }
/// }
/// let first = Line.portion(0)?;
/// let data = StochasticData::new(&first).stream(&Line);
/// let config = StochasticParams::default().ridge(0.0).check()?;
/// let shape = Architecture::new(1, &[], 1, Activation::Relu, first.target().loss())?;
/// let trained = train_stochastic(Network::new(shape, Init::He, 0)?, data, &config, &mut [])?;
/// let at = Matrix::from_vec(1, 1, vec![0.5])?;
/// let found = trained.network.forward(&at, &mut Compute::new(1)?)?;
/// assert!((found[(0, 0)] - 1.5).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait SampleStream<T>: fmt::Debug + Send + Sync {
    /// N.
    fn n_samples(&self) -> usize;

    /// Hands over every sample once, as long as `each` returns true. Portions and their order depend on nothing but the number of the epoch, so that a
    /// run can be repeated and gone on with.
    ///
    /// # Errors
    /// Those of reading; [`ModelError::Unread`](crate::ModelError::Unread) has room for any. Training ends with them.
    fn portions(&self, epoch: usize, each: &mut dyn FnMut(&Samples<T>) -> bool) -> Result<()>;
}
