//! Tests of the trace as comma-separated values.

use std::io::{self, Write};

use proptest::prelude::*;
use serde::Serialize;
use tiam_core::{Inertia, Trace, TraceRow};

use crate::properties::seeded;

const FIXED: &str = "iteration,objective,violation,restarts,rel_change,seconds,inertia_start,inertia_gradient,inertia_correction";

/// Rows 0, 1, ... with these measures.
fn trace<M>(measures: impl IntoIterator<Item = M>) -> Trace<M> {
    let row = |(iteration, measures)| TraceRow {
        iteration,
        objective: 1.5,
        violation: 0.0,
        restarts: 2,
        rel_change: (iteration > 0).then_some(0.25),
        seconds: 3.0,
        inertia: Inertia::NONE,
        measures,
    };
    Trace {
        rows: measures.into_iter().enumerate().map(row).collect(),
    }
}

fn csv<M: Serialize>(trace: &Trace<M>) -> String {
    let mut text = Vec::new();
    trace.write_csv(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[derive(Clone, Serialize)]
struct Part {
    loss: f32,
    accuracy: Option<f64>,
}

#[derive(Clone, Serialize)]
struct Measures {
    words: String,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<Part>,
    seconds: i8,
    list: [bool; 2],
}

#[test]
fn nested_measures_become_columns_under_the_names_on_their_way() {
    let part = Part {
        loss: 0.5,
        accuracy: None,
    };
    let words = |words: &str, test| Measures {
        words: words.into(),
        count: 7,
        test,
        seconds: -1,
        list: [true, false],
    };
    let text = csv(&trace([
        words("plain", None),
        words("a \"b\", c", Some(part)),
    ]));
    let expected = [
        format!("{FIXED},count,list_0,list_1,measures_seconds,test_accuracy,test_loss,words"),
        "0,1.5,0.0,2,,3.0,0.0,0.0,0.0,7,true,false,-1,,,plain".into(),
        "1,1.5,0.0,2,0.25,3.0,0.0,0.0,0.0,7,true,false,-1,,0.5,\"a \"\"b\"\", c\"".into(),
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn no_measures_add_no_columns_and_one_number_adds_one() {
    assert_eq!(csv(&trace([(), ()])).lines().next(), Some(FIXED));
    assert_eq!(csv(&Trace::<()>::new()), format!("{FIXED}\n"));
    let text = csv(&trace([None, Some(4)]));
    assert_eq!(
        text.lines().next(),
        Some(format!("{FIXED},measures").as_str())
    );
    assert!(
        text.contains("0.0,\n") && text.ends_with("0.0,4\n"),
        "{text}"
    );
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn numbers_read_back_with_the_same_bits(values in prop::collection::vec(prop::num::f64::NORMAL, 1..9)) {
        let mut trace = trace(values.clone());
        for (row, value) in trace.rows.iter_mut().zip(&values) {
            row.objective = value / 3.0;
        }
        for (line, row) in csv(&trace).lines().skip(1).zip(&trace.rows) {
            let cells: Vec<&str> = line.split(',').collect();
            prop_assert_eq!(cells.len(), 10);
            prop_assert_eq!(cells[1].parse::<f64>().unwrap(), row.objective);
            prop_assert_eq!(cells[9].parse::<f64>().unwrap(), row.measures);
        }
    }
}

#[test]
fn a_writer_that_fails_is_told() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = trace([()]).write_csv(Full).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
