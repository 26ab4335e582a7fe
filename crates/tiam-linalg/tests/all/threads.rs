//! Every step has the same bits on one, two, three and eight threads.

use crate::common::random;
use tiam_linalg::{
    Activation, ActivationBand, ActivationBlock, AffineLayer, BiasBlock, Compute, CurvatureForm,
    CurvatureRule, ForwardFrom, Gradients, Inertia, Inputs, LossTarget, Matrix, NextLayer,
    PreactivationBlock, Prediction, Real, Solver, SparseMatrix, StepReport, StochasticBatch,
    StochasticBlocks, StochasticStep, WeightBlock, WeightProblem, band_violation, forward_loss,
    loss_gradient, map_entries, penalty, sum_entries,
};

const STEPS: [Inertia; 3] = [
    Inertia {
        start: 0.5,
        gradient: 0.2,
        correction: 0.3,
    },
    Inertia::NONE,
    Inertia {
        start: 0.4,
        gradient: 0.4,
        correction: 0.2,
    },
];

/// Asserts that `run` sees the same bits with each number of threads.
fn assert_same<T: Real>(what: &str, run: impl Fn(&mut Compute<T>) -> Vec<f64>) {
    let found = [1, 2, 3, 8].map(|threads| run(&mut Compute::new(threads).unwrap()));
    for (several, threads) in found[1..].iter().zip([2, 3, 8]) {
        let pairs = found[0].iter().zip(several);
        let differing = pairs.filter(|(x, y)| x.to_bits() != y.to_bits()).count();
        assert_eq!(differing, 0, "{what}, {}, {threads} threads", T::NAME);
        assert_eq!(found[0].len(), several.len());
    }
}

fn see<T: Real>(seen: &mut Vec<f64>, values: &[T]) {
    seen.extend(values.iter().map(|x| tiam_core::Scalar::to_f64(*x)));
}

fn report(seen: &mut Vec<f64>, report: StepReport) {
    seen.extend([
        report.change.before,
        report.change.increase,
        report.inverse_step,
    ]);
}

fn weights<T: Real>(solver: Solver, (n_out, n_in, n): (usize, usize, usize), l1: f64) {
    let (a, z) = (random::<T>(n_in, n, 10), random::<T>(n_out, n, 11));
    let bias = random::<T>(n_out, 1, 12).into_vec();
    let problem = WeightProblem {
        inputs: &a,
        bias: &bias,
        target: &z,
        rho: 0.7,
        ridge: 0.3,
        l1,
    };
    assert_same::<T>(solver.name(), |compute| {
        let mut block = WeightBlock::new(random(n_out, n_in, 13), n, solver);
        block.refresh_product(&a, compute);
        let mut seen = Vec::new();
        for inertia in STEPS {
            report(&mut seen, block.propose(&problem, inertia, compute));
            block.accept(&a, compute);
            seen.push(block.gradient_norm(&problem, compute));
        }
        see(&mut seen, block.weights().as_slice());
        see(&mut seen, block.product().as_slice());
        seen
    });
}

/// More samples than features, more features than samples, and so many weights that passes over them are shared out too.
fn every_form<T: Real>() {
    let cases = [
        (Solver::Backtracking, (20, 30, 25_000)),
        (Solver::Gram, (20, 30, 25_000)),
        (Solver::Cholesky, (10, 40, 25_000)),
        (Solver::Backtracking, (20, 13_000, 12)),
        (Solver::Cholesky, (20, 13_000, 12)),
        (Solver::CG, (20, 13_000, 12)),
        (Solver::CG, (20, 30, 20_000)),
        (Solver::Dual, (300, 400, 200)),
        (Solver::DualCholesky, (300, 400, 200)),
    ];
    for (solver, sizes) in cases {
        weights::<T>(solver, sizes, 0.0);
    }
    weights::<T>(Solver::Backtracking, (20, 30, 20_000), 0.1);
}

#[test]
fn every_form_of_the_w_step_in_single_precision() {
    every_form::<f32>();
}

#[test]
fn every_form_of_the_w_step_in_double_precision() {
    every_form::<f64>();
}

/// The other blocks of a hidden layer, and what is measured of them.
fn hidden_layer<T: Real>() {
    let (n, n_next, n_samples) = (30, 20, 6_000);
    let (z, product) = (random::<T>(n, n_samples, 1), random::<T>(n, n_samples, 2));
    let a = Matrix::from_fn(n, n_samples, |i, j| z[(i, j)].max(T::zero()));
    let target = random::<T>(n_next, n_samples, 3);
    let bias = random::<T>(n, 1, 4).into_vec();
    let labels: Vec<u32> = (0..n_samples).map(|j| (j % n) as u32).collect();
    let prediction = Prediction {
        product: &product,
        bias: &bias,
        rho: 0.7,
    };
    let band = ActivationBand {
        center: &z,
        activation: Activation::Relu,
        epsilon: 0.2,
    };
    for solver in [Solver::Backtracking, Solver::Cholesky, Solver::CG] {
        assert_same::<T>(solver.name(), |compute| {
            let mut seen = Vec::new();
            let mut block = ActivationBlock::new(a.clone(), n_next, solver);
            let mut next = WeightBlock::new(random(n_next, n, 5), n_samples, Solver::Backtracking);
            next.refresh_product(&a, compute);
            for inertia in STEPS {
                let of = NextLayer {
                    weights: &next,
                    bias: &bias[..n_next],
                    target: &target,
                    rho: 0.7,
                };
                report(&mut seen, block.propose(of, band, inertia, compute));
                block.accept(&mut next);
            }
            see(&mut seen, block.values().as_slice());
            seen.push(band_violation(
                block.values(),
                &z,
                Activation::Relu,
                compute,
            ));
            seen
        });
    }
    assert_same::<T>("b, z", |compute| {
        let mut seen = Vec::new();
        let mut b = BiasBlock::new(bias.clone());
        let mut hidden = PreactivationBlock::new(z.clone());
        let mut last = PreactivationBlock::new(z.clone());
        let classes = LossTarget::classes(&labels, n);
        for inertia in STEPS {
            report(&mut seen, b.propose(&product, &z, 0.7, inertia, compute));
            let step =
                hidden.propose_hidden(prediction, &a, Activation::Relu, 0.2, inertia, compute);
            report(&mut seen, step);
            let (step, loss) = last.propose_last(prediction, classes, inertia, compute);
            report(&mut seen, step);
            seen.extend([loss.loss, loss.penalty]);
            b.accept();
            hidden.accept();
            last.accept();
        }
        see(&mut seen, b.values());
        see(&mut seen, hidden.values().as_slice());
        see(&mut seen, last.values().as_slice());
        seen.push(penalty(&z, prediction, compute));
        seen.extend(sum_entries([&z, &a], &bias, compute, |[z, a], b| {
            [z * b, z * a]
        }));
        let mut out = z.clone();
        seen.extend(map_entries(&mut out, [&a], &bias, compute, |z, [a], b| {
            (z * a + b, [z * z])
        }));
        seen
    });
}

#[test]
fn the_other_blocks_in_single_precision() {
    hidden_layer::<f32>();
}

#[test]
fn the_other_blocks_in_double_precision() {
    hidden_layer::<f64>();
}

/// Batches of a network whose samples, units and layers are all worth sharing out.
fn network<T: Real>(sizes: [usize; 4], forms: &[CurvatureForm]) {
    let n_samples = 600;
    let x = random::<T>(sizes[0], n_samples, 1);
    let labels: Vec<u32> = (0..n_samples).map(|j| (j % 7) as u32).collect();
    let layers: Vec<_> = (0..3)
        .map(|l| {
            let w = random::<T>(sizes[l + 1], sizes[l], l as u64);
            let scale = T::from_f64(1.0 / (sizes[l] as f64).sqrt());
            let scaled = Matrix::from_fn(w.n_rows(), w.n_cols(), |i, j| w[(i, j)] * scale);
            (scaled, random::<T>(sizes[l + 1], 1, 9).into_vec())
        })
        .collect();
    let layers: Vec<_> = layers
        .iter()
        .map(|(weights, bias)| AffineLayer { weights, bias })
        .collect();
    let target = LossTarget::classes(&labels, 7);
    assert_same::<T>("back-propagation", |compute| {
        let mut gradients = Gradients::zeros(&layers);
        let batch: Vec<usize> = (0..n_samples).rev().collect();
        let mut seen = Vec::new();
        for batch in [None, Some(&batch[..])] {
            let found = loss_gradient(
                &mut gradients,
                &layers,
                Activation::Relu,
                &x,
                target,
                batch,
                compute,
            );
            seen.push(found.loss);
            for layer in gradients.layers() {
                see(&mut seen, layer.weights.as_slice());
                see(&mut seen, &layer.bias);
            }
        }
        let from = ForwardFrom::Inputs(&x);
        seen.push(forward_loss(&layers, Activation::Relu, from, target, compute).loss);
        seen
    });
    let sparse = SparseMatrix::from_dense(&x, &mut Compute::new(2).unwrap());
    let dense = forms.iter().map(|form| (*form, Inputs::Dense(&x)));
    let last = forms.last().map(|form| (*form, Inputs::Sparse(&sparse)));
    for (form, inputs) in dense.chain(last) {
        assert_same::<T>(form.name(), |compute| {
            let mut draws = random::<f64>(1, 20_000, 5).into_vec().into_iter();
            let mut draw = || draws.next().unwrap();
            let mut blocks = StochasticBlocks::new(&layers, &|_| form, &mut draw);
            let mut seen = Vec::new();
            for (i, inertia) in STEPS.into_iter().enumerate() {
                let batch: Vec<usize> = (0..512 - i).map(|j| (7 * j + i) % n_samples).collect();
                let batch = StochasticBatch {
                    inputs,
                    target,
                    indices: &batch,
                    weights: None,
                    error_tolerance: (i > 0).then_some(0.05),
                };
                seen.push(
                    blocks
                        .gradient(Activation::Relu, batch, i < 2, compute)
                        .loss,
                );
                if i < 2 {
                    let rule = CurvatureRule {
                        retain: 0.9,
                        damping: 0.1,
                    };
                    blocks.refresh_curvature(rule, compute);
                }
                seen.push(blocks.directions(1e-3, compute));
                let step = StochasticStep {
                    length: 0.3,
                    inertia,
                    averaging: 0.9,
                };
                blocks.advance(step, compute);
            }
            for values in crate::common::averaged(&blocks, &layers) {
                see(&mut seen, &values);
            }
            seen
        });
    }
}

/// Gradients that are summed in every shard, and those of wide layers, which are multiplied when the directions are made.
fn networks<T: Real>() {
    let sketch = CurvatureForm::Sketch { rank: 8 };
    network::<T>([300, 400, 500, 7], &[CurvatureForm::Full, sketch]);
    network::<T>([300, 900, 400, 7], &[sketch]);
}

#[test]
fn back_propagation_and_training_by_batches_in_single_precision() {
    networks::<f32>();
}

#[test]
fn back_propagation_and_training_by_batches_in_double_precision() {
    networks::<f64>();
}
