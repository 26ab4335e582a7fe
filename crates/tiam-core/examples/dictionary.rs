//! Dictionary learning: Y ≈ C Dᵀ with sparse codes C, F(C, D) = ½ ‖Y − C Dᵀ‖² + λ ‖C‖₁, atoms (columns of D) of length ≤ 1.
//!
//! Codes take proximal steps with soft thresholding, the dictionary projected ones. F has
//! several local minima; runs are compared at an objective above them, which plain alternation reaches late. Run with
//! `cargo run --release -p tiam-core --example dictionary`.

mod common;

use std::error::Error;

use common::{FactorObjective, Random, dot, largest_row_sum, minus, product, transposed};
use tiam_core::{
    Block, BlockChange, BlockProblem, Driver, DriverParams, Inertia, Schedule, Stopping, compare,
};

const SIGNALS: usize = 200;
const LENGTH: usize = 16;
const ATOMS: usize = 24;
const LAMBDA: f64 = 0.1;

#[derive(Clone)]
struct Dictionary {
    /// Y, a signal a row, and its transpose.
    data: [Vec<f64>; 2],
    /// C and D, with ATOMS columns each.
    factors: [Block<f64>; 2],
}

fn l1(codes: &[f64]) -> f64 {
    codes.iter().map(|c| c.abs()).sum()
}

fn soft_threshold(codes: &mut [f64], threshold: f64) {
    codes
        .iter_mut()
        .for_each(|c| *c = c.signum() * (c.abs() - threshold).max(0.0));
}

/// Scales the columns that are longer than 1.
fn shorten_atoms(dictionary: &mut [f64]) {
    for atom in 0..ATOMS {
        let entries = || (atom..LENGTH * ATOMS).step_by(ATOMS);
        let length = entries().map(|i| dictionary[i].powi(2)).sum::<f64>().sqrt();
        entries().for_each(|i| dictionary[i] /= length.max(1.0));
    }
}

impl BlockProblem for Dictionary {
    /// Share of the codes that are exactly 0.
    type Measures = f64;

    fn n_blocks(&self) -> usize {
        2
    }

    fn block_name(&self, block: usize) -> String {
        ["codes", "dictionary"][block].into()
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let other = self.factors[1 - block].current();
        let phi = FactorObjective::new(&self.data[block], other, ATOMS);
        let factor = &mut self.factors[block];
        factor.propose_prox(
            inertia,
            1.0 / largest_row_sum(&phi.gram, ATOMS),
            |at, gradient| gradient.copy_from_slice(&phi.gradient(at)),
            |u, step| match block {
                0 => soft_threshold(u, LAMBDA * step),
                _ => shorten_atoms(u),
            },
        );
        let value = |u: &[f64]| phi.value(u) + if block == 0 { LAMBDA * l1(u) } else { 0.0 };
        BlockChange::between(value(factor.current()), value(factor.candidate()))
    }

    fn accept(&mut self, block: usize) {
        self.factors[block].accept();
    }

    fn objective(&mut self) -> f64 {
        let [codes, dictionary] = self.factors.each_ref().map(Block::current);
        let residual = minus(
            &self.data[0],
            &product(codes, &transposed(dictionary, ATOMS), LENGTH),
        );
        dot(&residual, &residual) / 2.0 + LAMBDA * l1(codes)
    }

    fn measures(&mut self) -> f64 {
        let codes = self.factors[0].current();
        codes.iter().filter(|c| **c == 0.0).count() as f64 / codes.len() as f64
    }
}

/// Signals made of three atoms each, and a random dictionary to start from.
fn problem() -> Dictionary {
    let mut random = Random(11);
    let mut atoms = || {
        let mut dictionary = random.normals(LENGTH * ATOMS);
        shorten_atoms(&mut dictionary);
        dictionary
    };
    let [truth, start] = [atoms(), atoms()];
    let mut codes = vec![0.0; SIGNALS * ATOMS];
    for code in codes.chunks_exact_mut(ATOMS) {
        for _ in 0..3 {
            code[(random.uniform() * (ATOMS - 1) as f64) as usize] = random.normal();
        }
    }
    let signals = product(&codes, &transposed(&truth, ATOMS), LENGTH);
    Dictionary {
        data: [signals.clone(), transposed(&signals, LENGTH)],
        factors: [Block::new(vec![0.0; SIGNALS * ATOMS]), Block::new(start)],
    }
}

const ABOUT: &str = "\
Dictionary learning, 200 signals of length 16 from 24 atoms, with and without inertia.
Runs end at the objective that plain alternation has after 500 iterations.";

fn main() -> Result<(), Box<dyn Error>> {
    common::check_no_arguments(ABOUT);
    let problem = problem();
    let plain = DriverParams::default()
        .inertia(Inertia::NONE)
        .stopping(Stopping::default().max_iterations(500))
        .check()?;
    let target = Driver::new(plain)
        .run(problem.clone())?
        .trace
        .last()
        .map_or(0.0, |row| row.objective);
    let stopping = Stopping::default()
        .max_iterations(2000)
        .target_objective(target);
    let configurations = common::configurations(Schedule::Fista, DriverParams::INERTIA, &stopping)?;
    let comparison = compare(|| problem.clone(), configurations);
    common::print(&comparison);
    let triple = &comparison.runs[3];
    let zeros = triple.trace.last().map_or(0.0, |row| row.measures);
    println!("{:.0} % of the codes are exactly zero.", 100.0 * zeros);
    assert!(5 * triple.iterations < comparison.runs[0].iterations && zeros > 0.5);
    Ok(())
}
