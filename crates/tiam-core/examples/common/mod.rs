//! What the examples share: numbers by a seed, products of small matrices, the configurations to compare.
#![allow(dead_code, reason = "not every example uses everything")]

use tiam_core::{Comparison, CoreError, DriverConfig, DriverParams, Inertia, Schedule, Stopping};

/// Prints `about` and ends the process on `--help`; ends it with status 2 on any other argument.
pub(crate) fn check_no_arguments(about: &str) {
    match std::env::args().nth(1).as_deref() {
        None => println!("{about}\n"),
        Some("-h" | "--help") => {
            println!("{about}\n\nThis example takes no arguments.");
            std::process::exit(0);
        }
        Some(other) => {
            eprintln!("error: unexpected argument {other:?}; this example takes no arguments");
            std::process::exit(2);
        }
    }
}

/// Plain alternation, heavy ball, Nesterov's scheme by this schedule, and these three coefficients.
pub(crate) fn configurations(
    schedule: Schedule,
    triple: Inertia,
    stopping: &Stopping,
) -> Result<Vec<(String, DriverConfig)>, CoreError> {
    let nesterov = format!("nesterov (1, 1, 0), {schedule}");
    let [p1, p2, p3] = [triple.start, triple.gradient, triple.correction];
    let all = [
        (
            "plain (0, 0, 0)".to_owned(),
            Inertia::NONE,
            Schedule::Constant,
        ),
        (
            "heavy ball (0.9, 0, 0)".to_owned(),
            Inertia::heavy_ball(0.9)?,
            Schedule::Constant,
        ),
        (nesterov, Inertia::nesterov(1.0)?, schedule),
        (
            format!("triple ({p1}, {p2}, {p3})"),
            triple,
            Schedule::Constant,
        ),
    ];
    let configuration = |(name, inertia, schedule)| {
        let params = DriverParams::default().inertia(inertia).schedule(schedule);
        Ok((name, params.stopping(stopping.clone()).check()?))
    };
    all.into_iter().map(configuration).collect()
}

/// Prints the table, and how many times as many iterations the first configuration takes as the fastest.
pub(crate) fn print<M>(comparison: &Comparison<M>) {
    println!("{comparison}");
    if let Some(fastest) = comparison.fastest() {
        println!(
            "\nResult: {} is fastest with {} iterations; {} takes {:.1} times as many.",
            fastest.name,
            fastest.iterations,
            comparison.runs[0].name,
            comparison.runs[0].iterations as f64 / fastest.iterations as f64
        );
    }
}

/// A linear congruential generator.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Uniform in [0, 1].
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from((self.0 >> 32) as u32) / f64::from(u32::MAX)
    }

    /// Nearly normal, mean 0 and variance 1: a sum of twelve uniform numbers.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    pub(crate) fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.normal()).collect()
    }
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(crate) fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

// Matrices are stored row by row.

/// Aᵀ for A with this many columns.
pub(crate) fn transposed(a: &[f64], n_cols: usize) -> Vec<f64> {
    let n_rows = a.len() / n_cols;
    (0..a.len())
        .map(|i| a[(i % n_rows) * n_cols + i / n_rows])
        .collect()
}

/// A B for B with this many columns.
pub(crate) fn product(a: &[f64], b: &[f64], n_cols: usize) -> Vec<f64> {
    let inner = b.len() / n_cols;
    let mut out = vec![0.0; a.len() / inner * n_cols];
    for (out, a) in out.chunks_exact_mut(n_cols).zip(a.chunks_exact(inner)) {
        for (a, b) in a.iter().zip(b.chunks_exact(n_cols)) {
            out.iter_mut().zip(b).for_each(|(out, b)| *out += a * b);
        }
    }
    out
}

/// AᵀA for A with this many columns.
pub(crate) fn gram(a: &[f64], n_cols: usize) -> Vec<f64> {
    product(&transposed(a, n_cols), a, n_cols)
}

/// The largest absolute row sum of a square matrix: no eigenvalue is larger.
pub(crate) fn largest_row_sum(a: &[f64], n_cols: usize) -> f64 {
    let sums = a
        .chunks_exact(n_cols)
        .map(|row| row.iter().map(|a| a.abs()).sum());
    sums.fold(f64::MIN_POSITIVE, f64::max)
}

/// φ(U) = ½ ⟨U G, U⟩ − ⟨C, U⟩ = ½ ‖V − U Oᵀ‖² − ½ ‖V‖² for G = OᵀO, C = V O: the objective of one factor.
pub(crate) struct FactorObjective {
    pub(crate) gram: Vec<f64>,
    pub(crate) cross: Vec<f64>,
    rank: usize,
}

impl FactorObjective {
    /// For the data V and the other factor O, which has `rank` columns.
    pub(crate) fn new(data: &[f64], other: &[f64], rank: usize) -> Self {
        Self {
            gram: gram(other, rank),
            cross: product(data, other, rank),
            rank,
        }
    }

    /// U G − C.
    pub(crate) fn gradient(&self, at: &[f64]) -> Vec<f64> {
        minus(&product(at, &self.gram, self.rank), &self.cross)
    }

    pub(crate) fn value(&self, at: &[f64]) -> f64 {
        dot(&self.gradient(at), at) / 2.0 - dot(&self.cross, at) / 2.0
    }
}
