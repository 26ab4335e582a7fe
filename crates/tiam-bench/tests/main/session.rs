//! Tests of which runs a reproduction keeps.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tiam_bench::reproduce::{Finding, Session, Task};

/// Runs one task over a folder and tells whether it was done, not found there.
fn is_done(folder: &Path, config: Value) -> bool {
    let mut done = false;
    let mut silent = |_: &_| {};
    let mut session = Session::new(folder, 1, Arc::default(), &mut silent).unwrap();
    session.begin();
    let task = Task {
        experiment: "rate",
        key: "a".to_owned(),
        config,
        ..Task::default()
    };
    let run = || {
        done = true;
        Ok(Finding::default())
    };
    session.run(task, run).unwrap();
    done
}

#[test]
fn a_kept_run_is_known_by_its_parameters_and_numerics_not_by_the_programs_version() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs/rate/a.json");
    let change = |name: &str, value: Value| {
        let mut record: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        record[name] = value;
        std::fs::write(&file, record.to_string()).unwrap();
    };
    assert!(is_done(folder.path(), json!({ "p1": 0.5 })));
    assert!(!is_done(folder.path(), json!({ "p1": 0.5 })));
    change("version", json!("0.0.1"));
    assert!(!is_done(folder.path(), json!({ "p1": 0.5 })));
    change("numerics", json!(1_000_000));
    assert!(is_done(folder.path(), json!({ "p1": 0.5 })));
    assert!(is_done(folder.path(), json!({ "p1": 0.6 })));
}
