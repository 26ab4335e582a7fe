//! Codes of categories: their formula, what a sample's own label has to do with its code, and tables read with them.

use std::fmt::Write as _;

use tiam_data::{
    Cells, Codes, ColumnEncoding, ColumnKind, ColumnRef, Dataset, LoadParams, MemoryColumn,
    TableParams, Targets, load, load_with_encoding,
};

use crate::common::{folder, table, write};

/// Few categories are many.
fn few(max_categories: usize) -> LoadParams {
    let few = TableParams::default().max_categories(max_categories);
    LoadParams::default().table(few)
}

fn codes(encoding: &ColumnEncoding) -> (&[String], &Codes) {
    match &encoding.columns()[0].kind {
        ColumnKind::Categorical(of) => (&of.categories, of.codes.as_ref().unwrap()),
        other => panic!("{other:?}"),
    }
}

/// A text of 60 and a value that depends on it, so many times.
fn values(n: usize) -> String {
    let mut text = "town,y\n".to_owned();
    for i in 0..n {
        let town = i.wrapping_mul(2_654_435_761) % 1009 % 60;
        let noise = (i * 37 % 101) as f64 / 50.0;
        writeln!(text, "t{town},{}", (town * town % 17) as f64 + noise).unwrap();
    }
    text
}

#[test]
fn codes_of_values_are_shrunk_means() {
    let mut data = table(values(600), &few(20)).unwrap();
    let Targets::Values(y) = data.targets() else {
        panic!("values were expected")
    };
    let y = y.values().to_vec();
    let places: Vec<usize> = data
        .features()
        .values()
        .iter()
        .map(|x| *x as usize)
        .collect();
    data.fill_missing();
    let encoding = data.encoding().unwrap();
    let (categories, codes) = codes(encoding);
    assert_eq!((categories.len(), data.n_features()), (60, 1));
    assert_eq!(data.feature_names(), ["town"]);
    // One-way analysis of variance, as textbooks have it.
    let (n, k) = (y.len() as f64, 60.0);
    let mean = y.iter().sum::<f64>() / n;
    let own = |c: usize| -> Vec<f64> {
        let pairs = places.iter().zip(&y).filter(|(place, _)| **place == c);
        pairs.map(|(_, y)| *y).collect()
    };
    let (mut within, mut between, mut sizes) = (0.0, 0.0, 0.0);
    for c in 0..60 {
        let own = own(c);
        let n_c = own.len() as f64;
        let mean_c = own.iter().sum::<f64>() / n_c;
        within += own.iter().map(|y| (y - mean_c).powi(2)).sum::<f64>();
        between += n_c * (mean_c - mean).powi(2);
        sizes += n_c * n_c;
    }
    let deviation = ((within + between) / n).sqrt();
    let within = within / (n - k);
    let m = within / ((between / (k - 1.0) - within) / ((n - sizes / n) / (k - 1.0)));
    assert!(m < 0.2, "{m}");
    for c in 0..60 {
        let own = own(c);
        let above: f64 = own.iter().map(|y| y - mean).sum();
        let expected = above / (own.len() as f64 + m.max(0.1)) / deviation;
        assert!((codes.of(c)[0] - expected).abs() <= 0.5001e-4, "{c}");
    }
    // Not known: as a category that says nothing.
    assert_eq!(codes.of(60), [0.0]);
}

/// Pairs of rows of one text, with labels that agree in all pairs but every tenth.
fn pairs() -> String {
    let mut text = "name,x,y\n".to_owned();
    for i in 0..400 {
        let yes = (i / 2 % 2 == 0) != (i % 20 == 0);
        writeln!(
            text,
            "n{},{}.5,{}",
            i / 2,
            i % 7,
            if yes { "yes" } else { "no" }
        )
        .unwrap();
    }
    text
}

#[test]
fn no_sample_is_told_its_own_label() {
    let mut data = table(pairs(), &few(20)).unwrap();
    data.learn_columns(3);
    let (labels, x) = (data.labels().unwrap(), data.features());
    let (names, codes) = codes(data.encoding().unwrap());
    let code = |i: usize| x.sample(i).unwrap()[0];
    let mut told = 0;
    for i in (0..400).step_by(20) {
        // Its partner has the other label: both together say next to nothing, the partner alone says much.
        let place = names.iter().position(|name| *name == format!("n{}", i / 2));
        assert!(codes.of(place.unwrap())[0].abs() < 0.2);
        let own = if labels[i] == 1 { 1.0 } else { -1.0 };
        assert!(code(i) * own <= 0.0 && code(i + 1) * own >= 0.0, "{i}");
        told += usize::from(code(i) * own < -1.0);
    }
    assert!(told >= 14, "{told}");
    // The same seed draws the same parts, another one others.
    let learnt = |seed| {
        let mut data = table(pairs(), &few(20)).unwrap();
        data.learn_columns(seed);
        data.features().clone()
    };
    assert_eq!(learnt(3), *x);
    assert_ne!(learnt(4), *x);
}

#[test]
fn categories_that_say_nothing_are_nought() {
    let mut text = "town,x,y\n".to_owned();
    for i in 0..600 {
        // Every town has as many of either class.
        writeln!(text, "t{},{}.5,c{}", i / 4, i % 7, i % 2).unwrap();
    }
    let nought = |text: &str| {
        let mut data = table(text, &few(20)).unwrap();
        data.fill_missing();
        let (_, codes) = codes(data.encoding().unwrap());
        codes.numbers.iter().all(|number| *number == 0)
    };
    assert!(nought(&text));
    // Draws of a coin, and one that falls a little more often on a side in some towns.
    let tossed = |bias: usize| {
        let toss = |i: usize| {
            let mixed = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
            mixed as usize % 100 < 50 - bias * (i % 2)
        };
        let rows = (0..4000).map(|i| format!("t{},{}.5,{}\n", i % 200, i % 7, toss(i)));
        format!("town,x,y\n{}", rows.collect::<String>())
    };
    assert_eq!([0, 20].map(|bias| nought(&tossed(bias))), [true, false]);
}

#[test]
fn of_several_classes_each_has_a_code() {
    let mut text = "town,x,y\n".to_owned();
    for i in 0..600 {
        writeln!(text, "t{},{}.5,c{}", i % 30, i % 7, i % 30 % 3).unwrap();
    }
    let mut data = table(&text, &few(20)).unwrap();
    assert_eq!(data.feature_names(), ["town", "x"]);
    let before = data.features().sample(7).unwrap().to_vec();
    data.fill_missing();
    assert_eq!(data.feature_names(), ["town:c0", "town:c1", "town:c2", "x"]);
    let row = data.features().sample(7).unwrap();
    assert!(row[1] > 3.0 && row[0] < -3.0 && row[2] < -3.0, "{row:?}");
    assert_eq!(row[3].to_bits(), before[1].to_bits());
    // Of very many classes the most frequent ones.
    let many: String = (0..900)
        .map(|i| format!("t{},{}.5,c{:02}\n", i % 30, i % 7, i * i % 900 % 25))
        .collect();
    let mut data = table(format!("town,x,y\n{many}"), &few(20)).unwrap();
    data.fill_missing();
    assert_eq!(data.n_features(), 11);
}

#[test]
fn a_later_table_gets_the_codes_of_all_samples() {
    let folder = folder();
    let path = write(&folder, "t.csv", values(600) + ",2\nt7,3\n");
    let mut data = load::<f64>(&path, &few(20)).unwrap();
    data.fill_missing();
    // As a model keeps it.
    let text = serde_json::to_string(data.encoding().unwrap()).unwrap();
    let encoding: ColumnEncoding = serde_json::from_str(&text).unwrap();
    let (categories, codes) = codes(&encoding);
    let place = |town: &str| categories.iter().position(|known| known == town).unwrap();
    let later = write(&folder, "l.csv", "town\nt7\nUlm\n\nt11\n?\n");
    let read = load_with_encoding::<f64>(&later, &encoding, &LoadParams::default()).unwrap();
    let expected = [
        codes.of(place("t7"))[0],
        0.0,
        codes.of(place("t11"))[0],
        codes.of(60)[0],
    ];
    assert_eq!(read.features().values(), expected);
    let reading = read.reading().unwrap();
    assert_eq!((reading.unknown[0], reading.missing[0]), (1, 1));
    // Unlearnt it has places, which the learnt one turns into the same.
    let mut raw =
        load_with_encoding::<f64>(&later, &encoding.unlearnt(), &LoadParams::default()).unwrap();
    assert!(raw.encoding().unwrap().agrees_with(&encoding));
    raw.fill_with(encoding.clone());
    assert_eq!(raw.features(), read.features());
    let broken = text.replace("\"outputs\":[0]", "\"outputs\":[0,1]");
    let error = serde_json::from_str::<ColumnEncoding>(&broken).unwrap_err();
    assert!(error.to_string().contains("codes"), "{error}");
}

#[test]
fn texts_that_hardly_come_again_are_left_out() {
    let note = |text: &str, params: &LoadParams| {
        let data = table(text, params).unwrap();
        let column = &data.encoding().unwrap().columns()[0];
        (column.kind.width(), column.note.clone())
    };
    let rows = |n: usize, name: fn(usize) -> usize| -> String {
        let rows = (0..n).map(|i| format!("n{},{}.5,c{}\n", name(i), i % 7, i % 3));
        format!("name,x,y\n{}", rows.collect::<String>())
    };
    let (width, words) = note(&rows(90, |i| i), &few(20));
    assert!(
        width == 0 && words.contains("every cell of it is different"),
        "{words}"
    );
    let (width, words) = note(&rows(90, |i| i * 9 / 10), &few(20));
    assert!(width == 0 && words.contains("hardly any cell"), "{words}");
    let (width, words) = note(
        &rows(90, |i| if i % 3 == 0 { i } else { i / 9 * 9 }),
        &few(20),
    );
    assert_eq!(width, 1, "{words}");
    let (width, words) = note(&rows(90, |i| i % 40), &few(20));
    assert_eq!(
        (width, words.as_str()),
        (1, "40 categories, as codes learnt from the label")
    );
    // Asked for, whatever it holds.
    let keep = TableParams::default()
        .max_categories(20)
        .keep(ColumnRef::Position(0));
    let keep = LoadParams::default().table(keep);
    assert_eq!(note(&rows(90, |i| i), &keep).0, 1);
    let (width, words) = note(&rows(230_000, |i| i / 2), &LoadParams::default());
    assert!(
        width == 0 && words.contains("more than 100000 different texts"),
        "{words}"
    );
}

#[test]
fn tables_in_memory_have_the_codes_of_files() {
    let text = values(600);
    let mut of_file = table(&text, &few(20)).unwrap();
    let rows = text
        .lines()
        .skip(1)
        .map(|line| line.split_once(',').unwrap());
    let (towns, y): (Vec<&str>, Vec<f64>) =
        rows.map(|(t, y)| (t, y.parse::<f64>().unwrap())).unzip();
    let texts: Vec<String> = (0..60).map(|t| format!("t{t}")).collect();
    let at = |town: &&str| texts.iter().position(|text| text == town).unwrap() as u32;
    let cells = Cells::Texts {
        rows: towns.iter().map(at).collect(),
        texts: texts.clone(),
        categorical: false,
    };
    let column = MemoryColumn {
        name: "town".into(),
        cells,
    };
    let params = TableParams::default().max_categories(20);
    let data = Dataset::<f64>::of_columns(&[column], &params).unwrap();
    let y = Targets::Values(tiam_data::Features::new(y.len(), 1, y).unwrap());
    let mut in_memory = data.with_targets(y, &["y".to_owned()]).unwrap();
    of_file.fill_missing();
    in_memory.fill_missing();
    assert_eq!(in_memory.features(), of_file.features());
    let codes = |data: &Dataset<f64>| codes(data.encoding().unwrap()).1.clone();
    assert_eq!(codes(&in_memory), codes(&of_file));
}

#[test]
fn weights_count_in_codes() {
    let learnt = |weight: fn(usize) -> usize, rows: usize| {
        let rows = (0..rows).map(|i| {
            let y = (i % 30 * 7 % 11) as f64 + i as f64 / 300.0;
            format!("t{},{},{y}\n", i % 30, weight(i))
        });
        let params = TableParams::default()
            .max_categories(20)
            .sample_weights(ColumnRef::Name("w".into()));
        let text = format!("town,w,y\n{}", rows.collect::<String>());
        let mut data = table(text, &LoadParams::default().table(params)).unwrap();
        data.fill_missing();
        codes(data.encoding().unwrap()).1.clone()
    };
    assert_eq!(learnt(|_| 3, 300), learnt(|_| 1, 300));
    assert_ne!(learnt(|i| 1 + i % 2, 300), learnt(|_| 1, 300));
}
