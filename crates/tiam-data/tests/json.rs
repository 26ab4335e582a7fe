//! Tests of JSON files.

use crate::common::{assert_malformed, folder, table, write};
use tiam_data::{ColumnKind, LoadParams, Place, TableParams, Task, load, load_with_encoding};

fn read(text: &str) -> tiam_data::Dataset<f64> {
    table(text, &LoadParams::default()).unwrap()
}

const FEATURES: [&str; 3] = ["size", "place.x", "kind=round"];

/// The same table in every way of writing it.
#[test]
fn lines_arrays_and_pandas_orientations_give_the_same() {
    let lines = "{\"size\":1.5,\"shape\":\"a b\",\"y\":true}\n{\"shape\":\"c\",\"y\":false,\"size\":-2}\n\n";
    let wanted = read(lines);
    assert_eq!(wanted.feature_names(), ["size", "shape=a b", "shape=c"]);
    assert_eq!(wanted.features().values(), [1.5, 1., 0., -2., 0., 1.]);
    assert_eq!(wanted.class_names().unwrap(), ["false", "true"]);
    for text in [
        "[{\"size\":1.5,\"shape\":\"a b\",\"y\":true},\n {\"shape\":\"c\",\"y\":false,\"size\":-2.0}]",
        "\u{feff}{\"size\":1.5,\"shape\":\"a b\",\"y\":true} {\"shape\":\"c\",\"y\":false,\"size\":-2}",
        "{\"size\":{\"0\":1.5,\"1\":-2},\"shape\":{\"0\":\"a b\",\"1\":\"c\"},\"y\":{\"1\":false,\"0\":true}}",
        "{\"size\":[1.5,-2],\"shape\":[\"a b\",\"c\"],\"y\":[true,false]}",
        "{\"columns\":[\"size\",\"shape\",\"y\"],\"index\":[0,1],\"data\":[[1.5,\"a b\",true],[-2,\"c\",false]]}",
        "{\"schema\":{\"fields\":[]},\"data\":[{\"size\":1.5,\"shape\":\"a b\",\"y\":true},{\"size\":-2,\"shape\":\"c\",\"y\":false}]}",
    ] {
        let data = read(text);
        assert_eq!(data.feature_names(), wanted.feature_names(), "{text}");
        assert_eq!(
            (data.features(), data.targets()),
            (wanted.features(), wanted.targets()),
            "{text}"
        );
    }
}

#[test]
fn arrays_of_cells_have_columns_by_position() {
    let data = read("[[1, 2.5, \"a\"], [3, 4, \"b\"]]");
    assert_eq!(data.feature_names(), ["c0", "c1"]);
    assert_eq!(data.features().values(), [1., 2.5, 3., 4.]);
}

#[test]
fn what_is_nested_is_flattened() {
    let row = |size, x| {
        format!(
            "{{\"size\":{size},\"place\":{{\"x\":{x}}},\"rgb\":[1,{x}],\"kind\":\"round\",\"y\":{size}}}\n"
        )
    };
    let data = read(&(row(1, 2) + &row(3, 4)));
    assert_eq!(
        data.feature_names(),
        [FEATURES[0], FEATURES[1], "rgb.0", "rgb.1", FEATURES[2]]
    );
    assert_eq!(
        data.features().values(),
        [1., 2., 1., 2., 1., 3., 4., 1., 4., 1.]
    );
}

#[test]
fn an_absent_key_and_null_are_missing_cells() {
    for second in ["{\"y\":2}", "{\"a\":null,\"y\":2}"] {
        let text = format!("{{\"a\":1,\"y\":1}}\n{second}\n");
        let data = table(text, &LoadParams::default()).unwrap();
        assert_eq!(data.feature_names(), ["a", "a is missing"]);
        assert_eq!(data.reading().unwrap().missing, [1, 0]);
    }
}

#[test]
fn numbers_keep_their_bits() {
    let numbers = [
        "0.1",
        "-0.0",
        "1e300",
        "5e-324",
        "1.7976931348623157e308",
        "123456789.123456789",
        "2e17",
        "18446744073709551615",
        "1e-7",
    ];
    let text: String = numbers
        .iter()
        .map(|x| format!("{{\"x\":{x},\"z\":0.5,\"y\":1}}\n"))
        .collect();
    let params = LoadParams::default().table(TableParams::default().task(Task::Values));
    let data = table(&text, &params).unwrap();
    for (number, row) in numbers.iter().zip(data.features().values().chunks(2)) {
        assert_eq!(
            row[0].to_bits(),
            number.parse::<f64>().unwrap().to_bits(),
            "{number}"
        );
    }
}

#[test]
fn a_later_file_is_read_by_names() {
    let folder = folder();
    let params = LoadParams::default();
    let old = load::<f64>(
        write(
            &folder,
            "a",
            "{\"a\":1,\"b\":\"x\",\"y\":0}\n{\"a\":2,\"b\":\"z\",\"y\":1}\n",
        ),
        &params,
    )
    .unwrap();
    assert!(matches!(
        old.encoding().unwrap().columns()[1].kind,
        ColumnKind::Categorical { .. }
    ));
    let new = write(&folder, "b", "[{\"b\":\"z\",\"more\":1,\"a\":5}]");
    let new = load_with_encoding::<f64>(new, old.encoding().unwrap(), &params).unwrap();
    assert_eq!(new.features().values(), [5., 0., 1.]);
}

#[test]
fn faults_name_the_line() {
    let read = |text: &str| table(text, &LoadParams::default());
    assert_malformed(
        read("{\"a\":1}\n{\"a\":}\n"),
        &Place::Line(2),
        "not valid JSON",
    );
    assert_malformed(
        read("[{\"a\":1},\n{\"a\":2}\n"),
        &Place::Line(3),
        "not valid JSON",
    );
    assert_malformed(
        read("[{\"a\":1},\n3]"),
        &Place::Line(2),
        "a row is needed here",
    );
    assert_malformed(
        read("[{\"a\":1},\n[3]]"),
        &Place::Line(2),
        "some rows are objects and some arrays",
    );
    assert_malformed(
        read("[[1,\n[3]]]"),
        &Place::Line(1),
        "a cell holds an array",
    );
    assert_malformed(
        read("{\"a\":[1,[2]],\"b\":[1,2]}"),
        &Place::Line(1),
        "a cell holds an array",
    );
    assert_malformed(read("[[1,2]] x"), &Place::Line(1), "not valid JSON");
    assert_malformed(
        read("{\"columns\":[\"a\"],\"data\":[[1,2]]}"),
        &Place::Whole,
        "1 names for 2 columns",
    );
    let deep = format!(
        "{{\"a\":{}1{}}}\n",
        "[".repeat(1_000_000),
        "]".repeat(1_000_000)
    );
    let after = format!("{{\"a\":1}}\n{deep}");
    assert_malformed(read(&after), &Place::Line(2), "recursion limit");
}
