//! `tiam evaluate`, `tiam predict` and `tiam info` on models that were trained here.

use std::io::Read;
use std::process::Stdio;

use crate::common::{Bench, number, points, prices};

#[test]
fn evaluating_the_digits_repeats_what_training_printed() {
    let bench = Bench::new();
    let trained = bench.train("--iterations 3 --hidden 10 --seed 3 --test-fraction 0.3");
    let evaluated = bench
        .tiam("evaluate tiam-out/model.safetensors --data digits --threads 1 --json")
        .ok()
        .json();
    assert_eq!(evaluated["loss"], trained["test_loss"]);
    assert_eq!(evaluated["accuracy"], trained["test_accuracy"]);
    assert_eq!(evaluated["samples"], 539);
    let table = bench
        .tiam("evaluate tiam-out/model.safetensors --data digits")
        .ok()
        .stdout;
    assert!(
        table.contains("accuracy") && table.contains("539"),
        "{table}"
    );
}

#[test]
fn predictions_need_no_label_column() {
    let bench = Bench::new();
    bench.write("train.csv", &points(90, 1));
    bench.train("--data train.csv --iterations 60 --hidden 8");
    bench.write("new.csv", "y,x\n0.5,0.5\n0.5,3.5\n3.5,0.5\n");
    let predicted = bench
        .tiam("predict tiam-out/model.safetensors --data new.csv")
        .ok()
        .stdout;
    assert_eq!(predicted, "class\nash\nbirch\ncedar\n");
    // With a label column, even one with unknown or empty cells.
    bench.write(
        "labelled.csv",
        "x,y,kind\n0.5,0.5,oak\n3.5,0.5,\n0.5,3.5,ash\n",
    );
    let labelled = bench
        .tiam("predict tiam-out/model.safetensors --data labelled.csv")
        .ok()
        .stdout;
    assert_eq!(labelled, predicted);
    bench
        .tiam("predict tiam-out/model.safetensors --data new.csv --out p.csv")
        .ok();
    assert_eq!(bench.read("p.csv"), predicted);
}

#[test]
fn probabilities_have_a_column_a_class_and_add_up_to_one() {
    let bench = Bench::new();
    bench.write(
        "train.csv",
        &points(90, 1).replace("ash", "\"white, \"\"ash\"\"\""),
    );
    bench.train("--data train.csv --iterations 30 --hidden 8 --precision f64");
    let text = bench
        .tiam("predict tiam-out/model.safetensors --data train.csv --proba")
        .ok()
        .stdout;
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("class,birch,cedar,\"white, \"\"ash\"\"\"")
    );
    let mut n_rows = 0;
    for line in lines {
        let sum: f64 = line
            .rsplit(',')
            .take(3)
            .map(|cell| cell.parse::<f64>().unwrap())
            .sum();
        assert!((sum - 1.0).abs() < 1e-12, "{line}");
        n_rows += 1;
    }
    assert_eq!(n_rows, 90);
}

#[test]
fn categories_go_through_training_and_prediction() {
    let bench = Bench::new();
    bench.write("train.csv", &prices(200, 3));
    bench.train("--data train.csv --hidden none --iterations 100 --precision f64 --ridge 0 --test-fraction 0");
    let info = bench
        .tiam("info tiam-out/model.safetensors --json")
        .ok()
        .json();
    assert_eq!(
        info["feature_names"],
        serde_json::json!(["a", "colour=blue", "colour=red", "b"])
    );
    // The columns in another order, without the label, only one of the colours.
    bench.write("new.csv", "colour,b,a\nblue,0,0\nblue,1,1\n");
    let text = bench
        .tiam("predict tiam-out/model.safetensors --data new.csv")
        .ok()
        .stdout;
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("value"));
    let values: Vec<f64> = lines.map(|line| line.parse().unwrap()).collect();
    assert!(
        (values[0] - 1050.0).abs() < 2.0 && (values[1] - 1150.0).abs() < 2.0,
        "{values:?}"
    );
    bench.write("unknown.csv", "colour,b,a\ngreen,0,0\n");
    bench
        .tiam("predict tiam-out/model.safetensors --data unknown.csv --strict")
        .fails(2, &["green", "line 2", "colour"]);
}

#[test]
fn a_label_column_of_another_name_or_place_can_be_chosen() {
    let bench = Bench::new();
    bench.write("train.csv", &points(90, 1));
    bench.train("--data train.csv --iterations 60 --hidden 8 --test-fraction 0");
    let evaluate = |line: &str| {
        let line = format!("evaluate tiam-out/model.safetensors --threads 1 --json {line}");
        number(&bench.tiam(&line).ok().json(), "loss").to_bits()
    };
    let loss = evaluate("--data train.csv");
    bench.write("renamed.csv", &points(90, 1).replace("kind", "tree"));
    assert_eq!(evaluate("--data renamed.csv --label tree"), loss);
    let moved = |line: &str| match line.rsplit_once(',') {
        Some((rest, label)) => format!("{label},{rest}\n"),
        None => String::new(),
    };
    let headless: String = points(90, 1).lines().skip(1).map(moved).collect();
    bench.write("headless.csv", &headless);
    assert_eq!(evaluate("--data headless.csv --label 0 --header no"), loss);
    assert_eq!(evaluate("--data headless.csv --label -3 --header no"), loss);
    bench
        .tiam("evaluate tiam-out/model.safetensors --data train.csv --label 9")
        .fails(2, &["--label 9", "3 columns"]);
}

#[test]
fn info_tells_what_is_in_a_model() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    bench.train("--data points.csv --iterations 4 --hidden 5 --seed 11");
    let text = bench.tiam("info tiam-out/model.safetensors").ok().stdout;
    for part in [
        "2-5-3",
        "relu",
        "f32",
        "x, y",
        "ash, birch, cedar",
        "points.csv",
        "11",
        "4 iterations",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = bench
        .tiam("info tiam-out/model.safetensors --json")
        .ok()
        .json();
    assert_eq!(json["parameters"], 2 * 5 + 5 + 5 * 3 + 3);
    assert_eq!(json["training"]["iterations"], 4);
    assert_eq!(
        json["class_names"],
        serde_json::json!(["ash", "birch", "cedar"])
    );
    // Nothing of the machine it was trained on.
    let file = bench.bytes("tiam-out/model.safetensors");
    assert!(!String::from_utf8_lossy(&file).contains(bench.path("").to_str().unwrap()));
}

#[test]
fn info_tells_the_label_the_task_and_the_columns() {
    let bench = Bench::new();
    bench.write("prices.csv", &prices(60, 1));
    bench.train("--data prices.csv --iterations 1 --hidden 3 --ignore a");
    let text = bench.tiam("info tiam-out/model.safetensors").ok().stdout;
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for line in [
        "label price",
        "task values",
        "columns 4",
        "a left out",
        "b number",
        "price label",
    ] {
        let found = lines.iter().any(|found| found.starts_with(line));
        assert!(found, "{line}: {text}");
    }
    assert!(
        lines.contains(&"colour category of 2: blue, red".to_owned()),
        "{text}"
    );
    let json = bench
        .tiam("info tiam-out/model.safetensors --json")
        .ok()
        .json();
    assert_eq!(
        (&json["label"], &json["task"]),
        (&"price".into(), &"values".into())
    );
    assert_eq!(json["columns"]["columns"][1]["categories"][0], "blue");
    let wide: String = (0..30).map(|n| format!("c{n},")).collect::<String>() + "kind\n";
    let row = |kind: &str| "1,".repeat(30) + kind + "\n";
    bench.write("wide.csv", &(wide + &(row("a") + &row("b")).repeat(10)));
    bench.train("--data wide.csv --iterations 1 --hidden none");
    let text = bench.tiam("info tiam-out/model.safetensors").ok().stdout;
    assert!(text.contains("and 11 more, all with --json"), "{text}");
}

#[test]
fn a_reader_that_stops_early_is_no_failure() {
    let bench = Bench::new();
    bench.train("--iterations 1 --hidden none");
    let args = [
        "predict",
        "tiam-out/model.safetensors",
        "--data",
        "digits",
        "--proba",
    ];
    let mut child = bench
        .command(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 8];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
