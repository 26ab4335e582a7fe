//! A real SIGINT to a real training.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::common::Bench;
use serde_json::Value;

fn start(bench: &Bench, method: &str, limit: &str) -> Child {
    // So many iterations that it can only end by the signal.
    let args = [
        "train",
        "--hidden",
        "20",
        "--method",
        method,
        limit,
        "100000000",
        "--time-limit",
        "120",
        "--json",
    ];
    bench
        .command(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn interrupt(child: &Child) {
    let status = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn an_interrupted_full_batch_training_saves_and_can_be_repeated() {
    is_interrupted_and_repeated("tiam", "--iterations", "iteration");
}

#[test]
fn an_interrupted_training_by_batches_saves_and_can_be_repeated() {
    is_interrupted_and_repeated("stochastic", "--epochs", "epoch");
}

fn is_interrupted_and_repeated(method: &str, limit: &str, unit: &str) {
    let bench = Bench::new();
    let mut child = start(&bench, method, limit);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    // Training is under way once the start has been reported.
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains(unit), "{line}");
    interrupt(&child);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{rest}");
    assert!(rest.contains("interrupted"), "{rest}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let result: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!(result["stop_reason"], "interrupted");
    let info = bench
        .tiam("info tiam-out/model.safetensors --json")
        .ok()
        .json();
    assert_eq!(info["training"]["stop_reason"], "interrupted");
    // Its configuration repeats the iterations that were done.
    let config = "train --quiet --json --config tiam-out/config.toml --out again";
    let again = bench.tiam(config).ok().json();
    assert_eq!(again["stop_reason"], "max_iterations");
    assert_eq!(again["iterations"], result["iterations"]);
    assert_eq!(again["objective"], result["objective"]);
    assert_eq!(again["test_loss"], result["test_loss"]);
}
