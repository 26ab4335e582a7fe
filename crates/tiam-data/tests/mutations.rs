//! Tests of damaged files: each loads or gives an error that names the path, in bounded time and without panic.

use std::time::{Duration, Instant};

use crate::common::{folder, graph_arrays, gzip, idx, npz, write};
use proptest::prelude::*;
use tiam_data::{Format, GraphParams, LoadParams, load, load_with_encoding};

/// Longest a damaged file of a few kilobytes may take.
const SOON: Duration = Duration::from_secs(5);

fn valid_files() -> Vec<(Format, Vec<u8>)> {
    let csv =
        b"x,sex,\"no\"\"te\",y\r\n1,M,\"a,\nb\",p\r\n2.5e3,F,c,q\r\n-3,M,c,p\r\n\r\n4,F,c,q\r\n"
            .to_vec();
    let tsv = b"\xef\xbb\xbf1\t2\t3\n4\t5\t6\n7\t8\t9\n".to_vec();
    let images = idx(&[3, 2, 2], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    vec![
        (Format::Table, gzip(&csv)),
        (Format::Table, csv),
        (Format::Table, tsv),
        (Format::Idx, gzip(&images)),
        (Format::Idx, images),
        (Format::GraphNpz, npz(&graph_arrays())),
        (Format::GraphNpz, npz(&dense_graph())),
        (Format::Arff, ARFF.as_bytes().to_vec()),
        (Format::Arff, SPARSE_ARFF.as_bytes().to_vec()),
        (Format::Libsvm, LIBSVM.as_bytes().to_vec()),
        (Format::Json, JSON_LINES.as_bytes().to_vec()),
        (Format::Json, JSON_COLUMNS.as_bytes().to_vec()),
        (Format::Json, JSON_SPLIT.as_bytes().to_vec()),
        (Format::Arrays, npz(&pair())),
        (Format::Arrays, pair().swap_remove(0).1),
        (Format::Table, utf_16("ä,y\n1,ü\n2,x\n")),
        (Format::Table, b"\xe4,y\n1,\xfc\n2,x\n".to_vec()),
    ]
    .into_iter()
    .chain(optional_files())
    .collect()
}

const ARFF: &str = "% c\n@relation 'a b'\n@attribute x real\n@ATTRIBUTE \"s t\" {a,'b c',\"d\"}\n\
    @attribute d date \"yyyy\"\n@attribute y {p,q}\n@data\n1,a,'2020',p\n-2.5,'b c',2021,q\n3,d,2020,p\n";
const SPARSE_ARFF: &str =
    "@relation r\n@attribute x real\n@attribute y {p,q}\n@data\n{0 1.5}\n{0 2, 1 q}\n{}\n";
const LIBSVM: &str = "+1 1:0.5 3:-2 # c\n-1 qid:7 2:1e-3\n1 3:4\n";
const JSON_LINES: &str =
    "{\"a\":1.5,\"b\":{\"c\":[1,2]},\"y\":true}\n{\"a\":-2,\"b\":{\"c\":[3,4]},\"y\":false}\n";
const JSON_COLUMNS: &str = "{\"a\":{\"0\":1.5,\"1\":2e3},\"y\":{\"0\":\"p\",\"1\":\"q\"}}";
const JSON_SPLIT: &str = "{\"columns\":[\"a\",\"y\"],\"data\":[[1,\"p\"],[2,\"q\"]]}";

/// Inputs and answers.
fn pair() -> crate::common::Arrays {
    let x = [1_u16, 2, 3, 4, 5, 0].iter().flat_map(|x| x.to_le_bytes());
    let x = crate::common::npy("<u2", "(3, 2)", &x.collect::<Vec<_>>());
    vec![("X", x), ("y", crate::common::npy("|S1", "(3,)", b"aba"))]
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(feature = "formats")]
fn optional_files() -> Vec<(Format, Vec<u8>)> {
    use crate::optional::{CSV, bzip2, ods_table, parquet, rows, tar, xlsx};
    let zstd = zstd::encode_all(CSV, 3).unwrap();
    vec![
        (Format::Parquet, parquet()),
        (Format::Workbook, xlsx(&rows())),
        (Format::Workbook, ods_table()),
        (Format::Table, bzip2(CSV)),
        (Format::Table, zstd),
        (Format::Table, crate::optional::XZ.to_vec()),
        (Format::Table, tar(&[("t.csv", CSV), ("README", b"x")])),
    ]
}

#[cfg(not(feature = "formats"))]
fn optional_files() -> Vec<(Format, Vec<u8>)> {
    Vec::new()
}

#[derive(Debug, Clone)]
enum Damage {
    Truncate(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    DeleteLine(prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<prop::sample::Index>;
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"\",;\t\r\n\0?- 1e.\xff".to_vec())
    ];
    prop_oneof![
        1 => at().prop_map(Damage::Truncate),
        4 => (at(), any::<u8>()).prop_map(|(i, b)| Damage::Flip(i, b)),
        3 => (at(), byte).prop_map(|(i, b)| Damage::Insert(i, b)),
        1 => at().prop_map(Damage::DeleteLine),
        1 => (at(), at()).prop_map(|(i, j)| Damage::Repeat(i, j)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    match damage {
        Damage::Truncate(at) => bytes.truncate(at.index(bytes.len())),
        Damage::Flip(at, mask) => {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        Damage::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
        Damage::DeleteLine(at) => {
            let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
            let gone = at.index(lines.len());
            *bytes = lines
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != gone)
                .flat_map(|(_, l)| l.to_vec())
                .collect();
        }
        Damage::Repeat(from, to) => {
            let (a, b) = (from.index(bytes.len()), to.index(bytes.len()));
            let piece = bytes[a.min(b)..a.max(b)].to_vec();
            bytes.splice(a.min(b)..a.min(b), piece);
        }
    }
}

/// Loads the bytes in every way; errors must name the file.
fn try_all(bytes: &[u8], format: Format) {
    let folder = folder();
    let path = write(&folder, "damaged.bin", bytes);
    let graph = GraphParams::default().draw(1, 1, 1);
    let params = LoadParams::default().max_bytes(1 << 24).graph(graph);
    let started = Instant::now();
    for params in [params.clone(), params.format(format)] {
        match load::<f64>(&path, &params) {
            Ok(mut data) => {
                data.fill_missing();
                assert_eq!(
                    data.features().values().len(),
                    data.n_samples() * data.n_features()
                );
                assert!(data.features().values().iter().all(|v| v.is_finite()));
                if let Some(encoding) = data.encoding() {
                    let again = load_with_encoding::<f64>(&path, encoding, &params).unwrap();
                    assert_eq!(
                        (again.features(), again.targets()),
                        (data.features(), data.targets())
                    );
                }
            }
            Err(error) => {
                let text = error.to_string();
                let about_parameters =
                    text.contains("not allowed") || text.contains("train_per_class");
                assert!(text.contains("damaged.bin") || about_parameters, "{text}");
            }
        }
    }
    assert!(started.elapsed() < SOON);
}

#[test]
fn the_files_are_valid_before_they_are_damaged() {
    for (format, bytes) in valid_files() {
        let folder = folder();
        let path = write(&folder, "x", bytes);
        load::<f64>(&path, &LoadParams::default()).unwrap();
        load::<f32>(&path, &LoadParams::default().format(format)).unwrap();
    }
}

#[test]
fn every_truncation_is_survived() {
    for (format, bytes) in valid_files() {
        for length in (0..bytes.len()).step_by(1 + bytes.len() / 200) {
            try_all(&bytes[..length], format);
        }
    }
}

/// What may stand in a cell: no number, none that is finite, none that fits; names and labels that are there already come by `Copy`.
const CELLS: [&str; 16] = [
    "nan",
    "-NaN",
    "inf",
    "-Infinity",
    "1e999",
    "-1e-999",
    "99999999999999999999",
    "-0",
    "1.5",
    "",
    "\"",
    "\"a\r\n\"\"b\"",
    "x",
    "1,5",
    "\u{e9}",
    "c0",
];

/// A change that a table's structure survives, so that it gets to what looks at cells.
#[derive(Debug, Clone)]
enum Edit {
    Cell(prop::sample::Index, &'static str),
    /// One cell over another: names, labels, categories twice.
    Copy(prop::sample::Index, prop::sample::Index),
    /// A delimiter or line end is gone: a row too short or too long.
    Join(prop::sample::Index),
    LineEnds(&'static str),
    Mark,
    LongCell(prop::sample::Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        6 => (at(), prop::sample::select(CELLS.to_vec())).prop_map(|(i, text)| Edit::Cell(i, text)),
        4 => (at(), at()).prop_map(|(i, j)| Edit::Copy(i, j)),
        1 => at().prop_map(Edit::Join),
        2 => prop::sample::select(vec!["\r\n", "\r", "\n\n", "\n"]).prop_map(Edit::LineEnds),
        1 => Just(Edit::Mark),
        1 => at().prop_map(Edit::LongCell),
    ]
}

fn change(text: &mut String, edit: &Edit) {
    let ends: Vec<usize> = text
        .match_indices([',', ';', '\t', '\n'])
        .map(|(at, _)| at)
        .collect();
    let Some(last) = ends.len().checked_sub(1) else {
        return;
    };
    // The cell before an end.
    let cell = |i: &prop::sample::Index| {
        let i = i.index(last + 1);
        i.checked_sub(1).map_or(0, |before| ends[before] + 1)..ends[i]
    };
    match edit {
        Edit::Cell(i, with) => text.replace_range(cell(i), with),
        Edit::Copy(from, to) => {
            let copied = text[cell(from)].to_owned();
            text.replace_range(cell(to), &copied);
        }
        Edit::Join(i) => text.replace_range(cell(i).end..cell(i).end + 1, ""),
        Edit::LineEnds(with) => *text = text.replace('\n', with),
        Edit::Mark => text.insert(0, '\u{feff}'),
        Edit::LongCell(i) => text.replace_range(cell(i), &"long".repeat(1000)),
    }
}

const TABLES: [&str; 4] = [
    "x,sex,note,y\n1,M,a,p\n2.5,F,b,q\n-3,M,a,p\n4,F,b,q\n",
    "1\t2\t3\n4\t5\t6\n7\t8\t9\n",
    "a;b;c\n1.5;2;0\n2.5;3;1\n",
    "5,1\n6,2\n7,1\n",
];

/// Little-endian elements of a graph's arrays: NaN, infinite and huge numbers; negative ones; the largest class and those past it.
const ELEMENTS: [u64; 12] = [
    0x7fc0_0000,
    0xff80_0000,
    0x7f7f_ffff,
    0x7ff8_0000_0000_0000,
    0x7ff0_0000_0000_0000,
    u64::MAX,
    1 << 63,
    i64::MAX as u64,
    1 << 40,
    65_535,
    65_536,
    0,
];

/// Puts an element over one of an array.
fn put(array: &mut [u8], at: prop::sample::Index, element: u64) {
    let data = 10 + usize::from(u16::from_le_bytes([array[8], array[9]]));
    let size = if array[..data].windows(2).any(|w| w == b"8'") {
        8
    } else {
        4
    };
    let n = (array.len() - data) / size;
    let at = data + size * at.index(n);
    array[at..at + size].copy_from_slice(&element.to_le_bytes()[..size]);
}

/// The same graph with dense features, column by column.
fn dense_graph() -> crate::common::Arrays {
    let mut arrays =
        crate::common::without(&["attr_data", "attr_indices", "attr_indptr", "attr_shape"]);
    let values = |column: usize| crate::common::ATTRIBUTES.iter().map(move |row| row[column]);
    let data: Vec<u8> = (0..3).flat_map(values).flat_map(f64::to_le_bytes).collect();
    let header = "{'descr': '<f8', 'fortran_order': True, 'shape': (6, 3), }";
    arrays.push(("attr_matrix", crate::common::npy_header(header, &data)));
    arrays
}

/// Two entries of one name: what a writer refuses to write is patched in.
#[test]
fn an_array_that_is_there_twice_is_survived() {
    let mut arrays = graph_arrays();
    arrays.push(("lebels", crate::common::i64s(&[1, 0, 1, 0, 1, 0])));
    let mut bytes = npz(&arrays);
    let at: Vec<usize> = (0..bytes.len() - 6)
        .filter(|&i| &bytes[i..i + 6] == b"lebels")
        .collect();
    assert_eq!(at.len(), 2);
    at.iter().for_each(|i| bytes[i + 1] = b'a');
    try_all(&bytes, Format::GraphNpz);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// Plain and compressed anew, so that checksums hold.
    #[test]
    fn edited_tables_are_survived(table in 0..TABLES.len(), edits in prop::collection::vec(edit(), 1..5), packed: bool) {
        let mut text = TABLES[table].to_owned();
        edits.iter().for_each(|e| change(&mut text, e));
        let bytes = if packed { gzip(text.as_bytes()) } else { text.into_bytes() };
        try_all(&bytes, Format::Table);
    }

    /// Written into a new archive, so that checksums hold.
    #[test]
    fn hostile_elements_of_arrays_are_survived(
        dense: bool,
        puts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::sample::select(ELEMENTS.to_vec())), 1..3),
    ) {
        let mut arrays = if dense { dense_graph() } else { graph_arrays() };
        for (array, at, element) in puts {
            let n = arrays.len();
            put(&mut arrays[array.index(n)].1, at, element);
        }
        try_all(&npz(&arrays), Format::GraphNpz);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

    #[test]
    fn damaged_files_are_survived(file in any::<prop::sample::Index>(), damages in prop::collection::vec(damage(), 1..5)) {
        let mut files = valid_files();
        let (format, mut bytes) = files.swap_remove(file.index(files.len()));
        damages.iter().for_each(|d| apply(&mut bytes, d));
        try_all(&bytes, format);
    }

    #[test]
    fn damaged_arrays_are_survived(array in any::<prop::sample::Index>(), dense: bool, damages in prop::collection::vec(damage(), 1..4)) {
        let mut arrays = if dense { dense_graph() } else { graph_arrays() };
        let array = array.index(arrays.len());
        damages.iter().for_each(|d| apply(&mut arrays[array].1, d));
        try_all(&npz(&arrays), Format::GraphNpz);
        let mut arrays = pair();
        damages.iter().for_each(|d| apply(&mut arrays[usize::from(dense)].1, d));
        try_all(&npz(&arrays), Format::Arrays);
    }

    #[test]
    fn damaged_content_inside_gzip_is_survived(damages in prop::collection::vec(damage(), 1..4), file in prop::sample::select(vec![1_usize, 2, 4, 7, 8, 9, 10, 11, 12, 14])) {
        let (format, mut bytes) = valid_files().swap_remove(file);
        damages.iter().for_each(|d| apply(&mut bytes, d));
        try_all(&gzip(&bytes), format);
    }

    #[test]
    fn random_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300), format in 0..9_usize) {
        let format = [Format::Table, Format::Idx, Format::GraphNpz, Format::Arrays, Format::Arff, Format::Json, Format::Libsvm, Format::Parquet, Format::Workbook][format];
        try_all(&bytes, format);
    }

    #[test]
    fn random_table_like_text_is_survived(text in "[0-9a,;\t\"\r\n .?e-]{0,80}") {
        try_all(text.as_bytes(), Format::Table);
    }
}
