//! A wrapper that times the blocks of any problem.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tiam_core::{BlockChange, BlockProblem, Inertia};

/// Wraps a problem and adds up the wall-clock time of each of its blocks; changes nothing else.
#[derive(Debug)]
pub struct Timed<P> {
    problem: P,
    spent: BTreeMap<String, Spent>,
}

/// Time and calls of one kind of work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Wall-clock time, all calls together.
    pub time: Duration,
    /// How often it was done.
    pub calls: usize,
}

impl<P> Timed<P> {
    /// Starts with empty sums.
    pub fn new(problem: P) -> Self {
        Self {
            problem,
            spent: BTreeMap::new(),
        }
    }

    /// The sums so far, by name: `propose W_1`, `accept W_1`, …, `begin`, `objective`, `violation`, `measures`.
    pub fn spent(&self) -> &BTreeMap<String, Spent> {
        &self.spent
    }

    fn timed<R>(&mut self, name: impl Into<String>, f: impl FnOnce(&mut P) -> R) -> R {
        let start = Instant::now();
        let result = f(&mut self.problem);
        let entry = self.spent.entry(name.into()).or_default();
        entry.time += start.elapsed();
        entry.calls += 1;
        result
    }
}

impl<P: BlockProblem> BlockProblem for Timed<P> {
    type Measures = P::Measures;

    fn n_blocks(&self) -> usize {
        self.problem.n_blocks()
    }

    fn block_name(&self, block: usize) -> String {
        self.problem.block_name(block)
    }

    fn begin_iteration(&mut self, iteration: usize) {
        self.timed("begin", |p| p.begin_iteration(iteration));
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let name = format!("propose {}", self.problem.block_name(block));
        self.timed(name, |p| p.propose(block, inertia))
    }

    fn accept(&mut self, block: usize) {
        let name = format!("accept {}", self.problem.block_name(block));
        self.timed(name, |p| p.accept(block));
    }

    fn objective(&mut self) -> f64 {
        self.timed("objective", P::objective)
    }

    fn violation(&mut self) -> f64 {
        self.timed("violation", P::violation)
    }

    fn measures(&mut self) -> P::Measures {
        self.timed("measures", P::measures)
    }
}
