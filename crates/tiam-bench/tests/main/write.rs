//! Tests of the files that a reproduction writes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use tiam_bench::reproduce::write::{iso_8601, records_csv, write_whole};
use tiam_bench::reproduce::{Machine, Record};

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn csv_returns_any_text(key in any::<String>(), label in any::<String>(), figure in any::<f64>()) {
        let record = Record { key: key.clone(), ..record(&label, figure) };
        let text = records_csv(&[record]);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let heading = reader.headers().unwrap().clone();
        let row = reader.records().next().unwrap().unwrap();
        let cell = |name: &str| row.get(heading.iter().position(|column| column == name).unwrap()).unwrap();
        prop_assert_eq!(cell("key"), key);
        prop_assert_eq!(cell("labels.activation"), label);
        if figure.is_finite() {
            prop_assert_eq!(cell("figures.seconds").parse::<f64>().unwrap().to_bits(), figure.to_bits());
        } else {
            prop_assert_eq!(cell("figures.seconds"), "");
        }
    }
}

fn record(label: &str, figure: f64) -> Record {
    Record {
        experiment: "rate".into(),
        key: "a,\"b\"\r\nc".into(),
        data: "mnist".into(),
        method: "tiam".into(),
        labels: BTreeMap::from([
            ("activation".into(), json!(label)),
            ("depth".into(), json!(3)),
        ]),
        config: json!({"p1": 0.1}),
        seed: 7,
        reason: "converged".into(),
        figures: BTreeMap::from([("seconds".into(), figure)]),
        curve: None,
        version: "0.1.0".into(),
        build: "0f".into(),
        machine: Machine {
            processor: "x".into(),
            cores: 2,
            threads: 1,
            system: "linux".into(),
        },
        finished: 1_709_210_096,
    }
}

#[test]
fn csv_columns_are_the_union_in_a_fixed_order() {
    let mut second = record("relu", 0.1);
    second.figures = BTreeMap::from([("accuracy".into(), 0.5)]);
    let text = records_csv(&[record("relu", 1e300), second]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heading: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        heading.join(" "),
        "experiment key data method seed reason version build processor cores threads system finished \
         labels.activation labels.depth figures.accuracy figures.seconds config"
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(&rows[0][12], "2024-02-29T12:34:56Z");
    assert_eq!(
        (&rows[0][15], &rows[0][16], &rows[0][17]),
        ("", "1e+300", "{\"p1\":0.1}")
    );
    assert_eq!((&rows[1][15], &rows[1][16]), ("0.5", ""));
    assert_eq!(records_csv(&[]).lines().count(), 1);
}

#[test]
fn times_are_iso_8601_across_leap_days_and_centuries() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"),
        (1_735_689_599, "2024-12-31T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ] {
        assert_eq!(iso_8601(seconds), text);
    }
}

#[test]
fn files_are_replaced_whole_and_leave_nothing_beside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    write_whole(&path, b"old and longer").unwrap();
    write_whole(&path, b"new").unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"new");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let error = write_whole(&folder.path().join("none/report.html"), b"x").unwrap_err();
    assert!(error.to_string().contains("report.html"), "{error}");
}
