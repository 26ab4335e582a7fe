//! Small random problems.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tiam_linalg::{Matrix, Real};
use tiam_models::{Activation, Architecture, Init, Network, Samples, Target};

pub(crate) mod stale;

/// A problem's shape; everything else follows from the seed.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) n_features: usize,
    pub(crate) hidden: Vec<usize>,
    pub(crate) n_outputs: usize,
    pub(crate) n_samples: usize,
    pub(crate) activation: Activation,
    pub(crate) values: bool,
    pub(crate) seed: u64,
}

pub(crate) fn shapes() -> impl Strategy<Value = Shape> {
    (
        1..8_usize,
        prop::collection::vec(1..7_usize, 0..4),
        1..5_usize,
        1..40_usize,
        prop::sample::select(Activation::ALL.to_vec()),
        any::<bool>(),
        0..10_000_u64,
    )
        .prop_map(
            |(n_features, hidden, n_outputs, n_samples, activation, values, seed)| Shape {
                n_features,
                hidden,
                n_outputs,
                n_samples,
                activation,
                values,
                seed,
            },
        )
}

impl Shape {
    pub(crate) fn samples<T: Real>(&self) -> Samples<T> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let mut uniform = || 4.0 * rng.random::<f64>() - 2.0;
        let inputs = Matrix::from_fn(self.n_features, self.n_samples, |_, _| {
            T::from_f64(uniform())
        });
        let target = if self.values {
            Target::Values(Matrix::from_fn(self.n_outputs, self.n_samples, |_, _| {
                T::from_f64(uniform())
            }))
        } else {
            let n_classes = self.n_outputs;
            let last = u32::try_from(n_classes).unwrap() - 1;
            let labels = (0..self.n_samples)
                .map(|_| rng.random_range(0..=last))
                .collect();
            Target::Classes { labels, n_classes }
        };
        Samples::new(inputs, target).unwrap()
    }

    pub(crate) fn network<T: Real>(&self, samples: &Samples<T>) -> Network<T> {
        let loss = samples.target().loss();
        let (n_in, n_out) = (self.n_features, self.n_outputs);
        let sizes = Architecture::new(n_in, &self.hidden, n_out, self.activation, loss).unwrap();
        Network::new(sizes, Init::He, self.seed).unwrap()
    }
}
