//! Going on with a run: in another process's form of the steps, from folders with odd files, after a state went bad.

use std::fs;
use std::path::Path;

use crate::common::Shape;
use tiam_core::Stopping;
use tiam_linalg::{Matrix, Solver};
use tiam_models::{
    Activation, Architecture, Cadence, Checkpoint, Checkpointer, Init, Loss, Network,
    NetworkProblem, RunIdentity, Samples, Session, StochasticParams, StochasticTrainer, Target,
    TiamParams, Trained, run_in,
};

/// More samples than features, for the Gram form.
fn shape() -> Shape {
    Shape {
        n_features: 6,
        hidden: vec![5],
        n_outputs: 3,
        n_samples: 80,
        activation: Activation::Relu,
        values: false,
        seed: 3,
    }
}

fn go(
    samples: &Samples<f64>,
    (solver, iterations): (Solver, usize),
    session: Session<'_, '_>,
) -> Trained<f64> {
    let stopping = Stopping::default().max_iterations(iterations);
    let params = TiamParams::default().solver(solver).stopping(stopping);
    let config = params.check().unwrap();
    let problem = NetworkProblem::new(shape().network(samples), samples, config.clone()).unwrap();
    run_in(problem, config.driver().clone(), &mut [], session).unwrap()
}

fn saved_after(samples: &Samples<f64>, run: (Solver, usize), every: usize, folder: &Path) {
    let mut saver = Checkpointer::new(folder, RunIdentity::default)
        .every(Cadence::Iterations(every))
        .keep(2);
    let checkpoints = Some(&mut saver);
    let resume = None;
    go(
        samples,
        run,
        Session {
            checkpoints,
            resume,
        },
    );
}

fn resumed(samples: &Samples<f64>, run: (Solver, usize), folder: &Path) -> Trained<f64> {
    let checkpoint = Checkpoint::latest(folder).unwrap().newest.unwrap();
    let session = Session {
        checkpoints: None,
        resume: Some(&checkpoint),
    };
    go(samples, run, session)
}

/// As where `auto` measured another speed in the process that goes on.
#[test]
fn a_run_goes_on_in_the_form_it_began_with() {
    let samples = shape().samples::<f64>();
    for (began, other) in [
        (Solver::Gram, Solver::Backtracking),
        (Solver::Backtracking, Solver::Gram),
        (Solver::Gram, Solver::Dual),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let whole = go(&samples, (began, 9), Session::default());
        saved_after(&samples, (began, 4), 4, folder.path());
        let parts = resumed(&samples, (other, 9), folder.path());
        assert_eq!(parts.network, whole.network, "{began:?} by {other:?}");
        assert_eq!(parts.trace.objectives(), whole.trace.objectives());
        assert_eq!(parts.solvers[0].solver, began.name());
        // The forms do part by rounding, so that the bits tell.
        let differently = go(&samples, (other, 9), Session::default());
        assert!(other == Solver::Dual || differently.network != whole.network);
    }
}

#[test]
fn what_claims_more_iterations_than_were_done_goes_before_what_is_good() {
    let samples = shape().samples::<f64>();
    let folder = tempfile::tempdir().unwrap();
    let claims = folder.path().join("checkpoint-000000020.safetensors");
    saved_after(&samples, (Solver::Backtracking, 2), 2, folder.path());
    fs::write(&claims, b"damaged").unwrap();
    saved_after(&samples, (Solver::Backtracking, 4), 4, folder.path());
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "checkpoint-000000002.safetensors",
            "checkpoint-000000004.safetensors"
        ]
    );
}

#[test]
fn a_trainer_that_went_bad_leaves_the_file_that_was_good() {
    let piece = |scale: f64| {
        let x = Matrix::from_fn(2, 40, |i, j| scale * ((i + 3 * j) % 7) as f64);
        let y = Matrix::from_fn(1, 40, |_, j| scale * j as f64);
        Samples::new(x, Target::Values(y)).unwrap()
    };
    let shape = Architecture::new(2, &[], 1, Activation::Relu, Loss::Squared);
    let network = Network::<f64>::new(shape.unwrap(), Init::He, 0);
    let config = StochasticParams::default().check().unwrap();
    let mut trainer = StochasticTrainer::new(network.unwrap(), &config).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trainer");
    trainer.partial_fit(&piece(1.0), None).unwrap();
    trainer.save(&path).unwrap();
    let good = fs::read(&path).unwrap();
    trainer.partial_fit(&piece(1e200), None).unwrap_err();
    let told = trainer.save(&path).unwrap_err().to_string();
    assert!(told.contains("entry") && told.contains("trainer"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), good);
}
