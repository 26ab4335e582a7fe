//! `tiam train --stream`: tables of which most rows are never in memory together.

use std::fmt::Write as _;

use crate::common::{Bench, Numbers, result};

/// More rows than are in memory as a whole, by their label: the hardest order.
fn sorted(n: usize) -> String {
    let mut numbers = Numbers::new(5);
    let mut text = "x,z,kind\n".to_owned();
    for i in 0..n {
        let kind = i * 3 / n;
        let shift = kind as f64;
        let (x, z) = (numbers.next() + shift, numbers.next() - 0.3 * shift);
        writeln!(text, "{x:.3},{z:.3},{}", ["a", "b", "c"][kind]).unwrap();
    }
    text
}

#[test]
fn a_streamed_run_is_told_repeated_and_gone_on_with() {
    let bench = Bench::new();
    bench.write("t.csv", &sorted(500_000));
    let flags = "--label kind --hidden 6 --batch-size 1000 --threads 1";
    let line = format!("train --data t.csv --stream --cache cache {flags} --epochs 3");
    let first = bench.tiam(&format!("{line} --out whole --json")).ok();
    for words in [
        "converted to cache/t.csv.tiam-rows",
        "there was none",
        "are streamed",
    ] {
        assert!(first.stderr.contains(words), "{words}: {}", first.stderr);
    }
    assert!(first.json()["test_accuracy"].as_f64() > Some(0.99));
    let whole = result(&bench, "whole");
    let again = bench
        .tiam("train --config whole/config.toml --threads 2 --out again")
        .ok();
    assert!(
        again.stderr.contains("rows are read from"),
        "{}",
        again.stderr
    );
    assert_eq!(result(&bench, "again"), whole);
    bench
        .tiam(&format!(
            "{line} --out cut --iterations 1 --checkpoint-every 1"
        ))
        .ok();
    bench.tiam("train --resume cut --iterations 3").ok();
    assert_eq!(result(&bench, "cut"), whole);
    let answers = "predict whole/model.safetensors --data t.csv";
    assert_eq!(bench.tiam(answers).ok().stdout.lines().count(), 500_001);
}

#[test]
fn what_cannot_be_streamed_is_refused() {
    let bench = Bench::new();
    bench.write("t.csv", &sorted(300));
    let train = |flags: &str| bench.tiam(&format!("train --data t.csv {flags}"));
    train("--stream --effort good").fails(2, &["--effort single"]);
    train("--stream --class-weights balanced").fails(2, &["--class-weights"]);
    train("--cache c").fails(2, &["--cache", "--stream"]);
    train("--stream --pool-blocks 0").fails(2, &["--pool-blocks 0"]);
    train("--stream --method tiam").fails(2, &["--stream", "stochastic"]);
    train("--stream --precision f64").fails(2, &["--precision f64", "streamed"]);
    train("--stream --sample-weights x").fails(2, &["--sample-weights"]);
    train("--stream --from m").fails(2, &["--from"]);
    bench
        .tiam("train --stream")
        .fails(2, &["digits", "no table"]);
    bench.tiam("train --data - --stream").fails(2, &["a pipe"]);
    bench.write("t.csv.tiam-rows", "no rows");
    train("--stream").fails(2, &["t.csv.tiam-rows", "damaged; delete it"]);
}
