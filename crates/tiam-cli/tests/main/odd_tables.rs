//! Tables as people have them, from the file to the answers.

use super::common::Bench;

/// A table with a date, a price, an id, a category and gaps, below a title.
fn sales(n: usize) -> String {
    let row = |i: usize| {
        let price = match i % 9 {
            4 => String::new(),
            k => format!("$1,0{k}0.50"),
        };
        let town = ["Aachen", "Bonn", "?"][i % 3];
        let sold = if i % 9 > 3 { "yes" } else { "no" };
        format!("{};0{}.03.2024;{price};{town};{sold}\n", i + 1, 1 + i % 9)
    };
    let rows: String = (0..n).map(row).collect();
    format!("Sales of 2024\nId;Day;Price;Town;Sold\n{rows}")
}

#[test]
fn a_table_is_understood_and_said_to_be() {
    let bench = Bench::new();
    bench.write("sales.csv", &sales(90));
    let ran = bench
        .tiam("train --data sales.csv --hidden 8 --epochs 40")
        .ok();
    for note in [
        "note: 1 lines above the table are skipped",
        "note: label \"Sold\": classes: the labels are texts",
        "note: column \"Id\": left out",
        "note: column \"Day\": DD.MM.YYYY as year, month, day",
        "note: column \"Price\": numbers with thousands set apart, \"$\"; 10 missing",
        "note: column \"Town\": 30 missing: a category of their own",
    ] {
        assert!(ran.stderr.contains(note), "{note}: {}", ran.stderr);
    }
    let quiet = bench
        .tiam("train --data sales.csv --hidden 8 --epochs 1 --quiet")
        .ok();
    assert!(!quiet.stderr.contains("note: column"), "{}", quiet.stderr);
    bench.tiam("train --data sales.csv --missing error").fails(
        2,
        &["40 cells are missing, in 2 columns: Price 10, Town 30"],
    );
    bench.tiam("train --data sales.csv --label None").fails(
        2,
        &["there is no column \"None\"; the columns are Id, Day, Price, Town, Sold"],
    );
}

#[test]
fn every_row_is_answered_and_strange_ones_are_counted() {
    let bench = Bench::new();
    bench.write("sales.csv", &sales(90));
    bench.train("--data sales.csv --hidden 8 --epochs 40");
    let new = "Price;Town;Day;Number\n$1,010.50;Bonn;02.03.2024;17\n;Celle;nine;18\n$12;?;03.03.2024;19\nfree\n";
    bench.write("new.csv", new);
    let ran = bench
        .tiam("predict tiam-out/model.safetensors --data new.csv --id Number --proba")
        .ok();
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!((lines[0], lines.len()), ("Number,class,no,yes", 5));
    assert!(
        lines[1].starts_with("17,") && lines[2].starts_with("18,") && lines[4].starts_with(',')
    );
    for words in [
        "1 rows have more or fewer cells than columns, the first is line 5",
        "in 2 rows the model met what it did not learn from (cells that the model does not know: Day 1, Price 1, Town 1; missing cells: Day 1, Price 1, Town 2)",
        "--strict refuses them",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    bench
        .tiam("predict tiam-out/model.safetensors --data new.csv --strict --out p.csv")
        .fails(2, &["new.csv, line 3", "\"Celle\""]);
    assert!(!bench.path("p.csv").exists());
    bench
        .tiam("predict tiam-out/model.safetensors --data new.csv --id Nr")
        .fails(2, &["there is no column \"Nr\""]);
}

#[test]
fn columns_are_named_whatever_their_names_hold() {
    let bench = Bench::new();
    let rows: String = (0..40)
        .map(|i| format!("{}.5,{}.5,{},{}.25\n", i % 7, i % 5, i * i % 11, i % 3))
        .collect();
    bench.write(
        "t.csv",
        &format!("first , \"length, cm\",2015,last\n{rows}"),
    );
    let inputs = |args: &[&str]| {
        let all = [
            &[
                "train", "--data", "t.csv", "--hidden", "none", "--epochs", "1", "--quiet",
            ],
            args,
        ]
        .concat();
        assert!(
            bench.command(&all).output().unwrap().status.success(),
            "{args:?}"
        );
        let info = bench
            .tiam("info tiam-out/model.safetensors --json")
            .ok()
            .json();
        info["feature_names"].to_string()
    };
    assert_eq!(
        inputs(&["--label", "first "]),
        r#"["length, cm","2015","last"]"#
    );
    assert_eq!(
        inputs(&["--label", "2015", "--task", "values"]),
        r#"["first","length, cm","last"]"#
    );
    assert_eq!(inputs(&["--ignore", "\"length, cm\",first"]), r#"["2015"]"#);
    assert_eq!(inputs(&["--ignore", "length, cm"]), r#"["first","2015"]"#);
    assert_eq!(
        inputs(&["--label", "first,last"]),
        r#"["length, cm","2015"]"#
    );
    let predicted = bench
        .tiam("predict tiam-out/model.safetensors --data t.csv")
        .ok()
        .stdout;
    assert!(predicted.starts_with("first,last\n"), "{predicted}");
}

#[test]
fn what_makes_a_model_worthless_is_warned_of() {
    let bench = Bench::new();
    let rows = |row: fn(usize) -> String| (0..130).map(row).collect::<String>();
    for (text, words) in [
        (
            rows(|i| format!("{}.5,name{i}\n", i % 7)),
            "nearly every row has a class of its own",
        ),
        (
            rows(|i| format!("{}.5,{},{}\n", i * 7 % 11, i % 3, ["a", "b", "c"][i % 3])),
            "column \"c1\" alone gives the label away",
        ),
        (
            rows(|i| format!("{}.5,{}.25,{}.5\n", i * 7 % 11, i * i % 17, i * i % 17 * 4)),
            "column \"c1\" alone gives the label away",
        ),
        (
            rows(|i| {
                format!(
                    "{}.5,{}\n",
                    if i == 7 {
                        "lots".into()
                    } else {
                        (i % 9).to_string()
                    },
                    i % 2
                )
            }),
            "but for 1 cells such as \"lots.5\"",
        ),
    ] {
        bench.write("t.csv", &text);
        let ran = bench
            .tiam("train --data t.csv --hidden none --epochs 1 --quiet")
            .ok();
        assert!(
            ran.stderr.contains("warning: ") && ran.stderr.contains(words),
            "{}",
            ran.stderr
        );
    }
}
