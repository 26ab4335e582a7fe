//! Robust principal components: M = U Vᵀ + S, a matrix of low rank and a sparse one of gross errors.
//!
//! F(U, V, S) = ½ ‖M − U Vᵀ − S‖² + ν/2 (‖U‖² + ‖V‖²) + λ ‖S‖₁. The factors are minimised exactly, by a small linear
//! system; S takes a proximal step whose size 1 makes it the exact minimiser where there is no inertia. Run with
//! `cargo run --release -p tiam-core --example robust_pca`.

mod common;

use std::error::Error;

use common::{FactorObjective, Random, dot, minus, product, transposed};
use tiam_core::{
    Block, BlockChange, BlockProblem, Driver, DriverParams, Inertia, Schedule, Stopping, compare,
};

const ROWS: usize = 60;
const COLS: usize = 40;
const RANK: usize = 4;
const NU: f64 = 0.3;
const LAMBDA: f64 = 0.3;

#[derive(Clone)]
struct RobustPca {
    data: Vec<f64>,
    /// U and V, with RANK columns each.
    factors: [Block<f64>; 2],
    errors: Block<f64>,
}

/// Solves X A = B for a symmetric positive definite A of RANK rows by elimination, row by row of X and B.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Vec<f64> {
    for pivot in 0..RANK {
        for j in (0..RANK).filter(|j| *j != pivot) {
            let factor = a[pivot * RANK + j] / a[pivot * RANK + pivot];
            for row in a.chunks_exact_mut(RANK).chain(b.chunks_exact_mut(RANK)) {
                row[j] -= factor * row[pivot];
            }
        }
    }
    for row in b.chunks_exact_mut(RANK) {
        (0..RANK).for_each(|j| row[j] /= a[j * RANK + j]);
    }
    b
}

impl RobustPca {
    /// U Vᵀ.
    fn low_rank(&self) -> Vec<f64> {
        let [u, v] = self.factors.each_ref().map(Block::current);
        product(u, &transposed(v, RANK), COLS)
    }

    fn propose_factor(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let clean = minus(&self.data, self.errors.current());
        let clean = if block == 0 {
            clean
        } else {
            transposed(&clean, COLS)
        };
        // ν joins the diagonal of the Gram matrix, and so all of φ.
        let mut phi = FactorObjective::new(&clean, self.factors[1 - block].current(), RANK);
        (0..RANK).for_each(|i| phi.gram[i * RANK + i] += NU);
        let factor = &mut self.factors[block];
        factor.propose_exact(inertia, |_, out| {
            out.copy_from_slice(&solve(phi.gram.clone(), phi.cross.clone()));
        });
        let (old, new) = (factor.current(), factor.candidate());
        BlockChange::between(phi.value(old), phi.value(new))
    }

    fn propose_errors(&mut self, inertia: Inertia) -> BlockChange {
        let rest = minus(&self.data, &self.low_rank());
        let value = |s: &[f64]| {
            let residual = minus(&rest, s);
            dot(&residual, &residual) / 2.0 + LAMBDA * s.iter().map(|s| s.abs()).sum::<f64>()
        };
        self.errors.propose_prox(
            inertia,
            1.0,
            |at, gradient| gradient.copy_from_slice(&minus(at, &rest)),
            |s, step| {
                let threshold = LAMBDA * step;
                s.iter_mut()
                    .for_each(|s| *s = s.signum() * (s.abs() - threshold).max(0.0));
            },
        );
        BlockChange::between(value(self.errors.current()), value(self.errors.candidate()))
    }
}

impl BlockProblem for RobustPca {
    /// Entries of S that are not 0.
    type Measures = usize;

    fn n_blocks(&self) -> usize {
        3
    }

    fn block_name(&self, block: usize) -> String {
        ["U", "V", "S"][block].into()
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        match block {
            2 => self.propose_errors(inertia),
            _ => self.propose_factor(block, inertia),
        }
    }

    fn accept(&mut self, block: usize) {
        match block {
            2 => self.errors.accept(),
            _ => self.factors[block].accept(),
        }
    }

    fn objective(&mut self) -> f64 {
        let residual = minus(&minus(&self.data, &self.low_rank()), self.errors.current());
        let ridge: f64 = self
            .factors
            .iter()
            .map(|u| dot(u.current(), u.current()))
            .sum();
        let l1: f64 = self.errors.current().iter().map(|s| s.abs()).sum();
        (dot(&residual, &residual) + NU * ridge) / 2.0 + LAMBDA * l1
    }

    fn measures(&mut self) -> usize {
        self.errors.current().iter().filter(|s| **s != 0.0).count()
    }
}

/// A matrix of rank 4 and itself with gross errors in a twentieth of its entries.
fn data() -> [Vec<f64>; 2] {
    let mut random = Random(5);
    let [u, v] = [ROWS, COLS].map(|n| random.normals(n * RANK));
    let truth = product(&u, &transposed(&v, RANK), COLS);
    let mut seen = truth.clone();
    for entry in &mut seen {
        if random.uniform() < 0.05 {
            *entry += 20.0 * random.normal();
        }
    }
    [truth, seen]
}

const ABOUT: &str = "\
Robust principal components of a 60 x 40 matrix of rank 4 with gross errors in 5 % of its entries, with and without inertia.
Runs end when F is within 1e-8 of its minimum.";

fn main() -> Result<(), Box<dyn Error>> {
    common::check_no_arguments(ABOUT);
    let [truth, data] = data();
    let mut random = Random(6);
    let problem = RobustPca {
        factors: [ROWS, COLS].map(|n| Block::new(random.normals(n * RANK))),
        errors: Block::new(vec![0.0; data.len()]),
        data,
    };
    let long = DriverParams::default()
        .stopping(Stopping::default().max_iterations(5000))
        .check()?;
    let best = Driver::new(long).run(problem.clone())?;
    let minimum = best
        .trace
        .objectives()
        .into_iter()
        .fold(f64::INFINITY, f64::min);
    let stopping = Stopping::default()
        .max_iterations(5000)
        .target_objective(minimum + 1e-8);
    let configurations =
        common::configurations(Schedule::Fista, Inertia::new(0.95, 0.7, 0.3)?, &stopping)?;
    let comparison = compare(|| problem.clone(), configurations);
    common::print(&comparison);
    let error = minus(&best.problem.low_rank(), &truth);
    let relative = (dot(&error, &error) / dot(&truth, &truth)).sqrt();
    println!(
        "The matrix of low rank is found to within {:.2} %.",
        100.0 * relative
    );
    assert!(relative < 0.05);
    assert!(2 * comparison.runs[3].iterations < comparison.runs[0].iterations);
    Ok(())
}
