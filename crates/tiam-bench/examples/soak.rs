//! Endurance test: it trains, saves, reloads and resumes again and again, and measures the memory.
//! `cargo run --release -p tiam-bench --example soak -- [MINUTES [THREADS]]`, 60 and 1 by default.
//!
//! The rounds take five methods in turn. Each round writes the digits as CSV and loads them back, trains a network on them with checkpoints,
//! trains it again from a checkpoint, saves and reloads it; all results must agree to the bit. Standard output gets a line a minute with the
//! rounds and the resident memory, standard error the progress every few seconds. Exit status 1 if the median memory after the rounds of the
//! last tenth is more than a tenth above that of the second tenth. (The highest memory of all rounds is printed but decides nothing: the memory
//! that the allocator holds after a round varies by a fifth.)

#![allow(clippy::unwrap_used, reason = "an example fails by panicking")]

mod common;

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tiam::{Fitted, Holdout, Mlp, Predictor, ScalingKind, Stopping, Table};
use tiam_bench::methods::{Method, Setup};
use tiam_data::{Dataset, LoadParams, digits, load};
use tiam_models::{Cadence, Checkpoint, Checkpointer, RunIdentity, Session};

const GROWTH: f64 = 1.1;
const METHODS: [Method; 5] = [
    Method::Stochastic,
    Method::Tiam,
    Method::Adam,
    Method::Dladmm,
    Method::Bcd,
];

const USAGE: &str = "\
Endurance test: trains, saves, reloads and resumes again and again, and checks that all results
agree to the bit and that the memory does not grow.

usage: soak [MINUTES [THREADS]]
  MINUTES  above 0; 60 if not given
  THREADS  1 if not given

Exit status: 0 passed, 1 the memory grew, 2 wrong arguments, 101 results differed.";

/// Seconds between two lines of progress where standard error is no terminal.
const PROGRESS: u64 = 5;

fn main() {
    let given = common::arguments(USAGE, 2);
    let minutes: (fn(&f64) -> bool, &str) =
        (|m| *m > 0.0 && *m <= 1e6, "a number of minutes above 0");
    let length = 60.0 * common::value(USAGE, &given, (0, "MINUTES"), 60.0, minutes);
    let length = Duration::from_secs_f64(length);
    let positive: (fn(&usize) -> bool, &str) = (|n| *n > 0, "a whole number above 0");
    let threads = common::value(USAGE, &given, (1, "THREADS"), 1, positive);
    println!(
        "Endurance test: train, save, reload, resume for {:.1} min, threads: {threads}\n",
        length.as_secs_f64() / 60.0
    );
    println!("minutes  rounds  memory after the round [MB]");
    let folder = tempfile::tempdir().unwrap();
    let (start, mut minute) = (Instant::now(), 0);
    let status = show_progress(start, length);
    let mut memory = Vec::new();
    while start.elapsed() < length {
        let rounds = memory.len() as u64;
        let method = METHODS[memory.len() % METHODS.len()];
        *status.lock().unwrap_or_else(PoisonError::into_inner) =
            format!("round {}, training with {method}", rounds + 1);
        round(method, rounds, threads, folder.path());
        memory.push(resident().unwrap_or(0));
        if start.elapsed().as_secs() / 60 > minute {
            minute = start.elapsed().as_secs() / 60;
            let now = mb(memory[memory.len() - 1]);
            println!("{minute:>7}  {:>6}  {now:>27.1}", memory.len());
        }
    }
    let rounds = memory.len();
    let highest = memory.iter().copied().max().unwrap_or(0);
    let tenth = rounds.div_ceil(10);
    let last = median(&mut memory[rounds - tenth..]);
    let early = median(&mut memory[tenth.min(rounds - 1)..(2 * tenth).min(rounds)]);
    let grew = last as f64 > GROWTH * early as f64;
    println!(
        "\nResult: {}: {rounds} rounds of two trainings, all equal to the bit; median memory {:.1} MB in the second tenth \
         of the rounds, {:.1} MB in the last; at most {:.1} MB.",
        if grew {
            "FAILED, the memory grew"
        } else {
            "passed"
        },
        mb(early),
        mb(last),
        mb(highest)
    );
    if grew {
        std::process::exit(1);
    }
}

/// Starts a thread that writes the progress to standard error until the process ends: every second on a terminal, over
/// its last line, and every [`PROGRESS`] seconds elsewhere. The text in the lock says what is being done.
fn show_progress(start: Instant, length: Duration) -> Arc<Mutex<String>> {
    let status = Arc::new(Mutex::new(String::from("starting")));
    let shown = Arc::clone(&status);
    let terminal = std::io::stderr().is_terminal();
    let (pause, before, after) = match terminal {
        true => (1, "\r\x1b[K", ""),
        false => (PROGRESS, "", "\n"),
    };
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(pause));
            let (done, all) = (start.elapsed().as_secs_f64(), length.as_secs_f64());
            let now = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
            eprint!(
                "{before}{:.0} %: {now}; {:.1} min done, {:.1} min left{after}",
                (100.0 * done / all).min(100.0),
                done / 60.0,
                (all - done).max(0.0) / 60.0
            );
        }
    });
    status
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

fn round(method: Method, seed: u64, threads: usize, folder: &Path) {
    let digits = digits::<f32>().unwrap();
    let csv = folder.join("digits.csv");
    write_csv(&digits, &csv);
    let loaded: Dataset<f32> = load(&csv, &LoadParams::default()).unwrap();
    assert_eq!(loaded.features().values(), digits.features().values());
    let setup = Setup::published(method);
    let mlp = Mlp::default()
        .hidden([30])
        .start(setup.start)
        .method(setup)
        .scaling(ScalingKind::None)
        .seed(seed)
        .threads(threads);
    let prepared = mlp.prepare::<f32>(Table::from(loaded), &Holdout::Nothing);
    let prepared = prepared.unwrap();
    let checkpoints = folder.join("checkpoints");
    let train = |session: Session<'_, '_>| -> Fitted<f32> {
        let mlp = mlp.clone().stopping(Stopping::default().max_iterations(5));
        let network = mlp.network(&prepared).unwrap();
        let fitted = mlp.train(network, &prepared, false, session, &mut |_| {});
        fitted.unwrap()
    };
    let identity = || RunIdentity::default().samples("digits", &prepared.train);
    let mut saver = Checkpointer::new(&checkpoints, identity)
        .every(Cadence::Iterations(2))
        .on_failure(|error| panic!("{method}: {error}"));
    let session = Session {
        checkpoints: Some(&mut saver),
        resume: None,
    };
    let whole = train(session);
    let earliest = fs::read_dir(&checkpoints).unwrap().flatten();
    let earliest = earliest.map(|entry| entry.path()).min().unwrap();
    let checkpoint = Checkpoint::read(earliest).unwrap();
    assert!(checkpoint.iteration() + 1 < whole.trace.rows.len());
    let session = Session {
        checkpoints: None,
        resume: Some(&checkpoint),
    };
    assert_eq!(train(session).network, whole.network);
    fs::remove_dir_all(&checkpoints).unwrap();

    let model = mlp.predictor(&whole, &prepared, whole.training()).unwrap();
    let path = folder.join("model.safetensors");
    model.save(&path).unwrap();
    let again = Predictor::load(&path).unwrap();
    assert_eq!(again.network::<f32>().unwrap(), whole.network);
    let table = Table::read(&csv).unwrap();
    let answers = |model: &Predictor| model.predict_table(&table).unwrap();
    assert_eq!(answers(&again), answers(&model));
}

fn write_csv(data: &Dataset<f32>, path: &Path) {
    let tiam::Targets::Classes { labels, .. } = data.targets() else {
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
