//! Two processes, here two threads, that hold half of the samples each take the steps of one that holds all.

use std::sync::{Arc, Barrier, Mutex};

use crate::common::random;
use tiam_linalg::{
    Activation, AffineLayer, BiasBlock, Compute, CurvatureForm, CurvatureRule, Gradients, Inertia,
    LossTarget, Matrix, PreactivationBlock, Prediction, Reduction, Solver, StochasticBatch,
    StochasticBlocks, StochasticStep, WeightBlock, WeightProblem, loss_gradient,
};

const RANKS: usize = 2;
const N: usize = 400;
const STEP: Inertia = Inertia {
    start: 0.5,
    gradient: 0.2,
    correction: 0.3,
};

/// What the two ranks leave for each other.
#[derive(Debug)]
struct Shared {
    slots: [Mutex<Vec<f64>>; RANKS],
    barrier: Barrier,
}

#[derive(Debug)]
struct Rank {
    rank: usize,
    shared: Arc<Shared>,
}

impl Rank {
    /// Every rank's numbers, in order.
    fn exchange(&self, own: Vec<f64>) -> [Vec<f64>; RANKS] {
        *self.shared.slots[self.rank].lock().unwrap() = own;
        self.shared.barrier.wait();
        let all = self
            .shared
            .slots
            .each_ref()
            .map(|slot| slot.lock().unwrap().clone());
        self.shared.barrier.wait();
        all
    }
}

impl Reduction<f64> for Rank {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        RANKS
    }

    fn sum(&self, buffers: &mut [&mut [f64]], numbers: &mut [f64]) {
        let own = buffers.iter().flat_map(|b| b.iter()).chain(numbers.iter());
        let [first, second] = self.exchange(own.copied().collect());
        let mut sums = first.iter().zip(&second).map(|(x, y)| x + y);
        let out = buffers.iter_mut().flat_map(|b| b.iter_mut()).chain(numbers);
        out.for_each(|x| *x = sums.next().unwrap());
    }

    fn largest(&self, numbers: &mut [f64]) {
        let [first, second] = self.exchange(numbers.to_vec());
        for (x, pair) in numbers.iter_mut().zip(first.iter().zip(&second)) {
            *x = pair.0.max(*pair.1);
        }
    }

    fn broadcast(&self, root: usize, buffer: &mut [f64]) {
        let all = self.exchange(buffer.to_vec());
        buffer.copy_from_slice(&all[root]);
    }
}

/// What a run sees of all samples, and of its half on either rank.
fn assert_alike(run: impl Fn(&[usize], &mut Compute<f64>) -> Vec<f64> + Sync) {
    let all: Vec<usize> = (0..N).collect();
    let whole = run(&all, &mut Compute::new(1).unwrap());
    let shared = Arc::new(Shared {
        slots: [const { Mutex::new(Vec::new()) }; RANKS],
        barrier: Barrier::new(RANKS),
    });
    let halves = std::thread::scope(|scope| {
        let ranks: Vec<_> = all
            .chunks(N / RANKS)
            .enumerate()
            .map(|(rank, own)| {
                let shared = shared.clone();
                let run = &run;
                scope.spawn(move || {
                    let compute = Compute::new(1).unwrap();
                    let reduction = Arc::new(Rank { rank, shared });
                    run(own, &mut compute.with_reduction(reduction))
                })
            })
            .collect();
        ranks
            .into_iter()
            .map(|rank| rank.join().unwrap())
            .collect::<Vec<_>>()
    });
    let bits = |seen: &[f64]| seen.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&halves[0]), bits(&halves[1]), "the ranks differ");
    for (i, (x, y)) in whole.iter().zip(&halves[0]).enumerate() {
        assert!((x - y).abs() <= 1e-11 * x.abs().max(1.0), "{i}: {x} {y}");
    }
    assert_eq!(whole.len(), halves[0].len());
}

fn of(all: &Matrix<f64>, samples: &[usize]) -> Matrix<f64> {
    Matrix::from_fn(all.n_rows(), samples.len(), |i, j| all[(i, samples[j])])
}

#[test]
fn the_blocks_of_the_full_batch() {
    for (solver, n_in) in [
        (Solver::Backtracking, 7),
        (Solver::Backtracking, 500),
        (Solver::Gram, 7),
        (Solver::Cholesky, 7),
        (Solver::CG, 7),
    ] {
        let (a, z) = (random::<f64>(n_in, N, 1), random::<f64>(5, N, 2));
        assert_alike(|samples, compute| {
            let (a, z) = (of(&a, samples), of(&z, samples));
            let mut weights = WeightBlock::new(random(5, n_in, 3), samples.len(), solver);
            let mut bias = BiasBlock::new(random::<f64>(5, 1, 4).into_vec());
            let mut block = PreactivationBlock::new(z.clone());
            let labels: Vec<u32> = samples.iter().map(|j| (j % 5) as u32).collect();
            let target = LossTarget::classes(&labels, 5);
            weights.refresh_product(&a, compute);
            let mut seen = Vec::new();
            for inertia in [STEP, Inertia::NONE, STEP] {
                let problem = WeightProblem {
                    inputs: &a,
                    bias: bias.values(),
                    target: block.values(),
                    rho: 0.7,
                    ridge: 0.3,
                    l1: 0.0,
                };
                let step = weights.propose(&problem, inertia, compute);
                seen.extend([step.change.before, step.change.increase]);
                weights.accept(&a, compute);
                let step = bias.propose(weights.product(), &z, 0.7, inertia, compute);
                seen.extend([step.change.before, step.change.increase]);
                bias.accept();
                let prediction = Prediction {
                    product: weights.product(),
                    bias: bias.values(),
                    rho: 0.7,
                };
                let (step, loss) = block.propose_last(prediction, target, inertia, compute);
                seen.extend([step.change.before, step.change.increase, loss.loss]);
                block.accept();
            }
            seen.extend(weights.weights().as_slice());
            seen.extend(bias.values());
            seen
        });
    }
}

#[test]
fn back_propagation_and_a_batch() {
    let x = random::<f64>(6, N, 1);
    let (w, b) = (random::<f64>(3, 6, 2), [0.1, -0.2, 0.3]);
    assert_alike(|samples, compute| {
        let layers = [AffineLayer {
            weights: &w,
            bias: &b,
        }];
        let x = of(&x, samples);
        let labels: Vec<u32> = samples.iter().map(|j| (j % 3) as u32).collect();
        let target = LossTarget::classes(&labels, 3);
        let mut gradients = Gradients::zeros(&layers);
        let found = loss_gradient(
            &mut gradients,
            &layers,
            Activation::Relu,
            &x,
            target,
            None,
            compute,
        );
        let mut seen = vec![found.loss, found.correct as f64];
        seen.extend(gradients.layers()[0].weights.as_slice());
        seen.extend(&gradients.layers()[0].bias);
        let mut blocks = StochasticBlocks::new(&layers, &|_| CurvatureForm::Full, &mut || 0.0);
        let indices: Vec<usize> = (0..samples.len()).collect();
        let batch = StochasticBatch {
            inputs: (&x).into(),
            target,
            indices: &indices,
            weights: None,
            error_tolerance: None,
        };
        let rule = CurvatureRule {
            retain: 0.9,
            damping: 0.1,
        };
        for _ in 0..2 {
            seen.push(blocks.gradient(Activation::Relu, batch, true, compute).loss);
            blocks.refresh_curvature(rule, compute);
            seen.push(blocks.directions(0.1, compute));
            let step = StochasticStep {
                length: 0.5,
                inertia: STEP,
                averaging: 0.5,
            };
            blocks.advance(step, compute);
        }
        let (mut w, mut b) = (vec![0.0; 18], vec![0.0; 3]);
        blocks.write_average([(&mut w[..], &mut b[..])]);
        seen.extend(w);
        seen.extend(b);
        seen
    });
}

#[test]
fn a_broadcast_gives_every_rank_the_roots_numbers() {
    let shared = Arc::new(Shared {
        slots: [const { Mutex::new(Vec::new()) }; RANKS],
        barrier: Barrier::new(RANKS),
    });
    std::thread::scope(|scope| {
        for rank in 0..RANKS {
            let shared = shared.clone();
            scope.spawn(move || {
                let mut own = [rank as f64];
                Rank { rank, shared }.broadcast(1, &mut own);
                assert_eq!(own[0].to_bits(), 1.0_f64.to_bits());
            });
        }
    });
}
