//! Logistic regression with an ℓ1 term, by proximal steps: F(w, c) = Σ ln(1 + exp(−y (xᵀw + c))) + λ ‖w‖₁.
//!
//! Two blocks: the weights w, with soft thresholding as their proximal map, and the intercept c. 300 samples of 60
//! correlated features, of which 8 matter. Run with `cargo run --release -p tiam-core --example l1_logistic`.

mod common;

use std::error::Error;

use common::{Random, dot, gram};
use tiam_core::{
    Block, BlockChange, BlockProblem, Driver, DriverParams, Inertia, Limit, Schedule, Stopping,
    compare,
};

const SAMPLES: usize = 300;
const FEATURES: usize = 60;
/// λ of the weights and of the intercept.
const LAMBDAS: [f64; 2] = [2.0, 0.0];

#[derive(Clone)]
struct Logistic {
    /// y x for each sample, and y alone: the features of the two blocks.
    data: [Vec<f64>; 2],
    /// w and c.
    blocks: [Block<f64>; 2],
    /// Bounds of the blocks' curvatures: a quarter of the largest eigenvalue of XᵀX.
    curvature: [f64; 2],
}

impl Logistic {
    /// Features whose neighbours are alike, labels drawn by the logistic model.
    fn new() -> Self {
        let mut random = Random(3);
        let (mut signed, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..SAMPLES {
            let mut x = random.normals(FEATURES);
            (1..FEATURES).for_each(|j| x[j] = 0.8 * x[j - 1] + 0.6 * x[j]);
            let score: f64 = (0..8).map(|j| [2.0, -1.5][j % 2] * x[7 * j]).sum::<f64>() + 0.5;
            let y = if random.uniform() < 1.0 / (1.0 + (-score).exp()) {
                1.0
            } else {
                -1.0
            };
            signed.extend(x.iter().map(|x| y * x));
            labels.push(y);
        }
        let curvature = [
            largest_eigenvalue(&gram(&signed, FEATURES)) / 4.0,
            SAMPLES as f64 / 4.0,
        ];
        Self {
            data: [signed, labels],
            blocks: [Block::new(vec![0.0; FEATURES]), Block::new(vec![0.0])],
            curvature,
        }
    }
}

/// The product of the rows, as long as `u`, with `u`.
fn scores(rows: &[f64], u: &[f64]) -> Vec<f64> {
    rows.chunks_exact(u.len()).map(|row| dot(row, u)).collect()
}

/// Σ ln(1 + exp(−m − r)) over the samples.
fn loss(margins: &[f64], rest: &[f64]) -> f64 {
    let of_sample = |m: f64| (-m.abs()).exp().ln_1p() + (-m).max(0.0);
    margins
        .iter()
        .zip(rest)
        .map(|(m, r)| of_sample(m + r))
        .sum()
}

fn l1(u: &[f64]) -> f64 {
    u.iter().map(|u| u.abs()).sum()
}

/// By power iteration, rounded up.
fn largest_eigenvalue(matrix: &[f64]) -> f64 {
    let mut at = vec![1.0; FEATURES];
    let mut norm = 0.0;
    for _ in 0..200 {
        at = scores(matrix, &at);
        norm = dot(&at, &at).sqrt();
        at.iter_mut().for_each(|x| *x /= norm);
    }
    1.001 * norm
}

impl BlockProblem for Logistic {
    /// Weights that are exactly 0.
    type Measures = usize;

    fn n_blocks(&self) -> usize {
        2
    }

    fn block_name(&self, block: usize) -> String {
        ["weights", "intercept"][block].into()
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        // The other block's share of the margins stays.
        let rest = scores(&self.data[1 - block], self.blocks[1 - block].current());
        let (rows, lambda) = (&self.data[block], LAMBDAS[block]);
        let own = &mut self.blocks[block];
        let gradient = |at: &[f64], out: &mut [f64]| {
            out.fill(0.0);
            let margins = scores(rows, at);
            for (row, (m, r)) in rows.chunks_exact(at.len()).zip(margins.iter().zip(&rest)) {
                let pull = -1.0 / (1.0 + (m + r).exp());
                out.iter_mut()
                    .zip(row)
                    .for_each(|(out, x)| *out += pull * x);
            }
        };
        own.propose_prox(inertia, 1.0 / self.curvature[block], gradient, |u, step| {
            let threshold = lambda * step;
            u.iter_mut()
                .for_each(|u| *u = u.signum() * (u.abs() - threshold).max(0.0));
        });
        let value = |u: &[f64]| loss(&scores(rows, u), &rest) + lambda * l1(u);
        BlockChange::between(value(own.current()), value(own.candidate()))
    }

    fn accept(&mut self, block: usize) {
        self.blocks[block].accept();
    }

    fn objective(&mut self) -> f64 {
        let [w, c] = self.blocks.each_ref().map(Block::current);
        loss(&scores(&self.data[0], w), &scores(&self.data[1], c)) + LAMBDAS[0] * l1(w)
    }

    fn measures(&mut self) -> usize {
        self.blocks[0]
            .current()
            .iter()
            .filter(|w| **w == 0.0)
            .count()
    }
}

const ABOUT: &str = "\
Logistic regression with an l1 term, 300 samples of 60 correlated features, with and without inertia.
Runs end when F is within 1e-8 of its minimum; rates are those of F - minimum.";

fn main() -> Result<(), Box<dyn Error>> {
    common::check_no_arguments(ABOUT);
    let problem = Logistic::new();
    let long = DriverParams::default()
        .stopping(Stopping::default().max_iterations(3000))
        .check()?;
    let trace = Driver::new(long).run(problem.clone())?.trace;
    let minimum = trace.objectives().into_iter().fold(f64::INFINITY, f64::min);
    let stopping = Stopping::default()
        .max_iterations(3000)
        .target_objective(minimum + 1e-8);
    let configurations = common::configurations(Schedule::Fista, DriverParams::INERTIA, &stopping)?;
    let mut comparison = compare(|| problem.clone(), configurations);
    comparison.fit_rates(Limit::Known(minimum));
    common::print(&comparison);
    let triple = &comparison.runs[3];
    let zeros = triple.trace.last().map_or(0, |row| row.measures);
    println!("{zeros} of {FEATURES} weights are exactly zero.");
    assert!(triple.objective <= minimum + 1e-8 && triple.iterations <= 300);
    assert!(zeros > FEATURES / 4);
    Ok(())
}
