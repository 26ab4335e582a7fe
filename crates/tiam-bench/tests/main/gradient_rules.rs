//! Tests of the gradient methods: steps against scalar implementations, order of the samples, ranges of the parameters.

use crate::common::{rules, train};
use tiam_bench::methods::{GradientParams, GradientRule, StepSizes};
use tiam_linalg::Matrix;
use tiam_models::{Activation, Architecture, Init, Layer, Loss, Network, Samples, Target};

/// One parameter's step as the rule's formula has it.
#[derive(Default)]
struct Twin {
    first: f64,
    second: f64,
    t: i32,
}

impl Twin {
    fn start(rule: GradientRule) -> Self {
        match rule {
            GradientRule::Adagrad { initial, .. } => Self {
                first: initial,
                ..Self::default()
            },
            GradientRule::Samt { .. } => Self {
                first: 1.0,
                ..Self::default()
            },
            _ => Self::default(),
        }
    }

    fn step(&mut self, rule: GradientRule, rate: f64, w: f64, g: f64) -> f64 {
        self.t += 1;
        match rule {
            GradientRule::GradientDescent => w - rate * g,
            GradientRule::Momentum { momentum } => {
                self.first = momentum * self.first + g;
                w - rate * self.first
            }
            GradientRule::Adagrad { epsilon, .. } => {
                self.first += g.powi(2);
                w - rate / (self.first.sqrt() + epsilon) * g
            }
            GradientRule::Adadelta { decay, epsilon } => {
                self.first = decay * self.first + (1.0 - decay) * g.powi(2);
                let rms = |x: f64| (x + epsilon).sqrt();
                let d = rms(self.second) / rms(self.first) * g;
                self.second = decay * self.second + (1.0 - decay) * d.powi(2);
                w - rate * d
            }
            GradientRule::Adam {
                beta1,
                beta2,
                epsilon,
            } => {
                self.first = beta1 * self.first + (1.0 - beta1) * g;
                self.second = beta2 * self.second + (1.0 - beta2) * g.powi(2);
                let m = self.first / (1.0 - beta1.powi(self.t));
                let v = self.second / (1.0 - beta2.powi(self.t));
                w - rate * m / (v.sqrt() + epsilon)
            }
            GradientRule::Samt { meta_rate, .. } => {
                if self.t > 1 {
                    let change = (g / self.second - 0.5).clamp(-3.0, 1.0);
                    self.first = (self.first * (meta_rate * change).exp()).clamp(0.1, 10.0);
                }
                self.second = g;
                w - rate * self.first * g
            }
        }
    }
}

/// A line w x + b through points, by the twin: `x` and `y` of all samples, `steps` full steps.
fn fitted_by_twin(
    rule: GradientRule,
    (rate, ridge): (f64, f64),
    points: &[(f64, f64)],
    (mut w, mut b): (f64, f64),
    steps: usize,
) -> (f64, f64) {
    let n = points.len() as f64;
    let (mut of_w, mut of_b) = (Twin::start(rule), Twin::start(rule));
    for _ in 0..steps {
        let mean = |f: &dyn Fn(f64, f64) -> f64| {
            points
                .iter()
                .map(|&(x, y)| f(x, w * x + b - y))
                .sum::<f64>()
                / n
        };
        let g_w = mean(&|x, e| e * x) + ridge / n * w;
        let g_b = mean(&|_, e| e);
        w = of_w.step(rule, rate, w, g_w);
        b = of_b.step(rule, rate, b, g_b);
    }
    (w, b)
}

fn line(w: f64, b: f64, points: &[(f64, f64)]) -> (Network<f64>, Samples<f64>) {
    let shape = Architecture::new(1, &[], 1, Activation::Relu, Loss::Squared).unwrap();
    let layer = Layer {
        weights: Matrix::from_vec(1, 1, vec![w]).unwrap(),
        bias: vec![b],
    };
    let network = Network::from_layers(shape, vec![layer]).unwrap();
    let row = |f: fn(&(f64, f64)) -> f64| {
        Matrix::from_vec(1, points.len(), points.iter().map(f).collect()).unwrap()
    };
    let samples = Samples::new(row(|p| p.0), Target::Values(row(|p| p.1))).unwrap();
    (network, samples)
}

#[test]
fn every_rule_takes_the_steps_of_its_scalar_twin() {
    let points = [(0.5, 2.0), (-1.5, 0.3), (2.0, -1.0)];
    for rule in rules() {
        let (rate, ridge) = (0.07, 0.4);
        let (start, samples) = line(0.8, -0.2, &points);
        let params = GradientParams::default().rule(rule);
        let params = params.learning_rate(rate).ridge(ridge);
        let (network, trace) = train(&start, &samples, params, 9);
        let (w, b) = fitted_by_twin(rule, (rate, ridge), &points, (0.8, -0.2), 9);
        let layer = &network.layers()[0];
        assert!((layer.weights[(0, 0)] - w).abs() < 1e-13, "{rule:?}");
        assert!((layer.bias[0] - b).abs() < 1e-13, "{rule:?}");
        // F is a sum over samples, μ counted once.
        let losses = points.iter().map(|(x, y)| 0.5 * (w * x + b - y).powi(2));
        let f = losses.sum::<f64>() + 0.5 * ridge * w * w;
        assert!((trace.last().unwrap().objective - f).abs() < 1e-12);
    }
}

/// Five equal samples in twos: three steps an epoch, each along the same mean, the last batch of one sample.
#[test]
fn the_last_smaller_batch_is_a_step_like_any_other() {
    let points = [(0.5, 2.0); 5];
    for rule in rules() {
        let (start, samples) = line(0.8, -0.2, &points);
        let params = GradientParams::default().rule(rule).learning_rate(0.07);
        let (network, _) = train(&start, &samples, params.ridge(0.4).batch_size(2), 3);
        let (w, b) = fitted_by_twin(rule, (0.07, 0.4), &points, (0.8, -0.2), 9);
        let layer = &network.layers()[0];
        assert!((layer.weights[(0, 0)] - w).abs() < 1e-13, "{rule:?}");
        assert!((layer.bias[0] - b).abs() < 1e-13, "{rule:?}");
    }
}

/// Position of each of N samples in the first epoch: with inputs 0, targets the unit vectors and batches of one, b_i
/// ends as η (1 − η)^(samples that come after i).
fn positions(n: usize, seed: u64, epochs: usize) -> Vec<i32> {
    const RATE: f64 = 0.5;
    let shape = Architecture::new(1, &[], n, Activation::Relu, Loss::Squared).unwrap();
    let start = Network::<f64>::new(shape, Init::He, 0).unwrap();
    let unit = Matrix::from_fn(n, n, |i, j| f64::from(u8::from(i == j)));
    let samples = Samples::new(Matrix::zeros(1, n), Target::Values(unit)).unwrap();
    let params = GradientParams::default().rule(GradientRule::GradientDescent);
    let params = params.learning_rate(RATE).batch_size(1).seed(seed);
    let (before, _) = train(&start, &samples, params, epochs - 1);
    let (after, _) = train(&start, &samples, params, epochs);
    let decay = (1.0 - RATE).powi(n as i32);
    let pairs = after.layers()[0].bias.iter().zip(&before.layers()[0].bias);
    pairs
        .map(|(after, before)| ((after - decay * before) / RATE).log(1.0 - RATE).round() as i32)
        .collect()
}

#[test]
fn an_epoch_visits_every_sample_once_in_an_order_of_its_own() {
    let (first, second, other) = (
        positions(12, 4, 1),
        positions(12, 4, 2),
        positions(12, 5, 1),
    );
    for order in [&first, &second, &other] {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..12).collect::<Vec<_>>());
    }
    assert!(first != second && first != other);
}

#[test]
fn parameters_outside_their_range_are_refused() {
    let with = |rule| GradientParams::default().rule(rule);
    let adam = |beta1, beta2, epsilon| {
        with(GradientRule::Adam {
            beta1,
            beta2,
            epsilon,
        })
    };
    let refused = [
        (
            "learning_rate",
            GradientParams::default().learning_rate(0.0),
        ),
        (
            "learning_rate",
            GradientParams::default().learning_rate(f64::INFINITY),
        ),
        ("ridge", GradientParams::default().ridge(-1.0)),
        ("ridge", GradientParams::default().ridge(f64::NAN)),
        ("batch_size", GradientParams::default().batch_size(0)),
        ("threads", GradientParams::default().threads(0)),
        ("momentum", with(GradientRule::Momentum { momentum: 1.0 })),
        (
            "meta_rate",
            with(GradientRule::Samt {
                sizes: StepSizes::Row,
                meta_rate: -0.1,
            }),
        ),
        (
            "epsilon",
            with(GradientRule::Adagrad {
                epsilon: 0.0,
                initial: 0.0,
            }),
        ),
        (
            "initial",
            with(GradientRule::Adagrad {
                epsilon: 1.0,
                initial: -0.1,
            }),
        ),
        (
            "decay",
            with(GradientRule::Adadelta {
                decay: f64::NAN,
                epsilon: 1e-6,
            }),
        ),
        (
            "epsilon",
            with(GradientRule::Adadelta {
                decay: 0.9,
                epsilon: 0.0,
            }),
        ),
        ("beta1", adam(1.0, 0.9, 1e-8)),
        ("beta2", adam(0.9, -0.1, 1e-8)),
        ("epsilon", adam(0.9, 0.9, f64::NAN)),
    ];
    for (name, params) in refused {
        let error = params.check().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name} = ")), "{name}: {error}");
    }
}
