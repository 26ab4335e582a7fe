//! What the parts of a search buy: accuracy, log loss or R², and seconds on tables with fixed splits.
//!
//!     cargo run --release -p tiam --example tables -- FOLDER OUT.jsonl VARIANT...
//!
//! FOLDER holds pairs of files `classes-NAME-SEED-train.csv` and `…-test.csv`, or `values-…`, as `peers/boosting.py split` writes them. A run is
//! kept in OUT as soon as it is done, a line of JSON each, and not repeated; `peers/boosting.py summary` makes means and ranks of them.
//!
//! Variants: `single`, `good`, `best`, and `good` without a part: `no-bins`, `only-bins`, `no-bagging`, `no-mixing`, `no-calibration`,
//! `no-logarithm`, `folds-N`. Any other is a list of candidates, `INPUTS@RIDGE[@EPOCHS[@SIZES]]` with commas between them and sizes as in `100-100`.

#![allow(clippy::unwrap_used, reason = "a program for measuring")]

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use tiam::{
    Candidate, Dataset, Effort, Evaluation, Inputs, LoadParams, Predictor, Search, Table,
    TableParams, Task,
};

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out, variants @ ..] = given.as_slice() else {
        panic!("usage: tables FOLDER OUT.jsonl VARIANT...");
    };
    let known = fs::read_to_string(out).unwrap_or_default();
    let known: Vec<Value> = known
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let name = |run: &Value| format!("{}|{}|{}", run["peer"], run["table"], run["seed"]);
    let known: HashSet<String> = known.iter().map(name).collect();
    let mut out = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(out)
        .unwrap();
    let mut splits: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    splits.retain(|path| path.to_str().unwrap().ends_with("-train.csv"));
    splits.sort_by_key(|path| fs::metadata(path).unwrap().len());
    for variant in variants {
        for train in &splits {
            let file = train.file_name().unwrap().to_str().unwrap();
            let (task, rest) = file.split_once('-').unwrap();
            let mut parts = rest.rsplitn(3, '-').skip(1);
            let (seed, table) = (parts.next().unwrap(), parts.next().unwrap());
            let seed: u64 = seed.parse().unwrap();
            let mut run = json!({"peer": format!("tiam {variant}"), "task": task, "table": table, "seed": seed});
            if known.contains(&name(&run)) {
                continue;
            }
            let (model, found, seconds) = measure(train, variant, task == "values");
            let test_seconds = found.1;
            let found = found.0;
            for (key, value) in [
                ("seconds", Some(seconds)),
                ("predict_seconds", Some(test_seconds)),
                ("accuracy", found.accuracy),
                ("log_loss", found.accuracy.map(|_| found.loss)),
                ("r2", found.r2),
                ("rmse", found.rmse),
            ] {
                if let Some(value) = value {
                    run[key] = json!(value);
                }
            }
            if let Some(search) = &model.provenance().search {
                run["networks"] = json!(search.networks);
                run["temperature"] = json!(search.temperature);
                run["out_of_fold"] = json!(search.out_of_fold);
                run["candidates"] = json!(search.candidates);
            }
            writeln!(out, "{run}").unwrap();
        }
    }
}

/// The model of a variant, its figures on the test part with the seconds they took, and the seconds of the fit.
fn measure(train: &Path, variant: &str, is_values: bool) -> (Predictor, (Evaluation, f64), f64) {
    let [train, test] = parts(train, is_values);
    let begun = Instant::now();
    let model = search(variant, &train).fit(&train).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let found = model.evaluate(&test).unwrap();
    (model, (found, begun.elapsed().as_secs_f64()), seconds)
}

/// Both parts, with the categories of both, as the other programs get them.
fn parts(train: &Path, is_values: bool) -> [Table; 2] {
    let test = train.to_str().unwrap().replace("-train.csv", "-test.csv");
    let (train, test) = (
        fs::read_to_string(train).unwrap(),
        fs::read_to_string(test).unwrap(),
    );
    let (n_train, rest) = (train.lines().count() - 1, test.split_once('\n').unwrap().1);
    let both = std::env::temp_dir().join(format!("tiam-tables-{}.csv", std::process::id()));
    fs::write(&both, train + rest).unwrap();
    let task = if is_values {
        Task::Values
    } else {
        Task::Classes
    };
    let table = TableParams {
        task,
        ..TableParams::default()
    };
    let data: Dataset<f32> = tiam::data::load(&both, &LoadParams::default().table(table)).unwrap();
    fs::remove_file(&both).unwrap();
    let rows: Vec<usize> = (0..data.n_samples()).collect();
    [&rows[..n_train], &rows[n_train..]].map(|rows| Table::from(data.subset(rows).unwrap()))
}

fn search(variant: &str, table: &Table) -> Search {
    let good = Search::default();
    let keep = |keep: fn(&Candidate) -> bool| {
        let mut candidates = good.candidates_for(table).unwrap();
        candidates.retain(keep);
        good.clone().candidates(candidates)
    };
    match variant {
        "single" => good.effort(Effort::Single),
        "good" => good,
        "best" => good.effort(Effort::Best),
        "no-bins" => keep(|candidate| candidate.inputs != Inputs::Bins),
        "only-bins" => keep(|candidate| candidate.inputs == Inputs::Bins),
        "no-logarithm" => keep(|candidate| !candidate.logarithm),
        "no-bagging" => good.bagged(false),
        "no-mixing" => good.mixed(false),
        "no-calibration" => good.calibrated(false),
        folds if folds.starts_with("folds-") => good.folds(folds[6..].parse::<usize>().unwrap()),
        list if list.starts_with('/') => {
            let (folds, list) = list[1..].split_once(':').unwrap();
            let list: Vec<Candidate> = list.split(',').map(candidate).collect();
            good.folds(folds.parse::<usize>().unwrap()).candidates(list)
        }
        list => good.candidates(list.split(',').map(candidate).collect::<Vec<_>>()),
    }
}

fn candidate(text: &str) -> Candidate {
    let mut parts = text.split('@');
    let inputs = parts.next().unwrap().parse().unwrap();
    let mut candidate = Candidate::new(inputs, parts.next().unwrap().parse().unwrap());
    if let Some(epochs) = parts.next() {
        candidate.epochs = epochs.parse().unwrap();
    }
    if let Some(sizes) = parts.next() {
        let sizes = sizes.split('-').filter(|size| *size != "0");
        candidate.hidden = sizes.map(|size| size.parse().unwrap()).collect();
    }
    candidate
}
