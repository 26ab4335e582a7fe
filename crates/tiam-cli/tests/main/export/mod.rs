//! `tiam export`: what other programs answer from the file is what `tiam predict` answers.

mod case;
mod onnx;
mod snippets;

use serde_json::Value;
use tiam_data::ColumnKind;

use crate::common::Bench;
use case::Case;

#[test]
fn one_network_for_classes() {
    let case = Case::of_table("kind", "", "--effort single --epochs 20 --hidden 12,8");
    let columns = case.columns.as_ref().unwrap().columns();
    let has = |is: fn(&ColumnKind) -> bool| columns.iter().any(|c| is(&c.kind));
    assert!(has(
        |kind| matches!(kind, ColumnKind::Categorical(of) if of.missing)
    ));
    assert!(has(
        |kind| matches!(kind, ColumnKind::Categorical(of) if of.other)
    ));
    assert!(has(
        |kind| matches!(kind, ColumnKind::Date(of) if of.gaps.marked)
    ));
    assert!(has(
        |kind| matches!(kind, ColumnKind::Numeric(of) if of.written.prefix == "€")
    ));
    case.check();
}

#[test]
fn several_networks_for_classes() {
    let case = Case::of_table("kind", "", "");
    assert!(case.model["networks"].as_array().unwrap().len() > 1);
    assert_ne!(case.model["temperature"], 1.0);
    let encodings = case.model["encodings"].as_array().unwrap();
    let bins = |encoding: &Value| {
        encoding["knots"][0]
            .as_array()
            .is_some_and(|k| !k.is_empty())
    };
    assert!(encodings.iter().any(bins), "no places among bins");
    case.check();
}

#[test]
fn values() {
    // Rows are of single precision, which does not hold the stamps of a model of double precision.
    let double = "--task values --effort single --epochs 20 --activation elu --precision f64";
    Case::of_table("cost", "stamp", double).check();
    let case = Case::of_table("cost", "", "--task values");
    let networks = case.model["networks"].as_array().unwrap();
    assert!(
        networks
            .iter()
            .any(|network| network["values"]["logarithm"] == true)
    );
    case.check();
}

#[test]
fn several_values() {
    for flags in ["--effort single --epochs 20 --activation leaky_relu", ""] {
        Case::of_table("cost,size", "", &format!("--task values {flags}")).check();
    }
}

#[test]
fn several_answers_of_no_or_yes() {
    let case = Case::of_table("sunny,windy", "", "--effort single --epochs 20");
    assert_eq!(case.model["answer"], "sigmoid");
    case.check();
}

#[test]
fn codes_of_very_many_categories() {
    for (label, flags, width) in [
        ("kind", "--max-categories 3 --effort single --epochs 20", 3),
        ("cost", "--max-categories 2 --task values", 1),
    ] {
        let case = Case::of_table(label, "", flags);
        let columns = case.columns.as_ref().unwrap().columns();
        let street = columns
            .iter()
            .find(|column| column.name == "street")
            .unwrap();
        assert!(street.kind.codes().is_some() && street.kind.width() == width);
        case.check();
    }
}

#[test]
fn images() {
    let bench = Bench::new();
    bench.train("--data digits --epochs 3 --hidden 20 --activation identity --no-report");
    Case::of(bench, "digits").check();
}

#[test]
fn what_a_format_does_not_have_is_refused() {
    let bench = Bench::new();
    bench.train("--data digits --epochs 1 --hidden 4 --no-report");
    let export = "export tiam-out/model.safetensors --format";
    bench
        .tiam(&format!("{export} c --numeric"))
        .fails(2, &["numeric"]);
    bench
        .tiam(&format!("{export} json --int8"))
        .fails(2, &["int8"]);
    bench.tiam(&format!("{export} pmml")).fails(2, &["onnx"]);
    bench
        .tiam("export nothing.safetensors --format c")
        .fails(2, &["nothing.safetensors"]);
    // Beside the model, where no other place is named.
    bench.tiam(&format!("{export} c --int8 --data digits")).ok();
    assert!(bench.read("tiam-out/model.h").contains("int model_predict"));
}
