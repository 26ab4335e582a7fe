//! Stochastic TIAM's blocks against back-propagation, direct solves and the equations written out.

mod averaging;
mod layers;
mod samples;
mod sparse;
mod state;

use crate::common::random;
use proptest::prelude::*;
use tiam_linalg::Activation::{self, Elu, Identity, LeakyRelu, Relu};
use tiam_linalg::{
    AffineLayer, Compute, CurvatureForm, CurvatureRule, Gradients, Inertia, LossTarget, Matrix,
    SpdFactor, StochasticBatch, StochasticBlocks, StochasticStep, loss_gradient,
};

const RULE: CurvatureRule = CurvatureRule {
    retain: 0.9,
    damping: 0.1,
};
const WHOLE: StochasticStep = StochasticStep {
    length: 1.0,
    inertia: Inertia::NONE,
    averaging: 0.0,
};

/// A network with data for it.
struct Setting {
    weights: Vec<Matrix<f64>>,
    biases: Vec<Vec<f64>>,
    inputs: Matrix<f64>,
    labels: Vec<u32>,
    values: Matrix<f64>,
}

impl Setting {
    fn random(sizes: &[usize], n: usize, seed: u64) -> Self {
        let last = *sizes.last().unwrap();
        let pairs = || sizes.windows(2).zip(seed + 10..);
        Self {
            weights: pairs().map(|(p, s)| random(p[1], p[0], s)).collect(),
            biases: pairs()
                .map(|(p, s)| random(p[1], 1, s + 50).into_vec())
                .collect(),
            inputs: random(sizes[0], n, seed),
            labels: (0..n).map(|j| ((j * 7 + 3) % last) as u32).collect(),
            values: random(last, n, seed + 1),
        }
    }

    fn layers(&self) -> Vec<AffineLayer<'_, f64>> {
        let pairs = self.weights.iter().zip(&self.biases);
        pairs
            .map(|(weights, bias)| AffineLayer { weights, bias })
            .collect()
    }

    fn target(&self, classes: bool) -> LossTarget<'_, f64> {
        match classes {
            true => LossTarget::classes(&self.labels, self.values.n_rows()),
            false => LossTarget::values(&self.values),
        }
    }

    fn blocks(&self, form: CurvatureForm) -> StochasticBlocks<f64> {
        let mut draws = random(1, 100_000, 99).into_vec().into_iter();
        let mut draw = move || draws.next().unwrap();
        StochasticBlocks::new(&&self.layers()[..], &|_| form, &mut draw)
    }

    fn batch<'a>(&'a self, classes: bool, indices: &'a [usize]) -> StochasticBatch<'a, f64> {
        StochasticBatch {
            inputs: (&self.inputs).into(),
            target: self.target(classes),
            indices,
            weights: None,
            error_tolerance: None,
        }
    }

    /// What a step of the blocks has added to the parameters.
    fn moved(&self, blocks: &StochasticBlocks<f64>) -> Vec<Vec<f64>> {
        let mut now: Vec<_> = self
            .weights
            .iter()
            .zip(&self.biases)
            .map(|(w, b)| (w.as_slice().to_vec(), b.clone()))
            .collect();
        blocks.write_current(now.iter_mut().map(|(w, b)| (&mut w[..], &mut b[..])));
        let start = self.weights.iter().zip(&self.biases);
        let mut moved = Vec::new();
        for ((w, b), (w0, b0)) in now.into_iter().zip(start) {
            let from = w0.as_slice().iter().chain(b0);
            moved.push(w.iter().chain(&b).zip(from).map(|(x, y)| x - y).collect());
        }
        moved
    }

    /// −∇R/B by back-propagation, weights column after column, then the bias.
    fn gradient(&self, h: Activation, classes: bool, indices: &[usize]) -> Vec<Vec<f64>> {
        let layers = self.layers();
        let mut gradients = Gradients::zeros(&layers);
        let (target, mut compute) = (self.target(classes), Compute::new(1).unwrap());
        loss_gradient(
            &mut gradients,
            &layers,
            h,
            &self.inputs,
            target,
            Some(indices),
            &mut compute,
        );
        let share = -1.0 / indices.len() as f64;
        let of_layers = gradients.layers().iter().map(|layer| {
            let entries = layer.weights.as_slice().iter().chain(&layer.bias);
            entries.map(|x| share * x).collect()
        });
        of_layers.collect()
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let pairs = a.iter().zip(b);
    pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

fn assert_close(found: &[Vec<f64>], wanted: &[Vec<f64>], tolerance: f64) {
    assert_eq!(found.len(), wanted.len());
    for (l, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        let apart = distance(found, wanted);
        let size = wanted.iter().map(|x| x * x).sum::<f64>().sqrt().max(1.0);
        assert!(apart <= tolerance * size, "layer {l}: {apart:e}");
    }
}

fn plain_step(
    setting: &Setting,
    h: Activation,
    batch: StochasticBatch<'_, f64>,
    threads: usize,
) -> Vec<Vec<f64>> {
    let mut blocks = setting.blocks(CurvatureForm::Identity);
    let compute = &mut Compute::new(threads).unwrap();
    blocks.gradient(h, batch, false, compute);
    blocks.directions(0.0, compute);
    blocks.advance(WHOLE, compute);
    setting.moved(&blocks)
}

#[test]
fn without_curvature_a_step_is_back_propagations() {
    fn check(h: Activation) {
        for (sizes, n) in [(&[3, 5, 4, 3][..], 40), (&[2, 3], 1), (&[70, 9, 2], 300)] {
            let setting = Setting::random(sizes, n, 5);
            // Every sample but the first, backwards, one of them twice.
            let mut indices: Vec<usize> = (0..n).rev().collect();
            indices[0] = n / 2;
            for classes in [true, false] {
                for threads in [1, 2, 3] {
                    let batch = setting.batch(classes, &indices);
                    let found = plain_step(&setting, h, batch, threads);
                    assert_close(&found, &setting.gradient(h, classes, &indices), 1e-12);
                }
            }
        }
    }
    check(Relu);
    check(LeakyRelu);
    check(Elu);
    check(Identity);
}

#[test]
fn a_weight_of_two_counts_as_naming_a_sample_twice() {
    let setting = Setting::random(&[4, 6, 3], 10, 1);
    let mut weights = vec![1.0; 10];
    (weights[2], weights[7]) = (2.0, 0.0);
    let indices: Vec<usize> = (0..10).collect();
    let named = [0, 1, 2, 2, 3, 4, 5, 6, 8, 9];
    for classes in [true, false] {
        let weighted = StochasticBatch {
            weights: Some(&weights),
            ..setting.batch(classes, &indices)
        };
        let found = plain_step(&setting, Elu, weighted, 1);
        assert_close(&found, &setting.gradient(Elu, classes, &named), 1e-12);
    }
}

#[test]
fn samples_that_have_met_their_targets_do_not_go_backward() {
    let mut setting = Setting::random(&[4, 6, 3], 60, 2);
    // Outputs so large that most errors are 0 or 1.
    setting.weights[1]
        .as_mut_slice()
        .iter_mut()
        .for_each(|w| *w *= 30.0);
    let indices: Vec<usize> = (0..60).collect();
    let met = StochasticBatch {
        error_tolerance: Some(0.05),
        ..setting.batch(true, &indices)
    };
    let found = plain_step(&setting, Relu, met, 2);
    let layers = setting.layers();
    let from = tiam_linalg::ForwardFrom::Inputs(&setting.inputs);
    let mut z = Matrix::zeros(3, 60);
    tiam_linalg::forward(&mut z, &layers, Relu, from, &mut Compute::new(1).unwrap());
    tiam_linalg::prox::softmax_in_place(z.as_mut_slice(), 3);
    let open = |&j: &usize| z[(setting.labels[j] as usize, j)] < 0.95;
    let open: Vec<usize> = indices.iter().copied().filter(open).collect();
    assert!(!open.is_empty() && open.len() < 50, "{} open", open.len());
    let share = open.len() as f64 / 60.0;
    let mut wanted = setting.gradient(Relu, true, &open);
    wanted.iter_mut().flatten().for_each(|x| *x *= share);
    assert_close(&found, &wanted, 1e-12);
}

/// [a; 1] of the first layer's inputs.
fn augmented(inputs: &Matrix<f64>, indices: &[usize]) -> Matrix<f64> {
    let n = inputs.n_rows();
    Matrix::from_fn(n + 1, indices.len(), |i, j| {
        if i < n { inputs[(i, indices[j])] } else { 1.0 }
    })
}

/// −(∇R/B) (Ā + λ_1 I)⁻¹ of a one-layer network, by a direct solve.
fn solved(setting: &Setting, curvature: &Matrix<f64>, indices: &[usize]) -> Vec<f64> {
    let n = curvature.n_rows();
    let trace: f64 = (0..n).map(|i| curvature[(i, i)]).sum();
    let mut factor = SpdFactor::new(n);
    let ridge = RULE.damping * trace / (n as f64).sqrt();
    factor.factor(curvature, 1.0, ridge).unwrap();
    let g = setting.gradient(Identity, false, indices).remove(0);
    // A column for each input and one for the bias: the layout of [W b].
    let mut g = Matrix::from_vec(g.len() / n, n, g).unwrap();
    factor.solve_right(&mut g);
    g.into_vec()
}

fn second_moments(a: &Matrix<f64>) -> Matrix<f64> {
    let n = a.n_cols() as f64;
    Matrix::from_fn(a.n_rows(), a.n_rows(), |i, k| {
        (0..a.n_cols()).map(|j| a[(i, j)] * a[(k, j)]).sum::<f64>() / n
    })
}

/// The step of a one-layer network with this form, its curvature from two batches.
fn curved_step(
    setting: &Setting,
    form: CurvatureForm,
    batches: [&[usize]; 2],
    threads: usize,
) -> Vec<f64> {
    let mut blocks = setting.blocks(form);
    let compute = &mut Compute::new(threads).unwrap();
    for indices in batches {
        blocks.gradient(Identity, setting.batch(false, indices), true, compute);
        blocks.refresh_curvature(RULE, compute);
    }
    let gain = blocks.directions(0.0, compute);
    blocks.advance(WHOLE, compute);
    let found = setting.moved(&blocks).remove(0);
    let g = setting.gradient(Identity, false, batches[1]).remove(0);
    let product: f64 = g.iter().zip(&found).map(|(g, d)| g * d).sum();
    assert!(
        (gain - product).abs() <= 1e-10 * product.abs(),
        "{gain} {product}"
    );
    found
}

#[test]
fn curvature_is_averaged_over_batches_and_solved_with() {
    let setting = Setting::random(&[12, 3], 50, 3);
    let (first, second): (Vec<usize>, Vec<usize>) = ((0..20).collect(), (20..50).collect());
    let of = |indices: &[usize]| second_moments(&augmented(&setting.inputs, indices));
    // The first updates count alike, whatever their batches' sizes.
    let (a, b) = (of(&first), of(&second));
    let mean = Matrix::from_fn(13, 13, |i, j| 0.5 * (a[(i, j)] + b[(i, j)]));
    let wanted = solved(&setting, &mean, &second);
    for threads in [1, 2] {
        for form in [CurvatureForm::Full, CurvatureForm::Sketch { rank: 13 }] {
            let found = curved_step(&setting, form, [&first, &second], threads);
            assert_close(&[found], std::slice::from_ref(&wanted), 1e-7);
        }
    }
}

#[test]
fn a_sketch_is_exact_where_the_curvature_has_its_rank() {
    // 40 inputs that are mixtures of five: with the bias, a curvature of rank six.
    let mut setting = Setting::random(&[40, 4], 60, 4);
    let (mix, factors) = (random(40, 5, 70), random(5, 60, 71));
    setting.inputs = crate::common::multiply(&mix, &factors);
    let indices: Vec<usize> = (0..60).collect();
    let curvature = second_moments(&augmented(&setting.inputs, &indices));
    let wanted = solved(&setting, &curvature, &indices);
    let sketch = CurvatureForm::Sketch { rank: 10 };
    let found = curved_step(&setting, sketch, [&indices, &indices], 1);
    assert_close(&[found], &[wanted], 1e-6);
    // And a rank too low is not exact, so the test above can fail.
    let wanted = curved_step(&setting, CurvatureForm::Full, [&indices, &indices], 1);
    let low = curved_step(
        &setting,
        CurvatureForm::Sketch { rank: 3 },
        [&indices, &indices],
        1,
    );
    assert!(distance(&low, &wanted) > 1e-3 * distance(&wanted, &vec![0.0; wanted.len()]));
}

/// The three inertias on one number: a linear model without bias's gradient, in plain arithmetic.
#[test]
fn steps_follow_the_equations() {
    let inputs = Matrix::from_vec(1, 1, vec![1.0]).unwrap();
    let values = Matrix::from_vec(1, 1, vec![3.0]).unwrap();
    let weights = Matrix::from_vec(1, 1, vec![0.5]).unwrap();
    let layers = [AffineLayer {
        weights: &weights,
        bias: &[0.25],
    }];
    let mut blocks = StochasticBlocks::new(&layers, &|_| CurvatureForm::Identity, &mut || 0.0);
    let compute = &mut Compute::new(1).unwrap();
    let (p1, p2, p3, length, ridge, averaging) = (0.7, 0.6, 0.2, 0.1, 0.01, 0.8);
    let step = StochasticStep {
        length,
        inertia: Inertia {
            start: p1,
            gradient: p2,
            correction: p3,
        },
        averaging,
    };
    let batch = StochasticBatch {
        inputs: (&inputs).into(),
        target: LossTarget::values(&values),
        indices: &[0],
        weights: None,
        error_tolerance: None,
    };
    let (mut now, mut before) = ([0.5, 0.25], [0.5, 0.25]);
    let (mut average, mut filled) = ([0.0, 0.0], 0.0);
    for _ in 0..20 {
        blocks.gradient(Identity, batch, false, compute);
        blocks.directions(ridge, compute);
        blocks.advance(step, compute);
        let ahead: [f64; 2] = std::array::from_fn(|i| now[i] + p2 * (now[i] - before[i]));
        let e = 3.0 - ahead[0] - ahead[1];
        let d = [e - ridge * ahead[0], e];
        let next: [f64; 2] = std::array::from_fn(|i| {
            let bar = now[i] + p1 * (now[i] - before[i]) + length * d[i];
            bar + p3 * (bar - now[i])
        });
        (before, now) = (now, next);
        filled = averaging * filled + (1.0 - averaging);
        average = std::array::from_fn(|i| averaging * average[i] + (1.0 - averaging) * now[i]);
        let (mut w, mut b) = ([0.0], [0.0]);
        blocks.write_current([(&mut w[..], &mut b[..])]);
        assert!((w[0] - now[0]).abs() < 1e-12 && (b[0] - now[1]).abs() < 1e-12);
        blocks.write_average([(&mut w[..], &mut b[..])]);
        assert!((w[0] - average[0] / filled).abs() < 1e-12);
        assert!((b[0] - average[1] / filled).abs() < 1e-12);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn threads_agree_and_directions_descend(
        n_in in 1usize..90, hidden in 1usize..20, n_out in 1usize..6, n in 1usize..200, seed in 0u64..1000, classes: bool,
    ) {
        let setting = Setting::random(&[n_in, hidden, n_out], n, seed);
        let indices: Vec<usize> = (0..n).collect();
        let step = |threads: usize| {
            let mut draws = random(1, 100_000, 9).into_vec().into_iter();
            let mut draw = move || draws.next().unwrap();
            let forms = |l: usize| CurvatureForm::automatic([n_in, hidden][l], 8);
            let mut blocks = StochasticBlocks::new(&&setting.layers()[..], &forms, &mut draw);
            let compute = &mut Compute::new(threads).unwrap();
            blocks.gradient(Relu, setting.batch(classes, &indices), true, compute);
            blocks.refresh_curvature(RULE, compute);
            let gain = blocks.directions(1e-3, compute);
            blocks.advance(WHOLE, compute);
            (gain, setting.moved(&blocks))
        };
        let (gain, one) = step(1);
        // ⟨D, g⟩ ≥ 0: the metric is positive definite; rounding aside.
        let g: f64 = setting.gradient(Relu, classes, &indices).iter().flatten().map(|x| x * x).sum();
        prop_assert!(gain.is_finite() && gain >= -1e-9 * (1.0 + g), "{gain}");
        for threads in [2, 3] {
            let (_, more) = step(threads);
            for (one, more) in one.iter().zip(&more) {
                let size = one.iter().map(|x| x * x).sum::<f64>().sqrt();
                prop_assert!(distance(one, more) <= 1e-6 * size.max(1.0));
            }
        }
    }
}
