//! Tests of which runs a reproduction keeps.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tiam_bench::reproduce::{Finding, Record, Session, Task};

/// Runs one task over a folder and tells whether it was done, not found there.
fn is_done(folder: &Path, config: Value, any_build: bool) -> bool {
    let mut done = false;
    let mut silent = |_: &_| {};
    let mut session = Session::new(folder, 1, Arc::default(), &mut silent)
        .unwrap()
        .any_build(any_build);
    session.begin();
    let record = Record {
        experiment: "rate".to_owned(),
        key: "a".to_owned(),
        config,
        ..Record::default()
    };
    let task = Task {
        record,
        weight: 1.0,
    };
    let run = || {
        done = true;
        Ok(Finding::default())
    };
    session.run(task, run).unwrap();
    done
}

#[test]
fn a_kept_run_is_known_by_its_parameters_and_the_programs_build_not_by_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs/rate/a.json");
    let change = |name: &str, value: Value| {
        let mut record: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        record[name] = value;
        std::fs::write(&file, record.to_string()).unwrap();
    };
    let is_done = |p1: f64, any_build| is_done(folder.path(), json!({ "p1": p1 }), any_build);
    assert!(is_done(0.5, false));
    assert!(!is_done(0.5, false));
    change("version", json!("0.0.1"));
    assert!(!is_done(0.5, false));
    change("build", json!("another"));
    assert!(!is_done(0.5, true));
    assert!(is_done(0.5, false));
    assert!(is_done(0.6, true));
}
