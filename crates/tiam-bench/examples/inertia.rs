//! What inertia, the band, the order and the solver do to F and to accuracy: the figures of `docs/inertia.md`.
//!
//!     cargo run --release -p tiam-bench --example inertia -- --data DIR [--sets pubmed,cora] [--seeds N] > inertia.csv
//!
//! Writes a row of CSV for each data set, variant and seed. A seed draws the weights and the split: of a graph's nodes 20 a class for training, 500
//! for validation, the rest for the test; of the digits 60, 20 and 20 %; of MNIST `mnist-N`, N and 4,000 of its training part and its test part.
//! One thread, f32, hidden layers of 100 and 100, ReLU.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "an example fails by panicking"
)]

mod common;

use std::collections::BTreeMap;

use tiam::{Encoding, ScalingKind};
use tiam_core::{BlockChange, BlockProblem, Driver, Inertia, Order, Schedule, Stopping};
use tiam_data::{Dataset, LoadParams, digits, load};
use tiam_linalg::{Compute, Solver};
use tiam_models::{
    Activation, Architecture, Band, Init, NamedOrder, Network, NetworkMeasures, NetworkProblem,
    Samples, TiamParams, TrainingProblem,
};

const USAGE: &str = "\
Writes a row of CSV for each data set, variant and seed.

usage: inertia [--data DIR] [--sets NAMES] [--seeds N] [--only VARIANTS]
  --data   folder that holds cora.npz, citeseer.npz, pubmed.npz and mnist/; data if not given
  --sets   of pubmed, cora, citeseer, digits, mnist-N, separated by commas; the first four if not given
  --seeds  from 1; 10 if not given
  --only   names of variants, separated by semicolons; all if not given";

const MARKS: [usize; 5] = [10, 20, 50, 70, 100];

/// A setting with its name.
type Variant = (&'static str, TiamParams);

/// The setting whose a steps have no inertia.
const STILL: &str = "inertia, not in a";

/// The settings tried; 100 iterations.
fn variants(set: &str) -> Vec<Variant> {
    let rho = if set == "citeseer" { 1e-4 } else { 1e-3 };
    let stopping = Stopping::default().max_iterations(100);
    let base = || TiamParams::default().rho(rho).stopping(stopping.clone());
    let plain = || base().inertia(Inertia::NONE);
    let band = |text: &str| text.parse::<Band>().unwrap();
    let mut named: Vec<Variant> = vec![("default", base()), ("plain", plain())];
    if ["pubmed", "cora", "citeseer"].contains(&set) {
        let late = Schedule::custom(|k, p| if k < 20 { Inertia::NONE } else { p });
        named.extend([
            ("inertia from 20", base().schedule(late)),
            (STILL, base()),
            ("start 1", base().band(band("1,0.9,0.01"))),
            ("plain, start 1", plain().band(band("1,0.9,0.01"))),
        ]);
        for (_, params) in &mut named {
            *params = params.clone().solver(Solver::AUTO);
        }
    } else {
        let solved = || base().solver(Solver::Cholesky);
        let pulsing = |params: TiamParams| params.band(band("0.03,0.985,0.003")).pulse(true);
        let frozen = NamedOrder::new("last layer", |_, blocks| {
            blocks.retain(|block| *block >= 8);
        });
        named.extend([
            ("last layer alone", solved().order(frozen)),
            ("narrow", base().band(Band::constant(0.03))),
            ("cholesky", solved()),
            ("cholesky, narrow", solved().band(Band::constant(0.03))),
            ("cholesky, pulse", pulsing(solved())),
            (
                "cholesky, backward, pulse",
                pulsing(solved().order(Order::Backward)),
            ),
        ]);
    }
    named
}

/// A training problem whose a steps may go without inertia.
struct Problem<'d> {
    inner: NetworkProblem<'d, f32>,
    moves_activations: bool,
}

impl BlockProblem for Problem<'_> {
    type Measures = NetworkMeasures;
    fn n_blocks(&self) -> usize {
        self.inner.n_blocks()
    }
    fn block_name(&self, block: usize) -> String {
        self.inner.block_name(block)
    }
    fn begin_iteration(&mut self, iteration: usize) {
        self.inner.begin_iteration(iteration);
    }
    fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
        let still = block % 4 == 3 && !self.moves_activations;
        self.inner
            .propose(block, if still { Inertia::NONE } else { inertia })
    }
    fn accept(&mut self, block: usize) {
        self.inner.accept(block);
    }
    fn objective(&mut self) -> f64 {
        self.inner.objective()
    }
    fn measures(&mut self) -> NetworkMeasures {
        self.inner.measures()
    }
}

/// Training, validation and test part.
type Parts = [Samples<f32>; 3];

fn main() {
    let words = common::arguments(USAGE, 8);
    let mut given = BTreeMap::new();
    for pair in words.chunks(2) {
        match pair {
            [flag, value] if USAGE.contains(&format!("  {flag} ")) => given.insert(flag, value),
            _ => common::refuse(USAGE, format!("unexpected argument {:?}", pair[0])),
        };
    }
    let text = |flag: &str, default: &'static str| {
        given.get(&flag.to_owned()).map_or(default, |value| value)
    };
    let (folder, only) = (text("--data", "data"), text("--only", ""));
    let seeds: u64 = text("--seeds", "10").parse().unwrap();
    let marks = MARKS.map(|k| format!("F_{k},validation_{k}")).join(",");
    println!("data,variant,seed,{marks},train_loss,train,test,restarts");
    for set in text("--sets", "pubmed,cora,citeseer,digits").split(',') {
        let data = match set.split('-').next().unwrap_or(set) {
            "digits" => digits().unwrap(),
            "mnist" => load(format!("{folder}/mnist"), &LoadParams::default()).unwrap(),
            graph => load(format!("{folder}/{graph}.npz"), &LoadParams::default()).unwrap(),
        };
        for seed in 0..seeds {
            let parts = draw(&data, set, seed);
            let wanted = |v: &Variant| only.is_empty() || only.split(';').any(|n| n == v.0);
            for variant in variants(set).into_iter().filter(wanted) {
                let figures = run(&parts, &variant, seed);
                println!("{set},\"{}\",{seed},{figures}", variant.0);
            }
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn shuffle(&mut self, of: &mut [usize]) {
        for i in (1..of.len()).rev() {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            of.swap(i, ((z ^ (z >> 31)) % (i as u64 + 1)) as usize);
        }
    }
}

fn draw(data: &Dataset<f32>, set: &str, seed: u64) -> Parts {
    let mut random = Random(seed * 7919 + 1);
    let mut split = if set == "digits" {
        let split = data.make_split(0.2, 0.2, seed).unwrap();
        [split.train(), split.validation(), split.test()].map(<[usize]>::to_vec)
    } else if let Some(n) = set.strip_prefix("mnist-") {
        let whole = data.split().unwrap();
        let mut order = whole.train().to_vec();
        random.shuffle(&mut order);
        let validation = order.split_off(order.len() - 4000);
        order.truncate(n.parse().unwrap());
        [order, validation, whole.test().to_vec()]
    } else {
        let mut order: Vec<usize> = (0..data.n_samples()).collect();
        random.shuffle(&mut order);
        let mut counts = BTreeMap::new();
        let (train, mut rest): (Vec<usize>, Vec<usize>) = order.into_iter().partition(|&i| {
            let count = counts.entry(data.labels().unwrap()[i]).or_insert(0);
            *count += 1;
            *count <= 20
        });
        let test = rest.split_off(500);
        [train, rest, test]
    };
    split.iter_mut().for_each(|part| part.sort_unstable());
    let parts = split.map(|part| data.subset(&part).unwrap());
    let scaling = match set {
        "digits" => ScalingKind::Standard,
        _ => ScalingKind::None,
    };
    let encoding = Encoding::fit(&parts[0], scaling, set, "last").unwrap();
    parts.map(|part| encoding.samples(part, set).unwrap())
}

fn run([train, validation, test]: &Parts, (name, params): &Variant, seed: u64) -> String {
    let (n_in, target) = (train.inputs().n_rows(), train.target());
    let shape = Architecture::new(
        n_in,
        &[100, 100],
        target.n_outputs(),
        Activation::Relu,
        target.loss(),
    );
    let network = Network::new(shape.unwrap(), Init::He, seed).unwrap();
    let config = params.clone().check().unwrap();
    let problem = Problem {
        inner: NetworkProblem::new(network, train, config.clone()).unwrap(),
        moves_activations: *name != STILL,
    };
    let mut compute = Compute::new(1).unwrap();
    let mut percent = |network: &Network<f32>, on: &Samples<f32>| {
        100.0
            * network
                .evaluate(on, &mut compute)
                .unwrap()
                .accuracy
                .unwrap()
    };
    let driver = Driver::new(config.driver().clone());
    let mut run = driver
        .start(problem)
        .map_err(|failure| failure.error)
        .unwrap();
    let mut figures = Vec::new();
    for k in 1..=100 {
        let _ = run.step().unwrap();
        if MARKS.contains(&k) {
            let network = run.problem().inner.network().unwrap();
            let f = run.trace().last().unwrap().objective;
            figures.push(format!("{f:.5},{:.2}", percent(&network, validation)));
        }
    }
    let last = run.trace().last().unwrap();
    let network = run.problem().inner.network().unwrap();
    let (loss, accuracy) = (last.measures.train_loss, last.measures.train_accuracy);
    let on_test = percent(&network, test);
    let accuracy = 100.0 * accuracy.unwrap();
    format!(
        "{},{loss:.4},{accuracy:.2},{on_test:.2},{}",
        figures.join(","),
        last.restarts
    )
}
