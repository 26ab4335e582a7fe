//! Tables as people have them: odd layouts, numbers as people write them, dates, ids, several labels, later tables with strange cells.

use crate::common::{folder, table, write};
use tiam_data::{
    ColumnKind, ColumnRef, DataError, Dataset, Decimal, LabelColumn, LoadParams, TableParams,
    Targets, Task, load, load_in_blocks, load_with_encoding,
};

fn auto(text: &str) -> Dataset<f64> {
    table(text, &LoadParams::default()).unwrap()
}

fn with(text: &str, params: TableParams) -> Dataset<f64> {
    table(text, &LoadParams::default().table(params)).unwrap()
}

fn values(data: &Dataset<f64>) -> &[f64] {
    data.features().values()
}

/// The note of a column.
fn note<'d>(data: &'d Dataset<f64>, name: &str) -> &'d str {
    let columns = data.encoding().unwrap().columns();
    &columns.iter().find(|c| c.name == name).unwrap().note
}

fn notes(data: &Dataset<f64>) -> String {
    data.reading().unwrap().notes.join("; ")
}

#[test]
fn whatever_stands_above_a_table_is_skipped_and_said() {
    let plain = auto("a,b,y\n1,2.5,p\n3,4.5,q\n5,6.5,p\n");
    for (text, note) in [
        ("sep=;\na;b;y\n1;2.5;p\n3;4.5;q\n5;6.5;p\n", ""),
        (
            "# by hand\n# twice\na,b,y\n1,2.5,p\n3,4.5,q\n5,6.5,p\n",
            "2 lines",
        ),
        (
            "Sales 2024\n\na,b,y\n1,2.5,p\n3,4.5,q\n5,6.5,p\n",
            "1 lines",
        ),
        (",X,Y\na,b,y\n1,2.5,p\n3,4.5,q\n5,6.5,p\n", "2 header rows"),
        (
            "a,b,y\nkg,kg,\n1,2.5,p\n3,4.5,q\n5,6.5,p\n",
            "2 header rows",
        ),
        ("a|b|y\n1|2.5|p\n3|4.5|q\n5|6.5|p\n", ""),
        ("a b\ty\n1  2.5\tp\n3 4.5\tq\n5 6.5\tp\n", ""),
        ("a b   y\n1  2.5 p\n 3 4.5\tq\n5 6.5 p  \n", ""),
        (
            "a,b,y,\n1,2.5,p,\n3,4.5,q,\n5,6.5,p,\n",
            "empty last column",
        ),
        ("a,b,y\n1,2.5,p,\n3,4.5,q,\n5,6.5,p,\n", "empty last column"),
        ("#a,b,y\n1,2.5,p\n3,4.5,q\n5,6.5,p\n", "1 lines"),
    ] {
        let data = auto(text);
        let same = (data.features(), data.targets()) == (plain.features(), plain.targets());
        assert!(same, "{text:?}: {data:?}");
        assert_eq!(data.feature_names(), ["a", "b"], "{text:?}");
        assert!(notes(&data).contains(note), "{text:?}: {}", notes(&data));
    }
    let skipped = TableParams::default().skip_rows(2).comment(b'!');
    let data = with(
        "1,2,3\n4,5,6\na,b,y\n1,2.5,p\n!3,3,3\n3,4.5,q\n5,6.5,p\n",
        skipped,
    );
    assert_eq!(data.features(), plain.features());
    // R writes one name less than columns.
    let data = auto("\"x\" \"y\"\n\"r1\" 1.5 2\n\"r2\" 2.5 3\n\"r1\" 3.5 3\n");
    assert_eq!(data.feature_names(), ["c0=r1", "c0=r2", "x"]);
    // A row of numbers is data, however short.
    let short = table("1,2\n1,2,3\n4,5,6\n", &LoadParams::default());
    assert!(short.unwrap_err().to_string().contains("2 cells where 3"));
}

#[test]
fn headers_that_hold_numbers_are_found() {
    let names = |text: &str| auto(text).feature_names().to_vec();
    assert_eq!(
        names("0,1,kind\n1.5,14,2\n2.5,13,7\n3.5,12,2\n"),
        ["0", "1"]
    );
    assert_eq!(names("0,1,2\n1.5,14,2\n2.5,13,7\n3.5,12,2\n"), ["0", "1"]);
    // Years, though values lie on either side of them.
    let per_head = auto("town,2013,2014,2015\na,1500,2500.5,\nb,2500.5,2500,1000\na,7000,,3000\n");
    let columns = per_head.encoding().unwrap().columns().iter();
    let columns: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["town", "2013", "2014", "2015"]);
    let years = "town,2013,2014,2015\na,1.5,2.5,3.5\nb,2.5,2.5,1.5\na,7.5,2,3\n";
    assert_eq!(names(years), ["town=a", "town=b", "2013", "2014"]);
    // A name wins over a position.
    let label = TableParams::default().label(LabelColumn::position(2013));
    assert_eq!(with(years, label).feature_names()[2..], ["2014", "2015"]);
    // Numbers in a row by chance.
    assert_eq!(names("1,2,3\n7,9,8\n2,2,4\n5,1,3\n0,5,3\n"), ["c0", "c1"]);
    let named = TableParams::default().label(LabelColumn::name("b"));
    assert_eq!(
        with("a,b\nc,a\na,c\n", named).class_names().unwrap(),
        ["a", "c"]
    );
}

#[test]
fn numbers_are_read_as_people_write_them() {
    for (cells, numbers, said) in [
        (
            ["\"$1,234\"", "$12.5", "-$3"],
            [1234.0, 12.5, -3.0],
            "\"$\"",
        ),
        (["12%", "7.5 %", "0"], [12.0, 7.5, 0.0], "\"%\""),
        (
            ["\"1,234\"", "\"1,234,567.5\"", "12"],
            [1234.0, 1_234_567.5, 12.0],
            "thousands",
        ),
        (
            ["1.007,50", "12,5", "3"],
            [1007.5, 12.5, 3.0],
            "decimal comma",
        ),
        (
            ["1 234", "12", "7 000 000"],
            [1234.0, 12.0, 7e6],
            "thousands",
        ),
        (["19M", "201k", "5"], [19e6, 201e3, 5.0], "thousands"),
        (["(12)", "13.5", "1e3"], [-12.0, 13.5, 1000.0], ""),
        (
            ["3 years", "36 years", "1 years"],
            [3.0, 36.0, 1.0],
            "\"years\"",
        ),
        (["€ 3", "€4", "€-5,5"], [3.0, 4.0, -5.5], "\"€\""),
    ] {
        let rows = cells.map(|cell| format!("{cell};a\n{cell};b\n")).concat();
        let data = auto(&format!("x;y\n{rows}"));
        let doubled: Vec<f64> = numbers.iter().flat_map(|x| [*x, *x]).collect();
        assert_eq!(values(&data), doubled, "{cells:?}");
        assert!(
            note(&data, "x").contains(said),
            "{cells:?}: {}",
            note(&data, "x")
        );
        // A later table, and one row, are read alike.
        let later = format!("x;y\n{};a\n", cells[0]);
        let folder = folder();
        let path = write(&folder, "later.csv", later);
        let params = LoadParams::default();
        let later = load_with_encoding::<f64>(path, data.encoding().unwrap(), &params).unwrap();
        assert_eq!(values(&later), &numbers[..1]);
    }
    // Codes are no numbers, nor are numbers of several units.
    for cells in [
        "A11;A12;A13",
        "3 km;4 mi;5 km",
        "1/2;2/3;3/4",
        "4-door;2-door;5-door",
    ] {
        let rows: String = cells
            .split(';')
            .map(|cell| format!("{cell};a\n{cell};b\n"))
            .collect();
        let kind = auto(&format!("x;y\n{rows}")).encoding().unwrap().columns()[0]
            .kind
            .clone();
        assert!(matches!(kind, ColumnKind::Categorical(_)), "{cells}");
    }
    let comma = TableParams::default().decimal(Decimal::Comma);
    assert_eq!(values(&with("x;y\n1.234;a\n5;b\n", comma)), [1234.0, 5.0]);
    let label = auto("x,price\n1.5,\"$1,000\"\n2.5,$30\n");
    assert_eq!(
        label.targets(),
        &Targets::Values(tiam_data::Features::new(2, 1, vec![1000.0, 30.0]).unwrap())
    );
}

#[test]
fn what_looks_wrong_is_warned_of() {
    let warned = |text: &str, words: &str| {
        let data = auto(text);
        let warnings = &data.reading().unwrap().warnings;
        assert!(
            warnings.iter().any(|warning| warning.contains(words)),
            "{words}: {warnings:?}"
        );
    };
    warned(
        "x,k,y\n1.5,a,2.5\n3.5,b,4.5\nTotal,,7\n",
        "t.csv, line 4) seems to be a sum",
    );
    warned(
        "x,y\n3 km,a\n4 mi,b\n5 km,a\n6 mi,b\n",
        "\"x\" looks like numbers of several units",
    );
    let rows: String = (0..40)
        .map(|i| format!("{}.5,{}.5\n", i * i % 7, i))
        .collect();
    let broken = format!("x,y\n{rows}7\n{rows}");
    warned(
        &broken,
        "1 rows are left out that have more or fewer cells than the 2 columns; the first is line 42 of ",
    );
    assert_eq!(auto(&broken).n_samples(), 80);
    let plain = auto("x,k,y\n1.5,total,2.5\n3.5,b,4.5\n");
    assert!(plain.reading().unwrap().warnings.is_empty());
}

#[test]
fn dates_become_their_parts() {
    let names = [
        "when:year",
        "when:month",
        "when:day",
        "when:weekday",
        "when:day of year",
        "when:days",
    ];
    for day in [
        "2024-02-29",
        "29.02.2024",
        "2/29/2024",
        "29-Feb-2024",
        "February 29, 2024",
        "2024/02/29",
    ] {
        let data = auto(&format!("when;y\n{day};1.5\n{day};2.5\n"));
        assert_eq!(data.feature_names(), names, "{day}");
        assert_eq!(
            values(&data)[..6],
            [2024.0, 2.0, 29.0, 4.0, 60.0, 19_782.0],
            "{day}"
        );
    }
    for time in [
        "2024-02-29 18:30:00",
        "2024-02-29T18:30:00Z",
        "02/29/2024 6:30 PM",
    ] {
        let data = auto(&format!("when,y\n{time},1.5\n{time},2.5\n"));
        assert_eq!(
            values(&data)[5..8],
            [19_782.0 + 18.5 / 24.0, 18.0, 1110.0],
            "{time}"
        );
    }
    let day_first = auto("when,y\n03/02/2024,1.5\n13/02/2024,2.5\n");
    assert_eq!(values(&day_first)[1..3], [2.0, 3.0]);
    let mut gaps = auto("when,y\n2024-02-28,1.5\n,2.5\n2024-03-01,3.5\n2024-03-01,3.5\n");
    gaps.fill_missing();
    assert_eq!(
        values(&gaps)[7..14],
        [2024.0, 3.0, 1.0, 5.0, 61.0, 19_783.0, 1.0]
    );
}

#[test]
fn columns_that_name_rows_are_left_out_unless_kept() {
    let rows = |cell: fn(usize) -> String| -> String {
        (0..40)
            .map(|i| format!("{},{}.5,{}\n", cell(i), i % 7, i % 2))
            .collect()
    };
    for (name, cell) in [
        ("Id", (|i| (3 * i + 1).to_string()) as fn(usize) -> String),
        ("n", |i| (i * 17 % 40).to_string()),
        ("customer_id", |i| (i * i * 31 % 1009).to_string()),
        ("name", |i| format!("person {i}")),
        ("", |i| (i * i).to_string()),
    ] {
        let text = format!("{name},x,y\n{}", rows(cell));
        assert_eq!(auto(&text).feature_names(), ["x"], "{name}");
        let kept = TableParams::default().keep(ColumnRef::Position(0));
        assert!(with(&text, kept).n_features() > 1, "{name}");
    }
    for (name, cell) in [
        ("year", (|i| (1950 + i).to_string()) as fn(usize) -> String),
        ("size", |i| (i * i * 31 % 1009).to_string()),
    ] {
        let text = format!("{name},x,y\n{}", rows(cell));
        assert_eq!(auto(&text).feature_names(), [name, "x"]);
    }
    // What is left out is taken where there is nothing else.
    let only: String = (0..40).map(|i| format!("{i},{}\n", i % 2)).collect();
    assert_eq!(auto(&format!("id,y\n{only}")).feature_names(), ["id"]);
    // Rare texts are one category.
    let rare: String = (0..99)
        .map(|i| format!("{},{}\n", if i < 50 { i } else { 7 }, i % 2))
        .collect();
    let rare = rare.replace('\n', "\nt").replace("t,", ",");
    let data = auto(&format!("x,y\nt{}", rare.trim_end_matches('t')));
    assert_eq!(data.feature_names(), ["x=t7", "x is another"]);
}

#[test]
fn several_columns_of_values_are_labels() {
    let text = "a,b,u,v\n1.5,2,3,4.5\n2.5,3,5,7.5\n";
    let both = TableParams::default().label("u,v".parse().unwrap());
    let data = with(text, both.clone());
    assert_eq!(data.feature_names(), ["a", "b"]);
    let Targets::Values(values) = data.targets() else {
        panic!("{:?}", data.targets())
    };
    assert_eq!(
        (values.n_features(), values.values()),
        (2, &[3.0, 4.5, 5.0, 7.5][..])
    );
    // A later table has both or none.
    let folder = folder();
    let encoding = data.encoding().unwrap();
    let params = LoadParams::default();
    for (rows, labelled) in [
        ("a,b\n1,2\n", false),
        ("v,u,b,a\n1,2,3,4\n", true),
        ("1,2\n", false),
    ] {
        let path = write(&folder, "later.csv", rows);
        let later = load_with_encoding::<f64>(path, encoding, &params).unwrap();
        assert_eq!(later.targets() != &Targets::Absent, labelled, "{rows}");
    }
    let names = TableParams::default().label("a, b,v".parse().unwrap());
    let data = with("x,\"a, b\",v\n1.5,2,3\n2.5,3,5.5\n", names);
    assert_eq!(data.feature_names(), ["x"]);
    let classes = both.task(Task::Classes);
    let error = table(text, &LoadParams::default().table(classes)).unwrap_err();
    assert!(matches!(error, DataError::BadEncoding { .. }), "{error}");
}

#[test]
fn strange_rows_of_a_later_table_are_read_and_counted() {
    let data = auto("x,k,y\n1.5,a,p\n2.5,b,q\n4.5,b,q\n");
    let mut data = data;
    data.fill_missing();
    let encoding = data.encoding().unwrap();
    let folder = folder();
    let text = "k,x,note\na,1,z\nnew,1,z\nb,,z\nb,many,z\na\na,1,z,more\n";
    let path = write(&folder, "later.csv", text);
    let later = load_with_encoding::<f64>(&path, encoding, &LoadParams::default()).unwrap();
    assert_eq!(later.n_samples(), 6);
    assert_eq!(
        values(&later)[3..12],
        [1.0, 0.0, 0.0, 2.5, 0.0, 1.0, 2.5, 0.0, 1.0]
    );
    let met = later.reading().unwrap();
    assert_eq!(
        (&met.missing[..2], &met.unknown[..2]),
        (&[2, 0][..], &[1, 1][..])
    );
    assert_eq!((met.rows, met.other_width), (4, Some((2, 6))));
    let strict = LoadParams::default().table(TableParams::default().strict(true));
    assert!(load_with_encoding::<f64>(&path, encoding, &strict).is_err());
}

#[test]
fn blocks_give_the_rows_of_the_whole() {
    let train = auto("x,k,y\n1.5,a,p\n2.5,\"b\nc\",q\n4.5,\"b\nc\",q\n");
    let encoding = train.encoding().unwrap();
    // Three blocks and a half, whose ends fall into quoted cells.
    let row = |i: usize| format!("{i}.25,\"b\nc\",r{i}\r\n");
    let text = String::from("x,k,name\n") + &(0..1_500_000).map(row).collect::<String>();
    let folder = folder();
    let path = write(&folder, "long.csv", &text);
    let names = TableParams::default().row_names(ColumnRef::Name("name".into()));
    let params = LoadParams::default().table(names);
    let whole = load_with_encoding::<f64>(&path, encoding, &params).unwrap();
    let (mut features, mut row_names, mut n_blocks) = (Vec::new(), Vec::new(), 0);
    load_in_blocks::<f64>(&path, encoding, &params, |block| {
        features.extend_from_slice(block.features().values());
        row_names.extend_from_slice(block.row_names());
        n_blocks += 1;
        true
    })
    .unwrap();
    assert!(n_blocks > 2, "{n_blocks}");
    assert!(features == whole.features().values() && row_names == whole.row_names());
    assert_eq!(row_names[1_234_567], "r1234567");
    // The line of a fault is that of the file.
    let broken = write(&folder, "broken.csv", text + "1,\"b\nc\",\"r\n");
    let error = load_in_blocks::<f64>(&broken, encoding, &params, |_| true).unwrap_err();
    assert!(error.to_string().contains("line 3000003"), "{error}");
    let error = load::<f64>(&broken, &LoadParams::default()).unwrap_err();
    assert!(error.to_string().contains("line 3000003"), "{error}");
}
