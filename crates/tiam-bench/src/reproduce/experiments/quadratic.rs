//! Strongly convex quadratics of known rate, and measurements of TIAM on them.
//!
//! F = Σ_i d_i (½ x_i² + ½ y_i² + c x_i y_i), or its first term alone: one block x, or two that are coupled. The solution is
//! the origin, without loss of generality because the iteration commutes with translations. So the gap F − F* = F is exact down
//! to the smallest floating-point number, and not only down to rounding of F*.

use tiam_core::{
    Block, BlockChange, BlockProblem, CoreError, Driver, DriverParams, Guard, Inertia, Limit,
    RateFit, Stopping, Trace,
};

/// c of the coupled problem.
const COUPLING: f64 = 0.5;

/// The gap, as a share of the first one, at which a run ends.
const END: f64 = 1e-60;
/// The fit takes the iterations from this gap on: by then only the slowest directions are left.
const TAIL: f64 = 1e-48;
/// A gap that has grown by this factor ends a run as diverged.
const DIVERGED: f64 = 1e60;

/// A diagonal quadratic of one block or of two coupled ones.
#[derive(Clone, Debug)]
pub(super) struct Quadratic {
    curvatures: Vec<f64>,
    blocks: Vec<Block<f64>>,
    /// c times the other block's values: what it adds to x in the gradient.
    pull: Vec<f64>,
}

/// Curvatures from 1 down to 1/κ, evenly spaced in the logarithm.
pub(super) fn curvatures(kappa: f64, n: u32) -> Vec<f64> {
    let last = f64::from(n.max(2) - 1);
    (0..n).map(|i| kappa.powf(-f64::from(i) / last)).collect()
}

impl Quadratic {
    /// One block, or two, over these curvatures. Every direction of x starts with the energy ½; y starts at 0.
    pub(super) fn new(curvatures: Vec<f64>, n_blocks: usize) -> Self {
        let start = curvatures.iter().map(|d| d.sqrt().recip()).collect();
        let zeros = vec![0.0; curvatures.len()];
        let mut blocks = vec![Block::new(start)];
        blocks.extend((1..n_blocks).map(|_| Block::new(zeros.clone())));
        Self {
            curvatures,
            blocks,
            pull: zeros,
        }
    }

    fn set_pull(&mut self, block: usize) {
        let other = if block == 0 { 1 } else { 0 };
        match self.blocks.get(other) {
            Some(other) => {
                for (pull, value) in self.pull.iter_mut().zip(other.current()) {
                    *pull = COUPLING * value;
                }
            }
            None => self.pull.fill(0.0),
        }
    }
}

impl BlockProblem for Quadratic {
    type Measures = ();

    fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    fn block_name(&self, block: usize) -> String {
        ["x", "y"][block.min(1)].to_owned()
    }

    /// The step 1/θ with θ = 1, the largest curvature of a block.
    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        self.set_pull(block);
        let (d, pull) = (&self.curvatures, &self.pull);
        let block = &mut self.blocks[block];
        block.propose_with(inertia, 1.0, |at, gradient| {
            for (i, gradient) in gradient.iter_mut().enumerate() {
                *gradient = d[i] * (at[i] + pull[i]);
            }
        });
        let (from, to) = (block.current(), block.candidate());
        let mut change = BlockChange::new(0.0, 0.0);
        for i in 0..d.len() {
            change.before += d[i] * from[i] * (0.5 * from[i] + pull[i]);
            // As a product, so that a small change of a large value is not lost.
            change.increase += d[i] * (to[i] - from[i]) * (0.5 * (to[i] + from[i]) + pull[i]);
        }
        change
    }

    fn accept(&mut self, block: usize) {
        self.blocks[block].accept();
    }

    fn objective(&mut self) -> f64 {
        let x = self.blocks[0].current();
        let term = |i: usize| match self.blocks.get(1) {
            None => 0.5 * x[i] * x[i],
            Some(y) => {
                let y = y.current()[i];
                0.5 * (x[i] * x[i] + y * y) + COUPLING * x[i] * y
            }
        };
        (0..x.len()).map(|i| self.curvatures[i] * term(i)).sum()
    }

    fn measures(&mut self) {}
}

/// A square matrix of the linear recurrences below, by rows.
type Map = Vec<Vec<f64>>;

/// The recurrence of one direction of curvature share s = λ/θ: u⁺ = (α + β) u − β u₋ + γ v for the value v of the other block.
///
/// With δ = u − u₋ the step is ū = u + p1 δ − s (u + p2 δ) − s c v and u⁺ = ū + p3 (ū − u), hence α = 1 − (1 + p3) s,
/// β = (1 + p3)(p1 − s p2) and γ = −(1 + p3) s c.
fn recurrence(inertia: Inertia, s: f64) -> (f64, f64, f64) {
    let beyond = 1.0 + inertia.correction;
    let alpha = 1.0 - beyond * s;
    let beta = beyond * (inertia.start - s * inertia.gradient);
    (alpha + beta, -beta, -beyond * s * COUPLING)
}

/// max |r| over the roots of r² = a r + b: the spectral radius of one block's map on (u_k, u_{k−1}).
fn root_radius(a: f64, b: f64) -> f64 {
    let discriminant = 0.25 * a * a + b;
    if discriminant < 0.0 {
        // A conjugate pair, whose product is −b.
        (-b).sqrt()
    } else {
        0.5 * a.abs() + discriminant.sqrt()
    }
}

/// The map of one sweep over x, then y, on (x_k, x_{k−1}, y_k, y_{k−1}): y sees the new x.
fn sweep_map(inertia: Inertia, s: f64) -> Map {
    let (a, b, c) = recurrence(inertia, s);
    let x = [a, b, c, 0.0];
    vec![
        x.to_vec(),
        vec![1.0, 0.0, 0.0, 0.0],
        vec![c * x[0], c * x[1], c * x[2] + a, b],
        vec![0.0, 0.0, 1.0, 0.0],
    ]
}

/// lim ‖M^n‖^(1/n), by squaring M this many times; the norm's constant and the powers of n of a defective M are gone by then.
const SQUARINGS: i32 = 40;

/// The spectral radius of a map, from ‖M^(2^k)‖^(2^−k).
fn spectral_radius(mut map: Map) -> f64 {
    let mut log_radius = 0.0;
    for k in 0..=SQUARINGS {
        let norm = map.iter().flatten().map(|x| x * x).sum::<f64>().sqrt();
        if norm <= 0.0 {
            return 0.0;
        }
        log_radius += norm.ln() * 0.5f64.powi(k);
        for x in map.iter_mut().flatten() {
            *x /= norm;
        }
        map = squared(&map);
    }
    log_radius.exp()
}

fn squared(map: &Map) -> Map {
    let n = map.len();
    let entry = |i: usize, j: usize| (0..n).map(|k| map[i][k] * map[k][j]).sum();
    (0..n)
        .map(|i| (0..n).map(|j| entry(i, j)).collect())
        .collect()
}

/// The asymptotic factor of F − F* an iteration without guard: the square of the slowest direction's spectral radius.
pub(super) fn theoretical_rate(curvatures: &[f64], n_blocks: usize, inertia: Inertia) -> f64 {
    let radius = |&s: &f64| {
        if n_blocks == 1 {
            let (a, b, _) = recurrence(inertia, s);
            root_radius(a, b)
        } else {
            spectral_radius(sweep_map(inertia, s))
        }
    };
    let slowest = curvatures.iter().map(radius).fold(0.0, f64::max);
    slowest * slowest
}

/// Measurements of a run on a quadratic.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// The linear law over the tail, unless the run did not get there.
    pub(super) fit: Option<RateFit>,
    /// See [`growth`].
    pub(super) growth: Option<f64>,
    pub(super) iterations: usize,
    pub(super) restarts: usize,
    pub(super) reason: &'static str,
}

/// Runs until the gap has fallen to 1e-60 of the first one and fits the linear law from 1e-48 on, or until it has grown as far.
pub(super) fn measure(
    problem: Quadratic,
    inertia: Inertia,
    guard: Guard,
    stopping: Stopping,
) -> Result<Measured, CoreError> {
    let (trace, diverged) = trace(problem, inertia, guard, stopping)?;
    let first = trace.first().map_or(0.0, |row| row.objective);
    let last = trace.last().map_or(first, |row| row.objective);
    let reached = last <= END * first;
    let mut rows = trace.rows.iter();
    let from = rows.find(|row| row.objective <= TAIL * first);
    let fit = match from {
        Some(row) if reached => Some(trace.fit_rates(row.iteration, Limit::Known(0.0))?.linear),
        _ => None,
    };
    Ok(Measured {
        fit,
        growth: growth(&trace.objectives()),
        iterations: trace.last().map_or(0, |row| row.iteration),
        restarts: trace.last().map_or(0, |row| row.restarts),
        reason: match (diverged, reached) {
            (true, _) => "diverged",
            (false, true) => "converged",
            (false, false) => "max_iterations",
        },
    })
}

/// The course of a run and whether it diverged.
fn trace(
    mut problem: Quadratic,
    inertia: Inertia,
    guard: Guard,
    stopping: Stopping,
) -> Result<(Trace<()>, bool), CoreError> {
    let end = END * problem.objective();
    let config = DriverParams::default()
        .inertia(inertia)
        .guard(guard)
        .divergence_factor(DIVERGED)
        .stopping(stopping.target_objective(end))
        .check()?;
    match Driver::new(config).run(problem) {
        Ok(outcome) => Ok((outcome.trace, false)),
        Err(failure) => match failure.error {
            CoreError::Diverged { .. } | CoreError::NonFinite { .. } => Ok((failure.trace, true)),
            error => Err(error),
        },
    }
}

/// Factor of the gap an iteration, from its largest value in the last quarter of a run and in the quarter before: ripples do
/// not touch it, and it tells growth as well as decay.
pub(super) fn growth(gaps: &[f64]) -> Option<f64> {
    let quarter = gaps.len() / 4;
    let exponent = 1.0 / f64::from(u32::try_from(quarter).ok().filter(|&n| n > 0)?);
    let (before, last) = gaps[gaps.len() - 2 * quarter..].split_at(quarter);
    let largest = |gaps: &[f64]| gaps.iter().copied().fold(0.0, f64::max);
    let factor = (largest(last) / largest(before)).powf(exponent);
    factor.is_finite().then_some(factor)
}

#[cfg(test)]
#[path = "../../../tests/unit/reproduce_experiments_quadratic.rs"]
mod tests;
