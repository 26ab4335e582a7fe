//! Tests of libsvm's sparse text.

use crate::common::{assert_malformed, folder, table, write};
use tiam_data::{
    Format, LabelColumn, LoadParams, MissingCells, Place, TableParams, Targets, load,
    load_with_encoding,
};

const ROWS: &str = "# a comment\n+1 1:0.5 3:-2 # more\n-1 qid:7 2:1e-3\n\n1.0\t3:4\n";

#[test]
fn sparse_rows_become_features() {
    let data = table(ROWS, &LoadParams::default()).unwrap();
    assert_eq!(data.feature_names(), ["f1", "f2", "f3"]);
    assert_eq!(
        data.features().values(),
        [0.5, 0., -2., 0., 1e-3, 0., 0., 0., 4.]
    );
    assert_eq!(data.class_names().unwrap(), ["-1", "1"]);
    assert!(matches!(data.targets(), Targets::Classes { labels, .. } if labels == &[1, 0, 1]));
}

#[test]
fn features_may_count_from_0() {
    let data = table("1 0:5 1:6\n2 1:7\n", &LoadParams::default()).unwrap();
    assert_eq!(data.feature_names(), ["f0", "f1"]);
    assert_eq!(data.features().values(), [5., 6., 0., 7.]);
}

#[test]
fn a_later_file_may_have_fewer_or_more_features() {
    let folder = folder();
    let params = LoadParams::default();
    let data = load::<f64>(write(&folder, "a", ROWS), &params).unwrap();
    let encoding = data.encoding().unwrap();
    let fewer =
        load_with_encoding::<f64>(write(&folder, "b", "-1 2:9\n"), encoding, &params).unwrap();
    assert_eq!(fewer.features().values(), [0., 9., 0.]);
    let more =
        load_with_encoding::<f64>(write(&folder, "c", "-1 2:9 8:1\n"), encoding, &params).unwrap();
    assert_eq!(more.features().values(), [0., 9., 0.]);
}

#[test]
fn labels_may_be_left_out() {
    let params = LoadParams::default().table(TableParams::default().label(LabelColumn::None));
    let data = table(ROWS, &params).unwrap();
    assert_eq!((data.n_features(), data.targets()), (3, &Targets::Absent));
}

#[test]
fn faults_name_the_line() {
    let forced = LoadParams::default().format(Format::Libsvm);
    let read = |text: &str| table(text, &forced);
    assert_malformed(read("1 1:2\n1,3 1:2\n"), &Place::Line(2), "several labels");
    assert_malformed(
        read("1 1:2\n1 x\n"),
        &Place::Line(2),
        "\"x\" is not index:value",
    );
    assert_malformed(read("1 -1:2\n"), &Place::Line(1), "\"-1\" is not an index");
    let text = read("1 4000000000:1\n").unwrap_err().to_string();
    assert!(text.contains("the columns would take"), "{text}");
    let strict = TableParams::default().missing(MissingCells::Error);
    let text = table(
        "1 1:x\n2 1:2\n3 1:1\n4 1:2.5\n",
        &forced.clone().table(strict),
    );
    let text = text.unwrap_err().to_string();
    assert!(
        text.contains("line 1, column 1 (\"f1\"): \"x\" is not a number"),
        "{text}"
    );
}

#[test]
fn a_table_of_times_is_not_libsvm() {
    let data = table("a,b\n10:30,1\n10:45,2\n", &LoadParams::default()).unwrap();
    assert_eq!(data.feature_names(), ["a:hour", "a:minute of day"]);
}
