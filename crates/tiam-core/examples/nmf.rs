//! Non-negative matrix factorisation: V ≈ W Hᵀ with W, H ≥ 0, by one projected gradient step per factor and iteration.
//!
//! F(W, H) = ½ ‖V − W Hᵀ‖² is convex in W and in H, not in both: the textbook case for alternating minimisation. V is
//! 120 x 90 of rank 8, made from known factors. Run with `cargo run --release -p tiam-core --example nmf`.

mod common;

use std::error::Error;

use common::{FactorObjective, Random, dot, largest_row_sum, minus, product, transposed};
use tiam_core::{
    Block, BlockChange, BlockProblem, DriverParams, Inertia, Schedule, Stopping, compare,
};

const ROWS: usize = 120;
const COLS: usize = 90;
const RANK: usize = 8;

#[derive(Clone)]
struct Factorisation {
    /// V and its transpose.
    data: [Vec<f64>; 2],
    /// W and H, with RANK columns each.
    factors: [Block<f64>; 2],
}

impl BlockProblem for Factorisation {
    type Measures = ();

    fn n_blocks(&self) -> usize {
        2
    }

    fn block_name(&self, block: usize) -> String {
        ["W", "H"][block].into()
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let other = self.factors[1 - block].current();
        let phi = FactorObjective::new(&self.data[block], other, RANK);
        let factor = &mut self.factors[block];
        factor.propose_prox(
            inertia,
            1.0 / largest_row_sum(&phi.gram, RANK),
            |at, gradient| gradient.copy_from_slice(&phi.gradient(at)),
            |u, _| u.iter_mut().for_each(|entry| *entry = entry.max(0.0)),
        );
        let (old, new) = (factor.current(), factor.candidate());
        BlockChange::between(phi.value(old), phi.value(new))
    }

    fn accept(&mut self, block: usize) {
        self.factors[block].accept();
    }

    fn objective(&mut self) -> f64 {
        let [w, h] = &self.factors;
        let model = product(w.current(), &transposed(h.current(), RANK), COLS);
        let residual = minus(&self.data[0], &model);
        dot(&residual, &residual) / 2.0
    }

    fn measures(&mut self) {}
}

/// Numbers in [0, 1], a third of them zero.
fn sparse(random: &mut Random, n: usize) -> Vec<f64> {
    let mut entry = || {
        if random.uniform() < 1.0 / 3.0 {
            0.0
        } else {
            random.uniform()
        }
    };
    (0..n).map(|_| entry()).collect()
}

fn problem() -> Factorisation {
    let mut random = Random(7);
    let [w, h] = [ROWS, COLS].map(|n| sparse(&mut random, n * RANK));
    let data = product(&w, &transposed(&h, RANK), COLS);
    let start = [ROWS, COLS].map(|n| sparse(&mut random, n * RANK));
    Factorisation {
        data: [data.clone(), transposed(&data, COLS)],
        factors: start.map(Block::new),
    }
}

const ABOUT: &str = "\
Non-negative matrix factorisation V = W H^T of a 120 x 90 matrix of rank 8, with and without inertia.
Runs end when F = ||V - W H^T||^2 / 2 is 0.01 % of ||V||^2 / 2.";

fn main() -> Result<(), Box<dyn Error>> {
    common::check_no_arguments(ABOUT);
    let problem = problem();
    let target = 1e-4 * dot(&problem.data[0], &problem.data[0]) / 2.0;
    let stopping = Stopping::default()
        .max_iterations(20_000)
        .target_objective(target);
    let configurations =
        common::configurations(Schedule::Nesterov, DriverParams::INERTIA, &stopping)?;
    let comparison = compare(|| problem.clone(), configurations);
    common::print(&comparison);
    assert!(5 * comparison.runs[3].iterations < comparison.runs[0].iterations);
    Ok(())
}
