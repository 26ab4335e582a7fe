//! Wrong usage and input: exit status 2, and a message that says what to do; failures while running: 1.

use std::fs;

use crate::common::{Bench, points, prices};

#[test]
fn wrong_flags_are_refused_before_anything_is_written() {
    let bench = Bench::new();
    bench.write("points.csv", &points(30, 1));
    let lines: &[(&str, &[&str])] = &[
        ("train --nonsense", &["--nonsense"]),
        ("train --method tiam --rho 0", &["rho", "0", "from 1e-30"]),
        ("train --method dladmm --rho 1e39", &["rho", "to 1e30"]),
        ("train --method tiam --rho -1", &["rho", "-1"]),
        ("train --method tiam --rho NaN", &["rho"]),
        ("train --ridge -1", &["ridge"]),
        ("train --method tiam --l1 -1", &["l1"]),
        ("train --method tiam --band 1,2,3", &["band"]),
        ("train --band 1", &["--band", "three numbers"]),
        ("train --inertia 2,0,0", &["--inertia", "[0, 1]"]),
        ("train --inertia 0.5", &["--inertia", "P1,P2,P3"]),
        ("train --hidden 0", &["--hidden", "layer size"]),
        ("train --hidden 10,x", &["--hidden", "x"]),
        (
            "train --activation tanh",
            &["--activation", "tanh", "leaky_relu"],
        ),
        ("train --init normal:-1", &["--init"]),
        ("train --rho 1", &["--rho", "stochastic", "tiam, am, mdlam"]),
        ("train --epochs 0", &["epochs", "at least 1"]),
        ("train --batch-size 0", &["batch-size", "at least 1"]),
        ("train --damping 0", &["damping", "above 0"]),
        ("train --averaging -1", &["averaging", "at least 0"]),
        (
            "train --curvature hessian",
            &["--curvature", "auto, full, sketch, identity"],
        ),
        ("train --step-schedule step:0,2", &["--step-schedule"]),
        ("train --local-steps 0", &["local-steps", "at least 1"]),
        (
            "train --method tiam --local-steps 4",
            &["--local-steps", "tiam", "stochastic"],
        ),
        ("train --send bf16", &["send", "local-steps of 2"]),
        (
            "train --local-steps 1 --send bf16",
            &["send", "local-steps of 2"],
        ),
        ("train --local-steps 2 --send f8", &["--send", "full, bf16"]),
        ("cv --data a --pool-blocks 3", &["--pool-blocks"]),
        ("compare --data a --local-steps 3", &["--local-steps"]),
        (
            "train --class-weights 1,x",
            &["--class-weights", "balanced"],
        ),
        (
            "train --method tiam --sample-weights x",
            &["--sample-weights", "stochastic"],
        ),
        (
            "train --sample-weights x --from a",
            &["--sample-weights", "--from"],
        ),
        ("train --sample-weights x", &["digits", "--sample-weights"]),
        ("train --from nowhere.safetensors", &["nowhere.safetensors"]),
        ("train --solver lu", &["--solver", "cholesky"]),
        ("train --schedule linear", &["--schedule", "fista"]),
        ("train --precision f16", &["--precision", "f32"]),
        ("train --threads 0", &["threads"]),
        ("train --time-limit -1", &["--time-limit", "seconds"]),
        ("train --rel-change -1", &["--rel-change"]),
        ("train --target-objective NaN", &["--target-objective"]),
        ("train --data points.csv --test-fraction 1.5", &["fraction"]),
        ("train --test a --test-fraction 0.1", &["--test"]),
        ("train --hops 100 --data points.csv --label", &["--label"]),
    ];
    for &(line, parts) in lines {
        bench.tiam(line).fails(2, parts);
        assert!(!bench.path("tiam-out").exists(), "{line}");
    }
}

#[test]
fn wrong_usage_says_what_to_write() {
    let bench = Bench::new();
    for (line, parts) in [
        ("iris.csv", ["iris.csv", "tiam train --data iris.csv"]),
        ("nonsense", ["nonsense", "tiam train --data nonsense"]),
        ("trian", ["trian", "'train'"]),
        ("--data iris.csv", ["--data", "tiam train --data"]),
        ("train iris.csv", ["iris.csv", "--data iris.csv"]),
        ("evaluate m more.csv", ["more.csv", "--data more.csv"]),
        ("predict m more.csv", ["more.csv", "--data more.csv"]),
        ("info m more.csv", ["more.csv", "Usage: tiam info"]),
        ("train --epoch 5", ["--epoch", "'--epochs'"]),
        ("train --lr 0.1", ["--lr", "mean '--learning-rate'?"]),
        ("train --missng x", ["--missng", "--help` lists"]),
        ("train --target y", ["--target", "mean '--label'?"]),
        ("train --labels y", ["--labels", "mean '--label'?"]),
        ("train --proba", ["--proba", "a flag of `tiam predict`"]),
        ("info m --jsno", ["--jsno", "mean '--json'?"]),
        (
            "train --test-fraction 1.5 --data digits",
            ["--test-fraction 1.5", "below 1"],
        ),
        ("train --data", ["--data <PATH>", "a value is required"]),
        ("train --json --json", ["--json", "multiple times"]),
        ("train --guard=maybe", ["--guard", "on, off"]),
        ("train --order sideways", ["--order", "forward, backward"]),
        ("train --epochs ten", ["--epochs", "a whole number from 0"]),
        ("train --epochs -1", ["'-1'", "a whole number from 0"]),
        ("train --epochs 1.5", ["--epochs", "a whole number from 0"]),
        ("train --seed -1", ["--seed", "a whole number from 0"]),
        ("train --seed 99999999999999999999", ["--seed", "too large"]),
        ("train --rho much", ["--rho", "a number is needed"]),
        (
            "train --time-limit 1h",
            ["--time-limit", "a number is needed"],
        ),
        ("train --threads -3", ["--threads", "a whole number from 0"]),
        ("train --threads 0", ["--threads", "at least 1"]),
        ("train --threads 1000000", ["--threads", "at most 4096"]),
        (
            "evaluate m --data d --threads 0",
            ["--threads", "at least 1"],
        ),
        (
            "evaluate m --data d --threads x",
            ["--threads", "a whole number"],
        ),
        ("reproduce --out r --seeds x", ["--seeds", "a whole number"]),
        (
            "train --hidden -5,4",
            ["--hidden", "`-5` is not a layer size"],
        ),
        ("train --hidden 1000000000000", ["--hidden", "to 1000000"]),
        (
            "train --hidden 900000,900000",
            ["--hidden", "weights between two"],
        ),
        ("train --inertia -1,0,0", ["--inertia", "[0, 1]"]),
        ("train --band -1,1,1", ["--band", "above 0"]),
        (
            "train --class-weights -1,2",
            ["--class-weights", "at least 0"],
        ),
        (
            "train --keep-checkpoints 0",
            ["--keep-checkpoints", "at least 1"],
        ),
        (
            "train --checkpoint-every 0",
            ["--checkpoint-every", "60s, or off"],
        ),
        ("train --config a --resume b", ["--config", "--resume"]),
        ("train --label=", ["--label", "empty"]),
        ("train --out=", ["--out", "a path is needed"]),
        ("train --test=", ["--test", "a path is needed"]),
        ("train --data=", ["--data", "a path is needed, or `digits`"]),
        ("evaluate m --data=", ["--data", "a path is needed"]),
        (
            "evaluate m --data d --label=",
            ["--label", "a value is required"],
        ),
    ] {
        let ran = bench.tiam(line).fails(2, &parts);
        assert!(ran.stdout.is_empty(), "{line}: {}", ran.stdout);
    }
    assert!(!bench.path("tiam-out").exists());
}

#[test]
fn flags_beside_a_file_that_excludes_them_are_refused() {
    let bench = Bench::new();
    bench.write("from.toml", "from = 'model.safetensors'\n");
    bench
        .tiam("train --config from.toml --hidden 3")
        .fails(2, &["--hidden", "--from"]);
    bench.write("test.toml", "test = 'nowhere.csv'\niterations = 1\n");
    bench
        .tiam("train --config test.toml --test-fraction 0.5 --quiet")
        .ok();
}

#[test]
fn wrong_data_are_named() {
    let bench = Bench::new();
    bench.write("points.csv", &points(30, 1));
    bench.write(
        "broken.csv",
        "a,b,c\n1,2,x\n1,oops,y\n1.5,2.5,x\n1.5,2.25,x\n",
    );
    bench.write("ragged.csv", "a,b,c\n1,2,x\n1,2\n");
    bench.write("one-class.csv", "a,b,c\n1,2,x\n3,2,x\n");
    bench.write("empty.csv", "");
    bench
        .tiam("train --data nowhere.csv")
        .fails(2, &["nowhere.csv"]);
    bench
        .tiam("train --data broken.csv --missing error")
        .fails(2, &["broken.csv", "line 3", "column 1", "oops"]);
    bench
        .tiam("train --data ragged.csv")
        .fails(2, &["ragged.csv", "line 3"]);
    bench
        .tiam("train --data empty.csv")
        .fails(2, &["empty.csv"]);
    bench
        .tiam("train --data one-class.csv")
        .fails(2, &["one class", "--label"]);
    bench
        .tiam("train --data points.csv --label colour")
        .fails(2, &["colour", "x", "y", "kind"]);
    bench
        .tiam("train --data points.csv --class-weights 1,2")
        .fails(2, &["class weights", "3", "2"]);
    bench
        .tiam("train --data points.csv --sample-weights w")
        .fails(2, &["\"w\"", "x", "y", "kind"]);
    bench
        .tiam("train --data points.csv --sample-weights kind")
        .fails(2, &["--sample-weights", "label"]);
    bench.write("weights.csv", "a,w,c\n1,2,x\n3,-1,y\n");
    bench
        .tiam("train --data weights.csv --sample-weights w")
        .fails(2, &["weights.csv", "line 3", "\"w\"", "-1", "at least 0"]);
    bench
        .tiam("train --data points.csv --label 7")
        .fails(2, &["7"]);
    bench
        .tiam("train --data points.csv --label none")
        .fails(2, &["no labels", "--label"]);
    bench
        .tiam("train --data points.csv --format idx")
        .fails(2, &["points.csv"]);
    bench
        .tiam("train --data points.csv --task values")
        .fails(2, &["points.csv", "line 2"]);
    bench
        .tiam("train --task values")
        .fails(2, &["digits", "--task values"]);
    bench
        .tiam("train --data points.csv --ignore z")
        .fails(2, &["z"]);
    assert!(!bench.path("tiam-out").exists());
}

#[test]
fn wrong_configurations_are_refused() {
    let bench = Bench::new();
    bench.write("unknown.toml", "rho = 1.0\nspeed = 3\n");
    bench.write("bad.toml", "rho = 'much'\n");
    bench.write("syntax.toml", "rho = \n");
    bench
        .tiam("train --config unknown.toml")
        .fails(2, &["unknown.toml", "speed", "known are", "rho"]);
    bench
        .tiam("train --config bad.toml")
        .fails(2, &["bad.toml", "rho", "much"]);
    bench
        .tiam("train --config syntax.toml")
        .fails(2, &["syntax.toml", "line 1"]);
    bench
        .tiam("train --config nowhere.toml")
        .fails(2, &["nowhere.toml"]);
    bench.write(
        "old.toml",
        "version = '0.0.1'\niterations = 1\nhidden = 'none'\n",
    );
    let ran = bench.tiam("train --config old.toml --quiet").ok();
    assert!(
        ran.stderr.contains("warning: ") && ran.stderr.contains("0.0.1"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_found_before_training() {
    let bench = Bench::new();
    bench.write("taken", "a file");
    for out in ["taken", "taken/deeper"] {
        let ran = bench
            .tiam(&format!("train --out {out}"))
            .fails(2, &[out, "--out"]);
        assert!(!ran.stderr.contains("iteration"), "{}", ran.stderr);
    }
}

#[test]
fn wrong_models_are_refused() {
    let bench = Bench::new();
    bench.write("points.csv", &points(30, 1));
    bench.write("prices.csv", &prices(30, 1));
    bench.train("--data points.csv --iterations 2 --hidden 4 --out table");
    bench.train("--data prices.csv --iterations 2 --hidden 4 --out values");
    bench.train("--iterations 1 --hidden none --out digits");
    bench.write("broken.safetensors", "not a model");
    let mut cut = bench.bytes("table/model.safetensors");
    cut.truncate(cut.len() - 3);
    fs::write(bench.path("cut.safetensors"), cut).unwrap();
    for command in [
        "info",
        "evaluate --data points.csv",
        "predict --data points.csv",
    ] {
        bench
            .tiam(&format!("{command} broken.safetensors"))
            .fails(2, &["broken.safetensors"]);
        bench
            .tiam(&format!("{command} cut.safetensors"))
            .fails(2, &["cut.safetensors"]);
        bench
            .tiam(&format!("{command} nowhere.safetensors"))
            .fails(2, &["nowhere.safetensors"]);
    }
    // Sizes that differ are both named.
    bench
        .tiam("evaluate digits/model.safetensors --data points.csv")
        .fails(2, &["64 features", "has 2"]);
    bench
        .tiam("predict table/model.safetensors --data digits")
        .fails(2, &["2 features", "has 64"]);
    bench
        .tiam("predict values/model.safetensors --data prices.csv --proba")
        .fails(2, &["--proba"]);
    bench
        .tiam("evaluate table/model.safetensors")
        .fails(2, &["--data"]);
    bench
        .tiam("evaluate table/model.safetensors --data nowhere.csv")
        .fails(2, &["nowhere.csv"]);
    bench.write("unlabelled.csv", "x,y\n1,2\n");
    bench
        .tiam("evaluate table/model.safetensors --data unlabelled.csv")
        .fails(2, &["no labels", "predict"]);
    bench.write("other.csv", "x,y,kind\n1,2,oak\n");
    bench
        .tiam("evaluate table/model.safetensors --data other.csv")
        .fails(2, &["oak", "line 2", "ash"]);
}

#[test]
fn a_failed_training_says_where_and_saves_the_last_finite_model() {
    let bench = Bench::new();
    bench.write("points.csv", &points(60, 1));
    let line = "train --data points.csv --method tiam --guard off --inertia 1,1,1 --iterations 2000 --hidden 8,8 --json --quiet";
    let ran = bench.tiam(line).fails(
        1,
        &["iteration", "--guard on", "--inertia", "model.safetensors"],
    );
    assert_eq!(ran.json()["stop_reason"], "failed");
    let model = bench
        .tiam("info tiam-out/model.safetensors --json")
        .ok()
        .json();
    assert_eq!(model["training"]["stop_reason"], "failed");
    bench
        .tiam("evaluate tiam-out/model.safetensors --data points.csv")
        .ok();
    assert!(
        bench.path("tiam-out/trace.csv").is_file() && bench.path("tiam-out/config.toml").is_file()
    );
}

#[test]
fn help_and_version_are_there() {
    let bench = Bench::new();
    let version = bench.tiam("--version").ok().stdout;
    assert_eq!(version.trim(), concat!("tiam ", env!("CARGO_PKG_VERSION")));
    bench.tiam("--help").ok();
    for command in ["train", "evaluate", "predict", "info", "verify"] {
        let help = bench.tiam(&format!("{command} --help")).ok().stdout;
        assert!(help.contains("Example: tiam "), "{command}");
    }
    let help = bench.tiam("train --help").ok().stdout;
    let unwrapped = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for default in [
        "[default: 0.8,0.8,0.15; 0.95,0.95,0.3 with --method tiam]",
        "[default: 100,100; 200 with --method tiam]",
        "[default: backtracking; auto with --method tiam]",
        "[default: stochastic for digits and tables and images; tiam for graphs]",
        "[default: he]",
        "[default: tiam-out]",
        "[default: 0.2]",
    ] {
        assert!(unwrapped.contains(default), "{default}");
    }
}

#[test]
fn help_says_what_back_propagates_and_puts_inner_parameters_last() {
    let bench = Bench::new();
    let help = bench.tiam("--help").ok().stdout;
    let start = help.split("Usage:").next().unwrap_or_default();
    let words = start.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "By batches, the default for tables and images, errors are propagated back",
        "--method tiam",
        "without back-propagation",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let help = bench.tiam("train --help").ok().stdout;
    let headings = [
        "\nData:",
        "\nTraining:",
        "\nNetwork:",
        "\nOutput:",
        "\nHow the data are read:",
        "\nInner parameters of the methods:",
    ];
    let places = headings.map(|heading| help.find(heading).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    for (flag, section) in [
        ("--test-fraction", 0),
        ("--effort", 1),
        ("--learning-rate", 1),
        ("--hidden", 2),
        ("--resume", 3),
        ("--delimiter", 4),
        ("--damping", 5),
        ("--local-steps", 5),
    ] {
        let at = help.find(&format!("\n      {flag} ")).unwrap();
        assert!(
            places[section] < at && places.get(section + 1).is_none_or(|end| at < *end),
            "{flag}"
        );
    }
    for command in [
        "cv",
        "compare",
        "evaluate",
        "predict",
        "info",
        "verify",
        "reproduce",
    ] {
        bench.tiam(&format!("{command} -h")).ok();
    }
}

#[test]
fn no_flag_is_suggested_that_is_not_close() {
    let bench = Bench::new();
    for line in [
        "train --misplaced x",
        "train --colour red",
        "evaluate m --quiett",
    ] {
        let ran = bench.tiam(line).fails(2, &["--help` lists them all"]);
        assert!(
            !ran.stderr.contains("did you mean") && !ran.stderr.contains("Usage"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn messages_are_in_the_words_of_the_command_line() {
    let bench = Bench::new();
    bench.write("two.csv", "a,b\n1,x\n2,y\n");
    for (line, parts) in [
        (
            "train --data two.csv --patience 3",
            ["2 rows are too few for --patience", "leave it out"],
        ),
        (
            "train --data two.csv --patience 3 --validation-fraction 0",
            ["--patience watches", "--validation-fraction 0"],
        ),
        (
            "train --data two.csv --learning-rate -1",
            ["--learning-rate -1 is not allowed", "above 0"],
        ),
        (
            "train --data two.csv --validation-fraction 2",
            ["--validation-fraction 2 is not", "below 1"],
        ),
        (
            "train --data nowhere.csv",
            ["nowhere.csv: there is no such file", "nowhere.csv"],
        ),
        (
            "train --data .",
            ["the folder holds no images", "--data FOLDER/FILE.csv"],
        ),
    ] {
        let ran = bench.tiam(line).fails(2, &parts);
        assert!(!ran.stderr.contains("os error"), "{}", ran.stderr);
    }
}
