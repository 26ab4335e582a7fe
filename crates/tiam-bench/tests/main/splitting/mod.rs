//! Small random problems and naive algebra for the tests of the splitting methods.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod bcd;
pub(crate) mod dladmm;

use proptest::prelude::*;
use tiam_bench::methods::{Biases, Start};
use tiam_bench::shapes::{Prepared, Shape, samples};
use tiam_core::{BlockChange, Driver, DriverParams, Guard, Inertia, Order, Outcome, Stopping};
use tiam_linalg::{Compute, Matrix, Monotone, Real};
use tiam_models::TrainingProblem;
use tiam_models::{Activation, Architecture, Init, Layer, Network, Samples, Target};

pub(crate) type M = Matrix<f64>;

/// Uniform in [−1, 1): splitmix64.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(crate) fn next(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// A problem's shape; everything else follows from the seed.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) n_features: usize,
    pub(crate) hidden: Vec<usize>,
    pub(crate) n_outputs: usize,
    pub(crate) n_samples: usize,
    pub(crate) activation: Activation,
    pub(crate) values: bool,
    pub(crate) seed: u64,
}

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let hidden = prop::collection::vec(1..6_usize, 0..4);
    let activation = prop::sample::select(Activation::ALL.to_vec());
    let sizes = (1..6_usize, hidden, 1..4_usize, 1..20_usize);
    (sizes, activation, any::<bool>(), 0..10_000_u64).prop_map(
        |((n_features, hidden, n_outputs, n_samples), activation, values, seed)| Case {
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

impl Case {
    pub(crate) fn small(activation: Activation, values: bool) -> Self {
        Self {
            n_features: 3,
            hidden: vec![4, 3],
            n_outputs: 2,
            n_samples: 9,
            activation,
            values,
            seed: 7,
        }
    }

    pub(crate) fn samples<T: Real>(&self) -> Samples<T> {
        let mut draws = Draws(self.seed);
        let mut uniform = |_, _| T::from_f64(2.0 * draws.next());
        let inputs = Matrix::from_fn(self.n_features, self.n_samples, &mut uniform);
        let target = if self.values {
            Target::Values(Matrix::from_fn(self.n_outputs, self.n_samples, uniform))
        } else {
            let n_classes = u64::try_from(self.n_outputs).unwrap();
            let mut draws = Draws(self.seed + 1);
            let mut label = || u32::try_from(draws.bits() % n_classes).unwrap();
            let labels = (0..self.n_samples).map(|_| label()).collect();
            let n_classes = self.n_outputs;
            Target::Classes { labels, n_classes }
        };
        Samples::new(inputs, target).unwrap()
    }

    pub(crate) fn network<T: Real>(&self, samples: &Samples<T>) -> Network<T> {
        let loss = samples.target().loss();
        let (n_in, n_out) = (self.n_features, self.n_outputs);
        let sizes = Architecture::new(n_in, &self.hidden, n_out, self.activation, loss).unwrap();
        let start = Start {
            weights: Init::Normal(0.6),
            biases: Biases::Normal(0.4),
        };
        start.network(sizes, self.seed).unwrap()
    }
}

pub(crate) fn digits<T: tiam::Scalar>() -> Prepared<T> {
    samples(Shape::Digits, None, 0).unwrap()
}

pub(crate) fn relu_network<T: Real>(
    samples: &Samples<T>,
    hidden: &[usize],
    start: Start,
) -> Network<T> {
    let (target, n_in) = (samples.target(), samples.inputs().n_rows());
    let (n_out, loss) = (target.n_outputs(), target.loss());
    let sizes = Architecture::new(n_in, hidden, n_out, Activation::Relu, loss).unwrap();
    start.network(sizes, 0).unwrap()
}

/// The driver as both methods want it.
pub(crate) fn run<T, P: TrainingProblem<T>>(
    problem: P,
    order: Order,
    iterations: usize,
) -> Outcome<P> {
    let params = DriverParams::default()
        .inertia(Inertia::NONE)
        .guard(Guard::Off)
        .order(order)
        .divergence_factor(f64::INFINITY)
        .stopping(Stopping::default().max_iterations(iterations));
    let driver = Driver::new(params.check().unwrap());
    match driver.run(problem) {
        Ok(outcome) => outcome,
        Err(failure) => panic!("{failure}"),
    }
}

/// The blocks of an iteration, in order.
pub(crate) fn visits(order: &Order, n_blocks: usize) -> Vec<usize> {
    let mut blocks = (0..n_blocks).collect();
    match order {
        Order::Custom(f) => f(0, &mut blocks),
        other => panic!("{other:?}"),
    }
    blocks
}

/// One iteration by hand; what each step said.
pub(crate) fn iterate<T, P: TrainingProblem<T>>(
    problem: &mut P,
    order: &Order,
    k: usize,
) -> Vec<(usize, BlockChange)> {
    problem.begin_iteration(k);
    let blocks = visits(order, problem.n_blocks());
    let step = |block| {
        let change = problem.propose(block, Inertia::NONE);
        problem.accept(block);
        (block, change)
    };
    blocks.into_iter().map(step).collect()
}

pub(crate) fn h(activation: Activation, z: f64) -> f64 {
    activation.apply(z)
}

pub(crate) fn mul(a: &M, b: &M) -> M {
    let dot = |i: usize, j: usize| (0..a.n_cols()).map(|k| a[(i, k)] * b[(k, j)]).sum();
    Matrix::from_fn(a.n_rows(), b.n_cols(), dot)
}

/// W a + b 1ᵀ.
pub(crate) fn affine(w: &M, a: &M, b: &[f64]) -> M {
    let wa = mul(w, a);
    Matrix::from_fn(wa.n_rows(), wa.n_cols(), |i, j| wa[(i, j)] + b[i])
}

pub(crate) fn map(x: &M, f: impl Fn(f64) -> f64) -> M {
    Matrix::from_fn(x.n_rows(), x.n_cols(), |i, j| f(x[(i, j)]))
}

/// x + c y.
pub(crate) fn plus(x: &M, c: f64, y: &M) -> M {
    Matrix::from_fn(x.n_rows(), x.n_cols(), |i, j| x[(i, j)] + c * y[(i, j)])
}

pub(crate) fn dot(x: &M, y: &M) -> f64 {
    x.as_slice()
        .iter()
        .zip(y.as_slice())
        .map(|(x, y)| x * y)
        .sum()
}

pub(crate) fn distance(x: &M, y: &M) -> f64 {
    let pairs = x.as_slice().iter().zip(y.as_slice());
    pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

/// X with A X = B, by Gauss and Jordan with pivoting.
pub(crate) fn solve(a: &M, b: &M) -> M {
    let (mut a, mut x, n) = (a.clone(), b.clone(), a.n_rows());
    for p in 0..n {
        let best = (p..n).max_by(|i, j| a[(*i, p)].abs().total_cmp(&a[(*j, p)].abs()));
        let best = best.unwrap();
        for m in [&mut a, &mut x] {
            for j in 0..m.n_cols() {
                let kept = m[(p, j)];
                m[(p, j)] = m[(best, j)];
                m[(best, j)] = kept;
            }
        }
        for i in (0..n).filter(|i| *i != p) {
            let c = a[(i, p)] / a[(p, p)];
            for j in 0..n {
                a[(i, j)] -= c * a[(p, j)];
            }
            for j in 0..x.n_cols() {
                x[(i, j)] -= c * x[(p, j)];
            }
        }
    }
    Matrix::from_fn(n, x.n_cols(), |i, j| x[(i, j)] / a[(i, i)])
}

/// argmin_u s (a − h(u))² + (u − c)² by search: a grid, then thirds around its three best points.
pub(crate) fn search(activation: Activation, a: f64, c: f64, s: f64) -> f64 {
    let value = |u: f64| s * (a - h(activation, u)).powi(2) + (u - c).powi(2);
    // At c the second term is 0, so the minimiser is no farther from c than the first term's root there.
    let reach = (s * (a - h(activation, c)).powi(2)).sqrt() + 1e-9;
    let cells = 2_000;
    let at = |i: i32| c - reach + 2.0 * reach * f64::from(i) / f64::from(cells);
    let mut order: Vec<i32> = (0..=cells).collect();
    order.sort_by(|i, j| value(at(*i)).total_cmp(&value(at(*j))));
    let mut best = 0.0;
    for i in &order[..3] {
        let (mut low, mut high) = (at(i - 1), at(i + 1));
        for _ in 0..100 {
            let (l, r) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if value(l) < value(r) {
                high = r
            } else {
                low = l
            }
        }
        if value(low) < value(best) {
            best = low;
        }
    }
    best
}

pub(crate) fn close(x: f64, y: f64, tolerance: f64) -> bool {
    (x - y).abs() <= tolerance * (1.0 + x.abs().max(y.abs()))
}

/// The samples in another order.
pub(crate) fn shuffled(samples: &Samples<f64>, order: &[usize]) -> Samples<f64> {
    let pick = |m: &M| Matrix::from_fn(m.n_rows(), m.n_cols(), |i, j| m[(i, order[j])]);
    let target = match samples.target() {
        Target::Classes { labels, n_classes } => Target::Classes {
            labels: order.iter().map(|j| labels[*j]).collect(),
            n_classes: *n_classes,
        },
        Target::Values(values) => Target::Values(pick(values)),
    };
    Samples::new(pick(samples.inputs()), target).unwrap()
}

/// Class c becomes `to[c]`, in the labels and in the last layer's rows.
pub(crate) fn relabelled(
    samples: &Samples<f64>,
    network: &Network<f64>,
    to: &[usize],
) -> (Samples<f64>, Network<f64>) {
    let Target::Classes { labels, n_classes } = samples.target() else {
        panic!("classes only")
    };
    let moved = |y: &u32| u32::try_from(to[*y as usize]).unwrap();
    let labels = labels.iter().map(moved).collect();
    let n_classes = *n_classes;
    let target = Target::Classes { labels, n_classes };
    let samples = Samples::new(samples.inputs().clone(), target).unwrap();
    let mut layers = network.layers().to_vec();
    let Layer { weights, bias } = layers.pop().unwrap();
    let from = |i: usize| to.iter().position(|t| *t == i).unwrap();
    let (rows, cols) = (weights.n_rows(), weights.n_cols());
    layers.push(Layer {
        weights: Matrix::from_fn(rows, cols, |i, j| weights[(from(i), j)]),
        bias: (0..rows).map(|i| bias[from(i)]).collect(),
    });
    let network = Network::from_layers(network.architecture().clone(), layers).unwrap();
    (samples, network)
}

pub(crate) fn accuracy<T: Real>(network: &Network<T>, samples: &Samples<T>) -> f64 {
    let mut compute = Compute::new(1).unwrap();
    network
        .evaluate(samples, &mut compute)
        .unwrap()
        .accuracy
        .unwrap()
}
