//! Tables that are streamed: that they train as those in memory do, and what is refused.

use std::fmt::Write as _;
use std::path::PathBuf;

use tempfile::TempDir;
use tiam::{
    Evaluation, Holdout, Mlp, Precision, Predictor, Search, StochasticParams, Streaming, Table,
    TiamParams,
};

use crate::search::noise;

/// Rows whose class depends on two numbers, one of them with gaps, a colour and one of 60 places.
fn rows(n: usize, from: usize) -> String {
    let mut text = "x,z,colour,place,kind\n".to_owned();
    for i in from..from + n {
        let (x, z) = (noise(4 * i), noise(4 * i + 1));
        let place = (noise(4 * i + 2) * 60.0) as usize;
        let colour = ["red", "blue", "green"][i % 3];
        let score = (6.0 * x).sin() + z + [0.0, 0.5, -0.5][i % 3] + noise(90_000_000 + place);
        let kind = ["low", "middle", "high"][usize::from(score > 0.7) + usize::from(score > 1.5)];
        let z = match i % 13 {
            4 => String::new(),
            _ => format!("{z:.4}"),
        };
        writeln!(text, "{x:.4},{z},{colour},P{place},{kind}").unwrap();
    }
    text
}

struct Files {
    _folder: TempDir,
    train: PathBuf,
    test: PathBuf,
}

/// So many rows take ten blocks.
const ROWS: usize = 30_000;

fn files() -> Files {
    let folder = tempfile::tempdir().unwrap();
    let (train, test) = (folder.path().join("t.csv"), folder.path().join("new.csv"));
    std::fs::write(&train, rows(ROWS, 0)).unwrap();
    std::fs::write(&test, rows(4000, ROWS)).unwrap();
    Files {
        _folder: folder,
        train,
        test,
    }
}

fn table(files: &Files) -> Table {
    Table::read(&files.train).unwrap().label("kind")
}

/// Two blocks and a twentieth of the rows are in memory.
fn small() -> Streaming {
    Streaming::default().pool_blocks(2).sample_rows(ROWS / 20)
}

fn mlp() -> Mlp {
    Mlp::default()
        .hidden([24])
        .method(StochasticParams::default().epochs(4))
}

fn bytes(model: &Predictor) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    model.save(&path).unwrap();
    std::fs::read(path).unwrap()
}

fn measured(model: &Predictor, files: &Files) -> Evaluation {
    model.evaluate(&Table::read(&files.test).unwrap()).unwrap()
}

#[test]
fn a_streamed_table_trains_as_well_as_one_in_memory_and_alike_on_any_threads() {
    let files = files();
    let streamed = table(&files).streamed(small());
    let one = mlp().threads(1).fit(&streamed).unwrap();
    let two = mlp().threads(2).fit(&streamed).unwrap();
    assert_eq!(bytes(&one), bytes(&two));
    assert_ne!(bytes(&one), bytes(&mlp().seed(1).fit(&streamed).unwrap()));
    // From one seed to another either varies by one to two per cent.
    let mean = |table: &Table| {
        let accuracy = |seed| measured(&mlp().seed(seed).fit(table).unwrap(), &files).accuracy;
        (0..3).map(|seed| accuracy(seed).unwrap()).sum::<f64>() / 3.0
    };
    let (in_memory, found) = (mean(&table(&files)), mean(&streamed));
    assert!(in_memory > 0.82, "{in_memory}");
    assert!(found > in_memory - 0.04, "{found} {in_memory}");
    // A gap and a colour that is not known are answered as by any model.
    assert!(one.predict_row(&["0.3", "", "violet", "P7"]).is_ok());
}

#[test]
fn parts_are_drawn_by_rows_and_scalings_are_of_all() {
    let files = files();
    let prepare = |streaming, fraction| {
        let table = table(&files).streamed(streaming);
        let mlp = mlp().method(StochasticParams::default().patience(3));
        mlp.prepare::<f32>(table, &Holdout::Fraction(fraction))
            .unwrap()
    };
    let prepared = prepare(small(), 0.03);
    let n = |part: &Option<tiam::models::Samples<f32>>| part.as_ref().unwrap().n_samples();
    let (test, validation) = (n(&prepared.test), n(&prepared.validation));
    assert_eq!(prepared.n_train() + test + validation, ROWS);
    // Within five deviations of 3 and 5 %.
    assert!(test.abs_diff(900) < 150, "{test}");
    assert!(validation.abs_diff(1500) < 190, "{validation}");
    assert!(prepared.train.n_samples().abs_diff(1500) < 190);
    // The mean of a sample of 1500 would be off by 0.02 of the deviation.
    let own = prepare(Streaming::default(), 0.03);
    assert_eq!(own.n_train(), own.train.n_samples());
    let zero = |prepared: &tiam::Prepared<f32>| {
        let scaling = prepared.encoding.input_scaling.clone().unwrap();
        let all = vec![0.0_f64; scaling.len()];
        let mut all = tiam::linalg::Matrix::from_vec(scaling.len(), 1, all).unwrap();
        scaling.apply(&mut all).unwrap();
        all[(0, 0)]
    };
    assert!((zero(&prepared) - zero(&own)).abs() < 0.01);
    // A fraction is cut to what memory holds.
    assert!(n(&prepare(small(), 0.5).test).abs_diff(1500) < 190);
}

#[test]
fn a_small_table_is_trained_on_as_if_it_were_not_streamed_but_for_its_parts() {
    let files = files();
    let streamed = table(&files).streamed(Streaming::default());
    assert_eq!(
        bytes(&mlp().fit(&streamed).unwrap()),
        bytes(&mlp().fit(&table(&files)).unwrap())
    );
}

#[test]
fn what_needs_all_rows_in_memory_is_refused() {
    let files = files();
    let streamed = || table(&files).streamed(small());
    let refused = |error: tiam::Error, words: &str| {
        let error = error.to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(Search::default().fit(&streamed()).unwrap_err(), "in memory");
    refused(streamed().split(0.2, 0).unwrap_err(), "in memory");
    refused(streamed().load().unwrap_err(), "in memory");
    let double = streamed().precision(Precision::F64);
    refused(mlp().fit(&double).unwrap_err(), "precision");
    let full = mlp().method(TiamParams::default());
    refused(full.fit(&streamed()).unwrap_err(), "method");
    let none = table(&files).streamed(small().pool_blocks(0));
    refused(mlp().fit(&none).unwrap_err(), "pool_blocks");
    let digits = Table::digits().streamed(small());
    refused(mlp().fit(&digits).unwrap_err(), "no table");
}
