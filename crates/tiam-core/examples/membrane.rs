//! The obstacle problem: a membrane, clamped at zero along the edge of a square, stretched over a hill.
//!
//! F(u) = ½ Σ (u_i − u_j)² over neighbouring grid points, subject to u ≥ hill. The upper and the lower half of the grid are
//! the two blocks, each moved by one projected gradient step per iteration: the two halves only ever see each other's
//! edge, as in domain decomposition. The problem is convex and badly conditioned, so plain alternation is slow. Run with
//! `cargo run --release -p tiam-core --example membrane`.

mod common;

use std::error::Error;

use common::{dot, minus};
use tiam_core::{
    Block, BlockChange, BlockProblem, Driver, DriverParams, Inertia, Limit, Schedule, Stopping,
    compare,
};

/// Interior grid points a side; even.
const SIDE: usize = 48;
/// Grid points of a half.
const HALF: usize = SIDE * SIDE / 2;
/// Above the largest eigenvalue of the grid's second differences.
const CURVATURE_BOUND: f64 = 8.0;

#[derive(Clone)]
struct Membrane {
    hill: [Vec<f64>; 2],
    halves: [Block<f64>; 2],
}

/// Height of the obstacle at a grid point: a paraboloid off the centre, below zero away from it.
fn hill(point: usize) -> f64 {
    let place = |i: usize| (i + 1) as f64 / (SIDE + 1) as f64;
    let (x, y) = (place(point % SIDE), place(point / SIDE));
    0.5 - 8.0 * ((x - 0.4).powi(2) + (y - 0.45).powi(2))
}

/// Adds 4 u − the sum of the four neighbours inside the slice; zero outside.
fn second_differences(u: &[f64], out: &mut [f64]) {
    for i in 0..u.len() {
        let left = if i % SIDE > 0 { u[i - 1] } else { 0.0 };
        let right = if i % SIDE + 1 < SIDE { u[i + 1] } else { 0.0 };
        let above = if i >= SIDE { u[i - SIDE] } else { 0.0 };
        let below = if i + SIDE < u.len() { u[i + SIDE] } else { 0.0 };
        out[i] = 4.0 * u[i] - left - right - above - below;
    }
}

impl Membrane {
    /// Flat, but lifted onto the hill.
    fn new() -> Self {
        let hill = [0, HALF].map(|first| (first..first + HALF).map(hill).collect::<Vec<_>>());
        let halves = hill
            .clone()
            .map(|half| Block::new(half.iter().map(|height| height.max(0.0)).collect()));
        Self { hill, halves }
    }
}

impl BlockProblem for Membrane {
    /// Points where the membrane lies on the hill.
    type Measures = usize;

    fn n_blocks(&self) -> usize {
        2
    }

    fn block_name(&self, block: usize) -> String {
        ["upper half", "lower half"][block].into()
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let [upper, lower] = &mut self.halves;
        // The row of this half along the seam, and the other half's row across it.
        let (half, seam, across) = match block {
            0 => (upper, HALF - SIDE..HALF, &lower.current()[..SIDE]),
            _ => (lower, 0..SIDE, &upper.current()[HALF - SIDE..]),
        };
        let gradient = |u: &[f64], out: &mut [f64]| {
            second_differences(u, out);
            out[seam.clone()]
                .iter_mut()
                .zip(across)
                .for_each(|(out, across)| *out -= across);
        };
        let hill = &self.hill[block];
        half.propose_prox(inertia, 1.0 / CURVATURE_BOUND, gradient, |u, _| {
            u.iter_mut()
                .zip(hill)
                .for_each(|(u, hill)| *u = u.max(*hill));
        });
        // φ(u) = ½ ⟨A u, u⟩ − ⟨across, u⟩; its change from the step, without cancellation.
        let step = minus(half.candidate(), half.current());
        let (mut slope, mut curved) = (vec![0.0; HALF], vec![0.0; HALF]);
        second_differences(half.current(), &mut slope);
        let before = dot(&slope, half.current()) / 2.0 - dot(across, &half.current()[seam.clone()]);
        gradient(half.current(), &mut slope);
        second_differences(&step, &mut curved);
        BlockChange::new(before, dot(&slope, &step) + dot(&curved, &step) / 2.0)
    }

    fn accept(&mut self, block: usize) {
        self.halves[block].accept();
    }

    fn objective(&mut self) -> f64 {
        let u: Vec<f64> = self
            .halves
            .iter()
            .flat_map(|half| half.current().iter().copied())
            .collect();
        let mut pull = vec![0.0; u.len()];
        second_differences(&u, &mut pull);
        dot(&pull, &u) / 2.0
    }

    fn measures(&mut self) -> usize {
        let on_hill = |(u, hill): &(&f64, &f64)| **u - **hill <= 1e-9;
        let halves = self.halves.iter().zip(&self.hill);
        halves
            .map(|(half, hill)| half.current().iter().zip(hill).filter(on_hill).count())
            .sum()
    }
}

const ABOUT: &str = "\
Obstacle problem: a membrane over a hill on a 48 x 48 grid, solved in two halves, with and without inertia.
Runs end when F, the energy, is within 1e-8 (relative) of its minimum; rates are those of F - minimum.";

fn main() -> Result<(), Box<dyn Error>> {
    common::check_no_arguments(ABOUT);
    let long = Stopping::default()
        .max_iterations(20_000)
        .rel_change(0.0)
        .patience(50);
    let config = DriverParams::default()
        .inertia(Inertia::nesterov(0.98)?)
        .stopping(long)
        .check()?;
    let trace = Driver::new(config).run(Membrane::new())?.trace;
    let best = trace.objectives().into_iter().fold(f64::INFINITY, f64::min);
    let stopping = Stopping::default()
        .max_iterations(20_000)
        .target_objective(best * (1.0 + 1e-8));
    let configurations = common::configurations(Schedule::Fista, DriverParams::INERTIA, &stopping)?;
    let mut comparison = compare(Membrane::new, configurations);
    comparison.fit_rates(Limit::Known(best));
    common::print(&comparison);
    let [plain, .., triple] = &comparison.runs[..] else {
        return Ok(());
    };
    let n_contacts = |row: Option<&tiam_core::TraceRow<usize>>| row.map_or(0, |row| row.measures);
    println!(
        "The membrane lies on the hill at {} points.",
        n_contacts(triple.trace.last())
    );
    assert_eq!(
        n_contacts(plain.trace.last()),
        n_contacts(triple.trace.last())
    );
    assert!(10 * triple.iterations < plain.iterations);
    Ok(())
}
