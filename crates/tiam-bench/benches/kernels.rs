//! Bench of the kernels of an iteration, at MNIST's sizes, f32.

#![allow(missing_docs, reason = "criterion's macros")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tiam_linalg::Activation::Relu;
use tiam_linalg::{
    Compute, CurvatureForm, CurvatureRule, Gradients, Inertia, LossTarget, Matrix, Solver,
    StochasticBatch, StochasticBlocks, StochasticStep, WeightBlock, WeightProblem, loss_gradient,
    outer_product, product, prox, reduce,
};
use tiam_models::{Activation, Architecture, Init, Loss, Network};

const SAMPLES: usize = 60_000;
const FEATURES: usize = 784;
const HIDDEN: [usize; 2] = [100, 100];
const CLASSES: usize = 10;
/// Samples of a stochastic step.
const BATCH: usize = 500;

fn filled(n_rows: usize, n_cols: usize) -> Matrix<f32> {
    Matrix::from_fn(n_rows, n_cols, |i, j| {
        ((i * 31 + j * 17) % 101) as f32 / 50.0 - 1.0
    })
}

fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("products");
    group.sample_size(10);
    for (m, k) in [(100, 784), (100, 100), (10, 100)] {
        let (left, right) = (filled(m, k), filled(k, SAMPLES));
        // Flops, so that criterion's "elements" a second are flop/s.
        group.throughput(Throughput::Elements((2 * m * k * SAMPLES) as u64));
        for threads in [1, 2] {
            let Ok(mut compute) = Compute::new(threads) else {
                continue;
            };
            let mut out = Matrix::zeros(m, SAMPLES);
            let id = |name: &str| BenchmarkId::new(name, format!("{m}x{k}x{SAMPLES}/{threads}"));
            group.bench_function(id("forward"), |bencher| {
                bencher.iter(|| product(&mut out, &left, &right, &mut compute));
            });
            let mut sum = Matrix::zeros(m, k);
            group.bench_function(id("gradient"), |bencher| {
                bencher.iter(|| outer_product(&mut sum, &out, &right, &mut compute));
            });
        }
    }
    group.finish();
}

fn element_wise(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("element_wise");
    group.sample_size(20);
    let labels: Vec<u32> = (0..SAMPLES).map(|j| (j % 10) as u32).collect();
    let center = filled(10, SAMPLES);
    let mut z = center.clone();
    let mut scratch = vec![0.0; prox::prox_cross_entropy_scratch_len(10)];
    group.throughput(Throughput::Elements((10 * SAMPLES) as u64));
    group.bench_function("prox_cross_entropy", |bencher| {
        bencher.iter(|| {
            z.as_mut_slice().copy_from_slice(center.as_slice());
            let z = z.as_mut_slice();
            prox::prox_cross_entropy(z, center.as_slice(), &labels, 10, 0.1, &mut scratch)
        });
    });
    group.bench_function("cross_entropy", |bencher| {
        bencher.iter(|| prox::cross_entropy(center.as_slice(), &labels, 10));
    });
    let wide = filled(100, SAMPLES);
    group.throughput(Throughput::Elements((100 * SAMPLES) as u64));
    group.bench_function("dot", |bencher| {
        bencher.iter(|| reduce::dot(wide.as_slice(), wide.as_slice()));
    });
    group.finish();
}

/// The network of these hidden layers, and a label a sample.
fn network(hidden: &[usize]) -> (Network<f32>, Vec<u32>) {
    let network = Architecture::new(
        FEATURES,
        hidden,
        CLASSES,
        Activation::Relu,
        Loss::CrossEntropy,
    )
    .and_then(|sizes| Network::new(sizes, Init::He, 0))
    .unwrap_or_else(|error| panic!("{error}"));
    let labels = (0..SAMPLES).map(|j| (j % CLASSES) as u32).collect();
    (network, labels)
}

/// A batch scattered over the samples: 7,919 is prime to 60,000, so no sample twice and no two side by side.
fn scattered() -> Vec<usize> {
    (0..BATCH).map(|j| j * 7_919 % SAMPLES).collect()
}

/// The gradient of a batch scattered over the samples, and of all of them.
fn back_propagation(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("back_propagation");
    group.sample_size(10);
    let (network, labels) = network(&HIDDEN);
    let inputs = filled(FEATURES, SAMPLES);
    let target = LossTarget::classes(&labels, CLASSES);
    let scattered = scattered();
    let mut gradients = Gradients::zeros(&network);
    for (batch, n) in [(Some(&scattered[..]), BATCH), (None, SAMPLES)] {
        group.throughput(Throughput::Elements(n as u64));
        for threads in [1, 2] {
            let Ok(mut compute) = Compute::new(threads) else {
                continue;
            };
            let id = BenchmarkId::new("loss_gradient", format!("{n}/{threads}"));
            group.bench_function(id, |bencher| {
                bencher.iter(|| {
                    loss_gradient(
                        &mut gradients,
                        &network,
                        Relu,
                        &inputs,
                        target,
                        batch,
                        &mut compute,
                    )
                });
            });
        }
    }
    group.finish();
}

/// A step of stochastic TIAM with each form of the curvature, all samples backward; the curvature is updated by none of them, or by each.
fn stochastic_steps(criterion: &mut Criterion) {
    let inputs = filled(FEATURES, SAMPLES);
    let scattered = scattered();
    let sketch = CurvatureForm::Sketch {
        rank: CurvatureForm::RANK,
    };
    for hidden in [HIDDEN, [1500, 1500]] {
        let (network, labels) = network(&hidden);
        let batch = StochasticBatch {
            inputs: (&inputs).into(),
            target: LossTarget::classes(&labels, CLASSES),
            indices: &scattered,
            weights: None,
            error_tolerance: None,
        };
        let step = StochasticStep {
            length: 1e-4,
            inertia: Inertia {
                start: 0.8,
                gradient: 0.8,
                correction: 0.15,
            },
            averaging: 0.9,
        };
        let mut group = criterion.benchmark_group(format!("stochastic_step/{}", hidden[0]));
        group.sample_size(10);
        group.throughput(Throughput::Elements(BATCH as u64));
        for form in [CurvatureForm::Identity, sketch, CurvatureForm::Full] {
            for (name, update) in [("kept", false), ("updated", true)] {
                let Ok(mut compute) = Compute::new(2) else {
                    continue;
                };
                let mut draws = (0_u32..).map(|k| f64::from(k * 37 % 101) / 50.0 - 1.0);
                let mut blocks =
                    StochasticBlocks::new(&network, &|_| form, &mut || draws.next().unwrap_or(0.0));
                let mut run = |update: bool| {
                    blocks.gradient(Relu, batch, update, &mut compute);
                    if update {
                        let rule = CurvatureRule {
                            retain: 0.95,
                            damping: 0.1,
                        };
                        blocks.refresh_curvature(rule, &mut compute);
                    }
                    blocks.directions(1e-3, &mut compute);
                    blocks.advance(step, &mut compute);
                };
                run(true);
                group.bench_function(BenchmarkId::new(form.name(), name), |bencher| {
                    bencher.iter(|| run(update));
                });
            }
        }
        group.finish();
    }
}

/// A W step, half of them done again without inertia, in each form that applies to the shape.
fn weight_steps(criterion: &mut Criterion) {
    let half = Inertia {
        start: 0.5,
        gradient: 0.5,
        correction: 0.0,
    };
    for (name, n_in, n) in [("cora", 7_165, 140), ("mnist", FEATURES, SAMPLES)] {
        let mut group = criterion.benchmark_group(format!("w_step/{name}"));
        group.sample_size(10);
        let (inputs, target) = (filled(n_in, n), filled(HIDDEN[0], n));
        let problem = WeightProblem {
            inputs: &inputs,
            bias: &[0.0; HIDDEN[0]],
            target: &target,
            rho: 1e-3,
            ridge: 1e-2,
            l1: 0.0,
        };
        let other = if n_in > n { Solver::Dual } else { Solver::Gram };
        for solver in [Solver::Backtracking, other] {
            let Ok(mut compute) = Compute::new(2) else {
                continue;
            };
            let mut block = WeightBlock::new(Matrix::zeros(HIDDEN[0], n_in), n, solver);
            block.refresh_product(&inputs, &mut compute);
            let mut steps = 0_usize;
            group.bench_function(solver.name(), |bencher| {
                bencher.iter(|| {
                    block.propose(&problem, half, &mut compute);
                    steps += 1;
                    if steps.is_multiple_of(2) {
                        block.propose(&problem, Inertia::NONE, &mut compute);
                    }
                    block.accept(&inputs, &mut compute);
                });
            });
        }
        group.finish();
    }
}

criterion_group!(
    benches,
    weight_steps,
    products,
    element_wise,
    back_propagation,
    stochastic_steps
);
criterion_main!(benches);
