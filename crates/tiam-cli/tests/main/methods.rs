//! `tiam train --method`: every method, its flags, its defaults.

use crate::common::{Bench, number, points, prices};

const METHODS: [&str; 11] = [
    "tiam", "am", "mdlam", "dladmm", "bcd", "gd", "sgd", "adagrad", "adadelta", "adam", "samt",
];

#[test]
fn every_method_trains_and_repeats_from_its_configuration_to_the_bit() {
    let bench = Bench::new();
    bench.write("points.csv", &points(90, 2));
    for method in METHODS {
        let line = format!(
            "--data points.csv --method {method} --hidden 8 --iterations 5 --seed 3 --out {method}"
        );
        let result = bench.train(&line);
        assert_eq!(result["method"], method);
        assert_eq!(result["iterations"], 5);
        let again = format!("--config {method}/config.toml --out again");
        bench.train(&again);
        assert_eq!(
            bench.bytes(&format!("{method}/model.safetensors")),
            bench.bytes("again/model.safetensors"),
            "{method}"
        );
        let info = bench
            .tiam(&format!("info --json {method}/model.safetensors"))
            .ok()
            .json();
        assert_eq!(info["training"]["method"], method, "{info}");
    }
}

#[test]
fn every_method_lowers_its_training_loss_on_values() {
    let bench = Bench::new();
    bench.write("prices.csv", &prices(60, 4));
    for method in METHODS {
        let rate = match method {
            "gd" => "--learning-rate 0.3",
            "adam" | "adagrad" | "sgd" => "--learning-rate 0.03",
            _ => "",
        };
        let result = bench.train(&format!(
            "--data prices.csv --method {method} --hidden 8 --iterations 150 --precision f64 --init he {rate}"
        ));
        // The targets are standardised: a constant prediction has the loss 0.5.
        let error = number(&result, "rmse");
        let loss = number(&result, "train_loss");
        assert!(loss.is_finite() && error.is_finite(), "{method}: {result}");
        if method != "mdlam" {
            // mDLAM's published ridge holds the weights of so few samples near zero.
            assert!(number(&result, "r2") > 0.5, "{method}: {result}");
        }
    }
}

#[test]
fn mdlam_starts_in_its_papers_setting() {
    let bench = Bench::new();
    bench.write("points.csv", &points(30, 2));
    bench.train("--data points.csv --method mdlam --iterations 2 --hidden 4 --out m");
    let config = bench.read("m/config.toml");
    for line in [
        "rho = 0.001",
        "ridge = 0.05",
        "band = [100.0, 0.5, 0.001]",
        "init = \"normal:0.1\"",
    ] {
        assert!(config.contains(line), "{line} is not in {config}");
    }
    // What defines the method is no parameter of it.
    assert!(
        !config.contains("inertia") && !config.contains("schedule"),
        "{config}"
    );
}

#[test]
fn flags_without_meaning_for_the_method_are_refused() {
    let bench = Bench::new();
    for (line, parts) in [
        (
            "train --method adam --band 1,1,1",
            ["--band", "tiam, am, mdlam"],
        ),
        (
            "train --method am --inertia 0.1,0.1,0.1",
            ["--inertia", "stochastic, tiam"],
        ),
        (
            "train --method tiam --learning-rate 0.1",
            ["--learning-rate", "gd, sgd"],
        ),
        ("train --method gd --batch-size 3", ["--batch-size", "adam"]),
        ("train --method dladmm --gamma 1", ["--gamma", "bcd"]),
        (
            "train --method newton",
            ["newton", "known are stochastic, tiam, am"],
        ),
        (
            "train --method adam --learning-rate 0",
            ["--learning-rate", "0"],
        ),
        (
            "train --method adam --learning-rate NaN",
            ["--learning-rate", "NaN"],
        ),
        ("train --method sgd --batch-size 0", ["--batch-size", "0"]),
        ("train --method bcd --alpha -1", ["alpha", "-1"]),
        ("train --method dladmm --rho 0", ["rho", "0"]),
    ] {
        bench.tiam(line).fails(2, &parts);
    }
}

#[test]
fn a_method_from_the_configuration_meets_the_same_checks() {
    let bench = Bench::new();
    bench.write("c.toml", "method = 'adam'\nband = [1, 1, 1]\n");
    bench
        .tiam("train --config c.toml")
        .fails(2, &["--band", "adam"]);
}

#[test]
fn a_diverging_gradient_method_says_what_to_do() {
    let bench = Bench::new();
    bench.write("prices.csv", &prices(60, 4));
    bench
        .tiam("train --quiet --data prices.csv --method gd --learning-rate 1e6 --iterations 50 --out d")
        .fails(1, &["training failed", "--learning-rate", "last good model"]);
}
