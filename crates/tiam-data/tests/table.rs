//! Tests of CSV and TSV files.

use crate::common::{assert_malformed, fault, folder, gzip, table, write};
use tiam_data::{
    CellFault, CellPlace, ColumnKind, ColumnRef, DataError, Dataset, Header, LabelColumn,
    LoadParams, MissingCells, Place, TableParams, Targets, Task, load,
};

fn auto() -> LoadParams {
    LoadParams::default()
}

fn with(table: TableParams) -> LoadParams {
    LoadParams::default().table(table)
}

fn params() -> TableParams {
    TableParams::default()
}

/// The place an error names.
fn place(error: &DataError) -> (u64, usize, &str) {
    match error {
        DataError::BadCell { at, .. } => {
            let CellPlace {
                line, column, name, ..
            } = &**at;
            (*line, *column, name)
        }
        other => panic!("{other}"),
    }
}

fn values(data: &Dataset<f64>) -> &[f64] {
    data.features().values()
}

#[test]
fn delimiters_line_ends_and_byte_order_mark_make_no_difference() {
    let wanted = table("a,b,y\n1,2,p\n3,4,q\n", &auto()).unwrap();
    for text in [
        "a\tb\ty\n1\t2\tp\n3\t4\tq",
        "a;b;y\r\n1;2;p\r\n3;4;q\r\n",
        "a,b,y\r1,2,p\r3,4,q",
        "\u{feff}a,b,y\n\n1,2,p\n  \n3, 4 ,q\n\n",
        "\"a\", \"b\",y\n\"1\",2,\"p\"\n3,\"4\" ,q\n",
    ] {
        let data = table(text, &auto()).unwrap();
        assert_eq!(
            (data.features(), data.targets()),
            (wanted.features(), wanted.targets()),
            "{text:?}"
        );
        assert_eq!(data.feature_names(), ["a", "b"]);
    }
    let folder = folder();
    let zipped = write(&folder, "x.csv.gz", gzip(b"a,b,y\n1,2,p\n3,4,q\n"));
    assert_eq!(
        load::<f64>(zipped, &auto()).unwrap().features(),
        wanted.features()
    );
    let pipes = table("a|b|y\n1|2|p\n3|4|q\n", &with(params().delimiter(b'|'))).unwrap();
    assert_eq!(pipes.features(), wanted.features());
}

#[test]
fn quoted_cells_may_hold_delimiters_quotes_and_line_ends() {
    let data = table(
        "note,x,y\n\"a, \"\"b\"\"\nc\",1,p\n\"a, \"\"b\"\"\nc\",2,q\nplain,3,p\n",
        &auto(),
    )
    .unwrap();
    assert_eq!(
        data.feature_names(),
        ["note=a, \"b\"\nc", "note=plain", "x"]
    );
    // The line of a later fault counts the line ends inside quotes.
    let strict = with(params().missing(MissingCells::Error));
    let error = table("note,x,y\n\"a\nb\r\nc\",1,p\nz,inf,q\n", &strict).unwrap_err();
    assert_eq!(place(&error), (5, 1, "x"));
}

#[test]
fn headers_are_found_or_forced() {
    let names = |text: &str| table(text, &auto()).unwrap().feature_names().to_vec();
    assert_eq!(names("a,b,c\n1,2,3\n"), ["a", "b"]);
    assert_eq!(names("1,2,3\n4,5,6\n"), ["c0", "c1"]);
    assert_eq!(names("sex,size,kind\nM,big,1\n"), ["sex=M", "size=big"]);
    // All text: a header only if nothing of it comes again.
    assert_eq!(
        names("sex,size,kind\nM,big,a\nF,big,b\n"),
        ["sex=F", "sex=M", "size=big"]
    );
    assert_eq!(
        names("M,big,a\nM,small,b\nF,big,b\n"),
        ["c0=F", "c0=M", "c1=big", "c1=small"]
    );
    assert_eq!(names(",a,b\n0,1,2\n1,3,4\n"), ["c0", "a"]);
    let forced = table("a,b\nc,d\n", &with(params().header(Header::No))).unwrap();
    assert_eq!(forced.feature_names(), ["c0=a", "c0=c"]);
    let forced = table("7,8\n1,2\n", &with(params().header(Header::Yes))).unwrap();
    assert_eq!(forced.feature_names(), ["7"]);
}

#[test]
fn the_label_is_chosen_by_name_or_position() {
    let text = "a,b,c\n1,2,3\n4,5,6\n";
    let features = |label| values(&table(text, &with(params().label(label))).unwrap()).to_vec();
    assert_eq!(features(LabelColumn::Last), [1., 2., 4., 5.]);
    assert_eq!(features(LabelColumn::name("b")), [1., 3., 4., 6.]);
    assert_eq!(features(LabelColumn::position(0)), [2., 3., 5., 6.]);
    assert_eq!(features(LabelColumn::position(-2)), [1., 3., 4., 6.]);
    assert_eq!(features(LabelColumn::None), [1., 2., 3., 4., 5., 6.]);
    for label in [
        LabelColumn::name("d"),
        LabelColumn::position(3),
        LabelColumn::position(-4),
    ] {
        let words = "; the columns are a, b, c";
        let result = table(text, &with(params().label(label)));
        assert_malformed(result, &Place::Line(1), words);
    }
    let both = params().ignore(ColumnRef::Name("c".into()));
    assert!(matches!(
        table(text, &with(both)),
        Err(DataError::InvalidParameter { .. })
    ));
}

#[test]
fn the_task_follows_the_labels_unless_forced() {
    let rows = |labels: &[String]| {
        labels
            .iter()
            .map(|l| format!("0.5,{l}\n"))
            .collect::<String>()
    };
    let labels = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
    let task = |text: &str, task| table(text, &with(params().task(task))).unwrap();
    let twice = |n: usize| rows(&labels(n)).repeat(2);
    let integers = task(&twice(20), Task::Auto);
    assert_eq!(integers.n_classes(), Some(20));
    assert_eq!(integers.class_names().unwrap()[9..11], ["9", "10"]);
    assert!(matches!(
        task(&twice(21), Task::Auto).targets(),
        Targets::Values(_)
    ));
    assert_eq!(
        task(&rows(&labels(21)), Task::Classes).n_classes(),
        Some(21)
    );
    assert!(matches!(
        task(&rows(&labels(3)), Task::Values).targets(),
        Targets::Values(_)
    ));
    // Nearly every row has another number.
    assert!(matches!(
        task(&rows(&labels(20)), Task::Auto).targets(),
        Targets::Values(_)
    ));
    let fractions = ["0.5", "1.5", "0.5"].map(str::to_owned);
    assert!(matches!(
        task(&rows(&fractions), Task::Auto).targets(),
        Targets::Values(_)
    ));
    assert_eq!(
        task(&rows(&fractions), Task::Classes).labels().unwrap(),
        [0, 1, 0]
    );
    // 1, 1.0, +1 and 01 are one class.
    let same = ["1", "1.0", "+1", "01", "-0", "0"].map(str::to_owned);
    let data = task(&rows(&same), Task::Auto);
    assert_eq!(
        (data.labels().unwrap(), data.n_classes()),
        (&[1, 1, 1, 1, 0, 0][..], Some(2))
    );
    let texts = ["yes", "no", "yes"].map(str::to_owned);
    assert_eq!(task(&rows(&texts), Task::Auto).labels().unwrap(), [1, 0, 1]);
    let error = table(rows(&texts), &with(params().task(Task::Values))).unwrap_err();
    assert_eq!(place(&error), (1, 1, "c1"));
}

#[test]
fn missing_cells_are_filled_or_all_named() {
    let strict = || with(params().missing(MissingCells::Error));
    for missing in [
        "", "?", "NA", "n/a", "#N/A", "NaN", "-nan", "null", "None", "<NA>", "-", "  ", "\"\"",
    ] {
        let text = format!("x,sex,y\n1.5,F,0\n{missing},M,1\n2.5,{missing},1\n4.5,M,0\n");
        let mut data = table(&text, &auto()).unwrap();
        let names = ["x", "x is missing", "sex=F", "sex=M", "sex is missing"];
        assert_eq!(data.feature_names(), names, "{missing:?}");
        assert_eq!(data.reading().unwrap().missing, [1, 1, 0]);
        assert!(values(&data)[5].is_nan());
        data.fill_missing();
        assert_eq!(
            values(&data)[5..15],
            [2.5, 1., 0., 1., 0., 2.5, 0., 0., 0., 1.]
        );
        let error = table(&text, &strict()).unwrap_err().to_string();
        let words = "2 cells are missing, in 2 columns: x 1, sex 1";
        assert!(error.contains(words), "{error}");
        // Without a label there is nothing to learn from a row; `none` and `-` may be classes.
        let data = table(format!("x,y\n1,a\n2,b\n3,{missing}\n4,b\n"), &auto()).unwrap();
        let classes = usize::from(["None", "-"].contains(&missing)) + 2;
        assert_eq!(
            (data.n_classes(), data.n_samples()),
            (Some(classes), classes + 1)
        );
    }
    let ignoring = with(params().ignore(ColumnRef::Position(1)));
    assert_eq!(
        values(&table("x,sex,y\n1,,0\n2,?,1\n", &ignoring).unwrap()),
        [1., 2.]
    );
}

#[test]
fn numbers_must_be_finite_in_the_scalar_type() {
    for cell in ["inf", "-Infinity", "1e999"] {
        let strict = with(params().missing(MissingCells::Error));
        let error = table(format!("1,0\n{cell},1\n"), &strict).unwrap_err();
        assert_eq!(*fault(&error), CellFault::NotFinite);
        assert_eq!(place(&error), (2, 0, "c0"));
    }
    let folder = folder();
    let path = write(&folder, "x.csv", "1e39,0\n1,1\n");
    assert!(load::<f64>(&path, &auto()).is_ok());
    let error = load::<f32>(&path, &auto()).unwrap_err();
    assert_eq!(*fault(&error), CellFault::NotFinite);
}

#[test]
fn a_broken_number_is_missing_or_an_error_but_no_category() {
    let strict = || with(params().missing(MissingCells::Error));
    let text = "x,y\n1.5,0\nabc,1\n2.5,0\n";
    let data = table(text, &auto()).unwrap();
    assert_eq!(data.feature_names(), ["x", "x is missing"]);
    let warnings = &data.reading().unwrap().warnings;
    assert!(
        warnings[0].contains("\"x\"") && warnings[0].contains("\"abc\""),
        "{warnings:?}"
    );
    let error = table(text, &strict()).unwrap_err();
    assert!(
        matches!(&error, DataError::BadCell { cell, fault: CellFault::NotANumber(_), .. } if cell == "abc"),
        "{error}"
    );
    assert_eq!(place(&error), (3, 0, "x"));
    // Few integers with letters among them are codes ...
    let data = table("x,y\n1,0\nA,1\n2,0\n", &auto()).unwrap();
    assert_eq!(data.feature_names(), ["x=1", "x=2", "x=A"]);
    // ... many are numbers.
    let many: String = (0..40).map(|i| format!("{},0\n", i * i)).collect();
    let text = format!("x,y\n{many}12-k,1\n");
    assert_eq!(place(&table(&text, &strict()).unwrap_err()), (42, 0, "x"));
    assert_eq!(table(&text, &auto()).unwrap().n_features(), 2);
    // Unless said otherwise.
    let codes = with(params().categorical(ColumnRef::Name("x".into())));
    assert!(table(&text, &codes).unwrap().n_features() > 15);
    let numbers = table(
        "x,y\n1,0\n2,1\n",
        &with(params().categorical(ColumnRef::Position(0))),
    )
    .unwrap();
    assert_eq!(values(&numbers), [1., 0., 0., 1.]);
    let comma = table("x;y\n1,5;0\n2,5;1\n", &auto()).unwrap();
    assert_eq!(values(&comma), [1.5, 2.5]);
}

#[test]
fn categories_are_limited() {
    let rows: String = (0..9).map(|i| format!("name{i},1\n")).collect();
    let named = || params().categorical(ColumnRef::Name("x".into()));
    let width = |most: usize| {
        let limited = with(named().max_categories(most));
        table(format!("x,y\n{rows}"), &limited)
            .unwrap()
            .n_features()
    };
    assert_eq!((width(9), width(8)), (9, 1));
    let label = params().label(LabelColumn::position(0)).max_categories(8);
    let error = table(format!("x,y\n{rows}"), &with(label)).unwrap_err();
    assert_eq!(*fault(&error), CellFault::TooManyClasses(8));
    assert_eq!(place(&error), (10, 0, "x"));
    let left_out = table(format!("x,y\n{rows}"), &with(params().max_categories(8))).unwrap_err();
    assert!(
        left_out
            .to_string()
            .contains("hardly any cell of it comes again"),
        "{left_out}"
    );
}

#[test]
fn ragged_rows_name_the_line() {
    let short = table("a,b,c\n1,2,3\n\n4,5\n6,7,8\n", &auto());
    let words = "2 cells where 3 were expected (delimiter ',')";
    assert_malformed(short, &Place::Line(4), words);
    let long = table("a,b,c\r\n1,2,3\r\n4,5,6,7\r\n", &auto());
    let words = "4 cells where 3 were expected";
    assert_malformed(long, &Place::Line(3), words);
}

#[test]
fn malformed_tables_are_refused_with_their_line() {
    let duplicate = table("\na,b,a,y\n1,2,3,0\n", &auto()).unwrap();
    assert_eq!(duplicate.feature_names(), ["a", "b", "a.1"]);
    let open = table("a,b\n1,2\n3,\"4\n5,6\n", &auto());
    assert_malformed(open, &Place::Line(3), "never ends");
    let after = table("a,b\n1,2\n3,\"4\"x\n", &auto());
    assert_malformed(after, &Place::Line(3), "goes on after its closing quote");
    for empty in ["", "\n\n", "\u{feff}", "a,b\n"] {
        let forced = with(params().header(Header::Yes));
        assert_malformed(table(empty, &forced), &Place::Whole, "no");
    }
    let words = "no column is left for features";
    assert_malformed(table("y\n1\n2\n", &auto()), &Place::Whole, words);
}

#[test]
fn parameters_are_checked() {
    for bad in [
        params().max_categories(0),
        params().delimiter(b'"'),
        params().delimiter(0xe4),
    ] {
        assert!(matches!(
            table("1,2\n", &with(bad)),
            Err(DataError::InvalidParameter { .. })
        ));
    }
    let absent = params().categorical(ColumnRef::Name("z".into()));
    let absent = table("a,b\n1,2\n", &with(absent));
    assert_malformed(absent, &Place::Line(1), "there is no column \"z\"");
}

#[test]
fn the_encoding_records_every_column() {
    let ignoring = params().ignore(ColumnRef::Name("id".into()));
    let data = table("id,x,sex,y\n1,2,M,p\n2,3,F,q\n", &with(ignoring)).unwrap();
    let encoding = data.encoding().unwrap();
    let kinds: Vec<_> = encoding.columns().iter().map(|c| &c.kind).collect();
    let text = |t: [&str; 2]| t.map(str::to_owned).to_vec();
    assert_eq!(*kinds[0], ColumnKind::Ignored);
    assert_eq!(*kinds[1], ColumnKind::numeric());
    assert_eq!(*kinds[2], ColumnKind::categorical(text(["F", "M"])));
    assert_eq!(
        *kinds[3],
        ColumnKind::ClassLabel {
            names: text(["p", "q"]),
            numeric: false
        }
    );
    assert_eq!(data.feature_names(), ["x", "sex=F", "sex=M"]);
    assert!(data.source().contains("t.csv"));
}

#[test]
fn a_column_of_weights_is_no_feature_and_goes_with_its_rows() {
    let weighted = params().sample_weights(ColumnRef::Name("w".into()));
    let data = table("x,w,y\n1,0.5,p\n2,0,q\n3,2,p\n", &with(weighted.clone())).unwrap();
    assert_eq!(data.feature_names(), ["x"]);
    assert_eq!(data.sample_weights(), Some(&[0.5, 0.0, 2.0][..]));
    let kind = &data.encoding().unwrap().columns()[1].kind;
    assert_eq!(*kind, ColumnKind::SampleWeight);
    let picked = data.subset(&[2, 0]).unwrap();
    assert_eq!(picked.sample_weights(), Some(&[2.0, 0.5][..]));
    let split = data.make_split(0.0, 0.4, 1).unwrap();
    let [train, test] = [split.train().to_vec(), split.test().to_vec()];
    let whole = data.clone();
    let parts = data.into_parts(&split).unwrap();
    for (part, rows) in [(&parts.train, train), (&parts.test, test)] {
        let expected: Vec<f64> = rows
            .iter()
            .map(|&i| whole.sample_weights().unwrap()[i])
            .collect();
        assert_eq!(part.sample_weights().unwrap(), expected);
    }
    for (text, line) in [
        ("x,w,y\n1,1,p\n2,-0.5,q\n", 3),
        ("x,w,y\n1,1,p\n2,1,q\n3,much,q\n", 4),
        ("x,w,y\n1,inf,p\n2,1,q\n", 2),
    ] {
        let error = table(text, &with(weighted.clone())).unwrap_err();
        assert_eq!(place(&error), (line, 1, "w"), "{error}");
    }
    for bad in [
        params().sample_weights(ColumnRef::Position(-1)),
        weighted.clone().ignore(ColumnRef::Name("w".into())),
        weighted.categorical(ColumnRef::Name("w".into())),
    ] {
        assert!(matches!(
            table("x,w,y\n1,1,p\n2,1,q\n", &with(bad)),
            Err(DataError::InvalidParameter { .. })
        ));
    }
}
