//! Shared test code: small valid files of every format, and the folder of the large data sets.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use tiam_data::{CellFault, DataError, Dataset, LoadParams, Place, load};

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn write(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Loads a text as a table.
pub(crate) fn table(
    text: impl AsRef<[u8]>,
    params: &LoadParams,
) -> Result<Dataset<f64>, DataError> {
    let folder = folder();
    load(write(&folder, "t.csv", text), params)
}

/// Asserts that a file is refused at a place, for a reason that contains these words.
#[track_caller]
pub(crate) fn assert_malformed<T>(result: Result<T, DataError>, at: &Place, words: &str) {
    match result.map(|_| ()) {
        Err(DataError::Malformed { place, reason, .. }) => {
            assert_eq!(place, *at, "{reason}");
            assert!(reason.contains(words), "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

/// What is wrong with the cell that an error names.
#[track_caller]
pub(crate) fn fault(error: &DataError) -> &CellFault {
    match error {
        DataError::BadCell { fault, .. } => fault,
        other => panic!("{other}"),
    }
}

pub(crate) fn idx(dimensions: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
    dimensions
        .iter()
        .for_each(|d| bytes.extend(d.to_be_bytes()));
    bytes.extend(data);
    bytes
}

/// A `.npy` file, version 1.
pub(crate) fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    npy_header(
        &format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"),
        data,
    )
}

pub(crate) fn npy_header(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

pub(crate) fn i32s(values: &[i32]) -> Vec<u8> {
    npy(
        "<i4",
        &format!("({},)", values.len()),
        &values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<_>>(),
    )
}

pub(crate) fn i64s(values: &[i64]) -> Vec<u8> {
    npy(
        "<i8",
        &format!("({},)", values.len()),
        &values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<_>>(),
    )
}

pub(crate) fn f32s(values: &[f32]) -> Vec<u8> {
    npy(
        "<f4",
        &format!("({},)", values.len()),
        &values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<_>>(),
    )
}

pub(crate) type Arrays = Vec<(&'static str, Vec<u8>)>;

/// Six nodes, three features, two classes; edges 0-1 (given twice), 1-2, 2-3 (one direction), a self-loop at 4; 5 alone.
pub(crate) const EDGES: [(usize, usize); 5] = [(0, 1), (1, 0), (1, 2), (2, 3), (4, 4)];
pub(crate) const ATTRIBUTES: [[f64; 3]; 6] = [
    [1., 0., 0.],
    [0., 1., 0.],
    [0.5, 0., 2.],
    [0., 0., 0.],
    [0., 3., 0.],
    [1., 1., 1.],
];

pub(crate) fn graph_arrays() -> Arrays {
    vec![
        ("adj_data", f32s(&[1.; 5])),
        ("adj_indices", i32s(&[1, 0, 2, 3, 4])),
        ("adj_indptr", i32s(&[0, 1, 3, 4, 4, 5, 5])),
        ("adj_shape", i64s(&[6, 6])),
        ("attr_data", f32s(&[1., 1., 0.5, 2., 3., 1., 1., 1.])),
        ("attr_indices", i32s(&[0, 1, 0, 2, 1, 0, 1, 2])),
        ("attr_indptr", i64s(&[0, 1, 2, 4, 4, 5, 8])),
        ("attr_shape", i64s(&[6, 3])),
        ("labels", i64s(&[0, 1, 0, 1, 0, 1])),
        ("train_idx", i32s(&[3, 0])),
        ("val_idx", i32s(&[1])),
        ("test_idx", i32s(&[5, 2])),
    ]
}

pub(crate) fn replaced(name: &str, array: Vec<u8>) -> Arrays {
    let mut arrays = graph_arrays();
    arrays
        .iter_mut()
        .filter(|(n, _)| *n == name)
        .for_each(|(_, a)| a.clone_from(&array));
    arrays
}

pub(crate) fn without(names: &[&str]) -> Arrays {
    graph_arrays()
        .into_iter()
        .filter(|(n, _)| !names.contains(n))
        .collect()
}

pub(crate) fn npz(arrays: &Arrays) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in arrays {
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A file or folder of the large data, or `None` with a line that says so.
pub(crate) fn large(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TIAM_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if path.exists() {
        return Some(path);
    }
    println!(
        "skipped: {name} is not in {}; set TIAM_DATA to the folder that holds it",
        folder.display()
    );
    None
}
