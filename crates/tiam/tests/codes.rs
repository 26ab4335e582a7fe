//! Columns of very many categories: what their codes are worth, and that figures on rows held out tell the truth about them.

use std::fmt::Write as _;

use tempfile::TempDir;
use tiam::{
    Candidate, Grid, Holdout, Inputs, LoadParams, Mlp, Predictor, Search, StochasticParams, Table,
    TableParams, cross_validate,
};

use crate::search::noise;

/// What the label is.
#[derive(Clone, Copy, PartialEq)]
enum Label {
    Classes(usize),
    Value,
    /// Two classes that the zip codes say nothing of.
    Noise,
}

const ZIPS: usize = 400;
const ROWS: usize = 4000;

/// Rows of one of 400 zip codes, which tell much about the label, and a number, which tells a little.
fn rows(label: Label) -> String {
    let mut text = "zip,x,y\n".to_owned();
    for i in 0..ROWS {
        let zip = (noise(3 * i) * ZIPS as f64) as usize;
        let (x, chance) = (noise(3 * i + 1), noise(3 * i + 2));
        let of_zip = |n: usize| noise(7_000_000 + n * ZIPS + zip);
        write!(text, "Z{zip:03},{x:.4},").unwrap();
        match label {
            Label::Value => writeln!(text, "{:.5}", 10.0 * of_zip(0) + x + chance).unwrap(),
            Label::Noise => writeln!(
                text,
                "{}",
                if 0.6 * x + 0.7 * chance > 0.65 {
                    "yes"
                } else {
                    "no"
                }
            )
            .unwrap(),
            Label::Classes(n) => {
                let own = (of_zip(1) * n as f64) as usize;
                let class = if chance < 0.75 + 0.1 * x {
                    own
                } else {
                    (of_zip(2) * n as f64) as usize
                };
                writeln!(text, "k{class}").unwrap();
            }
        }
    }
    text
}

/// A table that takes more than so many categories for very many.
fn read(label: Label, max_categories: usize) -> (TempDir, Table) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, rows(label)).unwrap();
    let params = TableParams::default().max_categories(max_categories);
    let params = LoadParams::default().table(params);
    (folder, Table::read(&path).unwrap().params(params))
}

fn single() -> Mlp {
    let method = StochasticParams::default().epochs(20);
    Mlp::default().hidden([16]).method(method).threads(2)
}

/// Four folds, two candidates.
fn search() -> Search {
    let candidates = [Inputs::Standard, Inputs::Bins].map(|inputs| {
        let mut candidate = Candidate::new(inputs, 3e-3);
        candidate.hidden = vec![16];
        candidate.epochs = 0.5;
        candidate
    });
    Search::default()
        .mlp(Mlp::default().threads(2))
        .candidates(candidates.to_vec())
        .folds(4)
}

#[test]
fn codes_stand_for_one_input_each() {
    for (label, n_codes) in [
        (Label::Classes(2), 1),
        (Label::Classes(4), 4),
        (Label::Value, 1),
    ] {
        let score = |max_categories: usize| {
            let (_folder, table) = read(label, max_categories);
            let parts = table.split(0.25, 0).unwrap();
            let model = single().fit(&parts.train).unwrap();
            let found = model.evaluate(&parts.test).unwrap();
            (
                model.encoding().n_inputs,
                found.accuracy.or(found.r2).unwrap(),
            )
        };
        let (n_one_hot, one_hot) = score(1000);
        let (n_coded, coded) = score(100);
        assert_eq!((n_one_hot, n_coded), (ZIPS + 1, n_codes + 1));
        assert!(coded > one_hot - 0.02, "{n_codes}: {coded} {one_hot}");
    }
}

#[test]
fn figures_out_of_fold_are_not_flattered() {
    let scores = |ignored: &[&str]| {
        let (_folder, table) = read(Label::Noise, 100);
        let table = table.label("y");
        let table = if ignored.is_empty() {
            table
        } else {
            table.ignore(ignored.iter().copied())
        };
        let parts = table.split(0.5, 1).unwrap();
        let model = search().fit(&parts.train).unwrap();
        let search = model.provenance().search.as_ref().unwrap().out_of_fold;
        let test = model.evaluate(&parts.test).unwrap();
        (search.unwrap().loss, test.loss, test.accuracy.unwrap())
    };
    let (with, with_test, with_accuracy) = scores(&[]);
    let (without, without_test, without_accuracy) = scores(&["zip"]);
    assert!(with > without - 0.004, "{with} {without}");
    assert!(
        (with_test - without_test).abs() < 0.01,
        "{with_test} {without_test}"
    );
    assert!(
        (with_accuracy - without_accuracy).abs() < 0.02,
        "{with_accuracy} {without_accuracy}"
    );
}

#[test]
fn figures_out_of_fold_are_those_of_new_rows() {
    let (_folder, table) = read(Label::Classes(2), 100);
    let parts = table.split(0.5, 1).unwrap();
    let model = search().fit(&parts.train).unwrap();
    let search = model.provenance().search.as_ref().unwrap();
    let (told, found) = (
        search.out_of_fold.unwrap().loss,
        model.evaluate(&parts.test).unwrap().loss,
    );
    // The model has the codes of all rows and the networks of all folds.
    assert!(found < told + 0.01 && told < found + 0.08, "{told} {found}");
}

#[test]
fn a_file_of_a_model_gives_the_same_answers() {
    let (folder, table) = read(Label::Classes(4), 100);
    let parts = table.split(0.25, 0).unwrap();
    let model = single().fit(&parts.train).unwrap();
    let path = folder.path().join("m.safetensors");
    model.save(&path).unwrap();
    let again = Predictor::load(&path).unwrap();
    // Cells read before the codes were known, and cells of the file.
    let (some, all) = (
        model.predict_table(&parts.test).unwrap(),
        again.predict_table(&table).unwrap(),
    );
    let text = rows(Label::Classes(4));
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let row = |i: usize| -> Vec<&str> { lines[i].split(',').take(2).collect() };
    for i in 0..50 {
        let one = again.predict_row(&row(i)).unwrap();
        let n = one.probabilities().len();
        for (a, b) in one.probabilities().iter().zip(&all.all_outputs()[n * i..]) {
            assert!((a - b).abs() < 1e-6);
        }
    }
    let found = again.evaluate(&parts.test).unwrap();
    assert_eq!(found, model.evaluate(&parts.test).unwrap());
    assert_eq!(some.class_indices().len(), ROWS / 4);
    // A zip code that is not known is that of nowhere, and counted.
    let new = folder.path().join("new.csv");
    std::fs::write(&new, "zip,x\nNowhere,0.5\nZ007,0.5\n").unwrap();
    let found = again.predict_table(&Table::read(&new).unwrap()).unwrap();
    assert_eq!(found.reading().unwrap().n_unknown(), 1);
    let strict = Table::read(&new).unwrap().strict(true);
    assert!(
        again
            .predict_table(&strict)
            .unwrap_err()
            .to_string()
            .contains("Nowhere")
    );
}

#[test]
fn every_part_of_a_table_has_codes_of_its_own() {
    let (_folder, table) = read(Label::Classes(2), 100);
    let folds = cross_validate(&single(), &table, 3, 0).unwrap().folds;
    let accuracy = |fold: &tiam::Evaluation| fold.accuracy.unwrap();
    assert!(folds.iter().all(|fold| accuracy(fold) > 0.7), "{folds:?}");
    let parts = table.split(0.5, 0).unwrap();
    let columns = |table: &Table| {
        let prepared = single()
            .prepare::<f32>(table.clone(), &Holdout::Nothing)
            .unwrap();
        prepared.encoding.columns.unwrap()
    };
    assert_ne!(columns(&parts.train), columns(&parts.test));
}

#[test]
fn training_that_goes_on_keeps_labels_to_themselves() {
    let (_folder, table) = read(Label::Noise, 100);
    let parts = table.split(0.5, 0).unwrap();
    let first = single().fit(&parts.train).unwrap();
    let inputs = |mlp: Mlp| {
        let prepared = mlp
            .prepare::<f32>(parts.train.clone(), &Holdout::Nothing)
            .unwrap();
        prepared.train.inputs().clone()
    };
    assert_eq!(inputs(single()), inputs(single().go_on_from(first)));
}

#[test]
fn an_explanation_shows_categories_from_the_least_code_to_the_largest() {
    let (_folder, table) = read(Label::Value, 100);
    let model = single().fit(&table).unwrap();
    let found = model.importance(&table, 0).unwrap();
    assert_eq!(found[0].column, "zip");
    let found = model.partial_dependence(&table, "zip").unwrap();
    let Grid::Categories(names) = found.grid else {
        panic!("categories were expected")
    };
    assert_eq!(names.len(), 20);
    assert!(
        found
            .outputs
            .windows(2)
            .all(|pair| pair[0][0] < pair[1][0] + 0.2),
        "{:?}",
        found.outputs
    );
    assert!(found.outputs[19][0] > found.outputs[0][0] + 6.0);
}
