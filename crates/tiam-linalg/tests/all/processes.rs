//! Several processes, here threads, take the steps of one, to the bit.

use std::sync::Arc;

use crate::common::channels::in_processes;
use crate::common::random;
use tiam_core::Scalar;
use tiam_linalg::{
    Activation, ActivationBand, ActivationBlock, AffineLayer, BiasBlock, Compute, CurvatureForm,
    CurvatureRule, ForwardFrom, Gradients, Inertia, LossTarget, Matrix, NextLayer,
    PreactivationBlock, Prediction, Real, Reduction, Solver, SparseMatrix, StateVisitor,
    StochasticBatch, StochasticBlocks, StochasticStep, WeightBlock, WeightProblem, forward_loss,
    loss_gradient,
};

const N: usize = 700;
const STEP: Inertia = Inertia {
    start: 0.5,
    gradient: 0.2,
    correction: 0.3,
};

/// What a run sees alone, on threads, and as several processes, more than there are shards among them.
fn assert_alike<T: Real>(run: impl Fn(&mut Compute<T>) -> Vec<f64> + Sync) {
    let bits = |seen: Vec<f64>| seen.into_iter().map(f64::to_bits).collect::<Vec<_>>();
    let alone = bits(run(&mut Compute::new(1).unwrap()));
    assert!(alone.len() > 2);
    assert_eq!(alone, bits(run(&mut Compute::new(3).unwrap())), "threads");
    for size in [2, 3, 4, 9] {
        let seen = in_processes(size, |process| {
            let compute = Compute::new(1 + process.rank() % 2).unwrap();
            let process: Arc<dyn Reduction> = Arc::new(process);
            bits(run(&mut compute.with_reduction(process)))
        });
        for (rank, seen) in seen.into_iter().enumerate() {
            assert_eq!(alone, seen, "{rank} of {size}");
        }
    }
}

/// Keeps every value of a state.
struct Seen(Vec<f64>);

impl<T: Real> StateVisitor<T> for Seen {
    fn values(&mut self, _: &str, values: &mut [T]) {
        self.0.extend(values.iter().map(|x| Scalar::to_f64(*x)));
    }

    fn numbers(&mut self, _: &str, numbers: &mut [f64]) {
        self.0.extend(numbers.iter());
    }
}

#[test]
fn the_blocks_of_the_full_batch() {
    for solver in [
        Solver::Backtracking,
        Solver::Gram,
        Solver::Cholesky,
        Solver::CG,
    ] {
        full_batch::<f32>(solver, 0.0);
        full_batch::<f64>(solver, 0.0);
    }
    full_batch::<f64>(Solver::Backtracking, 0.1);
}

fn full_batch<T: Real>(solver: Solver, l1: f64) {
    let (x, start) = (random::<T>(7, N, 1), random::<T>(5, N, 2));
    let labels: Vec<u32> = (0..N).map(|j| (j % 4) as u32).collect();
    assert_alike::<T>(|compute| {
        let (h, epsilon, rho) = (Activation::Relu, 0.5, 0.7);
        let mut first = WeightBlock::new(random(5, 7, 3), N, solver);
        let mut bias = BiasBlock::new(random::<T>(5, 1, 4).into_vec());
        let mut z = PreactivationBlock::new(start.clone());
        let mut a = ActivationBlock::new(start.clone(), 4, solver);
        let mut last = WeightBlock::new(random(4, 5, 5), N, solver);
        let mut end = PreactivationBlock::new(random(4, N, 6));
        let target = LossTarget::classes(&labels, 4);
        first.refresh_product(&x, compute);
        last.refresh_product(a.values(), compute);
        let mut seen = Vec::new();
        for inertia in [STEP, Inertia::NONE, STEP, STEP] {
            let problem = WeightProblem {
                inputs: &x,
                bias: bias.values(),
                target: z.values(),
                rho,
                ridge: 0.3,
                l1,
            };
            let step = first.propose(&problem, inertia, compute);
            seen.extend([step.change.before, step.change.increase]);
            first.accept(&x, compute);
            let step = bias.propose(first.product(), z.values(), rho, inertia, compute);
            seen.extend([step.change.before, step.change.increase]);
            bias.accept();
            let drawn = Prediction {
                product: first.product(),
                bias: bias.values(),
                rho,
            };
            let step = z.propose_hidden(drawn, a.values(), h, epsilon, inertia, compute);
            seen.extend([step.change.before, step.change.increase]);
            z.accept();
            let band = ActivationBand {
                center: z.values(),
                activation: h,
                epsilon,
            };
            let zeros = [T::zero(); 4];
            let next = NextLayer {
                weights: &last,
                bias: &zeros,
                target: end.values(),
                rho,
            };
            let step = a.propose(next, band, inertia, compute);
            seen.extend([step.change.before, step.change.increase]);
            a.accept(&mut last);
            seen.push(a.violation());
            let drawn = Prediction {
                product: last.product(),
                bias: &zeros,
                rho,
            };
            let (step, found) = end.propose_last(drawn, target, inertia, compute);
            seen.extend([step.change.before, step.change.increase, found.loss]);
            end.accept();
            let from = ForwardFrom::FirstProduct(first.product());
            let layers = [AffineLayer {
                weights: first.weights(),
                bias: bias.values(),
            }];
            let target = LossTarget::classes(&labels, 5);
            seen.push(forward_loss(&layers, h, from, target, compute).loss);
        }
        // The samples of the others, as they are saved.
        first.gather(compute);
        z.gather(compute);
        a.gather(compute);
        let mut state = Seen(seen);
        first.visit_state("W", &x, &mut state, compute);
        bias.visit_state("b", &mut state);
        z.visit_state("z", &mut state);
        a.visit_state("a", &mut state);
        state.0
    });
}

#[test]
fn back_propagation() {
    let x = random::<f64>(6, N, 1);
    let (w, b) = (random::<f64>(3, 6, 2), [0.1, -0.2, 0.3]);
    let labels: Vec<u32> = (0..N).map(|j| (j % 3) as u32).collect();
    assert_alike(|compute| {
        let layers = [AffineLayer {
            weights: &w,
            bias: &b,
        }];
        let mut gradients = Gradients::zeros(&layers);
        let target = LossTarget::classes(&labels, 3);
        let h = Activation::Relu;
        let found = loss_gradient(&mut gradients, &layers, h, &x, target, None, compute);
        let mut seen = vec![found.loss, found.correct as f64];
        seen.extend(gradients.layers()[0].weights.as_slice());
        seen.extend(&gradients.layers()[0].bias);
        seen
    });
}

/// Narrow layers, whose shards leave sums, and one so wide that they leave factors; inputs as a matrix and as lists.
#[test]
fn batches() {
    for (n_in, n_hidden) in [(60, 300), (60, 9000)] {
        for is_sparse in [false, true] {
            by_batches(n_in, n_hidden, is_sparse);
        }
    }
}

fn by_batches(n_in: usize, n_hidden: usize, is_sparse: bool) {
    let dense = random::<f32>(n_in, N, 1);
    let dense = Matrix::from_fn(n_in, N, |i, j| match (i + j) % 5 {
        0 => dense[(i, j)],
        _ => 0.0,
    });
    let lists = SparseMatrix::from_dense(&dense, &mut Compute::new(1).unwrap());
    let labels: Vec<u32> = (0..N).map(|j| (j % 3) as u32).collect();
    let (w, b) = (random::<f32>(n_hidden, n_in, 2), vec![0.1; n_hidden]);
    let (v, c) = (random::<f32>(3, n_hidden, 3), [0.1, -0.2, 0.3]);
    let indices: Vec<usize> = (0..N).rev().collect();
    assert_alike::<f32>(|compute| {
        let layer = |weights, bias| AffineLayer { weights, bias };
        let layers = [layer(&w, &b[..]), layer(&v, &c[..])];
        let form = CurvatureForm::Sketch { rank: 4 };
        let mut normals = (1..).map(|i| f64::from(i).sin());
        let mut normal = || normals.next().unwrap();
        let mut blocks = StochasticBlocks::new(&layers, &|_| form, &mut normal);
        let batch = StochasticBatch {
            inputs: match is_sparse {
                true => (&lists).into(),
                false => (&dense).into(),
            },
            target: LossTarget::classes(&labels, 3),
            indices: &indices,
            weights: None,
            error_tolerance: Some(0.2),
        };
        let rule = CurvatureRule {
            retain: 0.9,
            damping: 0.1,
        };
        let mut seen = Vec::new();
        for _ in 0..2 {
            let found = blocks.gradient(Activation::Relu, batch, true, compute);
            seen.extend([found.loss, found.correct as f64]);
            blocks.refresh_curvature(rule, compute);
            seen.push(blocks.directions(0.1, compute));
            let step = StochasticStep {
                length: 0.01,
                inertia: STEP,
                averaging: 0.5,
            };
            blocks.advance(step, compute);
        }
        let mut state = Seen(seen);
        blocks.visit_state(&mut state);
        state.0
    });
}
