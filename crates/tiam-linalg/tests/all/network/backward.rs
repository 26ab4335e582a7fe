//! Back-propagation against finite differences and against the equations written out.

use crate::common::{distance, map, multiply, random};
use proptest::prelude::*;
use tiam_linalg::Activation::{self, Elu, Identity, LeakyRelu, Relu};
use tiam_linalg::{
    AffineLayer, Compute, ForwardFrom, Gradients, LossTarget, Matrix, Monotone, forward_loss,
    gather_columns, gather_labels, loss_gradient,
};

/// Layers with inputs and both kinds of target.
pub(crate) struct Setting {
    pub(crate) weights: Vec<Matrix<f64>>,
    pub(crate) biases: Vec<Vec<f64>>,
    pub(crate) inputs: Matrix<f64>,
    pub(crate) labels: Vec<u32>,
    pub(crate) values: Matrix<f64>,
}

impl Setting {
    pub(crate) fn random(sizes: &[usize], n: usize, seed: u64) -> Self {
        let (first, last) = (sizes[0], *sizes.last().unwrap());
        let pairs = || sizes.windows(2).zip(seed + 10..);
        Self {
            weights: pairs().map(|(p, s)| random(p[1], p[0], s)).collect(),
            biases: pairs()
                .map(|(p, s)| random(p[1], 1, s + 50).into_vec())
                .collect(),
            inputs: random(first, n, seed),
            labels: (0..n).map(|j| ((j * 7 + 3) % last) as u32).collect(),
            values: random(last, n, seed + 1),
        }
    }

    pub(crate) fn layers(&self) -> Vec<AffineLayer<'_, f64>> {
        let pairs = self.weights.iter().zip(&self.biases);
        pairs
            .map(|(weights, bias)| AffineLayer { weights, bias })
            .collect()
    }

    pub(crate) fn target(&self, classes: bool) -> LossTarget<'_, f64> {
        if classes {
            LossTarget::classes(&self.labels, self.values.n_rows())
        } else {
            LossTarget::values(&self.values)
        }
    }

    fn loss(&self, h: Activation, classes: bool) -> f64 {
        let from = ForwardFrom::Inputs(&self.inputs);
        let mut compute = Compute::new(1).unwrap();
        forward_loss(
            &&self.layers()[..],
            h,
            from,
            self.target(classes),
            &mut compute,
        )
        .loss
    }

    /// R and its gradient from the kernel.
    fn gradient(
        &self,
        h: Activation,
        classes: bool,
        batch: Option<&[usize]>,
        threads: usize,
    ) -> (f64, Gradients<f64>) {
        let layers = self.layers();
        let mut gradients = Gradients::zeros(&layers);
        let mut compute = Compute::new(threads).unwrap();
        let target = self.target(classes);
        // Twice: what the first call leaves behind must not show.
        let out = &mut gradients;
        loss_gradient(out, &layers, h, &self.inputs, target, None, &mut compute);
        let sum = loss_gradient(out, &layers, h, &self.inputs, target, batch, &mut compute);
        (sum.loss, gradients)
    }

    /// The gradient as the equations have it: (∇W_l, ∇b_l), first layer to last.
    fn naive(&self, h: Activation, classes: bool) -> Vec<(Matrix<f64>, Vec<f64>)> {
        let n = self.inputs.n_cols();
        let (mut z, mut a) = (Vec::new(), vec![self.inputs.clone()]);
        for (w, b) in self.weights.iter().zip(&self.biases) {
            let wa = multiply(w, &a[a.len() - 1]);
            z.push(Matrix::from_fn(w.n_rows(), n, |i, j| wa[(i, j)] + b[i]));
            a.push(map(&z[z.len() - 1], |z| h.apply(z)));
        }
        let last = &z[z.len() - 1];
        let total = |j: usize| last.col(j).iter().map(|z| z.exp()).sum::<f64>();
        let mut e = Matrix::from_fn(last.n_rows(), n, |i, j| {
            if classes {
                let one = f64::from(u8::from(self.labels[j] as usize == i));
                last[(i, j)].exp() / total(j) - one
            } else {
                last[(i, j)] - self.values[(i, j)]
            }
        });
        let mut gradients = Vec::new();
        for l in (0..self.weights.len()).rev() {
            let bias = (0..e.n_rows()).map(|i| (0..n).map(|j| e[(i, j)]).sum());
            gradients.push((multiply(&e, &a[l].transposed()), bias.collect()));
            if l > 0 {
                let back = multiply(&self.weights[l].transposed(), &e);
                e = Matrix::from_fn(back.n_rows(), n, |i, j| {
                    back[(i, j)] * h.derivative(z[l - 1][(i, j)])
                });
            }
        }
        gradients.reverse();
        gradients
    }
}

/// Largest difference of two gradients over the largest entry of the second (at least 1).
fn deviation(of: &Gradients<f64>, from: &[(Matrix<f64>, Vec<f64>)]) -> f64 {
    let (mut worst, mut size) = (0.0_f64, 1.0_f64);
    for (layer, (weights, bias)) in of.layers().iter().zip(from) {
        worst = worst.max(distance(&layer.weights, weights));
        size = weights
            .as_slice()
            .iter()
            .fold(size, |size, x| size.max(x.abs()));
        for (x, y) in layer.bias.iter().zip(bias) {
            (worst, size) = (worst.max((x - y).abs()), size.max(y.abs()));
        }
    }
    worst / size
}

fn parts(gradients: &Gradients<f64>) -> Vec<(Matrix<f64>, Vec<f64>)> {
    let layers = gradients.layers().iter();
    layers
        .map(|layer| (layer.weights.clone(), layer.bias.clone()))
        .collect()
}

/// Between the kernel's derivatives and central differences of `forward_loss`, every parameter.
///
/// With steps of 1e-5 the error is 1e-10 from curvature and 1e-16 R / 1e-5 from rounding; R is below 1e3 here.
fn differs_from_differences(setting: &mut Setting, h: Activation, classes: bool) -> f64 {
    const STEP: f64 = 1e-5;
    let (_, gradients) = setting.gradient(h, classes, None, 1);
    let mut worst = 0.0_f64;
    for l in 0..setting.weights.len() {
        let n_weights = setting.weights[l].as_slice().len();
        for i in 0..n_weights + setting.biases[l].len() {
            let mut at = |change: f64| {
                let entry = if i < n_weights {
                    &mut setting.weights[l].as_mut_slice()[i]
                } else {
                    &mut setting.biases[l][i - n_weights]
                };
                let kept = *entry;
                *entry = kept + change;
                let loss = setting.loss(h, classes);
                if i < n_weights {
                    setting.weights[l].as_mut_slice()[i] = kept;
                } else {
                    setting.biases[l][i - n_weights] = kept;
                }
                loss
            };
            let slope = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let layer = &gradients.layers()[l];
            let found = if i < n_weights {
                layer.weights.as_slice()[i]
            } else {
                layer.bias[i - n_weights]
            };
            worst = worst.max((found - slope).abs() / (1.0 + slope.abs()));
        }
    }
    worst
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1..6_usize, 2..6)
}

/// The smooth activations: finite differences across a kink compare nothing.
#[test]
fn gradients_match_finite_differences_for_smooth_activations() {
    proptest!(ProptestConfig::with_cases(48), |(sizes in sizes(), n in 1..9_usize, seed in 0..1000_u64, classes: bool)| {
        let mut setting = Setting::random(&sizes, n, seed);
        // ELU's second derivative jumps at 0: an error of STEP where a pre-activation lies that near.
        prop_assert!(differs_from_differences(&mut setting, Elu, classes) < 1e-5);
        prop_assert!(differs_from_differences(&mut setting, Identity, classes) < 1e-6);
    });
}

/// One fixed setting for each depth, none of whose pre-activations is near a kink.
#[test]
fn gradients_match_finite_differences_for_kinked_activations() {
    for depth in 0..=3 {
        let sizes = [vec![3], vec![5; depth], vec![4]].concat();
        for classes in [false, true] {
            let mut setting = Setting::random(&sizes, 6, 7);
            assert!(differs_from_differences(&mut setting, Relu, classes) < 1e-6);
            assert!(differs_from_differences(&mut setting, LeakyRelu, classes) < 1e-6);
        }
    }
}

#[test]
fn gradients_match_the_equations() {
    fn check(
        setting: &Setting,
        h: Activation,
        classes: bool,
        threads: usize,
    ) -> Result<(), TestCaseError> {
        let (loss, gradients) = setting.gradient(h, classes, None, threads);
        let expected = setting.loss(h, classes);
        prop_assert!((loss - expected).abs() <= 1e-13 * expected.abs().max(1.0));
        prop_assert!(deviation(&gradients, &setting.naive(h, classes)) < 1e-12);
        Ok(())
    }
    proptest!(ProptestConfig::with_cases(64), |(sizes in sizes(), n in 1..70_usize, seed in 0..1000_u64, classes: bool, threads in 1..4_usize)| {
        let setting = Setting::random(&sizes, n, seed);
        check(&setting, Relu, classes, threads)?;
        check(&setting, LeakyRelu, classes, threads)?;
        check(&setting, Elu, classes, threads)?;
        check(&setting, Identity, classes, threads)?;
    });
}

/// Large enough for several tiles a worker, and for the sweep to split.
fn large() -> Setting {
    Setting::random(&[300, 40, 30, 7], 1500, 3)
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let setting = large();
    let batch: Vec<usize> = (0..1300).map(|i| i * 77 % 1500).collect();
    for batch in [None, Some(&batch[..])] {
        for classes in [false, true] {
            let (one_loss, one) = setting.gradient(Relu, classes, batch, 1);
            let (two_loss, two) = setting.gradient(Relu, classes, batch, 2);
            assert_eq!(one_loss.to_bits(), two_loss.to_bits());
            assert!(one == two);
        }
    }
}

#[test]
fn a_batch_is_the_gathered_samples() {
    let setting = large();
    let batch: Vec<usize> = (0..700).map(|i| i * 131 % 1500).chain([3, 3]).collect();
    for classes in [false, true] {
        let (loss, gradients) = setting.gradient(Elu, classes, Some(&batch), 2);
        let mut gathered = large();
        gather_columns(&mut gathered.inputs, &setting.inputs, &batch);
        gather_columns(&mut gathered.values, &setting.values, &batch);
        gather_labels(&mut gathered.labels, &setting.labels, &batch);
        assert_eq!(gathered.inputs.n_cols(), 702);
        let (expected_loss, expected) = gathered.gradient(Elu, classes, None, 2);
        assert!((loss - expected_loss).abs() <= 1e-13 * loss);
        assert_eq!(gradients, expected);
    }
}

#[test]
fn batches_add_up_to_the_whole() {
    let setting = Setting::random(&[4, 6, 3], 11, 5);
    let (whole_loss, whole) = setting.gradient(Relu, true, None, 1);
    let (mut loss, mut sum) = (0.0, parts(&whole));
    for (weights, bias) in &mut sum {
        weights.as_mut_slice().fill(0.0);
        bias.fill(0.0);
    }
    for sample in 0..11 {
        let (part, gradients) = setting.gradient(Relu, true, Some(&[sample]), 2);
        loss += part;
        for (sum, layer) in sum.iter_mut().zip(gradients.layers()) {
            let weights = layer.weights.as_slice().iter();
            sum.0
                .as_mut_slice()
                .iter_mut()
                .zip(weights)
                .for_each(|(s, g)| *s += g);
            sum.1.iter_mut().zip(&layer.bias).for_each(|(s, g)| *s += g);
        }
    }
    assert!((loss - whole_loss).abs() < 1e-12);
    assert!(deviation(&whole, &sum) < 1e-13);
}

#[test]
fn one_class_and_empty_batches_have_no_gradient() {
    let setting = Setting::random(&[3, 4, 1], 5, 2);
    let (loss, gradients) = setting.gradient(Relu, true, None, 1);
    let zero = Gradients::zeros(&&setting.layers()[..]);
    assert!(loss.abs() < 1e-15);
    assert_eq!(gradients, zero);
    let (loss, gradients) = setting.gradient(Relu, false, Some(&[]), 2);
    assert!(loss.abs() < 1e-15);
    assert_eq!(gradients, zero);
}

#[test]
fn the_kink_takes_the_slope_from_below() {
    // x = 1, w = 0, so z_1 = 0: nothing passes back through a ReLU, LEAKY_SLOPE through a leaky one.
    let setting = Setting {
        weights: vec![
            Matrix::zeros(1, 1),
            Matrix::from_vec(1, 1, vec![2.0]).unwrap(),
        ],
        biases: vec![vec![0.0], vec![0.0]],
        inputs: Matrix::from_vec(1, 1, vec![1.0]).unwrap(),
        labels: vec![0],
        values: Matrix::from_vec(1, 1, vec![3.0]).unwrap(),
    };
    let slope = |gradients: Gradients<f64>| gradients.layers()[0].bias[0];
    assert!(slope(setting.gradient(Relu, false, None, 1).1).abs() < 1e-15);
    assert!((slope(setting.gradient(LeakyRelu, false, None, 1).1) + 0.06).abs() < 1e-15);
}

#[test]
fn a_value_that_is_not_finite_shows_in_loss_and_gradient() {
    let mut setting = Setting::random(&[3, 4, 2], 5, 2);
    setting.inputs[(1, 3)] = f64::NAN;
    let (loss, gradients) = setting.gradient(Identity, true, None, 1);
    assert!(loss.is_nan());
    assert!(gradients.layers()[1].bias[0].is_nan());
}

#[test]
#[should_panic(expected = "inputs of layer 1")]
fn layers_that_do_not_fit_panic() {
    let mut setting = Setting::random(&[3, 4, 2], 5, 2);
    setting.weights[1] = Matrix::zeros(2, 3);
    setting.gradient(Relu, true, None, 1);
}

#[test]
#[should_panic(expected = "samples differ")]
fn targets_for_other_samples_panic() {
    let mut setting = Setting::random(&[3, 4, 2], 5, 2);
    setting.labels.pop();
    setting.gradient(Relu, true, None, 1);
}

#[test]
#[should_panic(expected = "a sample of the batch is not below 5")]
fn an_index_beyond_the_samples_panics() {
    Setting::random(&[3, 4, 2], 5, 2).gradient(Relu, true, Some(&[0, 5]), 1);
}

#[test]
#[should_panic(expected = "gradients of layer 0 have another shape")]
fn gradients_of_another_shape_panic() {
    let (setting, other) = (
        Setting::random(&[3, 2], 5, 2),
        Setting::random(&[4, 2], 5, 2),
    );
    let mut gradients = Gradients::zeros(&&other.layers()[..]);
    let (layers, target) = (setting.layers(), setting.target(true));
    let mut compute = Compute::new(1).unwrap();
    loss_gradient(
        &mut gradients,
        &layers,
        Relu,
        &setting.inputs,
        target,
        None,
        &mut compute,
    );
}
