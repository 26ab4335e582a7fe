//! The obstacle problem: a membrane, clamped at zero along the edge of a square, stretched over a hill.
//!
//! F(u) = ½ Σ (u_i − u_j)² over neighbouring grid points, subject to u ≥ hill. The upper and the lower half of the grid are
//! the two blocks, each moved by one projected gradient step per iteration: the two halves only ever see each other's
//! edge, as in domain decomposition. The problem is convex and badly conditioned, so plain alternation is slow. Run with
//! `cargo run --release -p tiam-core --example membrane`.

mod common;

use std::error::Error;

use tiam_core::{
    Block, BlockChange, BlockProblem, Driver, DriverParams, Inertia, Limit, Schedule, StopReason,
    Stopping,
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

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
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

    /// Points where the membrane lies on the hill.
    fn n_contacts(&self) -> usize {
        let touching = |(half, hill): (&Block<f64>, &Vec<f64>)| {
            half.current()
                .iter()
                .zip(hill)
                .filter(|(u, hill)| **u - **hill <= 1e-9)
                .count()
        };
        self.halves.iter().zip(&self.hill).map(touching).sum()
    }
}

impl BlockProblem for Membrane {
    type Measures = ();

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
        half.propose_projected(inertia, 1.0 / CURVATURE_BOUND, gradient, |u| {
            u.iter_mut()
                .zip(hill)
                .for_each(|(u, hill)| *u = u.max(*hill));
        });
        // φ(u) = ½ ⟨A u, u⟩ − ⟨across, u⟩; its change from the step, without cancellation.
        let step: Vec<f64> = half
            .candidate()
            .iter()
            .zip(half.current())
            .map(|(new, old)| new - old)
            .collect();
        let (mut slope, mut curved) = (vec![0.0; HALF], vec![0.0; HALF]);
        second_differences(half.current(), &mut slope);
        let before = dot(&slope, half.current()) / 2.0 - dot(across, &half.current()[seam.clone()]);
        gradient(half.current(), &mut slope);
        second_differences(&step, &mut curved);
        BlockChange {
            before,
            increase: dot(&slope, &step) + dot(&curved, &step) / 2.0,
        }
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

    fn measures(&mut self) {}
}

const ABOUT: &str = "\
Obstacle problem: a membrane over a hill, solved in two halves, with and without inertia.
The table gives the iterations until F, the energy, is within 1e-8 (relative) of its minimum.";

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
    let best = Driver::new(config)
        .run(Membrane::new())?
        .trace
        .objectives()
        .into_iter()
        .fold(f64::INFINITY, f64::min);
    println!(
        "{ABOUT}\nThe grid is {SIDE} x {SIDE}, the minimum is F = {best:.9}. Contacts are the grid points on the hill;\n\
         the last column is the law that fits F - minimum better, from the first tenth of the run on.\n"
    );
    println!(
        "{:<30} iterations  restarts  contacts  law of convergence",
        "(p1, p2, p3), schedule"
    );
    let mut needed = Vec::new();
    for (label, inertia, schedule) in [
        (
            "plain alternation (0, 0, 0)",
            Inertia::NONE,
            Schedule::Constant,
        ),
        (
            "heavy ball (.9, 0, 0)",
            Inertia::heavy_ball(0.9)?,
            Schedule::Constant,
        ),
        (
            "nesterov (1, 1, 0), fista",
            Inertia::nesterov(1.0)?,
            Schedule::Fista,
        ),
        (
            "triple (.95, .95, .3)",
            DriverParams::INERTIA,
            Schedule::Constant,
        ),
    ] {
        let stopping = Stopping::default()
            .max_iterations(20_000)
            .target_objective(best * (1.0 + 1e-8));
        let config = DriverParams::default()
            .inertia(inertia)
            .schedule(schedule)
            .stopping(stopping)
            .check()?;
        let outcome = Driver::new(config).run(Membrane::new())?;
        // The first tenth is left out as transient.
        let rates = outcome
            .trace
            .fit_rates(outcome.iterations / 10, Limit::Known(best))?;
        let note = if outcome.reason == StopReason::TargetObjective {
            ""
        } else {
            " (not reached)"
        };
        println!(
            "{label:<30}{:>11}{:>10}{:>10}  {}{note}",
            outcome.iterations,
            outcome.restarts,
            outcome.problem.n_contacts(),
            rates.better()
        );
        needed.push((outcome.iterations, label));
    }
    let plain = needed[0].0;
    if let Some((fewest, label)) = needed.iter().min() {
        println!(
            "\nResult: {label} is fastest with {fewest} iterations; plain alternation takes {:.1} times as many.",
            plain as f64 / *fewest as f64
        );
    }
    Ok(())
}
