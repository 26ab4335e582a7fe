//! A loss of your own: Huber's, on a table where every sixth target is wrong, against the squared loss.
//!
//! `cargo run --release -p tiam-models --example huber`

use std::error::Error;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tiam_core::Stopping;
use tiam_linalg::{Compute, LossSum, Matrix, Real, TargetKind, Targets};
use tiam_models::{
    Activation, Architecture, Band, Init, Loss, Network, Samples, StochasticData, StochasticParams,
    Target, TiamParams, train, train_stochastic,
};

/// Huber's loss of values: R = Σ h(z − y) over all entries, with h(d) = d²/2 for |d| ≤ δ and h(d) = δ (|d| − δ/2) beyond.
///
/// A target far from all others pulls with the slope δ, however far it is.
pub(crate) struct Huber {
    pub(crate) delta: f64,
}

impl<T: Real> tiam_linalg::Loss<T> for Huber {
    /// The name tells δ: a model file keeps nothing else of the loss.
    fn name(&self) -> String {
        format!("huber({})", self.delta)
    }

    fn takes(&self) -> TargetKind {
        TargetKind::Values
    }

    fn value(&self, z: &[T], targets: Targets<'_, T>) -> LossSum {
        let h = |d: f64| {
            let inner = d.abs().min(self.delta);
            inner * (d.abs() - 0.5 * inner)
        };
        let pairs = z.iter().zip(targets.values());
        LossSum::of(pairs.map(|(&z, &y)| h((z - y).to_f64())).sum())
    }

    /// h'(d) = d, cut off at ±δ.
    fn gradient(&self, z: &mut [T], targets: Targets<'_, T>) {
        let delta = T::from_f64(self.delta);
        for (z, &y) in z.iter_mut().zip(targets.values()) {
            *z = (*z - y).max(-delta).min(delta);
        }
    }

    /// z solves h'(z − y) + ρ (z − c) = 0, entry by entry. Where |z − y| ≤ δ that gives h'(z − y) = ρ (c − y)/(1 + ρ), beyond it is ±δ.
    fn prox(&self, z: &mut [T], center: &[T], targets: Targets<'_, T>, rho: T, _: &mut [T]) {
        let delta = T::from_f64(self.delta);
        for ((z, &c), &y) in z.iter_mut().zip(center).zip(targets.values()) {
            let slope = (c - y) * rho / (T::one() + rho);
            *z = c - slope.max(-delta).min(delta) / rho;
        }
    }
}

/// y = |x₁| + x₂/2 with a little noise for n points in [−2, 2]²; with outliers, every sixth target is 8 too high.
pub(crate) fn table(n: usize, seed: u64, outliers: bool) -> Result<Samples<f64>, Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = || 2.0 * rng.random::<f64>() - 1.0;
    let x = Matrix::from_fn(2, n, |_, _| 2.0 * uniform());
    let y = Matrix::from_fn(1, n, |_, j| {
        let wrong = if outliers && j % 6 == 0 { 8.0 } else { 0.0 };
        x[(0, j)].abs() + 0.5 * x[(1, j)] + 0.1 * uniform() + wrong
    });
    Ok(Samples::new(x, Target::Values(y))?)
}

/// Trains with this loss by full batch and by batches.
///
/// By full batch ρ must not be small against the loss: with a small one z_L goes to its targets whatever the loss is, and the last W
/// and b then fit z_L by least squares.
pub(crate) fn both_ways(
    loss: Loss,
    samples: &Samples<f64>,
) -> Result<[Network<f64>; 2], Box<dyn Error>> {
    let shape = Architecture::new(2, &[20], 1, Activation::Relu, loss)?;
    let network = Network::new(shape, Init::He, 1)?;
    let stopping = Stopping::default().max_iterations(200);
    let config = TiamParams::default()
        .rho(10.0)
        .band(Band::constant(0.001))
        .stopping(stopping)
        .check()?;
    let full = train(network.clone(), samples, &config, &mut [])?;
    let config = StochasticParams::default().epochs(60).check()?;
    let data = StochasticData::new(samples);
    let batches = train_stochastic(network, data, &config, &mut [])?;
    Ok([full.network, batches.network])
}

/// Root of the mean squared error, whatever the network's loss is: squared loss is half the squared error.
pub(crate) fn rmse(network: &Network<f64>, samples: &Samples<f64>) -> Result<f64, Box<dyn Error>> {
    let squared = network.clone().with_loss(Loss::Squared)?;
    let found = squared.evaluate(samples, &mut Compute::new(1)?)?;
    Ok((2.0 * found.loss).sqrt())
}

fn main() -> Result<(), Box<dyn Error>> {
    let (samples, clean) = (table(600, 1, true)?, table(600, 2, false)?);
    println!("root of the mean squared error on clean data");
    println!("{:<12}{:>12}{:>12}", "loss", "full batch", "batches");
    for loss in [Loss::Squared, Loss::custom(Huber { delta: 0.5 })] {
        print!("{:<12}", loss.name());
        for network in both_ways(loss, &samples)? {
            print!("{:>12.3}", rmse(&network, &clean)?);
        }
        println!();
    }
    Ok(())
}
