//! The search for the best model of a table.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tiam::{
    Candidate, Dataset, Effort, Error, Features, Holdout, Inputs, Mlp, Predictor, Search, Stopping,
    Table, Targets,
};

/// A number in [0, 1) that looks random.
pub(crate) fn noise(i: usize) -> f64 {
    let mut x = (i as u64)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn features(n: usize, width: usize) -> Features<f32> {
    let values = (0..n * width).map(|i| noise(i) as f32).collect();
    Features::new(n, width, values).unwrap()
}

/// Classes that the features tell with an error of a fifth.
fn noisy(n: usize, n_classes: usize) -> Table {
    let x = features(n, 5);
    let label = |i: usize| {
        let row = x.sample(i).unwrap();
        let at = if noise(7 * i + 1_000_003) < 0.2 {
            noise(i + 9_999_991) as f32
        } else {
            0.5 * (row[0] + row[1])
        };
        ((at * n_classes as f32) as u32).min(n_classes as u32 - 1)
    };
    let names = (0..n_classes).map(|c| format!("c{c}")).collect();
    let labels = (0..n).map(label).collect();
    Dataset::new(x, Targets::Classes { labels, names })
        .unwrap()
        .into()
}

/// Positive values with a long tail.
fn skewed(n: usize) -> Table {
    let x = features(n, 3);
    let value = |i: usize| {
        let row = x.sample(i).unwrap();
        (4.0 * row[0] + 2.0 * row[1] * row[2] + 0.2 * noise(i + 77) as f32).exp()
    };
    let values = (0..n).map(value).collect();
    let values = Targets::Values(Features::new(n, 1, values).unwrap());
    Dataset::new(x, values).unwrap().into()
}

/// Few candidates, so that tests are fast.
fn quick() -> Search {
    let mut log = Candidate::new(Inputs::Standard, 1e-3);
    log.logarithm = true;
    log.hidden = vec![16];
    let narrow = |inputs, ridge| Candidate {
        logarithm: false,
        ..Candidate {
            inputs,
            ridge,
            ..log.clone()
        }
    };
    let candidates = [
        narrow(Inputs::Standard, 1e-2),
        narrow(Inputs::Bins, 2e-2),
        narrow(Inputs::Clipped, 1e-2),
    ];
    Search::default()
        .candidates(candidates.to_vec())
        .mlp(Mlp::default().threads(2))
}

fn same_answers(a: &Predictor, b: &Predictor, table: &Table) {
    let (a, b) = (
        a.predict_table(table).unwrap(),
        b.predict_table(table).unwrap(),
    );
    assert_eq!(a.all_outputs(), b.all_outputs());
    assert_eq!(a.class_indices(), b.class_indices());
}

#[test]
fn the_number_of_threads_alters_no_bit() {
    let table = noisy(200, 3);
    let search = |threads| {
        quick()
            .mlp(Mlp::default().threads(threads).seed(4))
            .fit(&table)
            .unwrap()
    };
    let (one, two) = (search(1), search(2));
    assert_eq!(one.provenance(), two.provenance());
    same_answers(&one, &two, &table);
}

#[test]
fn several_networks_come_back_with_their_bits() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("several.safetensors");
    for table in [noisy(150, 3), skewed(150)] {
        let model = quick().fit(&table).unwrap();
        assert!(model.n_networks() >= 4);
        model.save(&path).unwrap();
        let again = Predictor::load(&path).unwrap();
        assert_eq!(again.metadata(), model.metadata());
        same_answers(&again, &model, &table);
        let rows = features(
            40,
            model
                .columns()
                .len()
                .max(if model.class_names().is_empty() { 3 } else { 5 }),
        );
        let width = rows.n_features();
        let many = again.predict(rows.values()).unwrap();
        for i in 0..rows.n_samples() {
            let row: Vec<f32> = rows.sample(i).unwrap().to_vec();
            assert_eq!(row.len(), width);
            let one = again.predict_row(&row).unwrap();
            for (one, of_many) in one.outputs().iter().zip(many.outputs(i)) {
                assert!((one - of_many).abs() <= 1e-4 * one.abs().max(1.0));
            }
        }
    }
}

#[test]
fn a_model_of_one_network_is_the_file_it_was() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("one.safetensors");
    let table = noisy(100, 2);
    let mlp = Mlp::default().threads(1);
    let single = Search::default()
        .effort(Effort::Single)
        .mlp(mlp.clone())
        .fit(&table)
        .unwrap();
    same_answers(&single, &mlp.fit(&table).unwrap(), &table);
    single.save(&path).unwrap();
    let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
    assert!(!text.contains("ensemble") && !text.contains("members") && !text.contains("search"));
    assert_eq!(Predictor::load(&path).unwrap().n_networks(), 1);
}

#[test]
fn a_small_search_is_as_good_as_a_single_network_where_labels_are_noisy() {
    let parts = noisy(600, 3).split(0.5, 1).unwrap();
    let model = quick().fit(&parts.train).unwrap();
    let single = Mlp::default().threads(1).fit(&parts.train).unwrap();
    let (searched, one) = (
        model.evaluate(&parts.test).unwrap(),
        single.evaluate(&parts.test).unwrap(),
    );
    assert!(
        searched.loss < 1.05 * one.loss,
        "{} against {}",
        searched.loss,
        one.loss
    );
    let found = model.provenance().search.as_ref().unwrap();
    assert_eq!(found.candidates.len(), 3);
    assert_eq!(found.trainings, 12);
    assert_eq!(found.networks, model.n_networks());
    let shares: f64 = found.candidates.iter().map(|tried| tried.share).sum();
    assert!((shares - 1.0).abs() < 1e-12);
    let best = found
        .candidates
        .iter()
        .filter_map(|tried| tried.out_of_fold)
        .map(|s| s.loss)
        .fold(f64::INFINITY, f64::min);
    assert!(found.out_of_fold.unwrap().loss <= best);
    // What the data alone allow: a fifth of the labels is drawn at random.
    assert!(searched.accuracy > Some(0.75));
}

#[test]
fn values_with_a_long_tail_are_learnt_by_their_logarithm() {
    let parts = skewed(400).split(0.25, 0).unwrap();
    let search = Search::default().mlp(Mlp::default().threads(2));
    let tried = search.candidates_for(&parts.train).unwrap();
    assert!(tried.iter().any(|candidate| candidate.logarithm));
    let tried: Vec<Candidate> = tried
        .into_iter()
        .take(2)
        .map(|c| Candidate {
            hidden: vec![16],
            ..c
        })
        .collect();
    let model = search.candidates(tried).fit(&parts.train).unwrap();
    let found = model.provenance().search.clone().unwrap();
    let logarithm = found
        .candidates
        .iter()
        .find(|tried| tried.candidate.logarithm)
        .unwrap();
    assert!(logarithm.share > 0.5, "{found:?}");
    assert!(model.evaluate(&parts.test).unwrap().r2 > Some(0.9));
}

#[test]
fn small_tables_and_rare_classes_are_searched_too() {
    for (n, n_classes) in [(10, 2), (4, 2), (40, 20)] {
        let table = noisy(n, n_classes);
        let model = quick().fit(&table).unwrap();
        let found = model.predict_table(&table).unwrap();
        assert!(found.all_outputs().iter().all(|p| p.is_finite()));
        let of_one: f64 = found.outputs(0).iter().sum();
        assert!((of_one - 1.0).abs() < 1e-5);
    }
    // Two samples of a class: some folds are trained on the other class alone.
    let x = features(9, 2);
    let labels = vec![0, 0, 0, 0, 0, 0, 0, 0, 1];
    let names = vec!["often".to_owned(), "once".to_owned()];
    let table = Table::from(Dataset::new(x, Targets::Classes { labels, names }).unwrap());
    assert!(
        quick()
            .fit(&table)
            .unwrap()
            .evaluate(&table)
            .unwrap()
            .loss
            .is_finite()
    );
}

#[test]
fn a_time_limit_ends_a_search_with_what_there_is() {
    let table = noisy(300, 2);
    for seconds in [0.0, 0.05] {
        let stopping = Stopping::default().time_limit(Duration::from_secs_f64(seconds));
        let search = Search::default().mlp(Mlp::default().threads(2).stopping(stopping));
        let model = search.fit(&table).unwrap();
        let found = model.provenance().search.as_ref().unwrap();
        assert_eq!(found.stop_reason, "time_limit");
        assert!(found.trainings >= 1 && model.n_networks() >= 1);
        assert!(model.evaluate(&table).unwrap().loss.is_finite());
    }
}

#[test]
fn several_networks_are_no_start_for_another_training() {
    let table = noisy(60, 2);
    let model = quick().fit(&table).unwrap();
    assert!(matches!(model.network::<f32>(), Err(Error::Several { .. })));
    let further = Mlp::default().go_on_from(model).fit(&table);
    assert!(matches!(further, Err(Error::Several { .. })));
}

#[test]
fn more_effort_tries_more() {
    let table = noisy(300, 2);
    let n = |effort| {
        Search::default()
            .effort(effort)
            .candidates_for(&table)
            .unwrap()
            .len()
    };
    assert!(n(Effort::Best) > n(Effort::Good));
    // Outliers among the inputs matter where values are learnt.
    let clips = |table: &Table| {
        let tried = Search::default().candidates_for(table).unwrap();
        tried
            .iter()
            .any(|candidate| candidate.inputs == Inputs::Clipped)
    };
    assert!(!clips(&table) && clips(&skewed(300)));
}

/// The model of a search that keeps its trainings, ended after so many of them.
fn kept_until(
    table: &Table,
    folder: &std::path::Path,
    stop_after: usize,
    threads: usize,
) -> tiam::Result<(Predictor, usize)> {
    let flag = Arc::new(AtomicBool::new(false));
    let stopping = Stopping::default().interrupt(Arc::clone(&flag));
    let mlp = Mlp::default().threads(threads).stopping(stopping);
    let search = quick().mlp(mlp).keep(folder.to_owned());
    let prepared = search.prepare::<f32>(table.clone(), &Holdout::default())?;
    let mut trainings = 0;
    let model = search.train(&prepared, &mut |done, _| {
        trainings = done;
        flag.store(done >= stop_after, Ordering::Relaxed);
    })?;
    Ok((model, trainings))
}

#[test]
fn an_interrupted_search_goes_on_to_the_same_model() {
    let (table, folder) = (noisy(200, 3), TempDir::new().unwrap());
    let (whole, all) = kept_until(&table, &folder.path().join("whole"), usize::MAX, 2).unwrap();
    assert_eq!(all, 12);
    // All was tried: nothing is kept.
    assert!(!folder.path().join("whole").exists());
    let kept = folder.path().join("kept");
    let (early, done) = kept_until(&table, &kept, 3, 1).unwrap();
    assert!(done < all && early.to_bytes().unwrap() != whole.to_bytes().unwrap());
    let files = std::fs::read_dir(&kept).unwrap().count();
    assert!((4..=done + 1).contains(&files), "{files}");
    // A file that is cut short is trained again.
    let file = kept.join("0-1.safetensors");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let (again, _) = kept_until(&table, &kept, usize::MAX, 2).unwrap();
    assert_eq!(again.to_bytes().unwrap(), whole.to_bytes().unwrap());
    assert!(!kept.exists());
}

#[test]
fn another_search_does_not_go_on_with_what_is_kept() {
    let folder = TempDir::new().unwrap();
    kept_until(&noisy(200, 3), folder.path(), 2, 1).unwrap();
    let other = kept_until(&noisy(201, 3), folder.path(), usize::MAX, 1).unwrap_err();
    assert!(
        other
            .to_string()
            .contains("is of another search: training data differs"),
        "{other}"
    );
    let search = quick()
        .keep(folder.path().to_owned())
        .mlp(Mlp::default().seed(1));
    let other = search.fit(&noisy(200, 3)).unwrap_err();
    assert!(other.to_string().contains("seed was 0 and is 1"), "{other}");
}
