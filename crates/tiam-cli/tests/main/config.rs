//! Configuration files: what they may say, and what a run records.

use tiam_cli::rewritten;

/// As a run of 1,000 samples would record it.
fn recorded(text: &str) -> String {
    rewritten(text, 1000).unwrap()
}

fn refused(text: &str) -> String {
    rewritten(text, 1000).unwrap_err()
}

#[test]
fn values_may_be_lists_numbers_or_the_flags_text() {
    let method = "method = 'tiam'\n";
    let listed = "hidden = [3, 4]\nband = [1, 0.5, 0.1]\nguard = false\nlabel = -1\nridge = 1";
    let text = "hidden = '3,4'\nband = '1,0.5,0.1'\nguard = 'off'\nlabel = '-1'\nridge = '1'";
    let (listed, text) = (format!("{method}{listed}"), format!("{method}{text}"));
    assert_eq!(recorded(&listed), recorded(&text));
    assert!(recorded(&text).contains("hidden = [3, 4]\n"));
}

#[test]
fn what_is_written_is_read_back() {
    let exact = "method = 'tiam'\nseed = '18446744073709551615'\nrho = 0.30000000000000004\nhidden = []\nsolver = 'dual'\n\
                 scaling = 'min-max'\ntest-fraction = 0.25\niterations = 7\n";
    let once = recorded(exact);
    for line in exact.replace('\'', "\"").lines() {
        assert!(once.lines().any(|other| other == line), "{line}: {once}");
    }
    assert_eq!(recorded(&once), once);
}

#[test]
fn the_keys_of_each_method_are_recorded_in_one_order() {
    let common = "version data header skip-rows missing label task categorical max-categories ignore keep scaling hops hidden activation init method";
    let ends = "iterations seed precision threads";
    for (method, own) in [
        (
            "stochastic",
            "ridge inertia schedule batch-size epochs step-schedule curvature class-weights",
        ),
        (
            "tiam",
            "rho ridge l1 band order inertia schedule guard solver",
        ),
        ("am", "rho ridge l1 band order guard solver"),
        ("bcd", "rho ridge"),
        ("adam", "ridge"),
    ] {
        let text = recorded(&format!("method = '{method}'\nthreads = 1\niterations = 3"));
        let keys = text.lines().filter_map(|line| line.split_once(" = "));
        let keys: Vec<&str> = keys.map(|(key, _)| key).collect();
        assert_eq!(keys.join(" "), format!("{common} {own} {ends}"));
    }
    // A model to go on from has its own shape, columns and scaling.
    let from = recorded("from = 'm'\nthreads = 1");
    for key in ["scaling", "hidden", "activation", "init"] {
        assert!(
            !from.lines().any(|line| line.starts_with(key)),
            "{key}: {from}"
        );
    }
}

#[test]
fn a_bad_value_names_its_key() {
    for (text, parts) in [
        ("rho = 'much'", ["--rho", "much"]),
        ("rho = {a = 1}", ["`rho`", "a number, a text or a list"]),
        ("solver = 'lu'", ["--solver", "dual_cholesky"]),
        ("threads = -1", ["--threads", "whole number"]),
        ("quiet = 1", ["`quiet`", "true or false"]),
        ("rho = ", ["line 1", "rho"]),
        (
            "hidden-x = 1",
            ["unknown key `hidden-x`", "known are data, stream, cache"],
        ),
        ("resume = 'a'", ["unknown key `resume`", "known are"]),
        (
            "test = 'a'\ntest-fraction = 0.1",
            ["--test", "cannot be used with"],
        ),
        ("from = 'm'\nhidden = [3]", ["--hidden", "--from"]),
        (
            "method = 'adam'\nband = [1, 1, 1]",
            ["--band", "tiam, am, mdlam"],
        ),
    ] {
        let error = refused(text);
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{text}: {error}"
        );
    }
}
