//! Tests that the number of threads changes neither the data nor the errors of large tables.

use std::{fmt::Write as _, path::Path};

use crate::common::{folder, write};
use proptest::prelude::*;
use tiam_data::{
    CellFault, ColumnRef, DataError, Dataset, Header, LabelColumn, LoadParams, MissingCells,
    TableParams, Task, load, load_with_encoding,
};

const ROWS: usize = 120_000;

/// Rows of a fraction, an integer below 3,000, a text of 50, an integer below 7, and a class of 5; blank lines between.
fn rows(edit: impl Fn(usize, &mut String)) -> String {
    let mut text = "a,b,c,d,e\n".to_owned();
    for i in 0..ROWS {
        let mixed = i.wrapping_mul(2_654_435_761) >> 7;
        let mut row = format!(
            "{}.{:07},{},t{},{},k{}",
            mixed % 13,
            mixed % 9_999_991,
            mixed % 3_000,
            mixed % 50,
            mixed % 7,
            mixed % 5
        );
        edit(i, &mut row);
        let line_end = ["\n", "\r\n", "\n\n"][i % 3];
        write!(text, "{row}{line_end}").unwrap();
    }
    text
}

fn read(path: &Path, table: &TableParams, threads: usize) -> Result<Dataset<f64>, DataError> {
    let params = LoadParams::default().table(table.clone()).threads(threads);
    let mut data = load(path, &params)?;
    // NaN is not equal to itself.
    data.fill_missing();
    Ok(data)
}

/// What one, two and five threads make of a text, which must be the same.
fn same(text: &str, table: &TableParams) -> Result<Dataset<f64>, String> {
    let folder = folder();
    let path = write(&folder, "t.csv", text);
    let one = read(&path, table, 1).map_err(|e| e.to_string());
    for threads in [2, 5] {
        assert!(read(&path, table, threads).map_err(|e| e.to_string()) == one);
    }
    one
}

#[test]
fn any_number_of_threads_reads_the_same_data() {
    let data = same(&rows(|_, _| {}), &TableParams::default()).unwrap();
    assert_eq!((data.n_samples(), data.n_features()), (ROWS, 53));
    assert_eq!(data.n_classes(), Some(5));
    // Quotes, so in one piece.
    let quoted = rows(|i, row| {
        if i == ROWS / 2 {
            *row = "1,2,\"t\n0\",3,k1".to_owned();
        }
    });
    let data = same(&quoted, &TableParams::default()).unwrap();
    assert_eq!(data.n_features(), 54);
    let values = rows(|i, row| *row = format!("{row},{}", i as f64 / 4.0));
    let values = values.replacen("d,e", "d,e,f", 1);
    let data = same(&values, &TableParams::default().task(Task::Values)).unwrap();
    assert_eq!((data.n_samples(), data.n_classes()), (ROWS, None));
}

#[test]
fn the_first_bad_cell_is_named_with_its_line() {
    // Two of each, the second in a later piece: i of every three rows before it one adds a blank line.
    let line = |i: usize| 2 + i + i / 3;
    let (first, second) = (70_001, 110_000);
    let spoilt = |by: &'static str| {
        rows(move |i, row| {
            if i == first || i == second {
                *row = by.to_owned();
            }
        })
    };
    let places = [
        ("1,2,t1,3", "4"),
        ("1,2,t1,inf,k1", "column 3 (\"d\")"),
        ("x,2,t1,3,k1", "column 0 (\"a\")"),
        ("1,1e999,t1,3,k1", "column 1 (\"b\")"),
    ];
    let strict = TableParams::default().missing(MissingCells::Error);
    let missing = same(&spoilt("1,2,t1,,k1"), &strict).unwrap_err();
    assert!(
        missing.contains("2 cells are missing, in 1 columns: d 2"),
        "{missing}"
    );
    let filled = same(&spoilt("1,2,t1,,k1"), &TableParams::default()).unwrap();
    assert_eq!(filled.reading().unwrap().missing, [0, 0, 0, 2, 0]);
    for (row, place) in places {
        let error = same(&spoilt(row), &strict).unwrap_err();
        let line = format!("line {}", line(first));
        assert!(error.contains(&line) && error.contains(place), "{error}");
    }
}

#[test]
fn the_first_class_too_many_is_named_with_its_line() {
    let label = TableParams::default()
        .label(LabelColumn::position(3))
        .task(Task::Classes);
    // Seven in all; those of the spoilt rows are new, each in a piece of its own.
    let text = rows(|i, row| {
        if i >= 60_000 && i % 20_000 == 0 {
            *row = format!("1,2,t1,{i},k1");
        }
    });
    let fitting = same(&text, &label.clone().max_categories(53)).unwrap();
    assert_eq!(fitting.n_features(), 2 + 50 + 5);
    let error = same(
        &text,
        &label
            .clone()
            .ignore(ColumnRef::Position(2))
            .max_categories(8),
    );
    assert!(error.unwrap_err().contains("line 106668"));
    let at_once = label.ignore(ColumnRef::Position(2)).max_categories(6);
    assert!(same(&text, &at_once).unwrap_err().contains("column 3"));
}

#[test]
fn codes_do_not_depend_on_threads() {
    let few = TableParams::default().max_categories(20);
    assert_eq!(
        same(&rows(|_, _| {}), &few).unwrap().n_features(),
        2 + 5 + 1
    );
    // Numbers are texts of many kinds where categories are asked for.
    let asked = few.categorical(ColumnRef::Position(1));
    assert_eq!(
        same(&rows(|_, _| {}), &asked).unwrap().n_features(),
        1 + 5 + 5 + 1
    );
}

#[test]
fn a_later_table_is_read_alike() {
    let folder = folder();
    let path = write(&folder, "t.csv", rows(|_, _| {}));
    let data = read(&path, &TableParams::default(), 2).unwrap();
    let again = |path: &Path, threads| {
        let table = TableParams::default().strict(true);
        let params = LoadParams::default().table(table).threads(threads);
        load_with_encoding::<f64>(path, data.encoding().unwrap(), &params)
    };
    for threads in [1, 2, 5] {
        assert!(again(&path, threads).unwrap() == data);
    }
    let unknown = rows(|i, row| {
        if i == 80_000 || i == 110_000 {
            *row = "1,2,new,3,k1".to_owned();
        }
    });
    let path = write(&folder, "unknown.csv", unknown);
    for threads in [1, 2, 5] {
        let error = again(&path, threads).unwrap_err();
        assert!(
            matches!(error, DataError::BadCell { ref at, fault: CellFault::Unknown { what: "category", .. }, .. } if at.line == 2 + 80_000 + 26_666),
            "{error}"
        );
    }
}

#[test]
fn no_threads_are_refused() {
    let folder = folder();
    let path = write(&folder, "t.csv", "a,b\n1,2\n");
    let error = read(&path, &TableParams::default(), 0).unwrap_err();
    assert!(
        matches!(error, DataError::InvalidParameter { parameter, .. } if parameter == "threads")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]
    #[test]
    fn pieces_give_the_rows_of_the_whole(
        block in proptest::collection::vec(
            prop_oneof![
                20 => prop::sample::select(b"1,a. \t\n\r".to_vec()),
                1 => Just(b'"'),
            ],
            1..200,
        ),
        quotes: bool,
        end in proptest::collection::vec(prop::sample::select(b"1,a\n".to_vec()), 0..9),
    ) {
        // A row wide enough for the block's, and as many blocks as make several pieces.
        let mut block = block;
        if !quotes {
            block.retain(|b| *b != b'"');
        }
        let text = [block.repeat(3_000_000 / block.len().max(1)), end].concat();
        let table = TableParams::default().label(LabelColumn::None).header(Header::No).delimiter(b',');
        let folder = folder();
        let path = write(&folder, "t.csv", text);
        let [one, three] = [1, 3].map(|threads| read(&path, &table, threads).map_err(|e| e.to_string()));
        prop_assert_eq!(one, three);
    }
}
