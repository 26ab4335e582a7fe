//! `tiam train`: results, files, every value of every flag, repeatability.

use std::collections::BTreeSet;

use crate::common::{Bench, number, points, prices};
use serde_json::Value;

/// Keys of the result, in a fixed order so that a difference is easy to read.
const KEYS: [&str; 27] = [
    "iterations",
    "label",
    "mae",
    "majority",
    "method",
    "model",
    "n_inputs",
    "n_missing",
    "n_networks",
    "n_test",
    "n_train",
    "objective",
    "r2",
    "report",
    "restarts",
    "rmse",
    "seconds",
    "stop_reason",
    "task",
    "test_accuracy",
    "test_auc",
    "test_log_loss",
    "test_loss",
    "train_accuracy",
    "train_loss",
    "training_seconds",
    "violation",
];

#[test]
fn without_arguments_it_learns_the_digits() {
    let bench = Bench::new();
    let ran = bench.run(&[]).ok();
    for word in [
        "digits",
        "loss",
        "accuracy",
        "balanced",
        "most often confused",
        "epochs",
        "model",
        "report",
    ] {
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
    }
    let line = ran
        .stdout
        .lines()
        .find(|l| l.starts_with("accuracy"))
        .unwrap();
    let percent: f64 = line.split_whitespace().nth(3).unwrap().parse().unwrap();
    assert!(percent >= 95.0, "{line}");
    for name in [
        "model.safetensors",
        "trace.csv",
        "trace.json",
        "config.toml",
    ] {
        assert!(bench.path("tiam-out").join(name).is_file(), "{name}");
    }
    // Progress on standard error, a sensible number of plain lines, and no control characters anywhere.
    let n_lines = ran.stderr.lines().count();
    assert!((5..=20).contains(&n_lines), "{}", ran.stderr);
    let is_plain = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());
    assert!(is_plain(&ran.stdout) && is_plain(&ran.stderr));
    assert!(
        !ran.stdout.lines().any(|l| l.starts_with("epoch")),
        "{}",
        ran.stdout
    );
}

#[test]
fn json_has_exactly_the_promised_keys() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    bench.write("prices.csv", &prices(60, 1));
    let classes = bench.train("--data points.csv --iterations 5");
    let values = bench.train("--data prices.csv --iterations 5 --method tiam");
    for (result, method) in [(&classes, "stochastic"), (&values, "tiam")] {
        let keys: BTreeSet<&str> = result
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(keys, BTreeSet::from(KEYS));
        assert_eq!(result["method"], method);
        assert_eq!(
            result["training_seconds"].is_number(),
            method == "stochastic"
        );
        assert_eq!(result["stop_reason"], "max_iterations");
        assert_eq!(result["iterations"], 5);
        assert!(
            result
                .as_object()
                .unwrap()
                .values()
                .all(|v| !v.is_object() && !v.is_array())
        );
    }
    for key in ["r2", "rmse", "mae"] {
        assert!(classes[key].is_null() && values[key].is_number());
    }
    for key in [
        "train_accuracy",
        "test_accuracy",
        "test_log_loss",
        "majority",
    ] {
        assert!(classes[key].is_number() && values[key].is_null());
    }
    let facts = [
        "task",
        "label",
        "n_train",
        "n_test",
        "n_inputs",
        "n_missing",
        "n_networks",
    ];
    let of = |result: &Value| facts.map(|key| result[key].clone());
    let expected = |task: &str, label: &str, n_inputs: usize| {
        let numbers = [48, 12, n_inputs, 0, 1].map(Value::from);
        let [a, b, c, d, e] = numbers;
        [task.into(), label.into(), a, b, c, d, e]
    };
    assert_eq!(of(&classes), expected("classes", "kind", 2));
    assert_eq!(of(&values), expected("values", "price", 4));
    // Three classes of equal size, of which one curve would not tell.
    assert!((number(&classes, "majority") - 1.0 / 3.0).abs() < 1e-12);
    assert!(classes["test_auc"].is_null());
}

#[test]
fn every_value_of_every_flag_is_taken() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    let lines = [
        "--format table",
        "--format csv",
        "--header auto",
        "--header yes",
        "--label kind",
        "--label 2",
        "--label -1",
        "--label last",
        "--task auto",
        "--task classes",
        "--categorical x",
        "--ignore x",
        "--ignore -3",
        "--scaling auto",
        "--scaling none",
        "--scaling standard",
        "--scaling min-max",
        "--test-fraction 0.5",
        "--test-fraction 0",
        "--hidden none",
        "--hidden 4",
        "--hidden 4,3,2",
        "--activation relu",
        "--activation leaky_relu",
        "--activation elu",
        "--activation identity",
        "--init he",
        "--init xavier",
        "--init normal:0.1",
        "--rho 0.5",
        "--ridge 0",
        "--l1 0.01",
        "--band 1,0.5,0.1",
        "--pulse",
        "--order forward",
        "--order backward",
        "--inertia 0,0,0",
        "--inertia 0.7,0.6,0.3",
        "--schedule constant",
        "--schedule nesterov",
        "--schedule fista",
        "--guard on",
        "--guard off --inertia 0.5,0.5,0",
        "--solver auto",
        "--solver backtracking",
        "--solver gram",
        "--solver dual",
        "--solver dual_cholesky",
        "--solver cholesky",
        "--solver cg",
        "--target-objective -1",
        "--rel-change 0",
        "--time-limit 100",
        "--seed 18446744073709551615",
        "--precision f32",
        "--precision f64",
        "--max-categories 3",
        "--hops 2",
        "--epochs 3",
        "--batch-size 7",
        "--learning-rate 0.1",
        "--step-schedule cosine",
        "--step-schedule constant",
        "--step-schedule step:1,0.5",
        "--damping 1",
        "--curvature auto",
        "--curvature full",
        "--curvature sketch",
        "--curvature identity",
        "--averaging 0",
        "--averaging 2",
        "--local-steps 4",
        "--local-steps 4 --send bf16",
        "--class-weights equal",
        "--class-weights balanced",
        "--class-weights 1,2.5,1",
        "--sample-weights 1",
        "--patience 50",
        "--validation-fraction 0.2",
        "--trace-test",
    ];
    let of_full_batch = [
        "--rho", "--l1", "--band", "--pulse", "--order", "--guard", "--solver",
    ];
    for line in lines {
        let method = if of_full_batch.iter().any(|flag| line.starts_with(flag)) {
            "--method tiam"
        } else {
            ""
        };
        let result = bench.train(&format!("--data points.csv {line} {method} --iterations 3"));
        assert_eq!(result["stop_reason"], "max_iterations", "{line}");
        assert!(result["objective"].is_number(), "{line}");
        let model = bench
            .tiam("info tiam-out/model.safetensors --json")
            .ok()
            .json();
        assert!(model["seed"].is_u64(), "{line}: {model}");
    }
    let none = bench
        .run(&[
            "train",
            "--quiet",
            "--json",
            "--iterations",
            "1",
            "--hidden",
            "",
        ])
        .ok();
    assert!(none.json()["objective"].is_number());
}

#[test]
fn defaults_that_the_help_has_in_words_are_those_of_the_methods() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    let line = "--data points.csv --hidden 4";
    for (method, defaults) in [
        (
            "stochastic",
            "--damping 0.1 --averaging 0.25 --learning-rate 0.4 --batch-size 32 --epochs 100 --local-steps 1 --send full",
        ),
        ("bcd --iterations 100", "--gamma 1 --alpha 5"),
        ("adam", "--batch-size 128"),
    ] {
        bench.train(&format!("{line} --method {method} --out a"));
        bench.train(&format!("{line} --method {method} --out b {defaults}"));
        let model = |out: &str| bench.bytes(&format!("{out}/model.safetensors"));
        assert_eq!(model("a"), model("b"), "{method}");
    }
}

#[test]
fn flags_do_what_they_say() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    let info = |line: &str| {
        bench.train(&format!("--data points.csv --iterations 2 {line}"));
        bench
            .tiam("info tiam-out/model.safetensors --json")
            .ok()
            .json()
    };
    assert_eq!(
        info("--hidden 7,5")["sizes"],
        serde_json::json!([2, 7, 5, 3])
    );
    assert_eq!(info("--hidden none")["sizes"], serde_json::json!([2, 3]));
    assert_eq!(info("--activation leaky-relu")["activation"], "leaky_relu");
    assert_eq!(info("--precision f64")["precision"], "f64");
    assert_eq!(info("--seed 7")["seed"], 7);
    assert_eq!(info("--label x --task values")["loss"], "squared");
    assert_eq!(info("--label 0 --task values")["feature_names"][0], "y");
    assert!(info("--scaling none")["input_scaling"].is_null());
    assert!(info("")["input_scaling"].is_object());
    let whole = bench.train("--data points.csv --iterations 2 --test-fraction 0");
    assert!(whole["test_loss"].is_null() && whole["test_accuracy"].is_null());
    assert_eq!(
        bench.train("--data points.csv --iterations 0")["iterations"],
        0
    );
    let objective = |line: &str| {
        let line =
            format!("--data points.csv --method tiam --band 1,0.9,0.01 --iterations 4 {line}");
        bench.train(&line)["objective"].clone()
    };
    let plain = objective("");
    assert_eq!(objective("--order forward"), plain);
    assert_ne!(objective("--order backward"), plain);
    assert_ne!(objective("--pulse"), plain);
}

#[test]
fn stopping_rules_stop() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    let reason =
        |line: &str| bench.train(&format!("--data points.csv {line}"))["stop_reason"].clone();
    assert_eq!(reason("--target-objective 1e30"), "target_objective");
    assert_eq!(reason("--rel-change 1"), "rel_change");
    assert_eq!(reason("--time-limit 0"), "time_limit");
}

#[test]
fn a_full_batch_run_is_repeated_to_the_bit_from_its_configuration() {
    is_repeated(
        "--method tiam --iterations 12 --rho 0.3 --precision f32 --band 1,0.9,0.01 --pulse --order backward",
    );
}

#[test]
fn a_run_by_batches_is_repeated_to_the_bit_from_its_configuration() {
    is_repeated(
        "--epochs 9 --learning-rate 0.3 --damping 0.2 --averaging 0.5 --class-weights balanced --patience 20",
    );
    is_repeated("--epochs 5 --sample-weights x");
    is_repeated(
        "--batch-size 11 --step-schedule step:2,0.5 --curvature sketch --precision f64 --iterations 4",
    );
}

#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
fn is_repeated(flags: &str) {
    let bench = Bench::new();
    bench.write("points.csv", &points(90, 2));
    let line = format!(
        "train --quiet --json --data points.csv --seed 5 --threads 2 --hidden 6,4 --inertia 0.8,0.7,0.1 --activation elu \
         --schedule fista --out first {flags}"
    );
    let first = bench.tiam(&line).ok().json();
    let again = bench
        .tiam("train --quiet --json --config first/config.toml --out again")
        .ok()
        .json();
    assert_eq!(
        bench.bytes("first/model.safetensors"),
        bench.bytes("again/model.safetensors")
    );
    assert_eq!(
        bench.read("first/config.toml"),
        bench.read("again/config.toml")
    );
    assert_eq!(first["objective"], again["objective"]);
    // From another folder too: paths in it are absolute.
    let elsewhere = Bench::new();
    let config = bench.path("first/config.toml");
    elsewhere
        .run(&[
            "train",
            "--quiet",
            "--config",
            config.to_str().unwrap(),
            "--out",
            "x",
        ])
        .ok();
    assert_eq!(
        bench.bytes("first/model.safetensors"),
        elsewhere.bytes("x/model.safetensors")
    );
    // Flags win.
    let other = bench
        .tiam("train --quiet --json --config first/config.toml --out other --seed 6")
        .ok()
        .json();
    assert_ne!(first["objective"], other["objective"]);
}

#[test]
fn a_model_is_trained_on() {
    let bench = Bench::new();
    bench.write("points.csv", &points(90, 2));
    bench.train("--data points.csv --hidden 5 --epochs 2 --out first");
    // More of the same data: the columns, classes and scaling are the model's.
    bench.write("more.csv", &points(70, 3));
    let more = bench.train(
        "--data more.csv --from first/model.safetensors --epochs 1 --learning-rate 1e-9 --out more",
    );
    let fresh = bench
        .tiam("evaluate first/model.safetensors --data more.csv --json")
        .ok()
        .json();
    let same = bench
        .tiam("evaluate more/model.safetensors --data more.csv --json")
        .ok()
        .json();
    let apart = fresh["loss"].as_f64().unwrap() - same["loss"].as_f64().unwrap();
    assert!(
        apart.abs() < 1e-4,
        "a step of nearly nothing: {fresh} {same}"
    );
    assert!(more["train_loss"].is_number());
    bench
        .tiam("train --data more.csv --from first/model.safetensors --precision f64")
        .fails(2, &["--precision f32"]);
    bench
        .tiam("train --data more.csv --from first/model.safetensors --hidden 3")
        .fails(2, &["--hidden", "--from"]);
    bench
        .tiam("train --quiet --config more/config.toml --out again")
        .ok();
    assert_eq!(
        bench.bytes("more/model.safetensors"),
        bench.bytes("again/model.safetensors")
    );
}

#[test]
fn early_stopping_keeps_the_best_network() {
    let bench = Bench::new();
    bench.write("points.csv", &points(200, 2));
    let result = bench.train(
        "--data points.csv --patience 2 --epochs 100 --step-schedule constant --learning-rate 2",
    );
    let trace = bench.read("tiam-out/trace.csv");
    assert_eq!(result["stop_reason"], "no_improvement", "{trace}");
    let header: Vec<&str> = trace.lines().next().unwrap().split(',').collect();
    let at = header
        .iter()
        .position(|name| *name == "validation_loss")
        .unwrap();
    let losses: Vec<f64> = trace
        .lines()
        .skip(2)
        .map(|l| l.split(',').nth(at).unwrap().parse().unwrap())
        .collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(
        losses.len() >= 3 && (losses[losses.len() - 3] - best).abs() < 1e-12,
        "{losses:?}"
    );
}

#[test]
fn the_same_seed_and_threads_give_the_same_bits() {
    let bench = Bench::new();
    for out in ["a", "b"] {
        bench
            .tiam(&format!(
                "train --quiet --iterations 3 --threads 2 --out {out}"
            ))
            .ok();
    }
    assert_eq!(
        bench.bytes("a/model.safetensors"),
        bench.bytes("b/model.safetensors")
    );
}

#[test]
fn rows_of_weight_0_teach_nothing() {
    let bench = Bench::new();
    bench.write("test.csv", &points(60, 2));
    // Every right row is followed by a wrong one, of weight 0.
    let right = points(60, 1);
    let mut both = String::from("x,y,weight,kind\n");
    for line in right.lines().skip(1) {
        let (features, kind) = line.rsplit_once(',').unwrap();
        let wrong = if kind == "ash" { "birch" } else { "ash" };
        both.push_str(&format!("{features},0.5,{kind}\n{features},0,{wrong}\n"));
    }
    bench.write("both.csv", &both);
    let train = |flags: &str| {
        let line = format!("--data both.csv --test test.csv --epochs 20 --scaling none {flags}");
        number(&bench.train(&line), "test_accuracy")
    };
    assert!(train("--sample-weights weight") > 0.99);
    assert!(train("--ignore weight") < 0.9);
    // The model does not ask for the column, and passes over it.
    bench.train("--data both.csv --sample-weights weight --epochs 2 --out o");
    for file in ["test.csv", "both.csv"] {
        let line = format!("predict o/model.safetensors --data {file}");
        assert!(bench.tiam(&line).ok().stdout.lines().count() > 60);
    }
    // Going on, it is read as before.
    bench.train("--from o/model.safetensors --data both.csv --epochs 2 --out p");
    let config = bench.read("o/config.toml");
    assert!(config.contains("sample-weights = \"weight\""), "{config}");
}

#[test]
fn the_trace_has_a_row_an_iteration() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    let result = bench.train("--data points.csv --iterations 4 --out o");
    let csv = bench.read("o/trace.csv");
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 6);
    assert_eq!(
        &rows[0][..5],
        [
            "iteration",
            "objective",
            "violation",
            "restarts",
            "rel_change"
        ]
    );
    assert!(rows.iter().all(|row| row.len() == rows[0].len()));
    assert_eq!(
        rows[5][1].parse::<f64>().unwrap().to_bits(),
        number(&result, "objective").to_bits()
    );
    let json: Value = serde_json::from_str(&bench.read("o/trace.json")).unwrap();
    assert_eq!(json["rows"][4]["objective"], result["objective"]);
    assert_eq!(json["rows"].as_array().unwrap().len(), 5);
}

#[test]
fn the_chosen_solver_is_recorded_repeated_and_shown() {
    let bench = Bench::new();
    let first = bench.train("--method tiam --iterations 5 --hidden 10 --out first");
    let config = bench.read("first/config.toml");
    let solver = config.lines().find(|line| line.starts_with("solver"));
    assert!(
        solver.is_some_and(|line| !line.contains("auto")),
        "{config}"
    );
    let again = bench
        .tiam("train --quiet --json --config first/config.toml --out again")
        .ok()
        .json();
    assert_eq!(first["objective"], again["objective"]);
    assert_eq!(
        bench.bytes("first/model.safetensors"),
        bench.bytes("again/model.safetensors")
    );
    let trace: Value = serde_json::from_str(&bench.read("first/trace.json")).unwrap();
    assert_eq!(trace["solvers"][0]["block"], "W_1");
    assert!(number(&trace["solvers"][0], "actual_seconds") > 0.0);
    let shown = bench.tiam("info first/model.safetensors").ok().stdout;
    assert!(
        shown.contains("W_1 by") && shown.contains("ms a step"),
        "{shown}"
    );
    // Without the trace the times are unknown, and the rest still stands.
    std::fs::remove_file(bench.path("first/trace.json")).unwrap();
    let shown = bench.tiam("info first/model.safetensors").ok().stdout;
    assert!(
        shown.contains("W_1 by") && !shown.contains("ms a step"),
        "{shown}"
    );
}

#[test]
fn each_layers_curvature_is_shown() {
    let bench = Bench::new();
    bench.train("--epochs 1 --hidden 30");
    let shown = bench.tiam("info tiam-out/model.safetensors").ok().stdout;
    for text in [
        "W_1 by          curvature sketched with rank 16: the cheapest for 64 inputs",
        "W_2 by          full curvature: the cheapest for 30 inputs",
    ] {
        assert!(shown.contains(text), "{shown}");
    }
    bench.train("--epochs 1 --hidden none --curvature identity");
    let shown = bench.tiam("info tiam-out/model.safetensors").ok().stdout;
    assert!(shown.contains("no curvature: asked for"), "{shown}");
}

#[test]
fn a_test_file_is_read_in_the_layout_of_the_training_file() {
    let bench = Bench::new();
    bench.write("train.csv", &points(60, 1));
    bench.write("test.csv", "kind,y,x\ncedar,3.5,0.5\nbirch,0.5,3.5\n");
    let result = bench.train("--data train.csv --test test.csv --iterations 60 --hidden 8");
    assert!((number(&result, "test_accuracy") - 1.0).abs() < 1e-12);
    let evaluated = bench
        .tiam("evaluate tiam-out/model.safetensors --data test.csv --threads 1 --json")
        .ok()
        .json();
    assert_eq!(evaluated["loss"], result["test_loss"]);
    assert_eq!(evaluated["accuracy"], result["test_accuracy"]);
    assert_eq!(evaluated["samples"], 2);
}

#[test]
fn more_classes_than_usual_are_asked_for() {
    let bench = Bench::new();
    let rows = (0..3000).map(|i| format!("{},{},k{}\n", i % 97, i % 89, i % 1500));
    bench.write(
        "many.csv",
        &("x,y,kind\n".to_owned() + &rows.collect::<String>()),
    );
    let line = "train --data many.csv --epochs 1 --hidden 4 --quiet --json";
    bench
        .tiam(line)
        .fails(2, &["line 1002", "--max-categories"]);
    let trained = bench
        .tiam(&format!("{line} --max-categories 1500"))
        .ok()
        .json();
    assert!(
        trained["train_loss"].as_f64().unwrap().is_finite(),
        "{trained}"
    );
    assert!(
        bench
            .read("tiam-out/config.toml")
            .contains("max-categories = 1500")
    );
}

#[test]
fn values_are_learnt_and_reported_in_their_own_units() {
    let bench = Bench::new();
    bench.write("train.csv", &prices(200, 3));
    bench.write("test.csv", &prices(50, 4));
    let result = bench.train(
        "--data train.csv --test test.csv --hidden none --iterations 60 --precision f64 --ridge 0",
    );
    // The truth is linear; its deviation is about 70.
    assert!(number(&result, "rmse") < 2.0, "{result}");
    assert!(number(&result, "r2") > 0.999, "{result}");
    let (loss, rmse) = (number(&result, "test_loss"), number(&result, "rmse"));
    assert!((loss - rmse * rmse / 2.0).abs() <= 1e-12 * loss);
    let evaluated = bench
        .tiam("evaluate tiam-out/model.safetensors --data test.csv --threads 1 --json")
        .ok()
        .json();
    for (theirs, ours) in [("loss", "test_loss"), ("r2", "r2"), ("rmse", "rmse")] {
        assert_eq!(evaluated[theirs], result[ours]);
    }
}

/// Two classes, of which one is rare: `x,y,kind`.
fn rare(rows: usize) -> String {
    let text = points(rows, 5)
        .replace("ash", "common")
        .replace("birch", "common");
    text.replace("cedar", "rare")
}

#[test]
fn two_classes_have_an_area_that_evaluation_repeats() {
    let bench = Bench::new();
    bench.write("rare.csv", &rare(120));
    let trained = bench.train("--data rare.csv --iterations 5 --hidden 8");
    let (area, loss) = (
        number(&trained, "test_auc"),
        number(&trained, "test_log_loss"),
    );
    assert!(area > 0.9 && area <= 1.0 && loss > 0.0);
    assert!((loss / number(&trained, "test_loss") - 1.0).abs() < 1e-5);
    bench.write("all.csv", &rare(120));
    let found = bench.tiam("evaluate tiam-out/model.safetensors --data all.csv --json --threads 1");
    let found = found.ok().json();
    assert_eq!(found["test_auc"], found["roc_auc"]);
    assert!((number(&found, "majority") - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(
        (&found["task"], &found["label"]),
        (&"classes".into(), &"kind".into())
    );
    assert_eq!(
        (&found["n_test"], &found["n_train"]),
        (&120.into(), &Value::Null)
    );
}

#[test]
fn figures_of_any_size_stay_apart_and_in_line() {
    let bench = Bench::new();
    let large = prices(80, 2);
    let large: String = large
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            match cells[3].parse::<f64>() {
                Ok(price) => format!("{},{},{},{}\n", cells[0], cells[1], cells[2], price * 1e15),
                Err(_) => format!("{line}\n"),
            }
        })
        .collect();
    bench.write("large.csv", &large);
    let text = bench
        .tiam("train --quiet --data large.csv --iterations 3 --hidden 4")
        .ok()
        .stdout;
    let rows: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("train"))
        .take(6)
        .collect();
    for row in &rows[1..] {
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells.len(), 3, "{text}");
        assert!(
            cells[1..]
                .iter()
                .all(|cell| cell.parse::<f64>().is_ok() && cell.len() <= 11),
            "{text}"
        );
        assert_eq!(row.len(), rows[1].len(), "{text}");
    }
    assert!(rows.iter().any(|row| row.starts_with("mae")), "{text}");
}

#[test]
fn classes_have_a_matrix_and_many_their_most_confused_pairs() {
    let bench = Bench::new();
    bench.write("rare.csv", &rare(120));
    let text = bench
        .tiam("train --quiet --data rare.csv --iterations 3 --hidden 4")
        .ok()
        .stdout;
    let rows = text.lines().skip_while(|line| !line.starts_with("class "));
    let rows: Vec<Vec<&str>> = rows
        .take(3)
        .map(|row| row.split_whitespace().collect())
        .collect();
    assert_eq!(
        rows[0],
        [
            "class",
            "samples",
            "precision",
            "recall",
            "f1",
            "as",
            "common",
            "as",
            "rare"
        ]
    );
    let n = |cell: &str| cell.parse::<usize>().unwrap();
    for row in &rows[1..] {
        let hits: usize = row[row.len() - 2..].iter().map(|cell| n(cell)).sum();
        assert_eq!(n(row[1]), hits, "{text}");
    }
    let text = bench
        .tiam("train --quiet --iterations 1 --hidden none")
        .ok()
        .stdout;
    assert!(
        text.contains("most often confused: ") && text.contains(" taken for "),
        "{text}"
    );
}

#[test]
fn a_page_about_the_model_is_written_unless_it_is_not_wanted() {
    let bench = Bench::new();
    bench.write("rare.csv", &rare(120));
    let trained = bench.train("--data rare.csv --epochs 8 --hidden 8 --patience 5");
    let report = trained["report"].as_str().unwrap();
    let page = bench.read(report);
    for part in [
        "A model of kind in rare.csv",
        "Always answering “common”, the most frequent class, would be right for",
        "ROC curve",
        "Calibration",
        "Loss in the course of training",
        "validation",
        "How much each column matters",
        "--hidden",
        "tiam predict tiam-out/model.safetensors",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Where it was made is nobody's business.
    assert!(!page.contains(bench.path("").to_str().unwrap()));
    let trained = bench.train("--data rare.csv --epochs 2 --hidden 8 --no-report --out bare");
    assert!(trained["report"].is_null() && !bench.path("bare/report.html").exists());
    bench.write("prices.csv", &prices(60, 1));
    bench.train("--data prices.csv --epochs 2 --hidden 8 --out prices");
    let page = bench.read("prices/report.html");
    assert!(page.contains("Answer against truth, price") && page.contains("Errors of price"));
}
