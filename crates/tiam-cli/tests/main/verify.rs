//! `tiam verify` on recorded trajectories, whole and tampered with.

use std::fs;

use crate::common::{Bench, golden};
use serde_json::Value;

fn recorded(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(golden().join(name)).unwrap()).unwrap()
}

#[test]
fn recorded_trajectories_are_met() {
    let bench = Bench::new();
    let mut args = vec!["verify".to_owned()];
    for entry in fs::read_dir(golden()).unwrap() {
        args.push(entry.unwrap().path().display().to_string());
    }
    assert!(args.len() > 1);
    let ran = bench
        .run(&args.iter().map(String::as_str).collect::<Vec<_>>())
        .ok();
    assert_eq!(
        ran.stdout.lines().filter(|l| l.ends_with("ok")).count(),
        args.len() - 1
    );
    assert!(ran.stdout.contains("agree"), "{}", ran.stdout);
}

#[test]
fn a_tampered_trajectory_is_found() {
    let bench = Bench::new();
    let good = golden().join("plain_am_relu.json");
    let changed = |name: &str, pointer: &str, change: fn(f64) -> Value| {
        let mut record = recorded("plain_am_relu.json");
        let value = record.pointer_mut(pointer).unwrap();
        *value = change(value.as_f64().unwrap());
        bench.write(name, &record.to_string());
        bench.run(&["verify", good.to_str().unwrap(), name])
    };
    // Objectives are compared with themselves, weights with the largest of their matrix.
    let more = |x: f64| Value::from(x + x.signum() * 1e-5 * x.abs().max(10.0));
    for pointer in ["/expected/objective/7", "/expected/weights/0/0/0"] {
        let ran = changed("tampered.json", pointer, more).fails(1, &["1 of 2"]);
        assert!(
            ran.stdout.contains("DEVIATES") && ran.stdout.contains("ok"),
            "{}",
            ran.stdout
        );
    }
    let ran =
        changed("tampered.json", "/expected/restarts/3", |_| Value::from(99)).fails(1, &["1 of 2"]);
    assert!(
        ran.stdout.contains("differ at iteration 3"),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_is_no_trajectory_is_refused() {
    let bench = Bench::new();
    let good = golden().join("plain_am_relu.json");
    let good = good.to_str().unwrap();
    bench.write("text.json", "nothing");
    let mut short = recorded("plain_am_relu.json");
    short["samples"] = Value::from(3);
    bench.write("short.json", &short.to_string());
    let mut extra = recorded("plain_am_relu.json");
    extra["colour"] = Value::from("red");
    bench.write("extra.json", &extra.to_string());
    for name in ["nowhere.json", "text.json", "short.json", "extra.json"] {
        // The others are verified all the same.
        let ran = bench.run(&["verify", name, good]).fails(2, &[name]);
        assert!(ran.stdout.contains("ok"), "{}", ran.stdout);
    }
    bench.run(&["verify"]).fails(2, &["FILE"]);
}
