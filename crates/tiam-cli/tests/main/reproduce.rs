//! `tiam reproduce`: what it writes, that it goes on, that it refuses.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::common::Bench;
use serde_json::Value;

/// The smallest experiment: three methods in two settings on the digits.
const SMALL: &str = "reproduce convergence --seeds 1 --threads 1 --out r";

fn runs(bench: &Bench) -> Vec<(PathBuf, SystemTime)> {
    let folder = bench.path("r/runs/convergence");
    let entry = |path: PathBuf| {
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        (path, written)
    };
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| entry(file.unwrap().path()))
        .collect();
    found.sort();
    found
}

#[test]
fn it_writes_a_report_and_goes_on_where_it_was() {
    let bench = Bench::new();
    let ran = bench.tiam(SMALL).ok();
    assert!(ran.stdout.contains("report.html"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("not run: convergence cora"),
        "{}",
        ran.stderr
    );
    let page = bench.read("r/report.html");
    assert!(page.contains("<svg") && page.contains("mDLAM") && !page.contains("<script"));
    let results: Value = serde_json::from_str(&bench.read("r/results.json")).unwrap();
    let records = results["records"].as_array().unwrap();
    assert_eq!(records.len(), 6);
    for record in records {
        for key in ["config", "seed", "version", "machine", "reason"] {
            assert!(!record[key].is_null(), "{key} in {record}");
        }
        assert!(record["figures"]["objective"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(bench.read("r/convergence.csv").lines().count(), 7);

    let before = runs(&bench);
    let damaged = before[2].0.clone();
    fs::write(&damaged, "{").unwrap();
    bench.tiam(SMALL).ok();
    let after = runs(&bench);
    for ((path, then), (_, now)) in before.iter().zip(&after) {
        assert_eq!(then != now, *path == damaged, "{}", path.display());
    }
    // The run that was lost came out as before, but for its times.
    let again: Value = serde_json::from_str(&bench.read("r/results.json")).unwrap();
    for (first, second) in records.iter().zip(again["records"].as_array().unwrap()) {
        assert_eq!(
            first["figures"]["objective"],
            second["figures"]["objective"]
        );
    }
    // Other parameters are other runs.
    bench
        .tiam(&SMALL.replace("--threads 1", "--threads 2"))
        .ok();
    assert!(
        runs(&bench)
            .iter()
            .zip(&after)
            .all(|(now, then)| now.1 != then.1)
    );
}

#[test]
fn wrong_usage_is_refused_before_anything_runs() {
    let bench = Bench::new();
    bench.write("file", "");
    for (line, parts) in [
        (
            "reproduce speed --out r",
            &["speed", "known are convergence, rate"][..],
        ),
        (
            "reproduce --out r --data nowhere",
            &["nowhere", "not a folder"],
        ),
        ("reproduce --out r --data file", &["file", "not a folder"]),
        ("reproduce --out r --seeds 0", &["--seeds"]),
        ("reproduce --out file", &["file", "--out"]),
        ("reproduce", &["--out"]),
    ] {
        bench.tiam(line).fails(2, parts);
        assert!(!bench.path("r/runs").exists(), "{line}");
    }
}

#[test]
fn a_data_folder_with_a_broken_file_names_it() {
    let bench = Bench::new();
    fs::create_dir(bench.path("data")).unwrap();
    bench.write("data/cora.npz", "no zip");
    bench
        .tiam("reproduce convergence --seeds 1 --data data --out r")
        .fails(2, &["cora.npz"]);
}

/// The smallest file of peers/run.py.
const PEERS: &str = "{\"format\": \"tiam peers\", \"format_version\": 1, \"command\": \"c\", \"date\": \"d\", \"versions\": {}, \
    \"machine\": {\"processor\": \"p\", \"cores\": 1, \"threads\": 1, \"system\": \"s\"}, \"summary\": {\"races\": [], \"fits\": []}}";

#[test]
fn the_peers_results_are_shown_where_they_are_given_or_lie() {
    let bench = Bench::new();
    let section = "Against what users would otherwise run";
    bench.tiam(SMALL).ok();
    assert!(!bench.read("r/report.md").contains(section));
    bench.write("p.json", PEERS);
    bench.tiam(&format!("{SMALL} --peers p.json")).ok();
    assert!(bench.read("r/report.md").contains(section));
    assert!(bench.read("r/report.html").contains(section));
    bench.tiam(SMALL).ok();
    assert!(!bench.read("r/report.md").contains(section));
    fs::create_dir_all(bench.path("peers/results")).unwrap();
    bench.write("peers/results/results.json", PEERS);
    bench.tiam(SMALL).ok();
    assert!(bench.read("r/report.md").contains(section));
}

#[test]
fn a_file_that_is_not_the_peers_is_refused_before_anything_runs() {
    let bench = Bench::new();
    bench.write("other.json", "{}");
    for (file, parts) in [
        (
            "other.json",
            &["other.json", "tiam peers", "peers/run.py"][..],
        ),
        ("nowhere.json", &["nowhere.json", "--peers"]),
    ] {
        bench
            .tiam(&format!("{SMALL} --peers {file}"))
            .fails(2, parts);
        assert!(!bench.path("r").exists(), "{file}");
    }
}
