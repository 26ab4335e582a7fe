//! A trial of bounded staleness by the full batch, outside the library: the sums that W and b steps take from other processes are some iterations
//! old, and the guard looks at F as it is.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use tiam_core::{BlockChange, BlockProblem, Driver, Guard, Inertia, Outcome};
use tiam_linalg::{Numbers, Reduction, StateVisitor};
use tiam_models::{Network, NetworkMeasures, NetworkProblem, Samples, TiamParams, TrainingProblem};

use crate::channels::Process;

/// Longer numbers are sums over samples; shorter ones are totals, such as F, and always fresh.
const LONGEST_TOTAL: usize = 16;

/// Processes, of which the first adds its own sums to those that the others had so many iterations ago, or as many as there were.
pub(crate) struct Stale {
    processes: Process,
    staleness: usize,
    arrived: Mutex<Arrived>,
}

#[derive(Default)]
struct Arrived {
    /// True while a step is done again.
    is_fresh: bool,
    /// Sums received in this iteration.
    n: usize,
    /// The last ones for each of them.
    sums: Vec<VecDeque<Vec<f64>>>,
}

impl fmt::Debug for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} late", self.processes, self.staleness)
    }
}

impl Stale {
    pub(crate) fn new(processes: Process, staleness: usize) -> Self {
        Self {
            processes,
            staleness,
            arrived: Mutex::default(),
        }
    }

    fn arrived(&self, change: impl FnOnce(&mut Arrived)) {
        change(&mut self.arrived.lock().unwrap());
    }
}

impl Reduction for Stale {
    fn rank(&self) -> usize {
        self.processes.rank()
    }

    fn size(&self) -> usize {
        self.processes.size()
    }

    fn send(&self, to: usize, numbers: Numbers<'_>) {
        self.processes.send(to, numbers);
    }

    fn receive(&self, from: usize, numbers: Numbers<'_>) {
        let Numbers::F64(numbers) = numbers else {
            return self.processes.receive(from, numbers);
        };
        self.processes.receive(from, Numbers::F64(numbers));
        let mut arrived = self.arrived.lock().unwrap();
        if arrived.is_fresh || numbers.len() <= LONGEST_TOTAL || self.rank() > 0 {
            return;
        }
        let at = arrived.n;
        arrived.n += 1;
        if at == arrived.sums.len() {
            arrived.sums.push(VecDeque::new());
        }
        let sums = &mut arrived.sums[at];
        sums.push_back(numbers.to_vec());
        if sums.len() > self.staleness + 1 {
            sums.pop_front();
        }
        numbers.copy_from_slice(&sums[0]);
    }

    fn broadcast(&self, root: usize, numbers: Numbers<'_>) {
        self.processes.broadcast(root, numbers);
    }
}

/// The block problem with such processes. A step is measured by F after it, from fresh totals. One that raises F is taken back and done with fresh
/// sums, without inertia.
struct Guarded<'d> {
    problem: NetworkProblem<'d, f64>,
    processes: Arc<Stale>,
    before: f64,
    saved: State,
    /// The block whose step has just been tried.
    tried: Option<usize>,
}

/// Every number of a problem, kept or put back.
#[derive(Default)]
struct State {
    values: VecDeque<Vec<f64>>,
    is_restored: bool,
}

impl State {
    fn pass(&mut self, numbers: &mut [f64]) {
        match self.is_restored {
            true => numbers.copy_from_slice(&self.values.pop_front().unwrap()),
            false => self.values.push_back(numbers.to_vec()),
        }
    }
}

impl StateVisitor<f64> for State {
    fn values(&mut self, _: &str, values: &mut [f64]) {
        self.pass(values);
    }

    fn numbers(&mut self, _: &str, numbers: &mut [f64]) {
        self.pass(numbers);
    }
}

impl BlockProblem for Guarded<'_> {
    type Measures = NetworkMeasures;

    fn n_blocks(&self) -> usize {
        self.problem.n_blocks()
    }

    fn block_name(&self, block: usize) -> String {
        self.problem.block_name(block)
    }

    fn begin_iteration(&mut self, iteration: usize) {
        self.processes.arrived(|arrived| arrived.n = 0);
        self.problem.begin_iteration(iteration);
    }

    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let is_second = self.tried.replace(block) == Some(block);
        if is_second {
            self.saved.is_restored = true;
            self.problem.visit_state(&mut self.saved);
        } else {
            self.before = self.problem.objective();
            self.saved = State::default();
            self.problem.visit_state(&mut self.saved);
        }
        self.processes
            .arrived(|arrived| arrived.is_fresh = is_second);
        self.problem.propose(block, inertia);
        self.problem.accept(block);
        BlockChange::between(self.before, self.problem.objective())
    }

    fn accept(&mut self, _: usize) {
        self.tried = None;
    }

    fn objective(&mut self) -> f64 {
        self.problem.objective()
    }

    fn violation(&mut self) -> f64 {
        self.problem.violation()
    }

    fn measures(&mut self) -> NetworkMeasures {
        self.problem.measures()
    }

    fn non_finite(&self, measures: &NetworkMeasures) -> Option<(&'static str, f64)> {
        self.problem.non_finite(measures)
    }
}

/// What a run ends with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct End {
    pub(crate) network: Network<f64>,
    /// F after every iteration; shorter where the run failed.
    pub(crate) objectives: Vec<f64>,
    pub(crate) restarts: usize,
}

/// Trains in this process and the others, with or without the guard.
pub(crate) fn train(
    network: Network<f64>,
    samples: &Samples<f64>,
    params: TiamParams,
    guard: Guard,
    processes: Stale,
) -> End {
    let processes = Arc::new(processes);
    let config = params
        .guard(guard)
        .reduction(processes.clone() as Arc<dyn Reduction>);
    let config = config.check().unwrap();
    let problem = Guarded {
        problem: NetworkProblem::new(network, samples, config.clone()).unwrap(),
        processes,
        before: 0.0,
        saved: State::default(),
        tried: None,
    };
    match Driver::new(config.driver().clone()).run(problem) {
        Ok(Outcome {
            problem,
            trace,
            restarts,
            ..
        }) => End {
            network: problem.problem.network().unwrap(),
            objectives: trace.objectives(),
            restarts,
        },
        Err(failure) => End {
            network: failure.problem.problem.network().unwrap(),
            objectives: failure.trace.objectives(),
            restarts: 0,
        },
    }
}
