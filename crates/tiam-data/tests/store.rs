//! Tests of rows in a file: that they are those of the table, and what is done about a file that is old, damaged or incomplete.

use std::{
    fmt::Write as _,
    fs::{self, File},
    path::{Path, PathBuf},
};

use proptest::prelude::*;
use tempfile::TempDir;
use tiam_data::{
    ColumnRef, DataError, Dataset, LoadParams, RowStore, TableParams, Targets, load_many,
};

use crate::common::{folder, gzip, write};

fn open(path: &Path, params: &LoadParams) -> Result<RowStore, DataError> {
    RowStore::open(&[path.to_path_buf()], params, None)
}

fn all(store: &RowStore) -> Result<Dataset<f32>, DataError> {
    let blocks: Vec<usize> = (0..store.n_blocks()).collect();
    Ok(store.deal(&blocks, 1, |_| Some(0))?.remove(0))
}

/// Numbers by their bits, so that missing ones are equal, too.
fn bits(data: &Dataset<f32>) -> (Vec<u32>, Vec<u32>) {
    let answers = match data.targets() {
        Targets::Classes { labels, .. } => labels.clone(),
        Targets::Values(values) => values.values().iter().map(|x| x.to_bits()).collect(),
        Targets::Absent => Vec::new(),
    };
    let features = data.features().values().iter();
    (features.map(|x| x.to_bits()).collect(), answers)
}

/// Asserts that the rows of a store are those that the table has in memory.
#[track_caller]
fn assert_same(paths: &[PathBuf], params: &LoadParams) -> RowStore {
    let store = RowStore::open(paths, params, None).unwrap();
    let (found, expected) = (
        all(&store).unwrap(),
        load_many::<f32>(paths, params).unwrap(),
    );
    assert_eq!(store.encoding(), expected.encoding().unwrap());
    assert_eq!(Some(store.reading()), expected.reading());
    assert_eq!(store.n_rows(), expected.n_samples() as u64);
    assert_eq!(bits(&found), bits(&expected));
    store
}

/// Columns of every kind, with gaps, rows without a label, rows of another width, and quotes where they are asked for.
fn odd_rows(n: usize, quote: &str) -> String {
    let mut text = "count,x,kind,day,flag,zip,y\n".to_owned();
    for i in 0..n {
        let x = match i % 17 {
            3 => "?".to_owned(),
            _ => format!("{:.3}", ((i * 7919) % 1000) as f64 / 7.0 - 60.0),
        };
        let label = match i % 29 {
            5 => "",
            _ => ["p", "q", "r"][i % 3],
        };
        let (kind, day) = (["red", "blue", "green"][i % 3], i % 27 + 1);
        let zip = (i * 31) % 5000;
        let extra = if i % 1009 == 8 { ",9" } else { "" };
        writeln!(
            text,
            "{},{x},{quote}{kind}{quote},2020-01-{day:02},{},Z{zip},{label}{extra}",
            (i * 13) % 300,
            i % 2
        )
        .unwrap();
    }
    text
}

#[test]
fn rows_are_those_of_the_table_across_blocks() {
    let folder = folder();
    // Longer than a block of text of 8 MiB, and than several blocks of rows.
    let plain = odd_rows(260_000, "");
    assert!(plain.len() > 9 << 20);
    let path = write(&folder, "plain.csv", &plain);
    let store = assert_same(&[path], &LoadParams::default().threads(2));
    assert!(store.n_blocks() > 10);
    let quoted = write(
        &folder,
        "quoted.csv.gz",
        gzip(odd_rows(3000, "\"").as_bytes()),
    );
    assert_same(&[quoted], &LoadParams::default());
}

#[test]
fn several_files_are_one_table() {
    let folder = folder();
    let texts = ["x,s,y\n1,a,0.5\n2,b,1.5\n", "x,s,y\n\n3,c,2.5\n", "x,s,y\n"];
    let paths: Vec<PathBuf> = (0..3)
        .map(|i| write(&folder, &format!("{i}.csv"), texts[i]))
        .collect();
    assert_same(&paths, &LoadParams::default());
    let other = write(&folder, "other.csv", "x,t,y\n3,c,2.5\n");
    let error = RowStore::open(&[paths[0].clone(), other], &LoadParams::default(), None);
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("other.csv") && error.contains("same columns"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_cells_are_kept_to_the_bit(
        rows in prop::collection::vec((-1e9_f32..1e9, 0_u32..70_000, "[a-c]", prop::option::of(0_u8..3), any::<bool>()), 2..80)
    ) {
        let folder = folder();
        let mut text = "x,n,s,m,b,y\n".to_owned();
        for (x, n, s, m, b) in &rows {
            let m = m.map_or(String::new(), |m| m.to_string());
            writeln!(text, "{x},{n},{s},{m},{},{}", u8::from(*b), n % 2).unwrap();
        }
        let path = write(&folder, "t.csv", text);
        assert_same(&[path], &LoadParams::default().table(TableParams::default()));
    }
}

#[test]
fn a_file_is_used_again_until_text_or_parameters_change() {
    let folder = folder();
    let path = write(&folder, "t.csv", odd_rows(200, ""));
    let params = LoadParams::default();
    let why = |params: &LoadParams| open(&path, params).unwrap().made_because();
    assert_eq!(why(&params), Some("there was none"));
    assert_eq!(why(&params.clone().threads(1)), None);
    let other = params
        .clone()
        .table(TableParams::default().max_categories(7));
    assert_eq!(why(&other), Some("the data are read otherwise"));
    assert_eq!(why(&params), Some("the data are read otherwise"));
    write(&folder, "t.csv", odd_rows(201, ""));
    assert_eq!(why(&params), Some("the data have changed"));
    assert_eq!(why(&params), None);
    // In a folder of its own.
    let elsewhere = folder.path().join("a/b");
    let store = RowStore::open(std::slice::from_ref(&path), &params, Some(&elsewhere)).unwrap();
    assert_eq!(store.path(), elsewhere.join("t.csv.tiam-rows"));
}

#[test]
fn a_damaged_file_is_refused() {
    let folder = folder();
    let path = write(&folder, "t.csv", odd_rows(40, ""));
    let store = open(&path, &LoadParams::default()).unwrap();
    let (rows, whole) = (store.path().to_path_buf(), fs::read(store.path()).unwrap());
    let refused = |bytes: &[u8]| {
        fs::write(&rows, bytes).unwrap();
        let error = open(&path, &LoadParams::default()).and_then(|store| {
            assert_eq!(store.made_because(), None);
            all(&store)
        });
        let error = error.unwrap_err().to_string();
        assert!(error.contains("damaged; delete it"), "{error}");
    };
    for end in (0..whole.len()).step_by(7) {
        refused(&whole[..end]);
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x41;
        refused(&bytes);
    }
    let mut longer = whole.clone();
    longer.insert(9, 0);
    refused(&longer);
    fs::write(&rows, &whole).unwrap();
    assert!(all(&open(&path, &LoadParams::default()).unwrap()).is_ok());
}

/// What a conversion that was killed leaves, beside the text.
fn interrupted(folder: &TempDir) -> (PathBuf, PathBuf) {
    let path = write(folder, "t.csv", odd_rows(40, ""));
    let part = write(folder, "t.csv.tiam-rows.part", vec![7; 100_000]);
    (path, part)
}

#[test]
fn what_a_killed_conversion_has_left_is_not_read() {
    let folder = folder();
    let (path, part) = interrupted(&folder);
    assert_same(std::slice::from_ref(&path), &LoadParams::default());
    assert!(!part.exists());
    // A conversion that fails leaves nothing.
    write(&folder, "t.csv", "x,y\n1,a\n\"2,b\n");
    assert!(open(&path, &LoadParams::default()).is_err());
    assert!(!part.exists());
}

#[test]
fn two_conversions_at_a_time_are_refused() {
    let folder = folder();
    let (path, part) = interrupted(&folder);
    let other = File::open(&part).unwrap();
    other.lock().unwrap();
    let error = open(&path, &LoadParams::default()).unwrap_err().to_string();
    assert!(error.contains("another process"), "{error}");
    assert!(part.exists());
    drop(other);
    assert!(open(&path, &LoadParams::default()).is_ok());
}

#[test]
fn what_cannot_be_streamed_is_refused() {
    let folder = folder();
    let refused = |name: &str, bytes: &[u8], words: &str| {
        let path = write(&folder, name, bytes);
        let error = open(&path, &LoadParams::default()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(
        "t.json",
        b"{\"x\": 1, \"y\": 2}\n{\"x\": 2, \"y\": 1}\n",
        "only delimited text",
    );
    refused("latin.csv", b"x,y\n1,caf\xe9\n2,th\xe9\n", "only UTF-8");
    refused("none.csv", b"x,y\n1,\n2,\n", "has a label");
    let weighted = TableParams::default().sample_weights(ColumnRef::Name("x".to_owned()));
    let path = write(&folder, "w.csv", "x,z,y\n1,2,a\n2,3,b\n");
    let error = open(&path, &LoadParams::default().table(weighted)).unwrap_err();
    assert!(error.to_string().contains("sample_weights"), "{error}");
}
