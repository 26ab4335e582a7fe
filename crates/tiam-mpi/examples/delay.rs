//! Measurements of local steps: accuracy, seconds, messages and bytes, where messages arrive late.
//!
//!     cargo build --release -p tiam-mpi --features mpi --example delay
//!     mpirun -n 4 target/release/examples/delay DIR SEEDS STEPS MILLISECONDS EPOCHS SEND
//!
//! `DIR` is a data set with a split of its own, such as MNIST's folder; `digits` for the embedded digits. SEEDS, STEPS (`--local-steps`) and
//! MILLISECONDS (of delay) are lists, separated by commas; every combination is trained by batches, 100-100 hidden units, in f32, on one thread a
//! process, and stopped after so many of its 5 epochs. SEND is `full` or `bf16`. The first process prints a line for each, in CSV.
//!
//! A message that is received is delayed by so much; a broadcast by as much for each level of its tree.

#![allow(clippy::unwrap_used, reason = "a program for measuring")]

use std::env;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::sleep;
use std::time::Duration;

use tiam_data::{Dataset, LoadParams, digits, load};
use tiam_linalg::{Compute, Numbers, Reduction};
use tiam_models::{
    Activation, Architecture, Init, Network, Samples, Sent, StochasticData, StochasticParams,
    train_stochastic,
};
use tiam_mpi::Session;

const USAGE: &str = "usage: delay DIR|digits SEEDS STEPS MILLISECONDS EPOCHS SEND";

fn main() {
    let session = Session::start().unwrap();
    let processes = session.as_ref().map(Session::reduction);
    let given: Vec<String> = env::args().skip(1).collect();
    let [folder, seeds, steps, delays, epochs, sent] = &given[..] else {
        panic!("{USAGE}");
    };
    let (epochs, sent): (usize, Sent) = (epochs.parse().unwrap(), sent.parse().unwrap());
    let (train, test) = samples(folder);
    let is_first = processes.as_ref().is_none_or(|all| all.rank() == 0);
    if is_first {
        println!("processes,local_steps,send,milliseconds,seed,accuracy,seconds,messages,bytes");
    }
    for seed in list::<u64>(seeds) {
        for local_steps in list::<usize>(steps) {
            for milliseconds in list::<f64>(delays) {
                let late = processes.clone().map(|processes| {
                    Arc::new(Late {
                        processes,
                        delay: Duration::from_secs_f64(milliseconds / 1e3),
                        messages: AtomicU64::new(0),
                        bytes: AtomicU64::new(0),
                    })
                });
                let params = StochasticParams::default()
                    .local_steps(local_steps)
                    .stop_after(epochs)
                    .seed(seed);
                // Nothing is sent by steps that are shared.
                let params = params.send(if local_steps > 1 { sent } else { Sent::Full });
                let params = params.reduction(late.clone().map(|late| late as Arc<dyn Reduction>));
                let (accuracy, seconds) = run(&train, &test, params, seed);
                let counts = late.map_or([0.0; 2], |late| late.counts());
                if is_first {
                    let size = processes.as_ref().map_or(1, |all| all.size());
                    let [messages, bytes] = counts;
                    println!(
                        "{size},{local_steps},{sent},{milliseconds},{seed},{accuracy},{seconds:.2},{messages},{bytes}"
                    );
                }
            }
        }
    }
}

fn list<V: FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<V> {
    text.split(',').map(|item| item.parse().unwrap()).collect()
}

fn samples(folder: &str) -> (Samples<f32>, Samples<f32>) {
    let data: Dataset<f32> = match folder {
        "digits" => digits().unwrap(),
        _ => load(folder, &LoadParams::default()).unwrap(),
    };
    let drawn = data.make_split(0.0, 0.2, 0).unwrap();
    let split = data.split().cloned().unwrap_or(drawn);
    let parts = data.into_parts(&split).unwrap();
    let samples = |part| tiam::samples(part).unwrap();
    (samples(parts.train), samples(parts.test))
}

/// Test accuracy in percent, and seconds of training.
fn run(
    train: &Samples<f32>,
    test: &Samples<f32>,
    params: StochasticParams,
    seed: u64,
) -> (f64, f64) {
    let target = train.target();
    let shape = Architecture::new(
        train.inputs().n_rows(),
        &[100, 100],
        target.n_outputs(),
        Activation::Relu,
        target.loss(),
    );
    let network = Network::new(shape.unwrap(), Init::He, seed).unwrap();
    let config = params.check().unwrap();
    let trained = train_stochastic(network, StochasticData::new(train), &config, &mut []).unwrap();
    let compute = &mut Compute::new(1).unwrap();
    let found = trained.network.evaluate(test, compute).unwrap();
    let seconds = trained.trace.last().unwrap().measures.training_seconds;
    (100.0 * found.accuracy.unwrap(), seconds.unwrap())
}

/// Processes whose messages arrive late, and are counted.
#[derive(Debug)]
struct Late {
    processes: Arc<dyn Reduction>,
    delay: Duration,
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Late {
    fn count(&self, numbers: &Numbers<'_>, receivers: usize) {
        let bytes = match numbers {
            Numbers::F32(x) => size_of_val(*x),
            Numbers::F64(x) => size_of_val(*x),
            Numbers::Bf16(x) => size_of_val(*x),
        };
        self.messages.fetch_add(receivers as u64, Relaxed);
        self.bytes.fetch_add((receivers * bytes) as u64, Relaxed);
    }

    /// Messages and bytes of all processes; called by all.
    #[allow(clippy::cast_precision_loss, reason = "counts")]
    fn counts(&self) -> [f64; 2] {
        let mut counts = [&self.messages, &self.bytes].map(|count| count.load(Relaxed) as f64);
        let processes = &*self.processes;
        if processes.rank() > 0 {
            processes.send(0, Numbers::F64(&mut counts));
            return counts;
        }
        for from in 1..processes.size() {
            let mut found = [0.0; 2];
            processes.receive(from, Numbers::F64(&mut found));
            counts = [counts[0] + found[0], counts[1] + found[1]];
        }
        counts
    }
}

impl Reduction for Late {
    fn rank(&self) -> usize {
        self.processes.rank()
    }

    fn size(&self) -> usize {
        self.processes.size()
    }

    fn send(&self, to: usize, numbers: Numbers<'_>) {
        self.count(&numbers, 1);
        self.processes.send(to, numbers);
    }

    fn receive(&self, from: usize, numbers: Numbers<'_>) {
        self.processes.receive(from, numbers);
        sleep(self.delay);
    }

    fn broadcast(&self, root: usize, numbers: Numbers<'_>) {
        let (rank, size) = (self.rank(), self.size());
        if rank == root {
            self.count(&numbers, size - 1);
        }
        self.processes.broadcast(root, numbers);
        if rank != root {
            sleep(self.delay * size.next_power_of_two().ilog2());
        }
    }
}
