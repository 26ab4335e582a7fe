//! Problems and configurations that several tests use.

use std::ops::Range;

use tiam_core::{
    Block, BlockChange, BlockProblem, Driver, DriverConfig, DriverParams, Guard, Inertia, Outcome,
    Schedule, Stopping,
};

/// F(x) = ½ (x − x*)ᵀ A (x − x*), so F* = 0 and small gaps are exact; one gradient step of size 1/θ per block.
#[derive(Clone, Debug)]
pub(crate) struct Quadratic {
    /// Row by row, symmetric positive definite.
    pub(crate) a: Vec<f64>,
    pub(crate) solution: Vec<f64>,
    pub(crate) ranges: Vec<Range<usize>>,
    /// θ of each block: the largest absolute row sum of its diagonal part, no less than its largest eigenvalue.
    pub(crate) theta: Vec<f64>,
    pub(crate) blocks: Vec<Block<f64>>,
}

impl Quadratic {
    pub(crate) fn new(a: Vec<f64>, solution: Vec<f64>, sizes: &[usize], start: &[f64]) -> Self {
        let n = solution.len();
        assert_eq!(a.len(), n * n);
        let mut ranges = Vec::new();
        for &size in sizes {
            let first = ranges.last().map_or(0, |range: &Range<usize>| range.end);
            ranges.push(first..first + size);
        }
        assert_eq!(ranges.last().map(|range| range.end), Some(n));
        let row_sum =
            |range: &Range<usize>, i: usize| range.clone().map(|j| a[i * n + j].abs()).sum();
        let theta = ranges
            .iter()
            .map(|range| range.clone().map(|i| row_sum(range, i)).fold(0.0, f64::max))
            .collect();
        let blocks = ranges
            .iter()
            .map(|range| Block::new(start[range.clone()].to_vec()))
            .collect();
        Self {
            a,
            solution,
            ranges,
            theta,
            blocks,
        }
    }

    /// A diagonal one: no coupling.
    pub(crate) fn diagonal(curvatures: &[f64], sizes: &[usize], start: &[f64]) -> Self {
        let n = curvatures.len();
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            a[i * n + i] = curvatures[i];
        }
        Self::new(a, vec![0.0; n], sizes, start)
    }

    /// A = B Bᵀ / n + μ I with B from `entries`, so no eigenvalue is below μ.
    pub(crate) fn strongly_convex(entries: &[f64], n: usize, mu: f64, sizes: &[usize]) -> Self {
        let b = &entries[..n * n];
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                a[i * n + j] = (0..n).map(|k| b[i * n + k] * b[j * n + k]).sum::<f64>() / n as f64;
            }
            a[i * n + i] += mu;
        }
        let solution = entries[n * n..][..n].to_vec();
        let start = entries[n * n + n..][..n].to_vec();
        Self::new(a, solution, sizes, &start)
    }

    pub(crate) fn dim(&self) -> usize {
        self.solution.len()
    }

    pub(crate) fn x(&self) -> Vec<f64> {
        self.blocks
            .iter()
            .flat_map(|block| block.current().to_vec())
            .collect()
    }

    /// Rows `range` of A (x − x*), the block's gradient.
    pub(crate) fn gradient(&self, range: &Range<usize>, x: &[f64]) -> Vec<f64> {
        let n = self.dim();
        range
            .clone()
            .map(|i| {
                (0..n)
                    .map(|j| self.a[i * n + j] * (x[j] - self.solution[j]))
                    .sum()
            })
            .collect()
    }

    pub(crate) fn value(&self, x: &[f64]) -> f64 {
        let gradient = self.gradient(&(0..self.dim()), x);
        gradient
            .iter()
            .zip(x)
            .zip(&self.solution)
            .map(|((g, x), s)| g * (x - s))
            .sum::<f64>()
            / 2.0
    }
}

impl BlockProblem for Quadratic {
    type Measures = ();

    fn n_blocks(&self) -> usize {
        self.blocks.len()
    }

    fn block_name(&self, block: usize) -> String {
        format!("x{block}")
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let (n, range, x) = (self.dim(), self.ranges[block].clone(), self.x());
        let mut moved = std::mem::replace(&mut self.blocks[block], Block::new(Vec::new()));
        moved.propose_with(inertia, 1.0 / self.theta[block], |at, out| {
            let mut x = x.clone();
            x[range.clone()].copy_from_slice(at);
            out.copy_from_slice(&self.gradient(&range, &x));
        });
        let step: Vec<f64> = moved
            .candidate()
            .iter()
            .zip(moved.current())
            .map(|(new, old)| new - old)
            .collect();
        self.blocks[block] = moved;
        let slope: f64 = self
            .gradient(&range, &x)
            .iter()
            .zip(&step)
            .map(|(g, d)| g * d)
            .sum();
        let entry = |i: usize, j: usize| {
            self.a[(range.start + i) * n + range.start + j] * step[i] * step[j]
        };
        let curvature: f64 = (0..step.len())
            .map(|i| (0..step.len()).map(|j| entry(i, j)).sum::<f64>())
            .sum();
        BlockChange::new(self.value(&x), slope + curvature / 2.0)
    }

    fn accept(&mut self, block: usize) {
        self.blocks[block].accept();
    }

    fn objective(&mut self) -> f64 {
        self.value(&self.x())
    }

    fn measures(&mut self) {}
}

/// Some inertia.
pub(crate) const SOME: Inertia = Inertia {
    start: 0.5,
    gradient: 0.5,
    correction: 0.2,
};

/// `n` iterations with [`SOME`] inertia.
pub(crate) fn config(n: usize, guard: Guard) -> DriverConfig {
    params(SOME, Schedule::Constant, guard, n).check().unwrap()
}

/// Three blocks of a quadratic on which (.9, .9, .3) restarts now and then.
pub(crate) fn bowl() -> Quadratic {
    let entries: Vec<f64> = (0..48).map(|i| (f64::from(i * i) * 0.7).sin()).collect();
    Quadratic::strongly_convex(&entries, 6, 0.05, &[2, 3, 1])
}

/// Parameters in one line.
pub(crate) fn params(inertia: Inertia, schedule: Schedule, guard: Guard, n: usize) -> DriverParams {
    let stopping = Stopping::default().max_iterations(n);
    DriverParams::default()
        .inertia(inertia)
        .schedule(schedule)
        .guard(guard)
        .stopping(stopping)
}

pub(crate) fn run<P: BlockProblem>(params: DriverParams, problem: P) -> Outcome<P> {
    Driver::new(params.check().unwrap()).run(problem).unwrap()
}

/// A problem whose every answer is written down beforehand, and which writes down every question.
pub(crate) struct Scripted {
    pub(crate) n_blocks: usize,
    /// The increase of each proposal, in the order asked; 0 − 1 afterwards.
    pub(crate) increases: Vec<f64>,
    /// The objective of the start and after each iteration; the last one repeats.
    pub(crate) objectives: Vec<f64>,
    pub(crate) violations: Vec<f64>,
    /// Rounding of every increase.
    pub(crate) rounding: f64,
    pub(crate) log: Vec<String>,
    n_proposed: usize,
    n_objectives: usize,
    n_violations: usize,
}

impl Scripted {
    pub(crate) fn new(n_blocks: usize, increases: &[f64], objectives: &[f64]) -> Self {
        Self {
            n_blocks,
            increases: increases.to_vec(),
            objectives: objectives.to_vec(),
            violations: vec![0.0],
            rounding: 0.0,
            log: Vec::new(),
            n_proposed: 0,
            n_objectives: 0,
            n_violations: 0,
        }
    }

    /// The same with the violation of the start and after each iteration; the last one repeats.
    pub(crate) fn violating(mut self, violations: &[f64]) -> Self {
        self.violations = violations.to_vec();
        self
    }

    /// What was asked, without objective and measures.
    pub(crate) fn log(&self) -> String {
        self.log.join(" ")
    }
}

impl BlockProblem for Scripted {
    type Measures = usize;

    fn n_blocks(&self) -> usize {
        self.n_blocks
    }

    fn block_name(&self, block: usize) -> String {
        format!("b{block}")
    }

    fn begin_iteration(&mut self, iteration: usize) {
        self.log.push(format!("k{iteration}"));
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        self.log.push(format!(
            "p{block}{}",
            if inertia.is_none() { "-" } else { "" }
        ));
        self.n_proposed += 1;
        let increase = self.increases.get(self.n_proposed - 1);
        BlockChange::new(1.0, increase.copied().unwrap_or(-1.0)).with_rounding(self.rounding)
    }

    fn accept(&mut self, block: usize) {
        self.log.push(format!("a{block}"));
    }

    fn objective(&mut self) -> f64 {
        self.n_objectives += 1;
        self.objectives[(self.n_objectives - 1).min(self.objectives.len() - 1)]
    }

    fn violation(&mut self) -> f64 {
        self.n_violations += 1;
        self.violations[(self.n_violations - 1).min(self.violations.len() - 1)]
    }

    fn measures(&mut self) -> usize {
        self.n_proposed
    }
}
