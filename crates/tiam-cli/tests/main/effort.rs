//! `tiam train --effort`: when a search is made, its files, and its refusals.

use crate::common::{Bench, number, points, prices};

#[test]
fn a_table_is_searched_unless_a_flag_means_one_network() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    let searched = bench.train("--data points.csv --seed 3 --out s");
    assert_eq!(searched["effort"], "good");
    assert_eq!(searched["trainings"], 24);
    assert!(number(&searched, "networks") >= 4.0);
    assert!(number(&searched, "out_of_fold_loss") < 1.0);
    assert!(!bench.path("s/trace.csv").exists());
    let one = bench.train("--data points.csv --hidden 4 --epochs 2 --out o");
    assert!(one.get("effort").is_none() && bench.path("o/trace.csv").exists());
    assert!(bench.train("--iterations 1").get("effort").is_none());
    let single = bench.train("--data points.csv --effort single --out s");
    assert!(single.get("effort").is_none() && bench.path("s/trace.csv").exists());
}

#[test]
fn a_search_is_repeated_to_the_bit_from_its_configuration() {
    let bench = Bench::new();
    bench.write("prices.csv", &prices(40, 1));
    bench.train("--data prices.csv --seed 3 --out first");
    bench
        .tiam("train --config first/config.toml --threads 2 --quiet --out second")
        .ok();
    let model = |folder: &str| bench.bytes(&format!("{folder}/model.safetensors"));
    assert_eq!(model("first"), model("second"));
    // What means one network wins over the effort of the file, and an effort over what the file says of one network.
    let one = bench.train("--config first/config.toml --hidden 4 --epochs 2 --out third");
    assert!(one.get("effort").is_none());
    let several = bench.train("--config third/config.toml --effort good --seed 3 --out fourth");
    assert_eq!(several["effort"], "good");
    assert_eq!(model("first"), model("fourth"));
}

#[test]
fn a_searched_model_is_evaluated_applied_and_described() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    let searched = bench.train("--data points.csv --test points.csv --time-limit 60 --out s");
    let line = "evaluate s/model.safetensors --data points.csv --json";
    let found = bench.tiam(line).ok().json();
    assert!((number(&found, "loss") - number(&searched, "test_loss")).abs() < 1e-9);
    let line = "predict s/model.safetensors --data points.csv --proba";
    assert_eq!(bench.tiam(line).ok().stdout.lines().count(), 61);
    let text = bench.tiam("info s/model.safetensors").ok().stdout;
    for word in ["networks", "multiplications", "search", "good"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let all = bench.tiam("info s/model.safetensors --json").ok().json();
    assert_eq!(all["networks"], searched["networks"]);
    assert_eq!(
        all["search"]["candidates"].as_array().map(Vec::len),
        Some(6)
    );
}

#[test]
fn a_search_that_was_cut_short_goes_on_to_the_same_model() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    bench.train("--data points.csv --out whole");
    assert!(!bench.path("whole/checkpoints").exists());
    let cut = bench
        .tiam("train --data points.csv --time-limit 0.05 --out s")
        .ok();
    assert!(
        cut.stderr
            .contains("go on with: tiam train --resume s --time-limit LONGER"),
        "{}",
        cut.stderr
    );
    assert!(bench.path("s/checkpoints/search.toml").exists());
    bench
        .tiam("train --resume s --hidden 4 --time-limit 60")
        .fails(2, &["--resume", "one network"]);
    bench.write("points.csv", &points(61, 1));
    bench
        .tiam("train --resume s --time-limit 60")
        .fails(2, &["of another search", "training data"]);
    bench.write("points.csv", &points(60, 1));
    bench
        .tiam("train --resume s --time-limit 60 --threads 1")
        .ok();
    let model = |folder: &str| bench.bytes(&format!("{folder}/model.safetensors"));
    assert!(model("s") == model("whole"));
    assert!(!bench.path("s/checkpoints").exists());
    bench
        .tiam("train --resume s")
        .fails(2, &["no checkpoint", "has ended"]);
    // A new run in the folder of one that was cut short.
    bench.train("--data points.csv --time-limit 0 --out s");
    let anew = bench.tiam("train --data points.csv --out s").ok();
    assert!(anew.stderr.contains("checkpoints.old"), "{}", anew.stderr);
    assert!(model("s") == model("whole"));
}

#[test]
fn what_a_search_cannot_do_is_refused() {
    let bench = Bench::new();
    bench.write("points.csv", &points(40, 1));
    let one = "--effort single";
    bench
        .tiam("train --data points.csv --effort best --hidden 4")
        .fails(2, &["--hidden", one]);
    bench.train("--data points.csv --time-limit 0 --out s");
    bench
        .tiam("train --data points.csv --from s/model.safetensors --out t")
        .fails(2, &["networks", "single"]);
    bench
        .tiam("train --data points.csv --effort all")
        .fails(2, &["good", "best"]);
}
