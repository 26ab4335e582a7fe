//! Very many columns: what reading them costs follows what is in them.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::time::{Duration, Instant};

use common::{folder, write};
use tiam_data::{ColumnRef, LoadParams, TableParams, Task, load, load_with_encoding};

fn timed<R>(f: impl FnOnce() -> R) -> (Duration, R) {
    let started = Instant::now();
    let result = f();
    (started.elapsed(), result)
}

/// Twenty times the first reading, which looks at every cell twice, and is one hundredth of what a search for each name
/// among all would take.
#[test]
fn forty_thousand_columns_are_found_by_name_as_fast_as_they_are_read() {
    const COLUMNS: usize = 40_000;
    let row = |cell: &dyn Fn(usize) -> String| (0..COLUMNS).map(cell).collect::<Vec<_>>().join(",");
    let names = row(&|i| format!("name{i}"));
    let numbers = [1, 2].map(|r| row(&|i| (i % 7 + r).to_string()));
    let backwards = row(&|i| format!("name{}", COLUMNS - 1 - i));
    let strange = row(&|i| format!("other{i}"));
    let folder = folder();
    let file = |name: &str, head: &str| {
        let [first, second] = &numbers;
        write(&folder, name, format!("{head}\n{first}\n{second}\n"))
    };
    let values = TableParams::default().task(Task::Values);
    let params = LoadParams::default().threads(1).table(values);

    let path = file("t.csv", &names);
    let (first, data) = timed(|| load::<f64>(&path, &params).unwrap());
    let encoding = data.encoding().unwrap();

    let path = file("backwards.csv", &backwards);
    let (again, read) = timed(|| load_with_encoding::<f64>(&path, encoding, &params).unwrap());
    // The label is the first column of this file; column i of the encoding is at the other end of the text.
    let cell = |i: usize| ((COLUMNS - 1 - i) % 7 + 1) as f64;
    let expected: Vec<f64> = (0..COLUMNS - 1).map(cell).collect();
    assert_eq!(read.features().sample(0).unwrap(), expected);
    assert!(again < first * 20, "{again:?} after {first:?}");

    let path = file("strange.csv", &strange);
    let (refused, result) = timed(|| load_with_encoding::<f64>(&path, encoding, &params));
    result.unwrap_err();
    assert!(refused < first * 20, "{refused:?} after {first:?}");

    let ignored = (2..COLUMNS - 1).map(|i| ColumnRef::Name(format!("name{i}")));
    let table = ignored.fold(TableParams::default(), TableParams::ignore);
    let path = file("t.csv", &names);
    let (chosen, few) = timed(|| load::<f64>(&path, &params.table(table)).unwrap());
    assert_eq!(few.features().values(), [1., 2., 2., 3.]);
    assert!(chosen < first * 20, "{chosen:?} after {first:?}");
}
