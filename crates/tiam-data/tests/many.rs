//! Tests of several files read as one table, and of patterns of names.

use std::path::PathBuf;

use crate::common::{assert_malformed, folder, npz, table, write};
use tempfile::TempDir;
use tiam_data::{
    DataError, Dataset, LoadParams, Place, expand, load, load_many, load_many_with_encoding,
};

fn files(folder: &TempDir, texts: &[&str]) -> Vec<PathBuf> {
    texts
        .iter()
        .enumerate()
        .map(|(i, text)| write(folder, &format!("{i}.csv"), text))
        .collect()
}

fn read(texts: &[&str]) -> Result<Dataset<f64>, DataError> {
    let folder = folder();
    load_many(&files(&folder, texts), &LoadParams::default())
}

#[test]
fn rows_follow_one_another() {
    let whole = table(
        "x,s,y\n1,a,p\n2,b,q\n3,a,p\n4,c,q\n",
        &LoadParams::default(),
    )
    .unwrap();
    let parts = read(&[
        "x,s,y\n1,a,p\n2,b,q\n",
        "x,s,y\n3,a,p\n",
        "x,s,y\n",
        "x,s,y\n\n4,c,q\n",
    ])
    .unwrap();
    assert_eq!(
        (parts.features(), parts.targets(), parts.encoding()),
        (whole.features(), whole.targets(), whole.encoding())
    );
    assert!(
        parts.source().contains("0.csv") && parts.source().contains("3.csv"),
        "{}",
        parts.source()
    );
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let folder = folder();
    let text = |from: u32| {
        (from..from + 200_000).fold("x,z,y\n".to_owned(), |t, i| {
            t + &format!("{i},{},{}\n", i % 7, i % 3)
        })
    };
    let paths = files(&folder, &[&text(0), &text(500_000)]);
    let read = |threads| load_many::<f32>(&paths, &LoadParams::default().threads(threads)).unwrap();
    let one = read(1);
    assert_eq!(one.n_samples(), 400_000);
    assert!(one == read(2));
}

#[test]
fn errors_name_the_file_and_the_line_in_it() {
    let ends = |texts: &[&str], end: &str| {
        let text = read(texts).unwrap_err().to_string();
        assert!(text.contains(end), "{text}");
    };
    ends(
        &["x,y\n1,0\n2,1\n", "x,y\n3,0\n1e999,1\n"],
        "1.csv, line 3, column 0 (\"x\"): \"1e999\" is infinite",
    );
    ends(
        &["x,y\n1,0\n2,1\n", "x,y\n3,0\n4,1,5\n"],
        "1.csv, line 3: 3 cells where 2 were expected",
    );
    ends(
        &["x,y\n1,0.5\n2,1.5\n", "x,y\n3,0.25\n\n4,lots\n"],
        "1.csv, line 4, column 1 (\"y\"): \"lots\" is not a number",
    );
    ends(
        &["x,y\n1,0\n2,1\n", "x,y\n\"3,0\n"],
        "1.csv, line 2: a quoted cell begins here and never ends",
    );
}

#[test]
fn headers_must_be_the_same() {
    let first = "x,z,y\n1,2,0\n";
    let line = Place::Line(1);
    assert_malformed(
        read(&[first, "x,w,y\n1,2,0\n"]),
        &line,
        "column 1 is \"w\", but \"z\" in ",
    );
    assert_malformed(
        read(&[first, "x,y\n1,0\n"]),
        &line,
        "there are 2 columns, but 3 in ",
    );
    assert_malformed(
        read(&[first, "1,2,0\n"]),
        &line,
        "column 0 is \"1\", but \"x\" in ",
    );
    assert_malformed(
        read(&[first, "[{\"x\":1}]"]),
        &Place::Whole,
        "its format is Json, but Table that of ",
    );
    assert!(matches!(read(&[]), Err(DataError::InvalidParameter { .. })));
}

#[test]
fn sparse_files_and_json_may_lack_columns() {
    let data = read(&["1 1:5\n0 2:6\n", "1 3:7\n"]).unwrap();
    assert_eq!(
        data.features().values(),
        [5., 0., 0., 0., 6., 0., 0., 0., 7.]
    );
    let data = read(&["{\"a\":1,\"b\":2,\"y\":0}\n", "{\"y\":1,\"b\":3,\"a\":4}\n"]).unwrap();
    assert_eq!(data.features().values(), [1., 2., 4., 3.]);
    let data = read(&["{\"a\":1,\"b\":2,\"y\":0}\n", "{\"y\":1,\"a\":4}\n"]).unwrap();
    assert_eq!(data.feature_names(), ["a", "b", "b is missing"]);
}

#[test]
fn an_encoding_reads_several_files() {
    let folder = folder();
    let params = LoadParams::default();
    let paths = files(&folder, &["s,y\na,0\nb,1\n", "s,y\nb,1\n"]);
    let old = load::<f64>(&paths[0], &params).unwrap();
    let data = load_many_with_encoding::<f64>(&paths, old.encoding().unwrap(), &params).unwrap();
    assert_eq!(data.features().values(), [1., 0., 0., 1., 0., 1.]);
}

#[test]
fn only_tables_are_read_together() {
    let folder = folder();
    let graph = write(&folder, "g", npz(&crate::common::graph_arrays()));
    let text = load_many::<f64>(&[graph.clone(), graph], &LoadParams::default())
        .unwrap_err()
        .to_string();
    assert!(text.contains("not a table"), "{text}");
}

#[test]
fn patterns_are_expanded_and_sorted() {
    let folder = folder();
    for name in ["b.csv", "a.csv", "c.txt", "d[1].csv"] {
        write(&folder, name, "x,y\n1,0\n");
    }
    std::fs::create_dir(folder.path().join("e.csv")).unwrap();
    let at = |name: &str| folder.path().join(name);
    assert_eq!(
        expand(at("*.csv")).unwrap(),
        [at("a.csv"), at("b.csv"), at("d[1].csv")]
    );
    assert_eq!(expand(at("[bc].*")).unwrap(), [at("b.csv"), at("c.txt")]);
    assert_eq!(expand(at("d[1].csv")).unwrap(), [at("d[1].csv")]);
    assert_eq!(expand("-").unwrap(), [PathBuf::from("-")]);
    // That it is not there is found when it is opened.
    assert_eq!(expand(at("none.csv")).unwrap(), [at("none.csv")]);
    let text = expand(at("*.parquet")).unwrap_err().to_string();
    assert!(
        text.ends_with("*.parquet: no file fits this pattern"),
        "{text}"
    );
    assert!(matches!(
        expand(at("***")),
        Err(DataError::InvalidParameter { .. })
    ));
}
