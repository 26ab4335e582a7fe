//! Tables in memory, against the same tables in files.

use tiam_data::{
    Cells, ColumnKind, DataError, Dataset, Features, LabelColumn, LoadParams, MemoryColumn,
    MissingCells, TableParams, Targets, load,
};

const ROWS: &str = "age,town,since,id\n31.5,Ulm,2020-01-31,a1\n?,Bonn,2021-12-01,a2\n44.5,,2020-05-07,a3\n18.5,Ulm,?,a4\n";

fn texts(cells: &[&str]) -> Cells {
    let mut texts: Vec<String> = Vec::new();
    let at = cells.iter().map(|cell| {
        if cell.is_empty() {
            return Cells::MISSING;
        }
        let known = texts.iter().position(|text| text == cell);
        let at = known.unwrap_or_else(|| {
            texts.push((*cell).to_owned());
            texts.len() - 1
        });
        u32::try_from(at).unwrap()
    });
    let rows = at.collect();
    Cells::Texts {
        rows,
        texts,
        categorical: false,
    }
}

fn columns() -> Vec<MemoryColumn> {
    let column = |name: &str, cells| MemoryColumn {
        name: name.to_owned(),
        cells,
    };
    vec![
        column("age", Cells::Numbers(vec![31.5, f64::NAN, 44.5, 18.5])),
        column("town", texts(&["Ulm", "Bonn", "", "Ulm"])),
        column(
            "since",
            texts(&["2020-01-31", "2021-12-01", "2020-05-07", ""]),
        ),
        column("id", texts(&["a1", "a2", "a3", "a4"])),
    ]
}

#[test]
fn columns_in_memory_are_read_as_those_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    std::fs::write(&path, ROWS).unwrap();
    let table = TableParams {
        label: LabelColumn::None,
        ..TableParams::default()
    };
    let mut of_file = load::<f64>(&path, &LoadParams::default().table(table)).unwrap();
    let mut in_memory = Dataset::<f64>::of_columns(&columns(), &TableParams::default()).unwrap();
    of_file.fill_missing();
    in_memory.fill_missing();
    assert_eq!(in_memory.feature_names(), of_file.feature_names());
    assert_eq!(in_memory.features(), of_file.features());
    let encoding = in_memory.encoding().unwrap();
    let again =
        Dataset::<f64>::of_columns_with_encoding(&columns(), encoding, &TableParams::default());
    assert_eq!(again.unwrap().features(), in_memory.features());
}

#[test]
fn what_is_missing_infinite_or_not_there_is_refused_where_it_must_be() {
    let strict = TableParams::default().missing(MissingCells::Error);
    let refused = Dataset::<f32>::of_columns(&columns(), &strict).unwrap_err();
    assert!(matches!(refused, DataError::MissingCells { columns, .. } if columns.len() == 3));
    let names = ["x".to_owned()];
    let rows = |x: f64| Features::new(2, 1, vec![1.0, x]).unwrap();
    let infinite = Dataset::of_rows(rows(f64::INFINITY), &names, MissingCells::Fill).unwrap_err();
    assert!(matches!(infinite, DataError::NonFinite { sample: 1, .. }));
    let whole = Dataset::of_rows(rows(2.0), &names, MissingCells::Error).unwrap();
    let known = whole.encoding().unwrap();
    let refused = Dataset::of_rows_with_encoding(rows(f64::NAN), known, MissingCells::Error);
    assert!(matches!(refused, Err(DataError::MissingCells { .. })));
    let absent = Dataset::<f64>::of_columns_with_encoding(&columns(), known, &strict).unwrap_err();
    assert!(absent.to_string().contains("\"x\""), "{absent}");
}

#[test]
fn marks_of_missing_numbers_stand_behind_their_columns() {
    let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).into();
    let nan = f64::NAN;
    let rows = vec![nan, 2.0, 3.0, 4.0, 5.0, nan, 7.0, 8.0, nan];
    let rows = Features::new(3, 3, rows).unwrap();
    let mut data = Dataset::of_rows(rows, &names, MissingCells::Fill).unwrap();
    data.fill_missing();
    let expected = [
        [5.5, 1.0, 2.0, 3.0, 0.0],
        [4.0, 0.0, 5.0, 3.0, 1.0],
        [7.0, 0.0, 8.0, 3.0, 1.0],
    ];
    assert_eq!(data.features().values(), expected.concat());
}

#[test]
fn merging_adds_weights_and_forgets_the_order() {
    let data = |order: [usize; 4], weights: [f64; 4]| {
        let x = [1.0, 1.0, 2.0, f64::NAN];
        let values = order.iter().map(|i| x[*i]).collect();
        let labels = order.iter().map(|i| [0, 1, 0, 1][*i]).collect();
        let classes = Targets::Classes {
            labels,
            names: vec!["no".to_owned(), "yes".to_owned()],
        };
        let rows = Features::new(4, 1, values).unwrap();
        let data = Dataset::of_rows(rows, &["x".to_owned()], MissingCells::Fill).unwrap();
        let data = data.with_targets(classes, &["y".to_owned()]).unwrap();
        let weights = order.iter().map(|i| weights[*i]).collect();
        data.with_sample_weights(weights).unwrap().merged().unwrap()
    };
    let (one, two) = (
        data([0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0]),
        data([3, 1, 0, 2], [1.0, 2.0, 3.0, 4.0]),
    );
    assert_eq!(one.labels(), two.labels());
    assert_eq!(one.sample_weights(), two.sample_weights());
    assert_eq!(one.n_samples(), 4, "equal features of two classes stay two");
    let equal = data([3, 1, 0, 2], [1.0; 4]);
    assert_eq!(equal.sample_weights(), None);
    assert_eq!(equal.labels(), Some(&[1, 1, 0, 0][..]));
    let label = equal.encoding().unwrap().columns().last().unwrap();
    assert!(matches!(&label.kind, ColumnKind::ClassLabel { names, .. } if names.len() == 2));
}
