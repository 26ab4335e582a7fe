//! Data files.

use std::io::{Cursor, Write};

use flate2::{Compression, write::GzEncoder};
use tiam_data::{
    ColumnRef, Dataset, Format, GraphParams, GraphRows, Header, LabelColumn, LoadParams,
    TableParams, Targets, Task, load, load_with_encoding,
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::{folder, write};

/// Limit of a single buffer: above all that sound files of some kilobytes need.
const MAX_BYTES: u64 = 1 << 24;

fn params() -> LoadParams {
    LoadParams::default().max_bytes(MAX_BYTES).threads(1)
}

/// CSV and TSV, found by content or read as such, with the options that the first three bytes tell. Another reading
/// by the encoding found gives the same.
pub fn table(bytes: &[u8]) {
    let Some((&[how, weights, categorical], text)) = bytes.split_first_chunk() else {
        return;
    };
    let mut table = TableParams::default()
        .header([Header::Auto, Header::Yes, Header::No, Header::Auto][usize::from(how & 3)])
        .task([Task::Auto, Task::Classes, Task::Values, Task::Auto][usize::from(how >> 2 & 3)]);
    // Small numbers are columns from either end; others are none.
    let column = |byte: u8| match byte.cast_signed() {
        position @ -8..8 => Some(ColumnRef::Position(position.into())),
        _ => None,
    };
    // A later reading without labels leaves the weights out too.
    let labelled = how & 16 == 0;
    if let Some(column) = column(weights).filter(|_| labelled) {
        table = table.sample_weights(column);
    }
    if let Some(column) = column(categorical) {
        table = table.categorical(column).max_categories(5);
    }
    if !labelled {
        table = table.label(LabelColumn::None);
    }
    let params = params().table(table).threads(1 + usize::from(how >> 5 & 1));
    let forced = how & 64 > 0;
    let params = if forced {
        params.format(Format::Table)
    } else {
        params
    };
    let text = if how & 128 > 0 {
        gzip(text)
    } else {
        text.to_vec()
    };

    let folder = folder();
    let path = write(&folder, "t", &text);
    let Ok(as_read) = load::<f64>(&path, &params) else {
        return;
    };
    let mut data = as_read.clone();
    data.fill_missing();
    sound(&data);
    assert_eq!(data.feature_names().len(), data.n_features());
    let Some(encoding) = data.encoding() else {
        return;
    };
    let again = load_with_encoding::<f64>(&path, encoding, &params).unwrap();
    assert_eq!(
        (again.features(), again.targets(), again.encoding()),
        (data.features(), data.targets(), data.encoding())
    );
    // Single precision holds fewer numbers; those it holds are the same rounded.
    if let Ok(single) = load::<f32>(&path, &params) {
        let pairs = single
            .features()
            .values()
            .iter()
            .zip(as_read.features().values());
        for (found, wanted) in pairs {
            assert_eq!(found.to_bits(), (*wanted as f32).to_bits());
        }
    }
}

const FORMATS: [Format; 4] = [Format::Arff, Format::Libsvm, Format::Json, Format::Arrays];
const ENCODINGS: [&str; 4] = ["utf-8", "utf-16be", "windows-1252", "shift_jis"];

/// The tables that are not delimited text, and texts in any encoding: after a byte of options a file as it is, or one put into an
/// archive here. Another reading by the encoding found gives the same.
pub fn formats(bytes: &[u8]) {
    let Some((&[how], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let file = match how & 3 {
        0 | 1 => rest.to_vec(),
        2 => gzip(rest),
        _ => pair(rest),
    };
    let mut params = params();
    if how & 4 > 0 {
        params = params.format(FORMATS[usize::from(how >> 3 & 3)]);
    }
    if how & 32 > 0 {
        params = params.text_encoding(ENCODINGS[usize::from(how >> 6)].parse().unwrap());
    }
    read_twice(&file, &params);
}

/// What needs the feature `formats`, found by content; without it every such file is refused.
pub fn optional(bytes: &[u8]) {
    read_twice(bytes, &params());
}

fn read_twice(file: &[u8], params: &LoadParams) {
    let folder = folder();
    let path = write(&folder, "t", file);
    let data = match load::<f64>(&path, params) {
        Ok(mut data) => {
            data.fill_missing();
            data
        }
        Err(error) => {
            assert!(error.to_string().contains("/t"), "{error}");
            return;
        }
    };
    sound_shape(&data);
    assert!(data.features().values().iter().all(|v| v.is_finite()));
    if let Some(encoding) = data.encoding() {
        let again = load_with_encoding::<f64>(&path, encoding, params).unwrap();
        assert_eq!(
            (again.features(), again.targets()),
            (data.features(), data.targets())
        );
    }
}

/// An archive of inputs and answers: a byte for the length of the answers' file, that file, and the inputs, whose headers fit
/// their data.
fn pair(bytes: &[u8]) -> Vec<u8> {
    let Some((&[length], rest)) = bytes.split_first_chunk() else {
        return Vec::new();
    };
    let (answers, inputs) = rest.split_at(rest.len().min(length.into()));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, array) in [("X.npy", inputs), ("y.npy", answers)] {
        zip.start_file(name, options).unwrap();
        zip.write_all(&npy(array)).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Images and their labels: after a byte of options and one for the length of the labels' file that file, then the
/// images. Either may be compressed here, or be what it is.
pub fn idx(bytes: &[u8]) {
    let Some((&[how, n_labels], files)) = bytes.split_first_chunk() else {
        return;
    };
    let (labels, images) = files.split_at(files.len().min(n_labels.into()));
    let packed = |bit: u8, bytes: &[u8]| {
        if how & bit > 0 {
            gzip(bytes)
        } else {
            bytes.to_vec()
        }
    };
    let folder = folder();
    write(&folder, "x-labels-idx1", &packed(1, labels));
    let path = write(&folder, "x-images-idx3", &packed(2, images));
    let label = if how & 4 > 0 {
        LabelColumn::None
    } else {
        LabelColumn::Last
    };
    let params = params().table(TableParams::default().label(label));
    if let Ok(data) = load::<f64>(&path, &params.format(Format::Idx)) {
        sound(&data);
        assert!(
            data.features()
                .values()
                .iter()
                .all(|v| (0.0..=1.0).contains(v))
        );
    }
}

const ARRAYS: [&str; 13] = [
    "adj_data",
    "adj_indices",
    "adj_indptr",
    "adj_shape",
    "attr_data",
    "attr_indices",
    "attr_indptr",
    "attr_shape",
    "labels",
    "train_idx",
    "val_idx",
    "test_idx",
    "attr_matrix",
];
const ELEMENTS: [(&str, usize); 8] = [
    ("<i4", 4),
    ("<i8", 8),
    ("<f4", 4),
    ("<f8", 8),
    ("|u1", 1),
    ("|b1", 1),
    (">i2", 2),
    (">f8", 8),
];

/// A graph: a zip as it is, or, since a zip's checksums keep changes out, one made here of arrays. Of these each has
/// its number, its length in two bytes and then its file, or a byte for type and order and its data.
pub fn graph(bytes: &[u8]) {
    let Some((&[how], rest)) = bytes.split_first_chunk() else {
        return;
    };
    let archive = match how & 3 {
        0 => rest.to_vec(),
        kind => archive(rest, kind == 1),
    };
    let graph = GraphParams::default()
        .draw(1, 1, 1)
        .hops(usize::from(how >> 2 & 7));
    let rows = if how & 32 > 0 {
        GraphRows::All
    } else {
        GraphRows::SplitOnly
    };
    let folder = folder();
    let path = write(&folder, "g", &archive);
    if let Ok(data) = load::<f32>(
        &path,
        &params().format(Format::GraphNpz).graph(graph.rows(rows)),
    ) {
        sound_shape(&data);
        assert_eq!(data.sample_ids().unwrap().len(), data.n_samples());
        assert!(data.features().values().iter().all(|v| v.is_finite()));
    }
}

fn archive(mut bytes: &[u8], whole: bool) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    while let Some((&[number, low, high], rest)) = bytes.split_first_chunk() {
        let length = rest.len().min(u16::from_le_bytes([low, high]).into());
        let (array, rest) = rest.split_at(length);
        bytes = rest;
        let name = ARRAYS[usize::from(number) % ARRAYS.len()];
        // An archive written here holds each name once.
        if zip.start_file(format!("{name}.npy"), options).is_ok() {
            let file = if whole { array.to_vec() } else { npy(array) };
            zip.write_all(&file).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

/// An array whose header fits its data.
fn npy(bytes: &[u8]) -> Vec<u8> {
    let Some((&[kind], data)) = bytes.split_first_chunk() else {
        return Vec::new();
    };
    let (element, size) = ELEMENTS[usize::from(kind & 7)];
    let n = data.len() / size;
    let columns = usize::from(kind >> 4);
    let shape = match columns {
        0 => format!("({n},)"),
        _ => format!("({}, {columns})", n / columns),
    };
    let n = n.checked_div(columns).map_or(n, |rows| rows * columns);
    let order = if kind & 8 > 0 { "True" } else { "False" };
    let header = format!("{{'descr': '{element}', 'fortran_order': {order}, 'shape': {shape}, }}");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(&data[..n * size]);
    file
}

/// Finite numbers and consistent shapes.
fn sound(data: &Dataset<f64>) {
    sound_shape(data);
    assert!(data.features().values().iter().all(|v| v.is_finite()));
    if let Targets::Values(values) = data.targets() {
        assert_eq!(values.n_samples(), data.n_samples());
        assert!(values.values().iter().all(|v| v.is_finite()));
    }
    if let Some(weights) = data.sample_weights() {
        assert_eq!(weights.len(), data.n_samples());
        assert!(weights.iter().all(|w| w.is_finite() && *w >= 0.0));
    }
}

fn sound_shape<T: tiam_data::Scalar>(data: &Dataset<T>) {
    let (n, width) = (data.n_samples(), data.n_features());
    assert!(n > 0 && width > 0);
    assert_eq!(data.features().values().len(), n * width);
    if let (Some(labels), Some(names)) = (data.labels(), data.class_names()) {
        assert_eq!(labels.len(), n);
        assert!(labels.iter().all(|&label| (label as usize) < names.len()));
    }
    if let Some(split) = data.split() {
        let parts = [split.train(), split.validation(), split.test()];
        assert!(parts.concat().iter().all(|&i| i < n));
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
