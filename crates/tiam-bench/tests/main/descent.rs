//! The lemmas of `docs/THEORY.md`, put to runs. `cargo test -p tiam-bench --test main descent -- --nocapture` shows a table of each.

use std::collections::BTreeMap;
use std::mem;

use tiam_bench::shapes::{Shape, samples};
use tiam_core::{BlockChange, BlockProblem, Driver, Inertia, Stopping};
use tiam_linalg::StateVisitor;
use tiam_models::{Activation, Architecture, Band, Init, Loss, Network, NetworkMeasures};
use tiam_models::{NetworkProblem, Samples, TiamParams, TrainingProblem, train};

use crate::common::problem;

struct Watched<'d> {
    problem: NetworkProblem<'d, f64>,
    rho: f64,
    n_samples: f64,
    /// Of this iteration, by block: the last proposal's change, and the number of proposals.
    proposed: BTreeMap<String, (BlockChange, usize)>,
    state: State,
    steps: BTreeMap<String, Vec<Step>>,
}

struct Step {
    restarted: bool,
    /// Decrease of φ over θ/2 ‖S‖², S the block's change, θ the accepted one for W and a, ρN for b, ρ for z.
    ratio: f64,
    norm: f64,
}

/// Values and numbers of a run's state, by name.
#[derive(Default)]
struct State(BTreeMap<String, Vec<f64>>);

impl StateVisitor<f64> for State {
    fn values(&mut self, name: &str, values: &mut [f64]) {
        self.0.insert(name.to_owned(), values.to_vec());
    }
    fn numbers(&mut self, name: &str, numbers: &mut [f64]) {
        self.0.insert(name.to_owned(), numbers.to_vec());
    }
}

impl BlockProblem for Watched<'_> {
    type Measures = NetworkMeasures;
    fn n_blocks(&self) -> usize {
        self.problem.n_blocks()
    }
    fn block_name(&self, block: usize) -> String {
        self.problem.block_name(block)
    }
    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let change = self.problem.propose(block, inertia);
        let proposed = self.proposed.entry(self.problem.block_name(block));
        let (last, count) = proposed.or_insert((change, 0));
        (*last, *count) = (change, *count + 1);
        change
    }
    fn accept(&mut self, block: usize) {
        self.problem.accept(block);
    }
    fn objective(&mut self) -> f64 {
        self.problem.objective()
    }
    /// Called once an iteration. The band is constant, so that nothing else moves a block.
    fn measures(&mut self) -> NetworkMeasures {
        let before = mem::take(&mut self.state).0;
        self.problem.visit_state(&mut self.state);
        for (name, (change, count)) in mem::take(&mut self.proposed) {
            let theta = match &name[..1] {
                "b" => self.rho * self.n_samples,
                "z" => self.rho,
                "W" => self.state.0[&format!("{name}.theta")][0],
                _ => self.state.0[&format!("{name}.tau")][0],
            };
            let current = format!("{name}.current");
            let (old, new) = (&before[&current], &self.state.0[&current]);
            let moved_sq: f64 = old.iter().zip(new).map(|(x, y)| (x - y).powi(2)).sum();
            let unit = 0.5 * theta * moved_sq;
            if unit > 1e7 * change.rounding {
                self.steps.entry(name).or_default().push(Step {
                    restarted: count > 1,
                    ratio: -change.increase / unit,
                    norm: new.iter().map(|x| x * x).sum::<f64>().sqrt(),
                });
            }
        }
        self.problem.measures()
    }
}

/// Trains with the default coefficients and a constant band, prints a row a block, and checks the lemmas' constants.
fn watch(start: Network<f64>, data: &Samples<f64>, rho: f64) {
    let params = TiamParams::default().rho(rho).band(Band::constant(0.3));
    let stopping = Stopping::default().max_iterations(60);
    let config = params.stopping(stopping).check().unwrap();
    let p3 = config.driver().params().inertia.correction;
    let sigma = (1.0 - p3) / (1.0 + p3);
    let watched = Watched {
        problem: NetworkProblem::new(start, data, config.clone()).unwrap(),
        rho,
        n_samples: data.n_samples() as f64,
        proposed: BTreeMap::new(),
        state: State::default(),
        steps: BTreeMap::new(),
    };
    let outcome = Driver::new(config.driver().clone()).run(watched);
    let steps = outcome.map_err(|failure| failure.error).unwrap();
    println!("block steps restarts least: accepted restarted largest norm");
    for (name, steps) in &steps.problem.steps {
        let of = |restarted| steps.iter().filter(move |s| s.restarted == restarted);
        let [accepted, redone] =
            [false, true].map(|kind| of(kind).map(|s| s.ratio).fold(f64::INFINITY, f64::min));
        let (n, restarts) = (steps.len(), of(true).count());
        let norm = steps.iter().map(|s| s.norm).fold(0.0, f64::max);
        println!("{name:5} {n:5} {restarts:8} {accepted:15.5} {redone:9.4} {norm:12.3}");
        let squared = data.target().loss() == Loss::Squared;
        let bound = match &name[..] {
            "z_3" if squared => sigma * (1.0 + rho) / rho,
            "b_1" | "b_2" | "b_3" | "z_1" | "z_2" => sigma,
            _ => 0.0,
        };
        assert!(accepted > bound * (1.0 - 1e-6), "{name}: {accepted}");
        assert!(redone > 1.0 - 1e-6, "{name}: {redone}");
    }
}

#[test]
fn each_step_lowers_its_objective_as_the_lemmas_say() {
    for h in [Activation::Relu, Activation::LeakyRelu, Activation::Elu] {
        for loss in [Loss::CrossEntropy, Loss::Squared] {
            let (start, data) = problem(&[5, 6, 4, 3], 30, loss, h, 7);
            watch(start, &data, 1.0);
        }
    }
    let digits = samples::<f64>(Shape::Digits, None, 0).unwrap().train;
    let shape = Architecture::new(64, &[30, 30], 10, Activation::Relu, Loss::CrossEntropy);
    let start = Network::new(shape.unwrap(), Init::He, 0).unwrap();
    watch(start, &digits, 1e-3);
}

/// Proposition 6.
#[test]
fn a_constant_band_without_a_ridge_holds_the_hidden_layers() {
    let (start, data) = problem(&[5, 6, 4, 3], 30, Loss::Squared, Activation::Relu, 7);
    let params = TiamParams::default().ridge(0.0).band(Band::constant(0.3));
    let trained = train(start.clone(), &data, &params.check().unwrap(), &mut []).unwrap();
    let weights = |network: &Network<f64>, l: usize| network.layers()[l].weights.clone();
    let moved = |l| {
        let (a, b) = (weights(&start, l), weights(&trained.network, l));
        let entries = a.as_slice().iter().zip(b.as_slice());
        entries.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
    };
    assert!(moved(0).max(moved(1)) < 1e-12 && moved(2) > 0.1);
}
