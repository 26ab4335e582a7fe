//! From a file to a prediction, as a user would go.

use std::path::{Path, PathBuf};
use std::thread;

use tempfile::TempDir;
use tiam::{
    DataKind, Dataset, Error, Features, Mlp, Precision, Predictor, StochasticParams, Stopping,
    Table, Targets, TiamParams, cross_validate,
};

const IRIS: &str = include_str!("../data/iris.csv");

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn iris(folder: &TempDir) -> Table {
    Table::read(file(folder, "iris.csv", IRIS)).unwrap()
}

/// Small, so that tests are fast.
fn small() -> Mlp {
    let method = StochasticParams::default().epochs(20);
    Mlp::default().hidden([8]).method(method).threads(1)
}

fn shop(n: usize) -> String {
    let row = |i: usize| {
        let (colour, size) = (["red", "green", "blue"][i % 3], (i * 7) % 11);
        let price = 3.0 * size as f64 + if colour == "red" { 20.0 } else { 0.0 };
        format!("{i},{colour},{size},{price}\n")
    };
    "id,colour,size,price\n".to_owned() + &(0..n).map(row).collect::<String>()
}

#[test]
fn a_saved_model_answers_as_it_did_before() {
    let folder = TempDir::new().unwrap();
    let parts = iris(&folder).label("species").split(0.2, 0).unwrap();
    let model = Mlp::default().threads(1).fit(&parts.train).unwrap();
    let found = model.evaluate(&parts.test).unwrap();
    assert!(found.accuracy.unwrap() >= 0.9, "{found:?}");
    assert_eq!(found.n_samples, 30);
    let path = folder.path().join("iris.safetensors");
    model.save(&path).unwrap();
    let loaded = Predictor::load(&path).unwrap();
    assert_eq!(loaded.evaluate(&parts.test).unwrap(), found);
    assert_eq!(loaded.encoding(), model.encoding());
    assert_eq!(
        loaded.columns(),
        ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    );
    let row = ["5.1", "3.5", "1.4", "0.2"];
    let answer = loaded.predict_row(&row).unwrap();
    assert_eq!(answer, model.predict_row(&row).unwrap());
    assert_eq!(answer.class(), Some("setosa"));
    let sum: f64 = answer.probabilities().iter().sum();
    assert!((sum - 1.0).abs() < 1e-6);
}

#[test]
fn rows_batches_and_tables_give_the_same_answers() {
    let folder = TempDir::new().unwrap();
    let table = iris(&folder);
    for precision in [Precision::F32, Precision::F64] {
        let model = small().fit(&table.clone().precision(precision)).unwrap();
        assert_eq!(model.precision(), precision);
        let numbers: Vec<f64> = (IRIS.lines().skip(1))
            .flat_map(|line| line.split(',').take(4).map(|x| x.parse::<f64>().unwrap()))
            .collect();
        let batch = model.predict(&numbers).unwrap();
        let of_table = model.predict_table(&table).unwrap();
        assert_eq!(batch.len(), 150);
        assert_eq!(batch.class_indices(), of_table.class_indices());
        assert_eq!(model.probabilities(&numbers).unwrap(), batch.all_outputs());
        for (i, row) in numbers.chunks(4).enumerate() {
            let one = model.predict_row(row).unwrap();
            assert_eq!(one.class(), batch.classes().nth(i));
            let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-5;
            assert!(one.outputs().iter().zip(batch.outputs(i)).all(near));
            assert!(one.outputs().iter().zip(of_table.outputs(i)).all(near));
        }
    }
}

#[test]
fn a_row_may_hold_the_inputs_all_columns_or_all_but_the_label() {
    let folder = TempDir::new().unwrap();
    let table = Table::read(file(&folder, "shop.csv", &shop(120))).unwrap();
    let model = small().fit(&table.ignore(["id"]).label("price")).unwrap();
    let inputs = model.predict_row(&["red", "5"]).unwrap();
    assert_eq!(inputs.class(), None);
    assert!((inputs.value().unwrap() - 35.0).abs() < 8.0, "{inputs}");
    assert_eq!(model.predict_row(&["x", " red ", "5.0"]).unwrap(), inputs);
    assert_eq!(model.predict_row(&["x", "red", "5", "?"]).unwrap(), inputs);
    assert_eq!(model.columns(), ["colour", "size"]);
    assert!(matches!(
        model.probabilities(&["red", "5"]),
        Err(Error::NoProbabilities)
    ));
    assert!(model.predict_row(&["pink", ""]).is_ok());
    let model = model.strict(true);
    let refused = |row: &[&str]| model.predict_row(row).unwrap_err().to_string();
    assert!(refused(&["red"]).contains("cells of a row"));
    assert!(
        refused(&["pink", "5"]).contains("\"colour\"") && refused(&["pink", "5"]).contains("pink")
    );
    assert!(refused(&["red", ""]).contains("\"size\""));
    assert!(refused(&["red", "inf"]).contains("\"size\""));
    assert!(model.predict(&["red", "5", "red"]).is_err());
}

#[test]
fn a_predictor_is_shared_among_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let model = small().fit(&Table::digits()).unwrap();
    shared(&model);
    let row = [3.0_f32; 64];
    let expected = model.predict_row(&row).unwrap();
    let rows: Vec<f32> = row.iter().copied().cycle().take(64 * 5000).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(model.predict_row(&row).unwrap(), expected);
                }
                let many = model.predict(&rows).unwrap();
                assert!(many.classes().all(|class| Some(class) == expected.class()));
            });
        }
    });
}

#[test]
fn a_seed_gives_the_same_model() {
    let folder = TempDir::new().unwrap();
    let bytes = |mlp: Mlp| {
        let path = folder.path().join("m");
        mlp.fit(&Table::digits()).unwrap().save(&path).unwrap();
        std::fs::read(path).unwrap()
    };
    assert_eq!(bytes(small().seed(3)), bytes(small().seed(3)));
    assert_ne!(bytes(small().seed(3)), bytes(small().seed(4)));
}

#[test]
fn both_ways_of_training_reach_the_iris() {
    let folder = TempDir::new().unwrap();
    let parts = iris(&folder).split(0.2, 1).unwrap();
    let full_batch = TiamParams::default().rho(0.1);
    for model in [
        small().fit(&parts.train).unwrap(),
        Mlp::default()
            .hidden([8])
            .method(full_batch)
            .fit(&parts.train)
            .unwrap(),
    ] {
        let found = model.evaluate(&parts.test).unwrap();
        assert!(found.accuracy.unwrap() > 0.8, "{found:?}");
    }
}

#[test]
fn training_goes_on_from_a_model() {
    let folder = TempDir::new().unwrap();
    let parts = iris(&folder).split(0.3, 0).unwrap();
    let first = small().fit(&parts.train).unwrap();
    let before = first.evaluate(&parts.train).unwrap().loss;
    let second = small().go_on_from(first.clone()).fit(&parts.train).unwrap();
    assert!(second.evaluate(&parts.train).unwrap().loss < before);
    assert_eq!(second.encoding(), first.encoding());
    let other = small()
        .go_on_from(first)
        .fit(&parts.train.clone().precision(Precision::F64));
    assert!(matches!(other, Err(Error::Precision { .. })), "{other:?}");
}

#[test]
fn numbers_in_memory_train_and_predict() {
    let rows: Vec<f64> = (0..200)
        .flat_map(|i| [f64::from(i % 20), f64::from(i % 3)])
        .collect();
    let names = vec!["low".to_owned(), "high".to_owned()];
    let labels = rows.chunks(2).map(|row| u32::from(row[0] > 9.0)).collect();
    let features = Features::new(200, 2, rows).unwrap();
    let data = Dataset::new(features, Targets::Classes { labels, names }).unwrap();
    let model = small().fit(&Table::from(data)).unwrap();
    assert_eq!(model.provenance().data_kind, Some(DataKind::Table));
    assert_eq!(
        model.predict_row(&[19.0, 1.0]).unwrap().class(),
        Some("high")
    );
    assert_eq!(model.predict_row(&["0", "1"]).unwrap().class(), Some("low"));
    assert!(model.predict_row(&["zero", "1"]).is_err());
}

#[test]
fn folds_hold_every_sample_once_and_are_cross_validated() {
    let folder = TempDir::new().unwrap();
    let table = iris(&folder);
    let folds = table.k_folds(5, 0).unwrap();
    let sizes: Vec<usize> = folds.iter().map(|f| f.test.n_samples().unwrap()).collect();
    assert_eq!(sizes, [30; 5]);
    let scores = cross_validate(&small(), &table, 5, 0).unwrap();
    let (accuracy, deviation) = scores.mean(|fold| fold.accuracy).unwrap();
    assert!(accuracy > 0.85 && deviation < 0.15, "{scores:?}");
    for fold in &scores.folds {
        let classes = fold.classes.as_ref().unwrap();
        // By class: ten of each in every fold.
        assert_eq!(classes.largest_share(), Some(10.0 / 30.0));
    }
    assert_eq!(scores.mean(|fold| fold.rmse), None);
    assert!(table.k_folds(1, 0).is_err() && table.k_folds(151, 0).is_err());
}

#[test]
fn a_fold_of_a_part_stays_within_it() {
    let parts = Table::digits().split(0.5, 0).unwrap();
    let inner = parts.train.split(0.5, 1).unwrap();
    let total = inner.train.n_samples().unwrap() + inner.test.n_samples().unwrap();
    assert_eq!(total, parts.train.n_samples().unwrap());
}

#[test]
fn another_file_is_read_by_the_model_s_columns() {
    let folder = TempDir::new().unwrap();
    let model = small().fit(&iris(&folder)).unwrap();
    let swapped = "petal_width,petal_length,sepal_width,sepal_length\n0.2,1.4,3.5,5.1\n";
    let new = Table::read(file(&folder, "new.csv", swapped)).unwrap();
    let found = model.predict_table(&new).unwrap();
    assert_eq!(found.classes().collect::<Vec<_>>(), ["setosa"]);
    assert!(matches!(model.evaluate(&new), Err(Error::NoLabels { .. })));
    let renamed = IRIS.replacen("species", "kind", 1);
    let renamed = Table::read(file(&folder, "renamed.csv", &renamed)).unwrap();
    assert!(matches!(
        model.evaluate(&renamed),
        Err(Error::NoLabels { .. })
    ));
    assert!(
        model
            .evaluate(&renamed.label("kind"))
            .unwrap()
            .accuracy
            .unwrap()
            > 0.8
    );
    // Cells read by columns of their own are read again by the model's.
    let few: String = IRIS
        .lines()
        .take(60)
        .map(|line| line.to_owned() + "\n")
        .collect();
    let few = Table::read(file(&folder, "few.csv", &few)).unwrap();
    let part = few.split(0.5, 0).unwrap().test;
    let found = model.evaluate(&part).unwrap();
    assert_eq!(
        (found.n_samples, found.classes.unwrap().names.len()),
        (30, 3)
    );
}

#[test]
fn what_cannot_be_learnt_is_refused_in_words() {
    let folder = TempDir::new().unwrap();
    let fit = |text: &str| {
        let table = Table::read(file(&folder, "t.csv", text)).unwrap();
        small().fit(&table).unwrap_err()
    };
    let one = fit("x,y\n1,a\n2,a\n");
    assert!(
        matches!(one, Error::OneClass { .. }) && one.to_string().contains("last"),
        "{one}"
    );
    assert!(matches!(
        Table::read(Path::new("absent.csv")),
        Err(Error::Data(_))
    ));
    let unlabelled = iris(&folder).label("none");
    assert!(matches!(
        small().fit(&unlabelled),
        Err(Error::NoLabels { .. })
    ));
    let no_units = Mlp::default().hidden([0]).fit(&iris(&folder));
    assert!(matches!(no_units, Err(Error::Model(_))));
    let no_table = small().fit(&Table::digits().task(tiam::Task::Values));
    assert!(matches!(no_table, Err(Error::NotATable { .. })));
}

#[test]
fn numbers_that_stop_being_finite_leave_the_last_good_model() {
    let method = StochasticParams::default().step(1e30).trust(None).epochs(3);
    let failed = Mlp::default().hidden([8]).method(method).threads(1);
    match failed.fit(&Table::digits()) {
        Err(Error::Failed { last, .. }) => {
            let row = [1.0_f32; 64];
            assert!(last.predict_row(&row).unwrap().probabilities()[0].is_finite());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn early_stopping_holds_a_part_out() {
    let method = StochasticParams::default().epochs(60).patience(Some(2));
    let mlp = Mlp::default().hidden([8]).method(method).threads(1);
    let mut rows = 0;
    let mut validated = 0;
    let parts = Table::digits().split(0.2, 0).unwrap();
    mlp.fit_watched(&parts.train, &mut |row| {
        rows += 1;
        validated += usize::from(row.measures.validation.is_some());
    })
    .unwrap();
    assert!(rows > 2 && validated == rows, "{validated} of {rows}");
}

#[test]
fn a_method_s_own_stopping_rules_hold_unless_others_are_given() {
    let limited = TiamParams::default().stopping(Stopping::default().max_iterations(3));
    let mlp = Mlp::default().hidden([4]).method(limited).threads(1);
    let iterations = |mlp: &Mlp| {
        let model = mlp.fit(&Table::digits()).unwrap();
        model.provenance().training.as_ref().unwrap().iterations
    };
    assert_eq!(iterations(&mlp), 3);
    assert_eq!(
        iterations(&mlp.stopping(Stopping::default().max_iterations(2))),
        2
    );
}

#[test]
fn a_validation_part_that_nothing_looks_at_is_refused() {
    let mlp = Mlp::default().hidden([4]).method(TiamParams::default());
    let refused = mlp.validation_fraction(0.1).fit(&Table::digits());
    assert!(matches!(refused, Err(Error::Model(_))));
}

#[test]
fn numbers_in_memory_must_have_the_model_s_features_in_its_order() {
    let folder = TempDir::new().unwrap();
    let model = small().fit(&iris(&folder)).unwrap();
    let named = |names: [&str; 4]| {
        let features = Features::new(1, 4, vec![5.1_f32, 3.5, 1.4, 0.2]).unwrap();
        let data = Dataset::new(features, Targets::Absent).unwrap();
        let names = names.map(str::to_owned).to_vec();
        model.predict_table(&Table::from(data.with_feature_names(names).unwrap()))
    };
    let right = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
    assert_eq!(named(right).unwrap().classes().next(), Some("setosa"));
    let mut swapped = right;
    swapped.swap(0, 2);
    assert!(matches!(named(swapped), Err(Error::OtherFeatures { .. })));
}

#[test]
fn no_rows_have_no_predictions_and_many_rows_theirs() {
    let model = small().fit(&Table::digits()).unwrap().threads(2);
    assert!(model.predict::<f32>(&[]).unwrap().is_empty());
    // More rows than fit the scratch at once.
    let rows: Vec<f32> = (0..64 * 20_000).map(|i| (i % 17) as f32).collect();
    let many = model.predict(&rows).unwrap();
    assert_eq!((many.len(), many.class_indices().len()), (20_000, 20_000));
    let last = model.predict_row(&rows[64 * 19_999..]).unwrap();
    assert_eq!(many.classes().last(), last.class());
    let same = |threads: usize| model.clone().threads(threads).predict(&rows).unwrap();
    assert_eq!(same(1), many);
}
