//! Tests of graph archives.

use crate::common::{
    ATTRIBUTES, Arrays, EDGES, assert_malformed, f32s, folder, graph_arrays, i32s, i64s, npy,
    npy_header, npz, replaced, without, write,
};
use tiam_data::{DataError, Dataset, GraphParams, GraphRows, LoadParams, Place, load};

fn read(arrays: &Arrays, graph: GraphParams) -> Result<Dataset<f64>, DataError> {
    let folder = folder();
    load(
        write(&folder, "g.npz", npz(arrays)),
        &LoadParams::default().graph(graph),
    )
}

fn all(hops: usize) -> GraphParams {
    GraphParams::default().hops(hops).rows(GraphRows::All)
}

type Dense = Vec<Vec<f64>>;

fn product(a: &Dense, b: &Dense) -> Dense {
    let entry = |row: &Vec<f64>, j: usize| row.iter().zip(b).map(|(x, other)| x * other[j]).sum();
    a.iter()
        .map(|row| (0..b[0].len()).map(|j| entry(row, j)).collect())
        .collect()
}

/// The formula, written out for a dense matrix.
fn naive_hops(hops: usize) -> Dense {
    let n = ATTRIBUTES.len();
    let mut a = vec![vec![0.0; n]; n];
    for (i, j) in EDGES {
        if i != j {
            (a[i][j], a[j][i]) = (1.0, 1.0);
        }
    }
    (0..n).for_each(|i| a[i][i] = 1.0);
    let degree: Vec<f64> = a.iter().map(|row| row.iter().sum()).collect();
    let normal: Dense = (0..n)
        .map(|i| {
            (0..n)
                .map(|j| a[i][j] / (degree[i].sqrt() * degree[j].sqrt()))
                .collect()
        })
        .collect();
    let mut power: Dense = ATTRIBUTES.iter().map(|row| row.to_vec()).collect();
    let mut features = power.clone();
    for _ in 0..hops {
        power = product(&normal, &power);
        for (row, more) in features.iter_mut().zip(&power) {
            *row = [&more[..], row].concat();
        }
    }
    features
}

#[test]
fn hop_features_equal_the_dense_formula() {
    for hops in 0..=4 {
        let data = read(&graph_arrays(), all(hops)).unwrap();
        assert_eq!((data.n_samples(), data.n_features()), (6, 3 * (hops + 1)));
        for (i, row) in naive_hops(hops).iter().enumerate() {
            for (found, wanted) in data.features().sample(i).unwrap().iter().zip(row) {
                assert!(
                    (found - wanted).abs() <= 8.0 * f64::EPSILON,
                    "node {i}: {found} {wanted}"
                );
            }
        }
    }
}

#[test]
fn rows_follow_the_split_and_know_their_node() {
    let data = read(&graph_arrays(), GraphParams::default()).unwrap();
    assert_eq!(data.sample_ids().unwrap(), [3, 0, 1, 5, 2]);
    let split = data.split().unwrap();
    assert_eq!(
        [split.train(), split.validation(), split.test()],
        [&[0, 1][..], &[2], &[3, 4]]
    );
    assert_eq!(data.labels().unwrap(), [1, 0, 1, 1, 0]);
    let full = read(&graph_arrays(), all(4)).unwrap();
    assert_eq!(
        full.features().select(data.sample_ids().unwrap()).unwrap(),
        *data.features()
    );
    assert_eq!(full.split().unwrap().train(), [3, 0]);
    assert_eq!(data.subset(&[3]).unwrap().sample_ids().unwrap(), [5]);
}

#[test]
fn a_redrawn_split_is_the_one_of_a_file_without() {
    let params = GraphParams::default().draw(1, 2, 1).seed(3);
    let bare = without(&["train_idx", "val_idx", "test_idx"]);
    let redrawn = read(&graph_arrays(), params.clone().redraw(true)).unwrap();
    let drawn = read(&bare, params.clone()).unwrap();
    assert_eq!(redrawn.features(), drawn.features());
    assert_eq!(
        (redrawn.split(), redrawn.sample_ids()),
        (drawn.split(), drawn.sample_ids())
    );
    let given = read(&graph_arrays(), params).unwrap();
    assert_ne!(redrawn.sample_ids(), given.sample_ids());
}

#[test]
fn more_columns_than_a_block_are_handled() {
    // 150 columns, one entry a node.
    let mut arrays = replaced("attr_shape", i64s(&[6, 150]));
    for (name, array) in [
        ("attr_data", f32s(&[1., 2., 3., 4., 5., 6.])),
        ("attr_indices", i32s(&[0, 63, 64, 127, 128, 149])),
        ("attr_indptr", i32s(&[0, 1, 2, 3, 4, 5, 6])),
    ] {
        arrays
            .iter_mut()
            .filter(|(n, _)| *n == name)
            .for_each(|(_, a)| a.clone_from(&array));
    }
    let data = read(&arrays, all(1)).unwrap();
    for (node, column) in [0, 63, 64, 127, 128, 149].into_iter().enumerate() {
        let row = data.features().sample(node).unwrap();
        assert_eq!(row[150 + column].to_bits(), (node as f64 + 1.0).to_bits());
        assert_eq!(row[150..].iter().filter(|x| x.abs() > 0.0).count(), 1);
    }
    // Node 5 has no neighbour: one hop changes nothing.
    let alone = data.features().sample(5).unwrap();
    assert_eq!(alone[..150], alone[150..]);
}

#[test]
fn every_numeric_type_is_read_alike() {
    let wanted = read(&graph_arrays(), all(2)).unwrap();
    let pack = |descr: &str, bytes: Vec<Vec<u8>>| {
        npy(descr, &format!("({},)", bytes.len()), &bytes.concat())
    };
    let indices = [1_u8, 0, 2, 3, 4];
    for (name, array) in [
        ("adj_data", pack("|b1", vec![vec![1]; 5])),
        ("adj_data", pack("|u1", vec![vec![200]; 5])),
        (
            "adj_data",
            pack("<f8", vec![(-0.5_f64).to_le_bytes().to_vec(); 5]),
        ),
        (
            "adj_indices",
            pack("|i1", indices.map(|i| vec![i]).to_vec()),
        ),
        (
            "adj_indices",
            pack("<u2", indices.map(|i| vec![i, 0]).to_vec()),
        ),
        (
            "adj_indices",
            pack(">i4", indices.map(|i| vec![0, 0, 0, i]).to_vec()),
        ),
        (
            "adj_indices",
            pack(
                ">u8",
                indices
                    .map(|i| u64::from(i).to_be_bytes().to_vec())
                    .to_vec(),
            ),
        ),
        (
            "adj_indices",
            pack(
                "<f4",
                indices
                    .map(|i| f32::from(i).to_le_bytes().to_vec())
                    .to_vec(),
            ),
        ),
    ] {
        let data = read(&replaced(name, array), all(2)).unwrap();
        assert_eq!(data.features(), wanted.features());
    }
}

#[test]
fn dense_attributes_are_read_in_both_orders() {
    let mut arrays = without(&["attr_data", "attr_indices", "attr_indptr", "attr_shape"]);
    let bytes =
        |order: &mut dyn Iterator<Item = f64>| order.flat_map(f64::to_le_bytes).collect::<Vec<_>>();
    let c = npy(
        "<f8",
        "(6, 3)",
        &bytes(&mut ATTRIBUTES.iter().flatten().copied()),
    );
    let by_column = (0..3).flat_map(|j| ATTRIBUTES.map(|row| row[j]));
    let fortran = npy_header(
        "{'descr': '<f8', 'fortran_order': True, 'shape': (6, 3), }",
        &bytes(&mut by_column.into_iter()),
    );
    let wanted = read(&graph_arrays(), all(2)).unwrap();
    for array in [c, fortran] {
        arrays.push(("attr_matrix", array));
        assert_eq!(read(&arrays, all(2)).unwrap().features(), wanted.features());
        arrays.pop();
    }
}

#[test]
fn without_a_split_one_is_drawn_with_the_seed() {
    let arrays = without(&["train_idx", "val_idx", "test_idx"]);
    let params = GraphParams::default().rows(GraphRows::All).draw(1, 2, 1);
    let data = read(&arrays, params.clone()).unwrap();
    let split = data.split().unwrap();
    assert_eq!(
        [
            split.train().len(),
            split.validation().len(),
            split.test().len()
        ],
        [2, 2, 1]
    );
    assert_eq!(
        data.subset(split.train()).unwrap().class_counts().unwrap(),
        [1, 1]
    );
    assert_eq!(read(&arrays, params.clone()).unwrap().split(), data.split());
    assert!(
        (1..20)
            .any(|seed| read(&arrays, params.clone().seed(seed)).unwrap().split() != data.split())
    );
    let error = read(&arrays, params.clone().draw(4, 0, 0)).unwrap_err();
    let DataError::InvalidParameter {
        parameter,
        value,
        allowed,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((parameter, &value[..]), ("train_per_class", "4"));
    assert_eq!(allowed, "at most 3, the samples of class 0");
    assert!(matches!(
        read(&arrays, params.draw(1, 4, 1)),
        Err(DataError::InvalidParameter { .. })
    ));
}

#[test]
fn parameters_are_checked() {
    for bad in [all(65), all(1).draw(0, 1, 1)] {
        assert!(matches!(
            read(&graph_arrays(), bad),
            Err(DataError::InvalidParameter { .. })
        ));
    }
}

#[test]
fn absent_arrays_are_named() {
    for name in [
        "adj_indices",
        "adj_indptr",
        "adj_shape",
        "adj_data",
        "attr_data",
        "attr_shape",
        "labels",
        "val_idx",
    ] {
        let place = Place::Array(name.to_owned());
        assert_malformed(read(&without(&[name]), all(1)), &place, "it is absent");
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of cases")]
fn invalid_arrays_are_named_with_the_element() {
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("adj_shape", i64s(&[6]), "1 elements"),
        ("adj_shape", i64s(&[6, 7]), "square"),
        ("adj_shape", i64s(&[i64::MAX, 6]), ""),
        (
            "adj_indptr",
            i32s(&[0, 1, 3, 4, 4, 5]),
            "6 elements for 6 rows",
        ),
        (
            "adj_indptr",
            i32s(&[0, 1, 3, 2, 4, 5, 5]),
            "element 3 is 2, below element 2, which is 3",
        ),
        (
            "adj_indptr",
            i32s(&[1, 1, 3, 4, 4, 5, 5]),
            "element 0 is not 0",
        ),
        (
            "adj_indptr",
            i32s(&[0, 1, 3, 4, 4, 5, 6]),
            "there are 5 entries",
        ),
        (
            "adj_indices",
            i32s(&[1, 0, 2, 6, 4]),
            "element 3 is 6, but the matrix has 6 columns",
        ),
        ("adj_indices", i32s(&[1, 0, -2, 3, 4]), "element 2 is -2"),
        (
            "adj_indices",
            f32s(&[1., 0., 2.5, 3., 4.]),
            "element 2 is 2.5",
        ),
        (
            "adj_indices",
            f32s(&[1., 0., f32::NAN, 3., 4.]),
            "element 2 is NaN",
        ),
        (
            "adj_data",
            f32s(&[1.; 4]),
            "4 elements, but adj_indices has 5",
        ),
        (
            "adj_data",
            f32s(&[1., 1., f32::INFINITY, 1., 1.]),
            "element 2 is inf",
        ),
        ("attr_shape", i64s(&[5, 3]), "7 elements for 5 rows"),
        ("attr_shape", i64s(&[6, 2]), "the matrix has 2 columns"),
        ("labels", i64s(&[0, 1, 0, 1, 0]), "5 elements for 6 nodes"),
        ("labels", i64s(&[0, 1, -1, 1, 0, 1]), "element 2 is -1"),
        ("labels", i64s(&[0, 1, 1 << 40, 1, 0, 1]), "element 2 is"),
        ("labels", npy("<i4", "(3, 2)", &[0; 24]), "2 dimensions"),
        (
            "train_idx",
            i32s(&[3, 6]),
            "element 1 is 6, but there are 6 nodes",
        ),
        ("train_idx", i32s(&[]), "no training nodes"),
        (
            "test_idx",
            i32s(&[5, 1]),
            "element 1 is 1, which is already in val_idx",
        ),
        (
            "labels",
            npy("|O", "(6,)", &[0; 48]),
            "\"|O\" is not supported",
        ),
        (
            "labels",
            npy("<c8", "(6,)", &[0; 48]),
            "\"<c8\" is not supported",
        ),
        (
            "labels",
            npy("<U3", "(6,)", &[0; 72]),
            "it holds texts; whole numbers from 0 are needed",
        ),
        ("labels", npy("<i8", "(7,)", &[0; 48]), "promises 56 bytes"),
        (
            "labels",
            npy("<i8", "(99999999999, 99999999999)", &[0; 48]),
            "more bytes than can be counted",
        ),
        (
            "labels",
            npy("<i8", "(99999999999999999999999999999999,)", &[0; 48]),
            "tuple of sizes",
        ),
        (
            "labels",
            npy_header("{'descr': '<i8', 'shape': (6,)}", &[0; 48]),
            "no \"fortran_order\"",
        ),
        (
            "labels",
            npy_header(&"(".repeat(5000), &[0; 48]),
            "dictionary",
        ),
        ("labels", b"PK".to_vec(), "not a NumPy array"),
        (
            "labels",
            b"\x93NUMPY\x09\x00\x00\x00\x00".to_vec(),
            "version 9.0",
        ),
        (
            "labels",
            b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(),
            "a header of 4294967295 bytes",
        ),
    ];
    for (name, array, words) in cases {
        let error = read(&replaced(name, array), all(1)).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(words) && text.contains("g.npz"),
            "{name}, {words}: {text}"
        );
        let DataError::Malformed {
            place: Place::Array(array),
            ..
        } = &error
        else {
            panic!("{error}")
        };
        assert!(array.starts_with(&name[..3]) || name == "labels", "{error}");
    }
}

#[test]
fn a_matrix_too_wide_for_the_limit_is_refused_before_it_is_made() {
    let error = read(&replaced("attr_shape", i64s(&[6, 1 << 50])), all(4)).unwrap_err();
    assert!(matches!(error, DataError::TooLarge { .. }), "{error}");
    let error = read(&replaced("attr_shape", i64s(&[6, i64::MAX])), all(4)).unwrap_err();
    assert!(matches!(error, DataError::TooLarge { .. }), "{error}");
}

#[test]
fn an_entry_over_the_limit_is_refused() {
    let folder = folder();
    let path = write(
        &folder,
        "g.npz",
        npz(&replaced(
            "labels",
            npy("<i8", "(1000000,)", &vec![0; 8_000_000]),
        )),
    );
    let error = load::<f64>(&path, &LoadParams::default().max_bytes(100_000)).unwrap_err();
    assert!(
        matches!(error, DataError::TooLarge { limit: 100_000, .. }),
        "{error}"
    );
}

#[test]
fn a_damaged_archive_is_named() {
    let folder = folder();
    let bytes = npz(&graph_arrays());
    let path = write(&folder, "g.npz", &bytes[..bytes.len() / 2]);
    let result = load::<f64>(&path, &LoadParams::default());
    assert_malformed(result, &Place::Whole, "");
}
