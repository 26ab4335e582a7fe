use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;

#[test]
fn without_runs_nothing_is_claimed() {
    assert!(claims(&[]).is_empty());
}

/// A run of the experiment's part `part` with this accuracy.
fn run(part: &str, data: &str, method: &str, split: Value, seed: u64, accuracy: f64) -> Record {
    let figure = if part == "test" {
        ACCURACY
    } else {
        "validation_accuracy"
    };
    let labels = [
        ("part", json!(part)),
        ("split", split),
        ("activation", json!("relu")),
        ("candidate", json!("published")),
    ];
    serde_json::from_value(json!({
        "experiment": "accuracy",
        "key": format!("{data}-{part}-{method}-{seed}"),
        "data": data,
        "method": method,
        "labels": labels.into_iter().collect::<BTreeMap<_, _>>(),
        "config": {},
        "seed": seed,
        "reason": "max_iterations",
        "figures": { figure: accuracy },
        "version": "0",
        "build": "0",
        "machine": {"processor": "", "cores": 1, "threads": 1, "system": ""},
        "finished": 0,
    }))
    .unwrap()
}

#[test]
fn the_mean_over_graphs_takes_splits_that_all_have() {
    let mut records = Vec::new();
    for (data, gain, splits) in [
        ("cora", 0.01, 7),
        ("citeseer", 0.03, 6),
        ("digits", -0.5, 7),
    ] {
        for (method, gain) in [("tiam", gain), ("am", 0.0)] {
            records.push(run("activation", data, method, json!("public"), 0, 0.7));
            for split in 0..splits {
                // No two splits gain the same.
                let noise = if method == "tiam" {
                    1e-3 * split as f64
                } else {
                    0.0
                };
                records.push(run(
                    "test",
                    data,
                    method,
                    json!(split),
                    split,
                    0.7 + gain + noise,
                ));
            }
        }
    }
    let claims = claims(&records);
    let over = claims
        .iter()
        .find(|claim| claim.tested_on.starts_with("the mean"))
        .unwrap();
    assert_eq!(over.tested_on, "the mean over 2 graphs, drawn splits");
    assert_eq!(over.evidence.n, 6);
    assert_eq!(over.figures, "TIAM 72.2 %, plain alternation 70.0 %");
    // Each split has the mean of 0.01 and 0.03, plus its own part.
    let noise = Mean::of((0..6).map(|split| 1e-3 * f64::from(split))).unwrap();
    let effect = (0.02 + noise.mean) / noise.deviation;
    assert!((over.evidence.effect - effect).abs() < 1e-9);
}
