//! The binary as a user meets it: every subcommand, its files, its exit status.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs `tiam` in `folder`.
fn tiam(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tiam"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A run that must succeed.
fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = tiam(folder, arguments);
    assert_eq!(status(&output), 0, "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// A run that must be refused: its exit status and its message.
fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = tiam(folder, arguments);
    assert_eq!(status(&output), 2, "{arguments:?}: {}", stderr(&output));
    stderr(&output)
}

/// The JSON object on the last line of a training's output.
fn train(folder: &Path, arguments: &[&str]) -> Value {
    let all = [&["train", "--json", "--quiet"], arguments].concat();
    serde_json::from_str(succeed(folder, &all).lines().last().unwrap()).unwrap()
}

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/golden")
}

/// Two clouds with a numeric and a categorical column, 60 rows, classes `no` and `yes`.
fn table(folder: &Path) -> PathBuf {
    let mut text = String::from("size,colour,answer\n");
    for i in 0..60 {
        let (size, answer) = if i % 2 == 0 {
            (i, "no")
        } else {
            (i + 100, "yes")
        };
        let colour = ["red", "green", "blue"][i % 3];
        text.push_str(&format!("{size},{colour},{answer}\n"));
    }
    let path = folder.join("table.csv");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn train_without_arguments_learns_the_digits() {
    let folder = tempfile::tempdir().unwrap();
    let result = train(folder.path(), &[]);
    assert!(
        result["test_accuracy"].as_f64().unwrap() >= 0.95,
        "{result}"
    );
    assert_eq!(result["method"], "tiam");
    for key in [
        "stop_reason",
        "iterations",
        "seconds",
        "objective",
        "violation",
        "restarts",
        "train_loss",
        "train_accuracy",
        "test_loss",
        "model",
    ] {
        assert!(!result[key].is_null(), "{key} is missing in {result}");
    }
    for file in [
        "model.safetensors",
        "trace.csv",
        "trace.json",
        "config.toml",
    ] {
        assert!(folder.path().join("tiam-out").join(file).exists(), "{file}");
    }
}

#[test]
fn a_bare_call_trains_too_and_ends_with_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let text = succeed(folder.path(), &[]);
    for word in [
        "accuracy",
        "loss",
        "objective",
        "violation",
        "restarts",
        "time",
        "model",
    ] {
        assert!(text.contains(word), "{word} is missing in\n{text}");
    }
    assert!(
        !text.contains('\u{1b}'),
        "control characters in piped output"
    );
}

#[test]
fn the_saved_configuration_repeats_the_run_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    let few = [
        "--data",
        "table.csv",
        "--iterations",
        "12",
        "--seed",
        "7",
        "--threads",
        "2",
    ];
    for (precision, out) in [("f32", "one"), ("f64", "two")] {
        let with = [&few[..], &["--precision", precision, "--out", out]].concat();
        train(at, &with);
        let config = format!("{out}/config.toml");
        train(at, &["--config", &config, "--out", "again"]);
        let model = |folder: &str| fs::read(at.join(folder).join("model.safetensors")).unwrap();
        assert_eq!(model(out), model("again"), "{precision}");
    }
}

#[test]
fn a_table_is_trained_evaluated_and_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    let result = train(
        at,
        &[
            "--data",
            "table.csv",
            "--iterations",
            "80",
            "--test",
            "table.csv",
        ],
    );
    let again = succeed(
        at,
        &[
            "evaluate",
            "tiam-out/model.safetensors",
            "--data",
            "table.csv",
            "--json",
        ],
    );
    let again: Value = serde_json::from_str(again.lines().last().unwrap()).unwrap();
    let same = |key: &str| {
        let found = again
            .as_object()
            .unwrap()
            .iter()
            .find(|(k, _)| k.ends_with(key))
            .unwrap()
            .1;
        (
            found.as_f64().unwrap(),
            result[format!("test_{key}")].as_f64().unwrap(),
        )
    };
    for key in ["accuracy", "loss"] {
        let (evaluated, trained) = same(key);
        assert!(
            (evaluated - trained).abs() < 1e-9,
            "{key}: {evaluated} {trained}"
        );
    }
    // New data without the label, its columns in another order.
    fs::write(at.join("new.csv"), "colour,size\nred,3\nblue,150\n").unwrap();
    let predict = ["predict", "tiam-out/model.safetensors", "--data", "new.csv"];
    let text = succeed(at, &predict);
    assert_eq!(text.lines().collect::<Vec<_>>(), ["class", "no", "yes"]);
    let proba = succeed(at, &[&predict[..], &["--proba"]].concat());
    assert_eq!(proba.lines().next(), Some("no,yes"));
    let sums = proba
        .lines()
        .skip(1)
        .map(|l| l.split(',').map(|x| x.parse::<f64>().unwrap()).sum::<f64>());
    assert!(sums.clone().count() == 2 && sums.into_iter().all(|s| (s - 1.0).abs() < 1e-5));
    let info = succeed(at, &["info", "tiam-out/model.safetensors"]);
    assert!(
        info.contains("size") && info.contains("colour=red") && info.contains("yes"),
        "{info}"
    );
    fs::write(at.join("odd.csv"), "size,colour\n3,violet\n").unwrap();
    let message = refused(
        at,
        &["predict", "tiam-out/model.safetensors", "--data", "odd.csv"],
    );
    assert!(
        message.contains("violet") && message.contains("line 2"),
        "{message}"
    );
}

#[test]
fn regression_reports_r2_and_predicts_in_the_targets_units() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let row = |i: u32| {
        format!(
            "{},{},{}\n",
            i % 17,
            i % 5,
            1000.0 + 3.0 * f64::from(i % 17) - 2.0 * f64::from(i % 5)
        )
    };
    fs::write(at.join("line.csv"), (0..200).map(row).collect::<String>()).unwrap();
    let result = train(
        at,
        &[
            "--data",
            "line.csv",
            "--task",
            "values",
            "--hidden",
            "none",
            "--iterations",
            "200",
        ],
    );
    assert!(result["r2"].as_f64().unwrap() > 0.99, "{result}");
    assert!(result["rmse"].as_f64().unwrap() < 2.0, "{result}");
    assert!(result["test_accuracy"].is_null());
    fs::write(at.join("new.csv"), "10,2\n").unwrap();
    let text = succeed(
        at,
        &["predict", "tiam-out/model.safetensors", "--data", "new.csv"],
    );
    let value: f64 = text.lines().nth(1).unwrap().parse().unwrap();
    assert!((value - 1026.0).abs() < 5.0, "{text}");
}

#[test]
fn every_choice_of_every_option_trains() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    let choices: [(&str, &[&str]); 11] = [
        ("--activation", &["relu", "leaky-relu", "elu", "identity"]),
        ("--init", &["he", "xavier", "normal:0.1"]),
        ("--schedule", &["constant", "nesterov", "fista"]),
        ("--solver", &["backtracking", "cholesky", "cg"]),
        ("--guard", &["on", "off"]),
        ("--precision", &["f32", "f64"]),
        ("--scaling", &["none", "standard", "min-max"]),
        ("--hidden", &["none", "7", "6,5,4"]),
        ("--header", &["auto", "yes"]),
        ("--label", &["answer", "2", "-1"]),
        ("--l1", &["0", "0.01"]),
    ];
    for (option, values) in choices {
        for value in values {
            let gentle = [
                "--data",
                "table.csv",
                "--iterations",
                "3",
                "--inertia",
                "0.5,0.5,0.2",
            ];
            let result = train(at, &[&gentle[..], &[option, value]].concat());
            assert_eq!(result["iterations"], 3, "{option} {value}");
        }
    }
}

#[test]
fn wrong_usage_and_broken_input_name_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    fs::write(at.join("gap.csv"), "a,b,y\n1,2,x\n3,,z\n").unwrap();
    fs::write(at.join("broken.safetensors"), "not a model").unwrap();
    fs::write(at.join("odd.toml"), "unknown_key = 3\n").unwrap();
    let cases: [(&[&str], &str); 9] = [
        (&["train", "--no-such-flag"], "--no-such-flag"),
        (&["train", "--data", "missing.csv"], "missing.csv"),
        (&["train", "--data", "gap.csv"], "line 3"),
        (
            &["train", "--data", "table.csv", "--label", "nothing"],
            "answer",
        ),
        (&["train", "--rho", "0"], "rho"),
        (&["train", "--band", "1,2"], "band"),
        (&["train", "--config", "odd.toml"], "unknown_key"),
        (&["info", "broken.safetensors"], "broken.safetensors"),
        (&["verify", "table.csv"], "table.csv"),
    ];
    for (arguments, expected) in cases {
        let message = refused(at, arguments);
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[test]
fn verify_accepts_the_recorded_trajectories_and_notices_a_change() {
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<PathBuf> = fs::read_dir(golden())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let names: Vec<&str> = files.iter().map(|path| path.to_str().unwrap()).collect();
    let text = succeed(folder.path(), &[&["verify"], &names[..]].concat());
    assert_eq!(text.matches(".json").count(), 7, "{text}");
    let mut record: Value = serde_json::from_str(&fs::read_to_string(&files[0]).unwrap()).unwrap();
    let last = record["expected"]["objective"].as_array().unwrap().len() - 1;
    let value = record["expected"]["objective"][last].as_f64().unwrap();
    record["expected"]["objective"][last] = (value * (1.0 + 1e-5)).into();
    fs::write(folder.path().join("changed.json"), record.to_string()).unwrap();
    assert_eq!(status(&tiam(folder.path(), &["verify", "changed.json"])), 1);
}

#[test]
fn a_diverging_run_fails_and_still_saves_its_last_finite_model() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    table(at);
    let wild = [
        "train",
        "--quiet",
        "--data",
        "table.csv",
        "--guard",
        "off",
        "--inertia",
        "1,1,1",
        "--rho",
        "10",
        "--ridge",
        "1",
        "--iterations",
        "3000",
    ];
    let output = tiam(at, &wild);
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    assert!(stderr(&output).contains("guard"), "{}", stderr(&output));
    succeed(at, &["info", "tiam-out/model.safetensors"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_finishes_the_iteration_and_saves() {
    use std::io::{BufRead, BufReader, Read};

    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tiam"))
        .args(["train", "--json", "--iterations", "1000000"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first line of progress says that training is under way.
    let mut progress = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("iteration") {
        line.clear();
        assert!(
            progress.read_line(&mut line).unwrap() > 0,
            "no progress was shown"
        );
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let rest = std::thread::spawn(move || {
        let mut text = String::new();
        progress.read_to_string(&mut text).unwrap();
        text
    });
    let output = child.wait_with_output().unwrap();
    rest.join().unwrap();
    assert_eq!(status(&output), 0);
    let result: Value = serde_json::from_str(stdout(&output).lines().last().unwrap()).unwrap();
    assert_eq!(result["stop_reason"], "interrupted");
    assert!(folder.path().join("tiam-out/model.safetensors").exists());
}
