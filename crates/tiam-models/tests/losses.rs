//! A loss and a stopping rule of the user's own: training, files, resumed runs.

#[path = "../examples/huber.rs"]
#[allow(dead_code, reason = "it is a program too")]
mod huber;

use std::fs;

use crate::common::Shape;
use huber::{Huber, both_ways, rmse as rmse_of, table};
use tiam_core::{StopReason, Stopping};
use tiam_linalg::{
    AnyLoss, Compute, CrossEntropy, LossSum, Matrix, Real, SquaredLoss, TargetKind, Targets,
};
use tiam_models::{
    Activation, AnyModel, Architecture, Band, Cadence, Checkpoint, Checkpointer, Evaluation, Init,
    Loss, Model, ModelError, Network, NetworkProblem, RunIdentity, Samples, Session,
    StochasticData, StochasticParams, StochasticProblem, StochasticTrainer, TiamParams, run_in,
    stop_when, train, train_stochastic,
};

/// A built-in loss under another name.
struct Renamed<L>(L, &'static str);

impl<T: Real, L: tiam_linalg::Loss<T>> tiam_linalg::Loss<T> for Renamed<L> {
    fn name(&self) -> String {
        self.1.to_owned()
    }
    fn takes(&self) -> TargetKind {
        self.0.takes()
    }
    fn value(&self, z: &[T], targets: Targets<'_, T>) -> LossSum {
        self.0.value(z, targets)
    }
    fn gradient(&self, z: &mut [T], targets: Targets<'_, T>) {
        self.0.gradient(z, targets);
    }
    fn prox(&self, z: &mut [T], center: &[T], targets: Targets<'_, T>, rho: T, scratch: &mut [T]) {
        self.0.prox(z, center, targets, rho, scratch);
    }
    fn prox_scratch_len(&self, n_outputs: usize) -> usize {
        self.0.prox_scratch_len(n_outputs)
    }
    fn value_and_gradient(
        &self,
        z: &mut [T],
        targets: Targets<'_, T>,
        weights: Option<&[T]>,
    ) -> LossSum {
        self.0.value_and_gradient(z, targets, weights)
    }
}

fn shape(values: bool) -> Shape {
    Shape {
        n_features: 4,
        hidden: vec![7, 5],
        n_outputs: 3,
        n_samples: 150,
        activation: Activation::Relu,
        values,
        seed: 5,
    }
}

fn full(n: usize) -> TiamParams {
    TiamParams::default().stopping(Stopping::default().max_iterations(n))
}

fn evaluated<T: Real>(
    network: &Network<T>,
    samples: &Samples<T>,
) -> Result<Evaluation, ModelError> {
    network.evaluate(samples, &mut Compute::new(1)?)
}

/// Every sixth target is 8 too high: the mean of the targets is 1.3 too high, and the squared loss follows it.
#[test]
fn a_users_loss_trains_both_ways_and_is_not_drawn_by_outliers() {
    let (samples, clean) = (table(600, 1, true).unwrap(), table(600, 2, false).unwrap());
    let rmse = |loss: Loss| {
        let networks = both_ways(loss, &samples).unwrap();
        networks.map(|network| rmse_of(&network, &clean).unwrap())
    };
    let (squared, huber) = (
        rmse(Loss::Squared),
        rmse(Loss::custom(Huber { delta: 0.5 })),
    );
    for (squared, huber) in squared.into_iter().zip(huber) {
        assert!(squared > 1.0 && huber < 0.3, "{squared} {huber}");
    }
}

/// Bit by bit, in both precisions, by full batch and by batches, weighted or not.
#[test]
fn a_built_in_loss_under_another_name_is_the_built_in_loss() {
    fn check<T: Real>(values: bool, own: impl AnyLoss + 'static) {
        let samples = shape(values).samples::<T>();
        let built_in = shape(values).network(&samples);
        let own = built_in.clone().with_loss(Loss::custom(own)).unwrap();
        let run = |network: &Network<T>| {
            let config = full(8).check().unwrap();
            let full = train(network.clone(), &samples, &config, &mut []).unwrap();
            // `met` is for cross-entropy alone.
            let params = StochasticParams::default().epochs(3).error_tolerance(None);
            let (config, weights) = (params.check().unwrap(), [0.5, 1.0, 2.0].repeat(50));
            let batches = [None, Some(&weights[..])].map(|weights| {
                let data = StochasticData {
                    weights,
                    ..StochasticData::new(&samples)
                };
                train_stochastic(network.clone(), data, &config, &mut []).unwrap()
            });
            let [plain, weighted] = batches;
            [full, plain, weighted].map(|trained| {
                let layers = trained.network.layers().to_vec();
                let found = evaluated(&trained.network, &samples).unwrap();
                (layers, trained.trace.objectives(), found)
            })
        };
        assert_eq!(run(&built_in), run(&own));
    }
    check::<f64>(true, Renamed(SquaredLoss, "mine"));
    check::<f32>(true, Renamed(SquaredLoss, "mine"));
    check::<f64>(false, Renamed(CrossEntropy, "mine"));
    check::<f32>(false, Renamed(CrossEntropy, "mine"));
}

#[test]
fn a_file_keeps_the_name_of_a_loss() {
    let (samples, delta) = (table(60, 1, true).unwrap(), 0.25);
    let shape = Architecture::new(2, &[3], 1, Activation::Relu, Loss::custom(Huber { delta }));
    let model = Model::new(Network::<f64>::new(shape.unwrap(), Init::He, 0).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    model.save(&path).unwrap();
    let AnyModel::F64(loaded) = AnyModel::load(&path).unwrap() else {
        panic!("saved in double precision");
    };
    assert_eq!(loaded, model);
    assert_eq!(loaded.metadata().architecture.loss.name(), "huber(0.25)");
    loaded.save(folder.path().join("again")).unwrap();
    let again = fs::read(folder.path().join("again")).unwrap();
    assert_eq!(again, fs::read(&path).unwrap());

    // It predicts, and says what training and evaluating it take.
    let mut compute = Compute::new(1).unwrap();
    let (inputs, network) = (samples.inputs(), loaded.network());
    let outputs = |model: &Model<f64>, compute: &mut Compute<f64>| {
        model.values(inputs.clone(), compute).unwrap()
    };
    assert_eq!(
        outputs(&loaded, &mut compute),
        outputs(&model, &mut compute)
    );
    assert!(network.probabilities(inputs, &mut compute).is_err());
    let config = full(2).check().unwrap();
    let by_batches = StochasticParams::default().epochs(2).check().unwrap();
    let data = StochasticData::new(&samples);
    let refusals = [
        evaluated(network, &samples).unwrap_err().to_string(),
        train(network.clone(), &samples, &config, &mut [])
            .unwrap_err()
            .to_string(),
        train_stochastic(network.clone(), data, &by_batches, &mut [])
            .unwrap_err()
            .to_string(),
        StochasticTrainer::new(network.clone(), &by_batches)
            .err()
            .unwrap()
            .to_string(),
    ];
    for refusal in refusals {
        assert!(
            refusal.contains("huber(0.25)") && refusal.contains("with_loss"),
            "{refusal}"
        );
    }
    let whole = loaded.with_loss(Loss::custom(Huber { delta })).unwrap();
    let found = evaluated(whole.network(), &samples).unwrap();
    assert_eq!(found, evaluated(model.network(), &samples).unwrap());
    train(whole.network().clone(), &samples, &config, &mut []).unwrap();
    assert_ne!(
        Loss::custom(Huber { delta }),
        Loss::custom(Huber { delta: 1.0 })
    );
}

#[test]
fn the_built_in_losses_are_written_as_ever() {
    for (loss, name) in [
        (Loss::CrossEntropy, "cross_entropy"),
        (Loss::Squared, "squared"),
    ] {
        let shape = Architecture::new(2, &[3], 1, Activation::Elu, loss).unwrap();
        let text = format!(r#"{{"sizes":[2,3,1],"activation":"elu","loss":"{name}"}}"#);
        assert_eq!(serde_json::to_string(&shape).unwrap(), text);
        assert_eq!(serde_json::from_str::<Architecture>(&text).unwrap(), shape);
        let more = text.replace('}', r#","more":1}"#);
        assert!(serde_json::from_str::<Architecture>(&more).is_err());
        // A loss of that name would be read as the built-in one.
        for bad in [name, ""] {
            let own = Loss::custom(Renamed(SquaredLoss, bad));
            assert!(Architecture::new(1, &[], 1, Activation::Relu, own).is_err());
        }
    }
}

#[test]
fn targets_that_a_loss_does_not_take_are_refused() {
    let (values, classes) = (shape(true).samples::<f64>(), shape(false).samples::<f64>());
    let own = |values: bool| match values {
        true => Loss::custom(Renamed(SquaredLoss, "mine")),
        false => Loss::custom(Renamed(CrossEntropy, "mine")),
    };
    for loss in [Loss::Squared, own(true)] {
        let network = shape(true).network(&values).with_loss(loss).unwrap();
        assert!(evaluated(&network, &values).is_ok());
        let told = evaluated(&network, &classes).unwrap_err().to_string();
        assert!(told.contains("target = classes"), "{told}");
    }
    for loss in [Loss::CrossEntropy, own(false)] {
        let network = shape(true).network(&values).with_loss(loss).unwrap();
        assert!(evaluated(&network, &values).is_err());
        let accuracy = evaluated(&network, &classes).unwrap().accuracy;
        assert!(accuracy.is_some());
        let inputs: Matrix<f64> = classes.inputs().clone();
        assert!(
            Model::new(network)
                .values(inputs, &mut Compute::new(1).unwrap())
                .is_err()
        );
    }
}

#[test]
fn a_rule_over_the_measures_ends_full_batches_and_batches() {
    let samples = table(300, 1, false).unwrap();
    let shape = Architecture::new(2, &[20], 1, Activation::Relu, Loss::Squared).unwrap();
    let network = Network::new(shape, Init::He, 1).unwrap();
    let words = StopReason::Custom("loss below 0.1".into());
    let mut rule = stop_when("loss below 0.1", |row| row.measures.train_loss < 0.1);
    let params = full(300).rho(10.0).band(Band::constant(0.001));
    let config = params.check().unwrap();
    let by_batches = StochasticParams::default().epochs(100).check().unwrap();
    let data = StochasticData::new(&samples);
    let ends = [
        train(network.clone(), &samples, &config, &mut [&mut rule]).unwrap(),
        train_stochastic(network, data, &by_batches, &mut [&mut rule]).unwrap(),
    ];
    for trained in ends {
        assert_eq!(trained.reason, words);
        let (last, before) = trained.trace.rows.split_last().unwrap();
        assert!(last.measures.train_loss < 0.1);
        assert!(before.iter().all(|row| row.measures.train_loss >= 0.1));
    }
}

/// Ended by a rule after the third iteration, a run goes on without it to the bits of one that never had it.
#[test]
fn a_rule_is_no_part_of_a_runs_state() {
    let samples = shape(false).samples::<f64>();
    let network = || shape(false).network(&samples);
    let (config, by_batches) = (
        full(6).check().unwrap(),
        StochasticParams::default().epochs(6).check().unwrap(),
    );
    let mut third = stop_when("third", |row| row.iteration >= 3);
    macro_rules! check {
        ($problem:expr, $driver:expr) => {
            let whole = run_in($problem, $driver, &mut [], Session::default()).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let mut saver = Checkpointer::new(folder.path(), RunIdentity::default)
                .every(Cadence::Iterations(9));
            let session = Session {
                checkpoints: Some(&mut saver),
                resume: None,
            };
            let ended = run_in($problem, $driver, &mut [&mut third], session).unwrap();
            assert_eq!(
                (ended.reason.to_string(), ended.trace.rows.len()),
                ("third".into(), 4)
            );
            let checkpoint = Checkpoint::latest(folder.path()).unwrap().newest.unwrap();
            let resumed = || Session {
                checkpoints: None,
                resume: Some(&checkpoint),
            };
            let again = run_in($problem, $driver, &mut [&mut third], resumed()).unwrap();
            assert_eq!((again.reason, again.trace.rows.len()), (ended.reason, 4));
            let on = run_in($problem, $driver, &mut [], resumed()).unwrap();
            assert_eq!(on.reason, StopReason::MaxIterations);
            assert_eq!(on.network, whole.network);
        };
    }
    check!(
        NetworkProblem::new(network(), &samples, config.clone()).unwrap(),
        config.driver().clone()
    );
    let data = StochasticData::new(&samples);
    check!(
        StochasticProblem::new(network(), data, by_batches.clone()).unwrap(),
        by_batches.driver(samples.n_samples()).unwrap()
    );
}
