//! Tests that loading stays within the memory that [`LoadParams`] states, also for files made to exceed it; the allocator counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::env;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{
    Arrays, assert_malformed, f32s, folder, graph_arrays, gzip, i32s, i64s, idx, npy, npy_header,
    npz, replaced, without, write,
};
use tiam_data::{DataError, Dataset, GraphParams, LoadParams, Place, Scalar, load};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged; only two counters are kept.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROWS: usize = 60_000;
const COLUMNS: usize = 20;

/// Whether this is a process that runs no other test, whose memory would be counted too. Otherwise a test of this file is run in such
/// a process.
#[track_caller]
fn alone(test: &str) -> bool {
    const ALONE: &str = "TIAM_DATA_TEST_ALONE";
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let program = env::current_exe().unwrap();
    let test = format!("memory::{test}");
    let arguments = ["--exact", &test, "--nocapture"];
    let output = Command::new(program)
        .args(arguments)
        .env(ALONE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{error}"
    );
    false
}

/// Most bytes held at a time while a file is loaded, and what came of it.
fn load_counted<T: Scalar>(
    path: &Path,
    params: &LoadParams,
) -> (usize, Result<Dataset<T>, DataError>) {
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let result = load::<T>(path, params);
    (PEAK.load(Ordering::Relaxed) - before, result)
}

fn peak<T: Scalar>(path: &Path, threads: usize) -> usize {
    let (peak, data) = load_counted::<T>(path, &LoadParams::default().threads(threads));
    let data = data.unwrap();
    assert_eq!((data.n_samples(), data.n_features()), (ROWS, COLUMNS));
    peak
}

#[test]
fn a_table_of_numbers_takes_the_text_and_its_numbers() {
    if !alone("a_table_of_numbers_takes_the_text_and_its_numbers") {
        return;
    }
    let mut text = String::new();
    for i in 0..ROWS {
        for j in 0..COLUMNS {
            let mixed = (i * COLUMNS + j).wrapping_mul(2_654_435_761) >> 9;
            write!(text, "{}.{:07},", mixed % 10, mixed % 9_999_991).unwrap();
        }
        writeln!(text, "k{}", i % 10).unwrap();
    }
    let folder = folder();
    let plain = write(&folder, "t.csv", &text);
    let packed = write(&folder, "t.csv.gz", gzip(text.as_bytes()));
    let (n_bytes, n_values) = (text.len(), ROWS * COLUMNS);
    drop(text);
    for threads in [1, 2] {
        // The stated sum; the columns' distinct cells, labels and buffers are the tenth.
        let stated = |width: usize, text: usize| (text + width * n_values) * 11 / 10;
        assert!(peak::<f32>(&plain, threads) <= stated(4, n_bytes));
        assert!(peak::<f64>(&plain, threads) <= stated(8, n_bytes));
        // The length of a compressed text shows only at its end.
        assert!(peak::<f64>(&packed, threads) <= stated(8, 3 * n_bytes));
    }
}

/// What a file must not exceed, and what must come of it: part of the error's text, or that it loads.
enum Bound {
    Table,
    Idx,
    Graph,
    Grid,
}

struct Hostile {
    name: &'static str,
    bytes: Vec<u8>,
    bound: Bound,
    params: LoadParams,
    outcome: Option<&'static str>,
}

fn hostile(
    name: &'static str,
    bound: Bound,
    bytes: Vec<u8>,
    outcome: Option<&'static str>,
) -> Hostile {
    let graph = GraphParams::default().draw(20, 10, 10);
    Hostile {
        name,
        bytes,
        bound,
        params: LoadParams::default().threads(2).graph(graph),
        outcome,
    }
}

/// A limit of `bytes` for each byte of the file, which for files of this size is the 16 MiB that all may take.
fn tight(mut file: Hostile) -> Hostile {
    file.params = file.params.max_expansion(64);
    file
}

const COLUMNS_OVER: Option<&str> = Some("the columns would take");
const CELLS_OVER: Option<&str> = Some("the columns' distinct cells would take");
const CONTENT_OVER: Option<&str> = Some("the content of the file would take");

fn row(n: usize, cell: impl Fn(usize) -> String) -> String {
    (0..n).map(cell).collect::<Vec<_>>().join(",") + "\n"
}

fn hostile_tables() -> Vec<Hostile> {
    let commas = ",".repeat(1 << 20);
    let same_cells: String = (0..60).map(|r| row(40_000, |_| r.to_string())).collect();
    let distinct: String = (0..1000)
        .map(|r| row(100, |c| format!("{}", r * 100 + c)))
        .collect();
    let mut long_name = "n".repeat(4 << 20) + ",y\n";
    (0..900).for_each(|r| writeln!(long_name, "k{r},{}", r % 2).unwrap());
    let texts = |columns| {
        (0..1000)
            .map(|r| row(columns, |c| format!("k{r}x{c}")))
            .collect::<String>()
    };
    let one_hot = |columns| texts(columns).replace('\n', ",0\n").into_bytes();
    let file = |name, text: Vec<u8>, outcome| hostile(name, Bound::Table, text, outcome);
    vec![
        file(
            "commas",
            commas.clone().into_bytes(),
            Some("none of the 1 rows has a label"),
        ),
        file(
            "commas, packed",
            gzip(commas.repeat(8).as_bytes()),
            COLUMNS_OVER,
        ),
        tight(file(
            "one cell, packed",
            gzip(&vec![b'1'; 20 << 20]),
            CONTENT_OVER,
        )),
        file(
            "a short text",
            gzip("1,2\n".repeat(1 << 18).as_bytes()),
            None,
        ),
        file(
            "cells distinct by row",
            gzip(same_cells.as_bytes()),
            CELLS_OVER,
        ),
        file("distinct cells", distinct.into_bytes(), None),
        file(
            "a long name",
            gzip(long_name.as_bytes()),
            Some("the names of the features would take"),
        ),
        file("categories", one_hot(3), None),
        tight(file(
            "more categories",
            one_hot(10),
            Some("the encoded features would take"),
        )),
    ]
}

fn hostile_idx() -> Vec<Hostile> {
    let promise = idx(&[u32::MAX, u32::MAX], &[1, 2, 3]);
    let images = gzip(&idx(&[24, 1000, 1000], &vec![0; 24_000_000]));
    let file = |name, bytes, outcome| hostile(name, Bound::Idx, bytes, outcome);
    vec![
        file(
            "a promise, packed",
            gzip(&promise),
            Some("the header promises"),
        ),
        file("a promise", promise, Some("the header promises")),
        file(
            "a promise beyond counting",
            idx(&[u32::MAX; 4], &[]),
            Some("overflow"),
        ),
        file(
            "black images",
            images.clone(),
            Some("the features would take"),
        ),
        tight(file(
            "black images, little allowed",
            images,
            Some("the features would take"),
        )),
    ]
}

/// A graph of `n` nodes without an edge, in bytes that compress well.
fn empty_graph(n: usize, columns: i64) -> Arrays {
    let zeros = |n: usize| npy("|u1", &format!("({n},)"), &vec![0; n]);
    let nodes = n as i64;
    let mut arrays = without(&["train_idx", "val_idx", "test_idx"]);
    for (name, array) in &mut arrays {
        *array = match *name {
            "adj_indptr" | "attr_indptr" => zeros(n + 1),
            "labels" => zeros(n),
            "adj_shape" => i64s(&[nodes, nodes]),
            "attr_shape" => i64s(&[nodes, columns]),
            _ => f32s(&[]),
        };
    }
    arrays
}

fn hostile_graphs() -> Vec<Hostile> {
    let promise = npy("<f4", "(1152921504606846976,)", &[0; 16]);
    let mut dense = without(&["attr_data", "attr_indices", "attr_indptr", "attr_shape"]);
    let mut with_dense = |rows: usize, columns: usize, held: usize| {
        dense.retain(|(name, _)| *name != "attr_matrix");
        let data = vec![1; held];
        dense.push((
            "attr_matrix",
            npy("|u1", &format!("({rows}, {columns})"), &data),
        ));
        npz(&dense)
    };
    let mut wide = replaced("attr_shape", i64s(&[6, 1 << 18]));
    wide.push((
        "padding",
        (0..10_000_u32)
            .flat_map(|i| (i * i).to_le_bytes())
            .collect(),
    ));
    let mut dimensions = "{'descr': '|u1', 'fortran_order': False, 'shape': (".to_owned();
    dimensions += &"1,".repeat(1 << 20);
    let mut long_header = npy_header("", &[]);
    long_header[6] = 2;
    long_header.truncate(8);
    long_header.extend((dimensions.len() as u32).to_le_bytes());
    long_header.extend(dimensions.as_bytes());
    let mut many = npz(&graph_arrays());
    let end = many.len() - 22;
    many[end + 8..end + 12].copy_from_slice(&[0xff, 0x7f, 0xff, 0x7f]);
    let long = i32s(&vec![0; 4 << 20]);
    let file = |name, bytes, outcome| hostile(name, Bound::Graph, bytes, outcome);
    vec![
        file(
            "a promise",
            npz(&replaced("adj_data", promise)),
            Some("promises 4611686018427387904 bytes"),
        ),
        file(
            "a dense promise",
            with_dense(6, 1 << 30, 12),
            Some("there are 12"),
        ),
        file(
            "a dense matrix",
            with_dense(6, 2 << 20, 12 << 20),
            Some("\"attr_matrix\" decoded would take"),
        ),
        file("many columns", npz(&wide), None),
        tight(file(
            "many columns, little allowed",
            npz(&wide),
            Some("the hop features would take"),
        )),
        file("nodes", npz(&empty_graph(1 << 20, 1)), None),
        file(
            "more nodes",
            npz(&empty_graph(3 << 20, 1)),
            Some("would take"),
        ),
        tight(file(
            "a long array",
            npz(&replaced("labels", long)),
            Some("\"labels\" would take"),
        )),
        file(
            "a long shape",
            npz(&replaced("adj_shape", i32s(&vec![0; 1 << 20]))),
            Some("where rows and columns are needed"),
        ),
        file(
            "a long header",
            npz(&replaced("adj_shape", long_header)),
            Some("at most 10000 are allowed"),
        ),
        file("many entries", many, Some("")),
    ]
}

/// Files whose cells are copied: ARFF, libsvm, JSON, arrays.
fn hostile_grids() -> Vec<Hostile> {
    let file = |name, bytes, outcome| hostile(name, Bound::Grid, bytes, outcome);
    let attributes: String = (0..1_000_000)
        .map(|i| format!("@attribute a{i} real\n"))
        .collect();
    let attributes = format!("@relation r\n{attributes}@data\n");
    let keys: String = (0..1_000_000).map(|i| format!("\"k{i}\":1,")).collect();
    let short_rows = format!("[{}[1]]", "[1],".repeat(3 << 20));
    let sparse = "1 40000:1\n".repeat(1000);
    let deep = format!("[{}", "[".repeat(1_000_000));
    let zeros = |n: usize| npy("|u1", &format!("({n}, 1)"), &vec![0; n]);
    let x = |array| npz(&vec![("X", array), ("y", i64s(&[1]))]);
    let promise = npy("<f8", "(1152921504606846976,)", &[0; 16]);
    let wide: Vec<u8> = ("\u{feff}".to_owned() + &"\u{20ac},".repeat(5 << 20))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    vec![
        tight(file(
            "attributes",
            gzip(attributes.as_bytes()),
            COLUMNS_OVER,
        )),
        tight(file(
            "keys",
            gzip(format!("{{{keys}\"z\":1}}").as_bytes()),
            COLUMNS_OVER,
        )),
        file(
            "a far feature",
            b"1 4000000000:1\n0 1:1\n".to_vec(),
            COLUMNS_OVER,
        ),
        file(
            "sparse rows",
            sparse.into_bytes(),
            Some("the encoded features would take"),
        ),
        tight(file(
            "short rows",
            gzip(short_rows.as_bytes()),
            CELLS_OF_GRID_OVER,
        )),
        file(
            "deep arrays",
            deep.clone().into_bytes(),
            Some("not valid JSON"),
        ),
        file(
            "deep closed arrays",
            (deep + &"]".repeat(1_000_001)).into_bytes(),
            Some("a cell holds an array"),
        ),
        file(
            "deep objects",
            ("{\"a\":".repeat(1_000_000) + "1" + &"}".repeat(1_000_000))
                .repeat(2)
                .into_bytes(),
            Some("recursion limit"),
        ),
        file(
            "an array's promise",
            x(promise),
            Some("promises 9223372036854775808 bytes"),
        ),
        tight(file(
            "zeros",
            x(zeros(20 << 20)),
            Some("array \"X\" would take"),
        )),
        tight(file(
            "fewer zeros",
            npz(&vec![("X", zeros(12 << 20))]),
            CELLS_OF_GRID_OVER,
        )),
        tight(file("UTF-16", gzip(&wide), CONTENT_OVER)),
    ]
}

const CELLS_OF_GRID_OVER: Option<&str> = Some("the cells of the table would take");

fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file(
        name,
        options.compression_method(zip::CompressionMethod::Deflated),
    )
    .unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

/// What unpacks to more than it should.
fn hostile_archives() -> Vec<Hostile> {
    let ones = vec![b'1'; 20 << 20];
    let file = |name, bytes, outcome| tight(hostile(name, Bound::Grid, bytes, outcome));
    let mut files = vec![
        file("a zip", zip_of("t.csv", &ones), CONTENT_OVER),
        file(
            "a gzip in a zip",
            zip_of("t.csv.gz", &gzip(&ones)),
            CONTENT_OVER,
        ),
        file(
            "a zip in a zip",
            zip_of("t.zip", &zip_of("t.csv", &ones)),
            CONTENT_OVER,
        ),
    ];
    files.extend(optional_archives(&ones));
    files
}

#[cfg(not(feature = "formats"))]
fn optional_archives(_: &[u8]) -> Vec<Hostile> {
    Vec::new()
}

#[cfg(feature = "formats")]
fn optional_archives(ones: &[u8]) -> Vec<Hostile> {
    use crate::optional::{bzip2, parquet_of_zeros, tar, xlsx};
    let file = |name, bytes, outcome| tight(hostile(name, Bound::Grid, bytes, outcome));
    let sheet = "<row r=\"1\"/>".repeat(2 << 20);
    vec![
        file("bzip2", bzip2(ones), CONTENT_OVER),
        file(
            "xz",
            include_bytes!("fixtures/ones.xz").to_vec(),
            CONTENT_OVER,
        ),
        file("zstd", zstd::encode_all(ones, 3).unwrap(), CONTENT_OVER),
        file("a tar", gzip(&tar(&[("t.csv", ones)])), CONTENT_OVER),
        file(
            "a workbook",
            xlsx(&sheet),
            Some("the parts of the workbook would take"),
        ),
        file("Parquet", parquet_of_zeros(4 << 20), CELLS_OF_GRID_OVER),
    ]
}

#[test]
fn hostile_files_take_no_more_than_is_stated() {
    if !alone("hostile_files_take_no_more_than_is_stated") {
        return;
    }
    const MIB: usize = 1 << 20;
    let folder = folder();
    let files = [
        hostile_tables(),
        hostile_idx(),
        hostile_graphs(),
        hostile_grids(),
        hostile_archives(),
    ];
    for file in files.into_iter().flatten() {
        let size = file.bytes.len();
        let path = write(&folder, "hostile.bin", file.bytes);
        let (peak, result) = load_counted::<f64>(&path, &file.params);
        let expansion = (16 * MIB).max(size * file.params.max_expansion as usize);
        let limit = expansion.min(file.params.max_bytes as usize);
        let stated = MIB
            + match file.bound {
                Bound::Table => 7 * limit + 2 * expansion,
                Bound::Idx => 6 * limit,
                Bound::Graph => 16 * limit,
                Bound::Grid => 10 * limit + 3 * expansion,
            };
        println!(
            "{}: {size} bytes, {:.1} of {:.1} MiB",
            file.name,
            peak as f64 / MIB as f64,
            stated as f64 / MIB as f64
        );
        assert!(peak <= stated, "{}: {peak} bytes of {stated}", file.name);
        match (result, file.outcome) {
            (Ok(_), None) => {}
            (Err(error), Some(part)) => {
                let text = error.to_string();
                assert!(
                    text.contains("hostile.bin") && text.contains(part),
                    "{}: {text}",
                    file.name
                );
            }
            (result, _) => panic!("{}: {:?}", file.name, result.map(|d| d.n_features())),
        }
    }
}

#[test]
fn the_error_says_which_limit_to_raise() {
    if !alone("the_error_says_which_limit_to_raise") {
        return;
    }
    let folder = folder();
    let path = write(&folder, "t.csv.gz", gzip(&vec![b'1'; 17 << 20]));
    let params = LoadParams::default().threads(1).max_expansion(100);
    let text = load::<f32>(&path, &params).unwrap_err().to_string();
    assert!(
        text.contains("over the limit of 16777216; if the file is meant to be this large"),
        "{text}"
    );
    assert!(
        text.ends_with("raise `max_expansion`, or store it uncompressed"),
        "{text}"
    );
    let text = load::<f32>(&path, &params.clone().max_bytes(1000))
        .unwrap_err()
        .to_string();
    assert!(
        text.ends_with(
            "over the limit of 1000; if the file is meant to be this large, raise `max_bytes`"
        ),
        "{text}"
    );
    let raised = load::<f32>(&path, &params.clone().max_expansion(1100)).unwrap_err();
    assert_malformed::<()>(Err(raised), &Place::Whole, "no column is left");
    let error = load::<f32>(&path, &params.max_expansion(0)).unwrap_err();
    assert!(
        matches!(
            error,
            DataError::InvalidParameter {
                parameter: "max_expansion",
                ..
            }
        ),
        "{error}"
    );
}
