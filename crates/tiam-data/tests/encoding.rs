//! Tests of reading further tables with the encoding of the first.

use crate::common::{assert_malformed, fault, folder, table, write};
use tiam_data::{
    CellFault, ColumnEncoding, ColumnKind, ColumnSpec, DataError, Dataset, Header, LabelColumn,
    LoadParams, Place, TableParams, Targets, load_with_encoding,
};

const TRAIN: &str = "x,sex,kind\n1,M,b\n2,F,a\n3,M,a\n";

fn encoding(text: &str) -> ColumnEncoding {
    table(text, &LoadParams::default())
        .unwrap()
        .encoding()
        .unwrap()
        .clone()
}

fn read(
    text: &str,
    encoding: &ColumnEncoding,
    table: TableParams,
) -> Result<Dataset<f64>, DataError> {
    let folder = folder();
    load_with_encoding(
        write(&folder, "new.csv", text),
        encoding,
        &LoadParams::default().table(table),
    )
}

fn auto(text: &str, encoding: &ColumnEncoding) -> Result<Dataset<f64>, DataError> {
    read(text, encoding, TableParams::default())
}

#[test]
fn the_same_file_gives_the_same_data() {
    for text in [TRAIN, "1,M,5\n2,F,6\n1,M,6\n", "a;y\n1;0.5\n2;7.25\n"] {
        let first = table(text, &LoadParams::default()).unwrap();
        let again = auto(text, first.encoding().unwrap()).unwrap();
        assert_eq!(
            (first.features(), first.targets()),
            (again.features(), again.targets())
        );
        assert_eq!(
            (first.feature_names(), first.encoding()),
            (again.feature_names(), again.encoding())
        );
    }
}

#[test]
fn columns_are_found_by_name_in_any_order_with_or_without_label() {
    let encoding = encoding(TRAIN);
    let data = auto("kind;more;sex;x\na;?;F;9\nb;;M;8\n", &encoding).unwrap();
    assert_eq!(data.features().values(), [9., 1., 0., 8., 0., 1.]);
    assert_eq!(data.labels().unwrap(), [0, 1]);
    let data = auto("sex,x\nF,9\n", &encoding).unwrap();
    assert_eq!(
        (data.features().values(), data.targets()),
        (&[9., 1., 0.][..], &Targets::Absent)
    );
    let absent = auto("sex,y\nF,9\n", &encoding);
    assert_malformed(absent, &Place::Line(1), "there is no column \"x\"");
}

#[test]
fn columns_are_found_by_position_without_header() {
    let encoding = encoding(TRAIN);
    assert_eq!(auto("9,F,b\n", &encoding).unwrap().labels().unwrap(), [1]);
    assert_eq!(
        auto("9,F\n", &encoding).unwrap().targets(),
        &Targets::Absent
    );
    let words = "1 cells where 3 were expected";
    assert_malformed(auto("9\n", &encoding), &Place::Line(1), words);
    let forced = TableParams::default().header(Header::No).strict(true);
    let error = read("x,sex,kind\n", &encoding, forced).unwrap_err();
    assert!(matches!(fault(&error), CellFault::NotANumber(_)), "{error}");
}

#[test]
fn a_model_from_a_file_without_header_reads_one_with_header_by_position() {
    let encoding = encoding("1,2,0\n3,4,1\n");
    let data = auto("u,v\n5,6\n", &encoding).unwrap();
    assert_eq!(data.features().values(), [5., 6.]);
}

#[test]
fn unknown_categories_and_classes_name_line_and_column() {
    let encoding = encoding(TRAIN);
    let lenient = auto("x,sex\n1,M\n2,X\nz,?\n", &encoding).unwrap();
    let met = lenient.reading().unwrap();
    assert_eq!(
        (&met.unknown[..], &met.missing[..], met.rows),
        (&[1, 1, 0][..], &[0, 1, 0][..], 2)
    );
    let strict = TableParams::default().strict(true);
    let error = read("x,sex\n1,M\n2,X\n", &encoding, strict.clone()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("new.csv, line 3, column 1 (\"sex\"): the category \"X\""),
        "{error}"
    );
    let known = "F, M".to_owned();
    let what = "category";
    assert_eq!(*fault(&error), CellFault::Unknown { what, known });
    let error = auto("x,sex,kind\n1,M,c\n", &encoding).unwrap_err();
    assert!(
        matches!(&error, DataError::BadCell { at, fault: CellFault::Unknown { what: "class", .. }, .. } if (at.line, at.column) == (2, 2)),
        "{error}"
    );
    let error = auto("x,sex,kind\n1,M,?\n", &encoding);
    assert_malformed(error, &Place::Whole, "none of the 1 rows has a label");
    let some = auto("x,sex,kind\n1,M,?\n2,F,b\n", &encoding).unwrap();
    assert_eq!(
        (some.labels().unwrap(), some.reading().unwrap().unlabelled),
        (&[1][..], 1)
    );
    let error = read("x,sex,kind\n1,?,a\n", &encoding, strict).unwrap_err();
    assert_eq!(*fault(&error), CellFault::Missing);
    let unlabelled = TableParams::default().label(LabelColumn::None);
    assert_eq!(
        read("x,sex,kind\n1,M,?\n", &encoding, unlabelled)
            .unwrap()
            .targets(),
        &Targets::Absent
    );
}

#[test]
fn numeric_classes_are_compared_as_numbers() {
    let encoding = encoding("x,y\n1,3\n2,5\n");
    assert_eq!(
        auto("x,y\n1,5.0\n2,+3\n", &encoding)
            .unwrap()
            .labels()
            .unwrap(),
        [1, 0]
    );
    let error = auto("x,y\n1,4\n", &encoding).unwrap_err();
    assert!(matches!(
        fault(&error),
        CellFault::Unknown { what: "class", .. }
    ));
}

#[test]
fn it_survives_json_and_is_checked_on_the_way_in() {
    let encoding = encoding(TRAIN);
    let json = serde_json::to_string(&encoding).unwrap();
    assert_eq!(
        serde_json::from_str::<ColumnEncoding>(&json).unwrap(),
        encoding
    );
    let twice = json.replace("[\"a\",\"b\"]", "[\"a\",\"a\"]");
    assert_ne!(twice, json);
    assert!(serde_json::from_str::<ColumnEncoding>(&twice).is_err());
    for damaged in [
        json.replace("has_header", "had_header"),
        json.replace("numeric\":false", "numerical\":false"),
    ] {
        assert!(
            serde_json::from_str::<ColumnEncoding>(&damaged).is_err(),
            "{damaged}"
        );
    }
}

#[test]
fn encodings_that_contradict_themselves_are_refused() {
    let column = |name: &str, kind| ColumnSpec::new(name, kind);
    let numeric = || column("x", ColumnKind::numeric());
    let class = || ColumnKind::ClassLabel {
        names: vec!["a".to_owned()],
        numeric: false,
    };
    for columns in [
        vec![],
        vec![numeric(), numeric()],
        vec![column("y", ColumnKind::value_label())],
        vec![
            numeric(),
            column("y", ColumnKind::value_label()),
            column("z", class()),
        ],
        vec![numeric(), column("y", class()), column("z", class())],
        vec![column("k", ColumnKind::categorical(vec![]))],
    ] {
        assert!(matches!(
            ColumnEncoding::new(true, columns),
            Err(DataError::BadEncoding { .. })
        ));
    }
    let names = vec!["one".to_owned()];
    let odd = vec![
        numeric(),
        column(
            "y",
            ColumnKind::ClassLabel {
                names,
                numeric: true,
            },
        ),
    ];
    let odd = ColumnEncoding::new(true, odd).unwrap();
    assert!(matches!(
        auto("x,y\n1,1\n", &odd),
        Err(DataError::BadEncoding { .. })
    ));
}

#[test]
fn binary_files_are_refused() {
    let folder = folder();
    let path = write(&folder, "x", crate::common::idx(&[1, 1], &[1]));
    let error =
        load_with_encoding::<f64>(path, &encoding(TRAIN), &LoadParams::default()).unwrap_err();
    assert!(matches!(error, DataError::UnknownFormat { .. }));
}
