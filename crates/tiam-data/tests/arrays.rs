//! Tests of NumPy arrays that make a table.

use crate::common::{
    Arrays, assert_malformed, f32s, folder, gzip, i64s, npy, npy_header, npz, write,
};
use tiam_data::{DataError, Dataset, LoadParams, Place, Scalar, Targets, load, load_with_encoding};

fn f64s(shape: &str, values: &[f64]) -> Vec<u8> {
    npy(
        "<f8",
        shape,
        &values
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect::<Vec<_>>(),
    )
}

fn read<T: Scalar>(bytes: impl AsRef<[u8]>) -> Result<Dataset<T>, DataError> {
    let folder = folder();
    load(write(&folder, "a.npz", bytes), &LoadParams::default())
}

const X: [f64; 6] = [0.1, -2.0, 1e300, 4.0, 5e-324, 6.5];

#[test]
fn inputs_and_answers_make_a_table() {
    for (x, y) in [
        ("X", "y"),
        ("data", "target"),
        ("features", "labels"),
        ("x_train", "y_train"),
    ] {
        let arrays: Arrays = vec![(y, i64s(&[3, 7, 3])), (x, f64s("(3, 2)", &X))];
        let data = read::<f64>(npz(&arrays)).unwrap();
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(data.features().values()), bits(&X), "{x}");
        assert_eq!(data.class_names().unwrap(), ["3", "7"]);
    }
}

#[test]
fn single_precision_keeps_its_bits_in_both() {
    let values = [0.1_f32, f32::MIN_POSITIVE, 3e38, 0.5];
    let arrays: Arrays = vec![("X", f32s(&values)), ("y", f32s(&[0.5, 1.5, 2.5, -0.25]))];
    let single = read::<f32>(npz(&arrays)).unwrap();
    let double = read::<f64>(npz(&arrays)).unwrap();
    for (at, value) in values.into_iter().enumerate() {
        assert_eq!(single.features().values()[at].to_bits(), value.to_bits());
        assert_eq!(
            double.features().values()[at].to_bits(),
            f64::from(value).to_bits()
        );
    }
    assert!(matches!(double.targets(), Targets::Values(_)));
}

#[test]
fn images_are_flattened_in_either_order() {
    let header =
        |order: &str| format!("{{'descr': '|u1', 'fortran_order': {order}, 'shape': (2, 2, 3), }}");
    let c: Vec<u8> = (0..12).collect();
    // Element (i, j, k) of the same array, column-major.
    let fortran: Vec<u8> = (0..12)
        .map(|at| (at % 2) * 6 + at / 2 % 2 * 3 + at / 4)
        .collect();
    let with = |x: Vec<u8>| npz(&vec![("X", x), ("y", npy("|b1", "(2, 1)", &[1, 0]))]);
    let a = read::<f64>(with(npy_header(&header("False"), &c))).unwrap();
    let b = read::<f64>(with(npy_header(&header("True"), &fortran))).unwrap();
    assert_eq!(
        a.features().values(),
        (0..12).map(f64::from).collect::<Vec<_>>()
    );
    assert_eq!(a.features(), b.features());
    assert_eq!(a.class_names().unwrap(), ["0", "1"]);
}

#[test]
fn labels_may_be_texts() {
    let text: Vec<u8> = ["dog", "cat", "dög"]
        .iter()
        .flat_map(|word| {
            word.chars()
                .chain("\0\0".chars())
                .take(4)
                .map(u32::from)
                .flat_map(u32::to_le_bytes)
                .collect::<Vec<_>>()
        })
        .collect();
    let arrays: Arrays = vec![
        ("X", f64s("(3, 1)", &X[..3])),
        ("y", npy("<U4", "(3,)", &text)),
    ];
    assert_eq!(
        read::<f64>(npz(&arrays)).unwrap().class_names().unwrap(),
        ["cat", "dog", "dög"]
    );
    let arrays: Arrays = vec![
        ("X", f64s("(3, 1)", &X[..3])),
        ("y", npy("|S2", "(3,)", b"a\0bbc\0")),
    ];
    assert_eq!(
        read::<f64>(npz(&arrays)).unwrap().class_names().unwrap(),
        ["a", "bb", "c"]
    );
}

#[test]
fn a_test_part_gives_the_split() {
    let arrays: Arrays = vec![
        ("x_train", f64s("(2, 1)", &X[..2])),
        ("y_train", i64s(&[0, 1])),
        ("x_test", f64s("(1, 1)", &X[3..4])),
        ("y_test", i64s(&[1])),
    ];
    let data = read::<f64>(npz(&arrays)).unwrap();
    let split = data.split().unwrap();
    assert_eq!((split.train(), split.test()), (&[0, 1][..], &[2][..]));
}

#[test]
fn a_matrix_has_its_label_last_and_may_be_packed() {
    let matrix = f64s("(2, 3)", &[1., 2., 0., 3., 4., 1.]);
    for bytes in [
        matrix.clone(),
        gzip(&matrix),
        gzip(&npz(&vec![
            ("X", f64s("(2, 2)", &[1., 2., 3., 4.])),
            ("y", i64s(&[0, 1])),
        ])),
    ] {
        let data = read::<f64>(bytes).unwrap();
        assert_eq!(data.features().values(), [1., 2., 3., 4.]);
        assert_eq!(data.feature_names(), ["c0", "c1"]);
    }
}

#[test]
fn later_arrays_need_no_answers() {
    let folder = folder();
    let params = LoadParams::default();
    let old = npz(&vec![("X", f64s("(3, 2)", &X)), ("y", i64s(&[3, 7, 3]))]);
    let old = load::<f64>(write(&folder, "a", old), &params).unwrap();
    let new = npz(&vec![("X", f64s("(1, 2)", &[8., 9.]))]);
    let new = load_with_encoding::<f64>(write(&folder, "b", new), old.encoding().unwrap(), &params)
        .unwrap();
    assert_eq!(
        (new.features().values(), new.targets()),
        (&[8., 9.][..], &Targets::Absent)
    );
}

#[test]
fn faults_name_the_array() {
    let at = |name: &str| Place::Array(name.to_owned());
    let x = || ("X", f64s("(3, 2)", &X));
    assert_malformed(
        read::<f64>(npz(&vec![("A", i64s(&[1]))])),
        &at("X"),
        "it is absent; a table needs X and y",
    );
    let short = npz(&vec![x(), ("y", i64s(&[1, 2]))]);
    assert_malformed(
        read::<f64>(short),
        &at("y"),
        "one number for each of 3 rows",
    );
    let wide = npz(&vec![x(), ("y", f64s("(3, 2)", &X))]);
    assert_malformed(read::<f64>(wide), &at("y"), "one number for each of 3 rows");
    assert_malformed(
        read::<f64>(npz(&vec![("X", f64s("(0, 2)", &[]))])),
        &at("X"),
        "holds nothing",
    );
    let objects = npz(&vec![x(), ("y", npy("|O", "(3,)", &[0; 24]))]);
    assert_malformed(read::<f64>(objects), &at("y"), "\"|O\" is not supported");
    let flat = f64s("(6,)", &X);
    assert_malformed(read::<f64>(flat), &at("matrix"), "2 are needed");
    let promise = npz(&vec![
        ("X", npy("<f8", "(1152921504606846976, 2)", &[0; 16])),
        ("y", i64s(&[1])),
    ]);
    assert_malformed(
        read::<f64>(promise),
        &at("X"),
        "more bytes than can be counted",
    );
}
