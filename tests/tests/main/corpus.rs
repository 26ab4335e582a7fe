//! What the fuzz targets keep, and files changed at random, in the ordinary tests: an error or a sound value, never a panic.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tiam_core::Stopping;
use tiam_linalg::Matrix;
use tiam_models::{
    Activation, Architecture, Cadence, Checkpoint, Checkpointer, Init, Network, NetworkProblem,
    RunIdentity, Samples, Session, Target, TiamParams, run_in,
};
use tiam_tests::inputs::{ALL, Check};

fn corpus(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(name);
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_file_that_fuzzing_kept_is_read_or_refused() {
    let mut replayed = 0;
    for (name, check) in ALL {
        for path in corpus(name) {
            check(&fs::read(path).unwrap());
            replayed += 1;
        }
    }
    assert!(replayed > 30, "{replayed}");
}

/// A bit flipped, the end cut off, or a byte put in: `at` and `how` of the whole.
fn changed(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    for (at, how) in changes {
        if bytes.is_empty() {
            break;
        }
        let at = at.index(bytes.len());
        match how % 8 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, *how),
            bit => bytes[at] ^= 1 << bit,
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn changed_files_are_read_or_refused(
        input in 0..ALL.len(), file in any::<prop::sample::Index>(),
        changes in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..4),
    ) {
        let (name, check): (&str, Check) = ALL[input];
        let files = corpus(name);
        prop_assume!(!files.is_empty());
        check(&changed(fs::read(&files[file.index(files.len())]).unwrap(), &changes));
    }
}

fn samples() -> Samples<f64> {
    let labels = (0..20).map(|j| j % 2).collect();
    let target = Target::Classes {
        labels,
        n_classes: 2,
    };
    Samples::new(Matrix::from_fn(2, 20, |i, j| ((i + j) % 5) as f64), target).unwrap()
}

/// A checkpoint of three iterations in this folder, and the problem it is of.
fn checkpoint<'d>(folder: &Path, samples: &'d Samples<f64>) -> (PathBuf, NetworkProblem<'d, f64>) {
    let shape = Architecture::new(2, &[4], 2, Activation::Relu, samples.target().loss()).unwrap();
    let network = Network::<f64>::new(shape, Init::He, 1).unwrap();
    let stopping = Stopping::default().max_iterations(3);
    let config = TiamParams::default().stopping(stopping).check().unwrap();
    let problem = || NetworkProblem::new(network.clone(), samples, config.clone()).unwrap();
    let mut saver = Checkpointer::new(folder, RunIdentity::default).every(Cadence::Iterations(3));
    let session = Session {
        checkpoints: Some(&mut saver),
        resume: None,
    };
    run_in(problem(), config.driver().clone(), &mut [], session).unwrap();
    let newest = Checkpoint::latest(folder).unwrap().newest.unwrap();
    (newest.path().to_owned(), problem())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The checksums see every change.
    #[test]
    fn a_changed_checkpoint_is_refused(
        changes in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let samples = samples();
        let (path, mut problem) = checkpoint(folder.path(), &samples);
        let saved = Checkpoint::read(&path).unwrap();
        saved.restore(&mut problem).unwrap();
        let bytes = fs::read(&path).unwrap();
        let other = changed(bytes.clone(), &changes);
        fs::write(&path, &other).unwrap();
        match Checkpoint::read(&path) {
            Err(error) => prop_assert!(error.to_string().contains("not a usable checkpoint"), "{}", error),
            // Changes may undo each other, and blanks may pad the header: what it says is the same then.
            Ok(read) => {
                prop_assert_eq!((read.trace(), read.identity()), (saved.trace(), saved.identity()));
                prop_assert!(read.restore(&mut problem).is_ok());
            }
        }
    }
}
