//! Trains, saves, reloads and goes on, over and over, and watches the memory:
//! `cargo run --release -p tiam-bench --example soak -- [MINUTES [THREADS]]`, 60 and 1 by default.
//!
//! In turn with several methods, each round: the digits are written as CSV and loaded back, a network is trained on them with checkpoints,
//! trained again from the checkpoint, saved and reloaded; all that must agree to the bit. Once a minute a line tells the rounds and the
//! resident memory. Exit status 1 if the median memory after the rounds of the last tenth is more than a tenth above that of the second tenth. (The
//! highest of all rounds is told, but decides nothing: what the allocator holds after a round goes up and down by a fifth.)

#![allow(clippy::unwrap_used, reason = "an example fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use tiam_bench::methods::{Method, RunParams, Setup};
use tiam_core::Stopping;
use tiam_data::{Dataset, LoadParams, Targets, digits, load};
use tiam_linalg::{Compute, Matrix};
use tiam_models::{
    Activation, Architecture, Cadence, Checkpoint, Checkpointer, Identity, Model, Samples, Session,
    StochasticData, Target, Trained,
};

const GROWTH: f64 = 1.1;
const METHODS: [Method; 5] = [
    Method::Stochastic,
    Method::Tiam,
    Method::Adam,
    Method::Dladmm,
    Method::Bcd,
];

fn main() {
    let argument = |i: usize, default: u64| {
        let given = std::env::args().nth(i);
        given.map_or(default, |text| text.parse().unwrap())
    };
    let length = Duration::from_secs(60 * argument(1, 60));
    let threads = usize::try_from(argument(2, 1)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (start, mut minute) = (Instant::now(), 0);
    let mut memory = Vec::new();
    while start.elapsed() < length {
        let rounds = memory.len() as u64;
        let method = METHODS[memory.len() % METHODS.len()];
        round(method, rounds, threads, folder.path());
        memory.push(resident().unwrap_or(0));
        if start.elapsed().as_secs() / 60 > minute {
            minute = start.elapsed().as_secs() / 60;
            let now = mb(memory[memory.len() - 1]);
            println!("{minute} min  {} rounds  {now:.1} MB", memory.len());
        }
    }
    let rounds = memory.len();
    let highest = memory.iter().copied().max().unwrap_or(0);
    let tenth = rounds.div_ceil(10);
    let last = median(&mut memory[rounds - tenth..]);
    let early = median(&mut memory[tenth.min(rounds - 1)..(2 * tenth).min(rounds)]);
    println!(
        "{rounds} rounds of two trainings; median {:.1} MB in the second tenth, {:.1} MB in the last; at most {:.1} MB",
        mb(early),
        mb(last),
        mb(highest)
    );
    if last as f64 > GROWTH * early as f64 {
        eprintln!("the memory grew");
        std::process::exit(1);
    }
}

fn median(values: &mut [u64]) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Resident memory in bytes, where the system tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024 * kib)
}

fn samples(data: Dataset<f32>) -> Samples<f32> {
    let Targets::Classes { labels, names } = data.targets().clone() else {
        panic!("classes");
    };
    let n_classes = names.len();
    let (n_features, n) = (data.n_features(), data.n_samples());
    let inputs = data.features().values().to_vec();
    let inputs = Matrix::from_vec(n_features, n, inputs).unwrap();
    Samples::new(inputs, Target::Classes { labels, n_classes }).unwrap()
}

fn round(method: Method, seed: u64, threads: usize, folder: &Path) {
    let digits = digits::<f32>().unwrap();
    let csv = folder.join("digits.csv");
    write_csv(&digits, &csv);
    let loaded: Dataset<f32> = load(&csv, &LoadParams::default()).unwrap();
    assert_eq!(loaded.features().values(), digits.features().values());
    let samples = samples(digits);
    let target = samples.target();
    let shape = Architecture::new(
        samples.inputs().n_rows(),
        &[30],
        target.n_outputs(),
        Activation::Relu,
        target.loss(),
    );
    let shape = shape.unwrap();

    let setup = Setup::published(method);
    let checkpoints = folder.join("checkpoints");
    let train = |session: Session<'_, '_>, iterations: usize| -> Trained<f32> {
        let network = setup.start.network(shape.clone(), seed).unwrap();
        let run = RunParams {
            seed,
            threads,
            stopping: Stopping::default().max_iterations(iterations),
        };
        let data = StochasticData::new(&samples);
        setup
            .train_in(network, data, run, session, &mut |_| {})
            .unwrap()
    };
    let identity = || Identity::default().samples("digits", &samples);
    let mut saver = Checkpointer::new(&checkpoints, identity)
        .every(Cadence::Iterations(2))
        .on_failure(|error| panic!("{method}: {error}"));
    let session = Session {
        checkpoints: Some(&mut saver),
        resume: None,
    };
    let whole = train(session, 5);
    let earliest = fs::read_dir(&checkpoints).unwrap().flatten();
    let earliest = earliest.map(|entry| entry.path()).min().unwrap();
    let checkpoint = Checkpoint::read(earliest).unwrap();
    assert!(checkpoint.iteration() + 1 < whole.trace.rows.len());
    let session = Session {
        checkpoints: None,
        resume: Some(&checkpoint),
    };
    assert_eq!(train(session, 5).network, whole.network);
    fs::remove_dir_all(&checkpoints).unwrap();

    let model = Model::new(whole.network);
    let path = folder.join("model.safetensors");
    model.save(&path).unwrap();
    let again = Model::<f32>::load(&path).unwrap();
    assert_eq!(again, model);
    let classes = |model: &Model<f32>| {
        let inputs = samples.inputs().clone();
        let compute = &mut Compute::new(threads).unwrap();
        model.classes(inputs, compute).unwrap()
    };
    assert_eq!(classes(&again), classes(&model));
}

fn write_csv(data: &Dataset<f32>, path: &Path) {
    let Targets::Classes { labels, .. } = data.targets() else {
        panic!("classes");
    };
    let mut file = std::io::BufWriter::new(fs::File::create(path).unwrap());
    let rows = data.features().values().chunks_exact(data.n_features());
    for (row, label) in rows.zip(labels) {
        for x in row {
            write!(file, "{x},").unwrap();
        }
        writeln!(file, "c{label}").unwrap();
    }
    file.flush().unwrap();
}
