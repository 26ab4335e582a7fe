//! Non-negative matrix factorisation: V ≈ W H with W, H ≥ 0, by one projected gradient step per factor and iteration.
//!
//! F(W, H) = ½ ‖V − W H‖² is convex in W and in H, not in both: the textbook case for alternating minimisation. V is
//! 120 x 90 of rank 8, made from known factors. Run with `cargo run --release -p tiam-core --example nmf`.

mod common;

use std::error::Error;

use tiam_core::{
    Block, BlockChange, BlockProblem, Driver, DriverParams, Inertia, Schedule, StopReason, Stopping,
};

const ROWS: usize = 120;
const COLS: usize = 90;
const RANK: usize = 8;

/// Both factors are stored as tall row-major matrices with RANK columns: W, and H transposed.
#[derive(Clone)]
struct Factorisation {
    /// V row by row, and V transposed row by row.
    data: [Vec<f64>; 2],
    factors: [Block<f64>; 2],
}

/// C = AᵀB, RANK x RANK, for two tall factors.
fn gram(a: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; RANK * RANK];
    for row in a.chunks_exact(RANK) {
        for (out, left) in out.chunks_exact_mut(RANK).zip(row) {
            out.iter_mut()
                .zip(row)
                .for_each(|(out, right)| *out += left * right);
        }
    }
    out
}

/// A B for A with as many columns as the RANK-column matrix B has rows.
fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
    let inner = b.len() / RANK;
    let mut out = vec![0.0; a.len() / inner * RANK];
    for (out, a) in out.chunks_exact_mut(RANK).zip(a.chunks_exact(inner)) {
        for (a, b) in a.iter().zip(b.chunks_exact(RANK)) {
            out.iter_mut().zip(b).for_each(|(out, b)| *out += a * b);
        }
    }
    out
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

impl BlockProblem for Factorisation {
    type Measures = ();

    fn n_blocks(&self) -> usize {
        2
    }

    fn block_name(&self, block: usize) -> String {
        ["W", "H"][block].into()
    }

    // φ(U) = ½ ⟨U G, U⟩ − ⟨C, U⟩ with G = OᵀO, C = V O, O the other factor. The largest row sum of G bounds its largest
    // eigenvalue, since G has no negative entry.
    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let other = self.factors[1 - block].current();
        let (gram, cross) = (gram(other), times(&self.data[block], other));
        let bound = gram
            .chunks_exact(RANK)
            .map(|row| row.iter().sum())
            .fold(f64::MIN_POSITIVE, f64::max);
        let factor = &mut self.factors[block];
        factor.propose_projected(
            inertia,
            1.0 / bound,
            |at, gradient| gradient.copy_from_slice(&minus(&times(at, &gram), &cross)),
            |u| u.iter_mut().for_each(|entry| *entry = entry.max(0.0)),
        );
        let step = minus(factor.candidate(), factor.current());
        let product = times(factor.current(), &gram);
        BlockChange {
            before: dot(&product, factor.current()) / 2.0 - dot(&cross, factor.current()),
            increase: dot(&minus(&product, &cross), &step) + dot(&times(&step, &gram), &step) / 2.0,
        }
    }

    fn accept(&mut self, block: usize) {
        self.factors[block].accept();
    }

    fn objective(&mut self) -> f64 {
        let (w, h) = (self.factors[0].current(), self.factors[1].current());
        let residual = |(v, w): (&[f64], &[f64])| -> f64 {
            v.iter()
                .zip(h.chunks_exact(RANK))
                .map(|(v, h)| (v - dot(w, h)).powi(2))
                .sum()
        };
        self.data[0]
            .chunks_exact(COLS)
            .zip(w.chunks_exact(RANK))
            .map(residual)
            .sum::<f64>()
            / 2.0
    }

    fn measures(&mut self) {}
}

/// Uniform numbers in [0, 1), a third of them set to zero, from a linear congruential generator.
fn numbers(state: &mut u64, n: usize) -> Vec<f64> {
    let mut uniform = || {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from((*state >> 32) as u32) / f64::from(u32::MAX)
    };
    (0..n)
        .map(|_| {
            if uniform() < 1.0 / 3.0 {
                0.0
            } else {
                uniform()
            }
        })
        .collect()
}

fn problem() -> Factorisation {
    let mut state = 7;
    let (w, h) = (
        numbers(&mut state, ROWS * RANK),
        numbers(&mut state, COLS * RANK),
    );
    let entry = |i: usize, j: usize| dot(&w[i * RANK..][..RANK], &h[j * RANK..][..RANK]);
    let rows = (0..ROWS)
        .flat_map(|i| (0..COLS).map(move |j| (i, j)))
        .map(|(i, j)| entry(i, j))
        .collect();
    let cols = (0..COLS)
        .flat_map(|j| (0..ROWS).map(move |i| (i, j)))
        .map(|(i, j)| entry(i, j))
        .collect();
    let start = [
        numbers(&mut state, ROWS * RANK),
        numbers(&mut state, COLS * RANK),
    ];
    Factorisation {
        data: [rows, cols],
        factors: start.map(Block::new),
    }
}

const ABOUT: &str = "\
Non-negative matrix factorisation V = W H, solved with and without inertia.
The table gives the iterations until F = ||V - W H||^2 / 2 is 0.01 % of ||V||^2 / 2.";

fn main() -> Result<(), Box<dyn Error>> {
    common::check_no_arguments(ABOUT);
    let problem = problem();
    let target = 1e-4 * dot(&problem.data[0], &problem.data[0]) / 2.0;
    println!("{ABOUT}\nV is {ROWS} x {COLS} of rank {RANK}; the target is F = {target:.6}.\n");
    println!(
        "{:<30} iterations     final F  restarts",
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
            "nesterov (1, 1, 0), k/(k+3)",
            Inertia::nesterov(1.0)?,
            Schedule::Nesterov,
        ),
        (
            "triple (.95, .95, .3)",
            DriverParams::INERTIA,
            Schedule::Constant,
        ),
    ] {
        let stopping = Stopping::default()
            .max_iterations(20_000)
            .target_objective(target);
        let config = DriverParams::default()
            .inertia(inertia)
            .schedule(schedule)
            .stopping(stopping)
            .check()?;
        let outcome = Driver::new(config).run(problem.clone())?;
        let objective = outcome.trace.last().map_or(f64::NAN, |row| row.objective);
        let note = if outcome.reason == StopReason::TargetObjective {
            ""
        } else {
            " (not reached)"
        };
        println!(
            "{label:<30}{:>11}{objective:>12.6}{:>10}{note}",
            outcome.iterations, outcome.restarts
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
