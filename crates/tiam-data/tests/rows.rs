//! Tests of encoding one row.

use tiam_data::{AsCell, Cell, ColumnEncoding, ColumnKind, ColumnSpec, DataError, RowEncoder};

type Result<T> = std::result::Result<T, DataError>;

fn encoder(weighted: bool) -> RowEncoder {
    let column = |name: &str, kind| ColumnSpec::new(name, kind);
    let categories = ["0.1", "1.0", "none"].map(str::to_owned).to_vec();
    let mut columns = vec![
        column("y", ColumnKind::value_label()),
        column("c", ColumnKind::categorical(categories)),
        column("x", ColumnKind::numeric()),
        column("id", ColumnKind::Ignored),
    ];
    if weighted {
        columns.push(column("w", ColumnKind::SampleWeight));
    }
    RowEncoder::new(ColumnEncoding::new(true, columns).unwrap()).unwrap()
}

/// The features of a row, which are whole numbers here.
fn encoded(encoder: &RowEncoder, row: &[Cell<'_>]) -> Result<[i32; 4]> {
    let mut features = [f64::NAN; 4];
    encoder.encode(row, &mut features)?;
    Ok(features.map(|x| x as i32))
}

#[test]
fn a_number_is_the_category_of_its_value() {
    let of = |cell| encoded(&encoder(false), &[cell, Cell::Number(2.0)]).unwrap();
    assert_eq!(of(1.cell()), [0, 1, 0, 2]);
    assert_eq!(of(0.1_f32.cell()), [1, 0, 0, 2]);
    assert_eq!(of(0.1_f64.cell()), [1, 0, 0, 2]);
    assert_eq!(of(" none ".cell()), [0, 0, 1, 2]);
    let row = [Cell::Number(7.0), Cell::Number(2.0)];
    assert_eq!(encoded(&encoder(false), &row).unwrap(), [0, 0, 0, 2]);
    let mut features = [0.0; 4];
    assert_eq!(encoder(false).encode(&row, &mut features).unwrap(), 1);
    let unknown = encoded(&encoder(false).strict(true), &row);
    assert!(unknown.unwrap_err().to_string().contains("(\"c\")"));
}

#[test]
fn columns_that_are_no_inputs_may_be_there_or_not() {
    let text = |cells: &[&'static str]| cells.iter().map(|c| Cell::Text(c)).collect::<Vec<_>>();
    let expected = [0, 1, 0, 2];
    for row in [
        &["1.0", "2"][..],
        &["1.0", "2", "a"],
        &["?", "1.0", "2", "a"],
    ] {
        assert_eq!(encoded(&encoder(false), &text(row)).unwrap(), expected);
    }
    // Either the label or the weight could be missing: neither form is guessed.
    let four = text(&["1.0", "2", "a", "1"]);
    assert!(encoded(&encoder(true), &four).is_err());
    assert!(encoded(&encoder(true), &text(&["5", "1.0", "2", "a", "1"])).is_ok());
    assert!(encoded(&encoder(false), &text(&["1.0"])).is_err());
}
