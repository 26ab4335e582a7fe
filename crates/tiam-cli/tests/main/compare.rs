//! `tiam cv` and `tiam compare`.

use crate::common::{Bench, number, points, prices};

#[test]
fn folds_are_measured_with_means_and_deviations() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    let line = "cv --data points.csv --folds 3 --hidden 4 --epochs 20 --quiet";
    let found = bench.tiam(&format!("{line} --json")).ok().json();
    let folds = found["folds"].as_array().unwrap();
    let of = |key: &str| {
        folds
            .iter()
            .map(|fold| number(fold, key))
            .collect::<Vec<f64>>()
    };
    assert_eq!(of("samples"), [20.0; 3]);
    for key in ["accuracy", "log_loss", "roc_auc"] {
        let all = of(key);
        let mean = all.iter().sum::<f64>() / 3.0;
        let squares: f64 = all.iter().map(|x| (x - mean).powi(2)).sum();
        assert!((number(&found["mean"], key) - mean).abs() < 1e-12, "{key}");
        let deviation = number(&found["deviation"], key);
        assert!((deviation - (squares / 2.0).sqrt()).abs() < 1e-12, "{key}");
    }
    assert!(found["mean"].get("r2").is_none());
    let text = bench.tiam(line).ok().stdout;
    for part in ["one network, stochastic", "accuracy", "deviation"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!bench.path("tiam-out").exists());
}

#[test]
fn values_and_searches_are_cross_validated_too() {
    let bench = Bench::new();
    bench.write("prices.csv", &prices(40, 1));
    let line = "cv --data prices.csv --folds 2 --json --quiet";
    let found = bench.tiam(line).ok().json();
    assert!(number(&found["mean"], "r2") > 0.0 && found["mean"].get("accuracy").is_none());
    bench
        .tiam("cv --data prices.csv --folds 1")
        .fails(2, &["fold"]);
    bench
        .tiam("cv --data prices.csv --folds 2 --out x")
        .fails(2, &["--out"]);
    bench
        .tiam("cv --data prices.csv --effort best --hidden 4")
        .fails(2, &["--hidden", "--effort single"]);
}

#[test]
fn methods_are_compared_with_a_verdict_a_page_and_figures() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    let line = "compare --data points.csv --methods single,adam,single --seeds 3 --quiet --out c";
    let text = bench.tiam(line).ok().stdout;
    for part in [
        "accuracy",
        "memory MB",
        "row us",
        "Use ",
        "± ",
        "c/compare.html",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let found: serde_json::Value = serde_json::from_str(&bench.read("c/compare.json")).unwrap();
    let names: Vec<&str> = found["methods"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["single", "adam"]);
    assert_eq!(found["differences"].as_array().map(Vec::len), Some(1));
    assert!((0.0..=1.0).contains(&number(&found["differences"][0], "p")));
    for runs in found["methods"].as_array().unwrap() {
        assert_eq!(runs["runs"].as_array().map(Vec::len), Some(3));
        assert!(number(&runs["runs"][0], "score") > 0.8, "{runs}");
        assert!(number(&runs["runs"][0], "microseconds") > 0.0);
    }
    let page = bench.read("c/compare.html");
    assert!(page.contains("Verdict") && page.contains("Is it chance?") && page.contains("<svg"));
    let verdict = found["verdict"].as_str().unwrap();
    assert!(text.contains(verdict) && page.contains(&verdict[..20]));
}

#[test]
fn a_comparison_is_the_same_again_but_for_the_clock() {
    let bench = Bench::new();
    bench.write("prices.csv", &prices(40, 1));
    let scores = || {
        let line =
            "compare --data prices.csv --methods good,tiam --seeds 2 --seed 5 --quiet --json";
        let found = bench.tiam(line).ok().json();
        let methods = found["methods"].as_array().unwrap().clone();
        let score = |runs: &serde_json::Value| number(&runs["runs"][1], "score");
        methods.iter().map(score).collect::<Vec<f64>>()
    };
    let once = scores();
    assert_eq!(once.len(), 2);
    assert!(
        once.iter()
            .zip(scores())
            .all(|(a, b)| (a - b).abs() < 1e-15)
    );
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let bench = Bench::new();
    bench.write("points.csv", &points(40, 1));
    let on = |rest: &str| bench.tiam(&format!("compare --data points.csv {rest}"));
    on("--methods good,boosting").fails(2, &["good, best, single", "adam"]);
    on("--budget soon").fails(2, &["10s"]);
    on("--seeds 0").fails(2, &["--seeds"]);
    on("--hidden 4").fails(2, &["--hidden"]);
}
