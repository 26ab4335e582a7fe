//! Tests of tables with very many columns: every column is found, and an empty one stays empty.

use crate::common::{folder, graph_arrays, i32s, i64s, npz, write};
use tiam_data::{ColumnRef, GraphParams, LoadParams, TableParams, Task, load, load_with_encoding};

#[test]
fn each_of_forty_thousand_columns_is_found_by_name() {
    const COLUMNS: usize = 40_000;
    let row = |cell: &dyn Fn(usize) -> String| (0..COLUMNS).map(cell).collect::<Vec<_>>().join(",");
    let names = row(&|i| format!("name{i}"));
    let numbers = [1, 2].map(|r| row(&|i| (i % 7 + r).to_string()));
    let backwards = row(&|i| format!("name{}", COLUMNS - 1 - i));
    let strange = row(&|i| format!("other{i}"));
    let folder = folder();
    let file = |name: &str, head: &str| {
        let [first, second] = &numbers;
        write(&folder, name, format!("{head}\n{first}\n{second}\n"))
    };
    let values = TableParams::default().task(Task::Values);
    let params = LoadParams::default().threads(1).table(values);

    let path = file("t.csv", &names);
    let data = load::<f64>(&path, &params).unwrap();
    let encoding = data.encoding().unwrap();

    let path = file("backwards.csv", &backwards);
    let read = load_with_encoding::<f64>(&path, encoding, &params).unwrap();
    // The label is the first column of this file; column i of the encoding is at the other end of the text.
    let cell = |i: usize| ((COLUMNS - 1 - i) % 7 + 1) as f64;
    let expected: Vec<f64> = (0..COLUMNS - 1).map(cell).collect();
    assert_eq!(read.features().sample(0).unwrap(), expected);

    let path = file("strange.csv", &strange);
    load_with_encoding::<f64>(&path, encoding, &params).unwrap_err();

    let ignored = (2..COLUMNS - 1).map(|i| ColumnRef::Name(format!("name{i}")));
    let table = ignored.fold(TableParams::default(), TableParams::ignore);
    let path = file("t.csv", &names);
    let few = load::<f64>(&path, &params.table(table)).unwrap();
    assert_eq!(few.features().values(), [1., 2., 2., 3.]);
}

/// Ten thousand nodes in a row, 2^18 columns of which three hold something.
#[test]
fn empty_columns_of_a_graph_stay_zero() {
    const NODES: i32 = 10_000;
    let graph = |columns: i64, filled: [i32; 3]| {
        let mut arrays = graph_arrays();
        let indptr: Vec<i32> = (0..=NODES).collect();
        let next: Vec<i32> = (0..NODES).map(|i| (i + 1) % NODES).collect();
        let attributes: Vec<i32> = (0..NODES).map(|i| filled[i as usize % 3]).collect();
        let labels: Vec<i32> = (0..NODES).map(|i| i % 2).collect();
        let ones = i32s(&vec![1; NODES as usize]);
        for (name, array) in &mut arrays {
            *array = match *name {
                "adj_data" | "attr_data" => ones.clone(),
                "adj_indices" => i32s(&next),
                "adj_indptr" | "attr_indptr" => i32s(&indptr),
                "adj_shape" => i64s(&[NODES.into(), NODES.into()]),
                "attr_indices" => i32s(&attributes),
                "attr_shape" => i64s(&[NODES.into(), columns]),
                "labels" => i32s(&labels),
                _ => continue,
            };
        }
        npz(&arrays)
    };
    let folder = folder();
    let params = LoadParams::default().graph(GraphParams::default().hops(4));
    let narrow = write(&folder, "narrow.npz", graph(3, [2, 0, 1]));
    let narrow = load::<f64>(narrow, &params).unwrap();

    const COLUMNS: usize = 1 << 18;
    let filled = [200_000, 5, 70_000];
    let wide = write(&folder, "wide.npz", graph(COLUMNS as i64, filled));
    let wide = load::<f64>(wide, &params).unwrap();
    for (few, all) in narrow
        .features()
        .values()
        .chunks(15)
        .zip(wide.features().values().chunks(5 * COLUMNS))
    {
        for hop in 0..5 {
            let (few, all) = (&few[3 * hop..], &all[hop * COLUMNS..(hop + 1) * COLUMNS]);
            let mut expected = vec![0.0; COLUMNS];
            for (at, x) in [5, 70_000, 200_000].into_iter().zip(few) {
                expected[at] = *x;
            }
            assert!(*all == expected, "hop {hop}");
        }
    }
}
