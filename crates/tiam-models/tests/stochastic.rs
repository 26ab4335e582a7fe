//! Training by batches: what it learns, what it refuses, and that it repeats.

use proptest::prelude::*;
use tiam_core::{StopReason, Stopping};
use tiam_linalg::{Compute, Matrix, Real};
use tiam_models::{
    Activation, Architecture, ClassWeights, CurvatureChoice, Init, ModelError, Network,
    SampleStream, Samples, StepSchedule, StochasticData, StochasticParams, StochasticTrainer,
    Target, TrainError, Trained, train_stochastic,
};

/// Points on two rings around the origin, the outer one twice as far; `share` of them on the outer.
fn rings<T: Real>(n: usize, seed: usize, share: f64) -> Samples<T> {
    let at = |j: usize| {
        let angle = ((j * 7919 + seed * 104_729) % 3_600) as f64 / 572.957;
        let outer = ((j * 31) % 100) as f64 / 100.0 < share;
        let radius = if outer { 2.0 } else { 1.0 } + 0.2 * (5.0 * angle + j as f64).sin();
        (radius * angle.cos(), radius * angle.sin(), u32::from(outer))
    };
    let inputs = Matrix::from_fn(2, n, |i, j| {
        T::from_f64(if i == 0 { at(j).0 } else { at(j).1 })
    });
    let labels = (0..n).map(|j| at(j).2).collect();
    let target = Target::Classes {
        labels,
        n_classes: 2,
    };
    Samples::new(inputs, target).unwrap()
}

fn network<T: Real>(samples: &Samples<T>, hidden: &[usize]) -> Network<T> {
    let target = samples.target();
    let (n_in, n_out) = (samples.inputs().n_rows(), target.n_outputs());
    let shape = Architecture::new(n_in, hidden, n_out, Activation::Relu, target.loss()).unwrap();
    Network::new(shape, Init::He, 3).unwrap()
}

fn fit<T: Real>(samples: &Samples<T>, params: StochasticParams) -> Trained<T> {
    let (network, data) = (network(samples, &[20, 10]), StochasticData::new(samples));
    train_stochastic(network, data, &params.check().unwrap(), &mut []).unwrap()
}

fn accuracy<T: Real>(network: &Network<T>, samples: &Samples<T>) -> f64 {
    let found = network.evaluate(samples, &mut Compute::new(1).unwrap());
    found.unwrap().accuracy.unwrap()
}

#[test]
fn defaults_learn_what_no_linear_model_can() {
    let (train, test) = (rings::<f32>(800, 1, 0.5), rings::<f32>(400, 2, 0.5));
    let trained = fit(&train, StochasticParams::default());
    assert!(accuracy(&trained.network, &test) >= 0.99);
    assert_eq!(trained.reason, StopReason::MaxIterations);
    let rows = &trained.trace.rows;
    assert_eq!(rows.len(), StochasticParams::default_epochs(800) + 1);
    assert!(rows.last().unwrap().measures.train_loss < 0.2 * rows[0].measures.train_loss);
    assert!(
        rows.iter()
            .all(|row| row.measures.training_seconds.is_some())
    );
}

#[test]
fn a_seed_and_a_number_of_threads_fix_the_bits() {
    let samples = rings::<f32>(500, 1, 0.5);
    let run = |seed, threads| {
        let params = StochasticParams::default().epochs(3).seed(seed);
        fit(&samples, params.threads(threads)).network
    };
    assert_eq!(run(1, 1), run(1, 1));
    assert_eq!(run(1, 2), run(1, 2));
    assert_ne!(run(1, 1), run(2, 1));
}

#[test]
fn threads_and_precisions_agree() {
    let (narrow, wide) = (rings::<f32>(300, 1, 0.5), rings::<f64>(300, 1, 0.5));
    // Without `met`, which decides sample by sample.
    let params = || StochasticParams::default().epochs(2).error_tolerance(None);
    let one = fit(&wide, params()).trace.objectives();
    let two = fit(&wide, params().threads(2)).trace.objectives();
    let single = fit(&narrow, params()).trace.objectives();
    for ((one, two), single) in one.iter().zip(&two).zip(&single) {
        assert!((one - two).abs() <= 1e-9 * one, "{one} {two}");
        assert!((one - single).abs() <= 1e-3 * one, "{one} {single}");
    }
}

#[test]
fn a_linear_map_is_found_exactly() {
    // y = A x + c without noise: each batch's least squares has it; λ and the trust region are out of the way.
    let x = Matrix::from_fn(3, 120, |i, j| ((j * 17 + i * 29) % 41) as f64 / 20.0 - 1.0);
    let y = Matrix::from_fn(1, 120, |_, j| {
        2.0 * x[(0, j)] - x[(1, j)] + 0.5 * x[(2, j)] + 4.0
    });
    let samples = Samples::new(x, Target::Values(y)).unwrap();
    let params = StochasticParams::default()
        .epochs(10)
        .batch_size(120)
        .step(1.0)
        .step_schedule(StepSchedule::Constant)
        .inertia(tiam_core::Inertia::NONE)
        .damping(1e-9)
        .ridge(0.0)
        .trust(None)
        .averaging(0.0);
    let config = params.check().unwrap();
    let network = network(&samples, &[]);
    let trained =
        train_stochastic(network, StochasticData::new(&samples), &config, &mut []).unwrap();
    let layer = &trained.network.layers()[0];
    for (found, wanted) in layer.weights.as_slice().iter().zip([2.0, -1.0, 0.5]) {
        assert!((found - wanted).abs() < 1e-6, "{found} {wanted}");
    }
    assert!((layer.bias[0] - 4.0).abs() < 1e-6);
}

#[test]
fn every_choice_trains() {
    let samples = rings::<f32>(400, 1, 0.5);
    let base = || StochasticParams::default().epochs(40);
    for (name, params) in [
        ("full", base().curvature(CurvatureChoice::Full)),
        ("sketch", base().curvature(CurvatureChoice::Sketch).rank(8)),
        (
            "identity",
            base()
                .curvature(CurvatureChoice::Identity)
                .trust(None)
                .step(0.3),
        ),
        ("constant", base().step_schedule(StepSchedule::Constant)),
        (
            "steps",
            base().step_schedule("step:10,0.5".parse().unwrap()),
        ),
        ("last iterate", base().averaging(0.0)),
        ("nesterov", base().schedule(tiam_core::Schedule::Nesterov)),
        ("all go backward", base().error_tolerance(None)),
        ("one batch", base().batch_size(10_000).epochs(300)),
        ("single samples", base().batch_size(1).epochs(5).step(0.05)),
    ] {
        let found = accuracy(&fit(&samples, params).network, &samples);
        assert!(found >= 0.97, "{name}: {found}");
    }
}

#[test]
fn training_goes_on_from_a_network() {
    let samples = rings::<f32>(400, 1, 0.5);
    let first = fit(&samples, StochasticParams::default().epochs(20)).network;
    let config = StochasticParams::default()
        .epochs(1)
        .step(1e-6)
        .check()
        .unwrap();
    let data = StochasticData::new(&samples);
    let second = train_stochastic(first.clone(), data, &config, &mut [])
        .unwrap()
        .network;
    let loss = |network: &Network<f32>| {
        network
            .evaluate(&samples, &mut Compute::new(1).unwrap())
            .unwrap()
            .loss
    };
    assert!((loss(&first) - loss(&second)).abs() < 1e-4);
}

#[test]
fn pieces_are_learnt_as_they_come() {
    let whole = rings::<f32>(4_000, 1, 0.5);
    let config = StochasticParams::default().check().unwrap();
    let mut trainer = StochasticTrainer::new(network(&whole, &[20, 10]), &config).unwrap();
    let mut losses = Vec::new();
    for piece in 0..40 {
        losses.push(trainer.partial_fit(&rings(100, piece, 0.5), None).unwrap());
    }
    assert!(losses[39] < 0.3 * losses[0], "{losses:?}");
    assert!(accuracy(trainer.network(), &whole) > 0.97);
    // Samples of another shape are refused, and nothing is lost.
    let other = Samples::new(Matrix::zeros(3, 1), whole.target().clone());
    assert!(other.is_err() || trainer.partial_fit(&other.unwrap(), None).is_err());
    assert!(trainer.partial_fit(&whole, Some(&[1.0])).is_err());
    assert!(accuracy(trainer.network(), &whole) > 0.97);
}

/// Saved and restored between any two pieces, in both forms of the curvature.
#[test]
fn a_trainer_that_was_saved_goes_on_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trainer");
    for curvature in [CurvatureChoice::Full, CurvatureChoice::Sketch] {
        let params = StochasticParams::default().curvature(curvature).seed(7);
        let config = params.clone().check().unwrap();
        let piece = |i| rings::<f32>(120 + i, i, 0.5);
        let start = || network(&piece(0), &[40, 6]);
        let mut whole = StochasticTrainer::new(start(), &config).unwrap();
        let mut parts = StochasticTrainer::new(start(), &config).unwrap();
        for i in 0..8 {
            let losses = [&mut whole, &mut parts].map(|t| t.partial_fit(&piece(i), None).unwrap());
            assert_eq!(losses[0].to_bits(), losses[1].to_bits(), "{curvature}, {i}");
            assert_eq!(whole.network(), parts.network(), "{curvature}, {i}");
            parts.save(&path).unwrap();
            parts = StochasticTrainer::restore(&path, start(), &config).unwrap();
        }

        let refused = |network: Network<f32>, params: StochasticParams| {
            let config = params.check().unwrap();
            let restored = StochasticTrainer::restore(&path, network, &config);
            restored.err().map(|error| error.to_string()).unwrap()
        };
        for (reason, told) in [
            (
                "architecture.sizes",
                refused(network(&piece(0), &[40, 5]), params.clone()),
            ),
            (
                "parameters.ridge",
                refused(start(), params.clone().ridge(0.5)),
            ),
            (
                "seed was 7 and is 8",
                refused(start(), params.clone().seed(8)),
            ),
        ] {
            assert!(
                told.contains(reason) && told.contains("another trainer"),
                "{told}"
            );
        }
    }
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let config = StochasticParams::default()
        .seed(7)
        .curvature(CurvatureChoice::Sketch);
    let start = network(&rings::<f32>(120, 0, 0.5), &[40, 6]);
    let damaged = StochasticTrainer::restore(&path, start, &config.check().unwrap());
    assert!(damaged.err().unwrap().to_string().contains("damaged"));
}

#[test]
fn early_stopping_restores_the_best_network() {
    let (train, held_out) = (rings::<f64>(60, 1, 0.5), rings::<f64>(300, 2, 0.5));
    let params = StochasticParams::default().epochs(100).patience(Some(4));
    let config = params
        .step(1.5)
        .step_schedule(StepSchedule::Constant)
        .check()
        .unwrap();
    let data = StochasticData {
        validation: Some(&held_out),
        ..StochasticData::new(&train)
    };
    let trained = train_stochastic(network(&train, &[30]), data, &config, &mut []).unwrap();
    let losses: Vec<f64> = trained.trace.rows[1..]
        .iter()
        .map(|row| row.measures.validation.unwrap().loss)
        .collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let found = trained
        .network
        .evaluate(&held_out, &mut Compute::new(1).unwrap())
        .unwrap();
    assert!((found.loss - best).abs() < 1e-12, "{} {best}", found.loss);
    assert_eq!(trained.reason, StopReason::NoImprovement);
    assert!((losses[losses.len() - 5] - best).abs() < 1e-12);
    // Without a validation part there is nothing to be patient with.
    let alone = train_stochastic(
        network(&train, &[30]),
        StochasticData::new(&train),
        &config,
        &mut [],
    );
    assert!(matches!(alone, Err(TrainError::Refused(_))));
}

#[test]
fn balanced_classes_find_the_rare_one() {
    // One sample in twenty-five is on the outer ring, and the classes overlap.
    let blur = |samples: Samples<f64>| {
        let mut x = samples.inputs().clone();
        for (k, v) in x.as_mut_slice().iter_mut().enumerate() {
            *v += 1.2 * ((k * 7919 % 1000) as f64 / 500.0 - 1.0);
        }
        Samples::new(x, samples.target().clone()).unwrap()
    };
    let samples = blur(rings::<f64>(2_000, 1, 0.04));
    let recall = |weights: ClassWeights| {
        let trained = fit(&samples, StochasticParams::default().class_weights(weights));
        let compute = &mut Compute::new(1).unwrap();
        let found = trained.network.classes(samples.inputs(), compute).unwrap();
        let Target::Classes { labels, .. } = samples.target() else {
            panic!("classes");
        };
        let rare = || found.iter().zip(labels).filter(|(_, label)| **label == 1);
        rare().filter(|(found, _)| **found == 1).count() as f64 / rare().count() as f64
    };
    let (equal, balanced) = (recall(ClassWeights::Equal), recall(ClassWeights::Balanced));
    assert!(balanced > equal + 0.2, "{equal} {balanced}");
}

#[test]
fn a_run_that_blows_up_keeps_its_last_finite_network() {
    let samples = rings::<f32>(200, 1, 0.5);
    let params = StochasticParams::default()
        .epochs(50)
        .curvature(CurvatureChoice::Identity)
        .step_schedule(StepSchedule::Constant)
        .trust(None)
        .step(1e12);
    let data = StochasticData::new(&samples);
    let failed = train_stochastic(
        network(&samples, &[20]),
        data,
        &params.check().unwrap(),
        &mut [],
    );
    let Err(TrainError::Failed { network, trace, .. }) = failed else {
        panic!("{failed:?}");
    };
    assert!(!trace.rows.is_empty());
    for layer in network.layers() {
        assert!(
            layer
                .weights
                .as_slice()
                .iter()
                .chain(&layer.bias)
                .all(|w| w.is_finite())
        );
    }
}

#[test]
fn limits_and_observers_work_as_everywhere() {
    let samples = rings::<f32>(200, 1, 0.5);
    let stopping = Stopping::default().target_objective(1e9);
    let trained = fit(&samples, StochasticParams::default().stopping(stopping));
    assert_eq!(
        (trained.reason, trained.trace.rows.len()),
        (StopReason::TargetObjective, 1)
    );
    let cut = StochasticParams::default().epochs(30).stop_after(Some(4));
    let cut = fit(&samples, cut);
    let whole = fit(&samples, StochasticParams::default().epochs(30));
    assert_eq!(cut.trace.objectives(), whole.trace.objectives()[..5]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_small_problem_trains_to_finite_numbers(
        n in 1usize..70, n_in in 1usize..40, n_out in 1usize..5, hidden in prop::collection::vec(1usize..12, 0..3),
        scale in -4i32..5, classes: bool, constant: bool, seed in 0u64..500,
    ) {
        let size = 10f64.powi(scale);
        let x = Matrix::from_fn(n_in, n, |i, j| {
            let varied = ((j * 131 + i * 37 + seed as usize) % 23) as f64 / 11.0 - 1.0;
            (size * if constant && i == 0 { 1.0 } else { varied }) as f32
        });
        let target = if classes {
            Target::Classes { labels: (0..n).map(|j| (j % n_out) as u32).collect(), n_classes: n_out }
        } else {
            Target::Values(Matrix::from_fn(n_out, n, |i, j| ((j + i) % 3) as f32 - 1.0))
        };
        let samples = Samples::new(x, target).unwrap();
        let config = StochasticParams::default().epochs(4).seed(seed).check().unwrap();
        let trained = train_stochastic(network(&samples, &hidden), StochasticData::new(&samples), &config, &mut []);
        let trained = trained.unwrap();
        prop_assert!(trained.trace.objectives().iter().all(|f| f.is_finite()));
        // Whatever the inputs' scale, it gets better than the start or was good already.
        let first = trained.trace.objectives()[0];
        prop_assert!(*trained.trace.objectives().last().unwrap() <= 1.5 * first + 1.0, "{:?}", trained.trace.objectives());
    }
}

/// Samples as a stream: in portions of so many, of which the one of this number cannot be read.
#[derive(Debug)]
struct Portions {
    samples: Samples<f32>,
    size: usize,
    broken: Option<usize>,
}

impl SampleStream<f32> for Portions {
    fn n_samples(&self) -> usize {
        self.samples.n_samples()
    }

    fn portions(
        &self,
        epoch: usize,
        each: &mut dyn FnMut(&Samples<f32>) -> bool,
    ) -> Result<(), ModelError> {
        let n = self.samples.n_samples();
        let Target::Classes { labels, n_classes } = self.samples.target() else {
            panic!("classes");
        };
        for (at, from) in (0..n).step_by(self.size).enumerate() {
            if self.broken == Some(at + 10 * epoch) {
                let reason = "the disk is gone".to_owned();
                return Err(ModelError::Unread { reason });
            }
            let to = (from + self.size).min(n);
            let inputs = Matrix::from_fn(2, to - from, |i, j| self.samples.inputs()[(i, from + j)]);
            let target = Target::Classes {
                labels: labels[from..to].to_vec(),
                n_classes: *n_classes,
            };
            if !each(&Samples::new(inputs, target)?) {
                break;
            }
        }
        Ok(())
    }
}

fn streamed(stream: &Portions, params: StochasticParams) -> Result<Trained<f32>, TrainError<f32>> {
    let first = rings(50, 9, 0.5);
    let data = StochasticData::new(&first).stream(stream);
    let config = params.check().unwrap();
    train_stochastic(network(&first, &[20, 10]), data, &config, &mut [])
}

#[test]
fn a_stream_of_one_portion_trains_as_the_samples_do() {
    let params = || StochasticParams::default().epochs(4).seed(2);
    let samples = rings::<f32>(900, 1, 0.5);
    let in_memory = fit(&samples, params());
    let stream = |size| Portions {
        samples: samples.clone(),
        size,
        broken: None,
    };
    let whole = streamed(&stream(900), params()).unwrap();
    assert_eq!(whole.network, in_memory.network);
    let losses = |trained: &Trained<f32>| {
        let rows = trained.trace.rows[1..].iter();
        rows.map(|row| row.measures.train_loss).collect::<Vec<_>>()
    };
    assert_eq!(losses(&whole), losses(&in_memory));
    // Several portions make other batches, of no other quality.
    let parts = |threads| streamed(&stream(250), params().epochs(12).threads(threads)).unwrap();
    assert_ne!(parts(1).network, fit(&samples, params().epochs(12)).network);
    assert_eq!(parts(1).network, parts(2).network);
    assert!(accuracy(&parts(1).network, &rings(400, 2, 0.5)) >= 0.99);
}

#[test]
fn a_stream_that_cannot_be_read_ends_training_with_its_error() {
    let stream = Portions {
        samples: rings(900, 1, 0.5),
        size: 250,
        broken: Some(12),
    };
    match streamed(&stream, StochasticParams::default().epochs(4)) {
        Err(TrainError::Refused(error)) => assert!(error.to_string().contains("disk is gone")),
        other => panic!("{other:?}"),
    }
    let balanced = StochasticParams::default().class_weights(ClassWeights::Balanced);
    let refused = streamed(&stream, balanced).unwrap_err().to_string();
    assert!(refused.contains("streamed"), "{refused}");
}
