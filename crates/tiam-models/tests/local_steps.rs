//! Processes that take steps of their own between averages.

use std::sync::Arc;

use tiam_linalg::{Matrix, Reduction};
use tiam_models::{
    Activation, Architecture, Init, ModelError, Network, Samples, Sent, StochasticData,
    StochasticParams, StochasticTrainer, Target, TrainError, train_stochastic,
};

use crate::channels::in_processes;

const N: usize = 600;

/// Two classes, inside and outside of a ring.
fn ring(n: usize) -> Samples<f32> {
    let x = Matrix::from_fn(2, n, |i, j| (((j + 1) * (37 + 64 * i)) as f32 * 0.61).sin());
    let is_outside = |j: usize| x[(0, j)].hypot(x[(1, j)]) > 0.9;
    let labels = (0..n).map(|j| u32::from(is_outside(j))).collect();
    let target = Target::Classes {
        labels,
        n_classes: 2,
    };
    Samples::new(x, target).unwrap()
}

fn start(samples: &Samples<f32>) -> Network<f32> {
    let loss = samples.target().loss();
    let shape = Architecture::new(2, &[20, 10], 2, Activation::Relu, loss).unwrap();
    Network::new(shape, Init::He, 3).unwrap()
}

fn params() -> StochasticParams {
    StochasticParams::default().epochs(4).batch_size(40)
}

/// The network, and the losses after every epoch.
type End = (Network<f32>, Vec<f64>);

fn train(
    samples: &Samples<f32>,
    params: StochasticParams,
    processes: Option<Arc<dyn Reduction>>,
) -> Result<End, TrainError<f32>> {
    let config = params.reduction(processes).check()?;
    let data = StochasticData {
        validation: Some(samples),
        ..StochasticData::new(samples)
    };
    let trained = train_stochastic(start(samples), data, &config, &mut [])?;
    let rows = trained.trace.rows.iter();
    let validation = |row: &tiam_core::TraceRow<tiam_models::NetworkMeasures>| {
        let found = row.measures.validation.unwrap().loss;
        [row.measures.train_loss, found]
    };
    Ok((trained.network, rows.flat_map(validation).collect()))
}

/// What every one of so many processes ends with, which is the same in all of them.
fn together(size: usize, params: &StochasticParams) -> End {
    let samples = ring(N);
    let mut ends = in_processes(size, |process| {
        train(&samples, params.clone(), Some(Arc::new(process))).unwrap()
    });
    let first = ends.remove(0);
    ends.iter().for_each(|end| assert_eq!(*end, first));
    first
}

fn alone(params: &StochasticParams) -> End {
    train(&ring(N), params.clone(), None).unwrap()
}

#[test]
fn every_process_and_every_number_of_threads_has_the_same_bits() {
    for size in [2, 3, 5] {
        for (h, send) in [(4, Sent::Full), (7, Sent::Bf16), (1000, Sent::Full)] {
            let params = params().local_steps(h).send(send);
            let once = together(size, &params);
            assert_eq!(once, together(size, &params), "{size}, {h}");
            assert_eq!(once, together(size, &params.threads(2)), "{size}, {h}");
        }
    }
}

#[test]
fn a_single_process_takes_no_notice() {
    let shared = alone(&params());
    for h in [1, 4, 1000] {
        assert_eq!(alone(&params().local_steps(h)), shared);
        assert_eq!(together(1, &params().local_steps(h)), shared);
    }
}

#[test]
fn one_local_step_is_none_and_more_are_another_run() {
    let shared = alone(&params());
    assert_eq!(together(3, &params().local_steps(1)), shared);
    let four = together(3, &params().local_steps(4));
    assert_ne!(four, shared);
    assert_ne!(four, together(2, &params().local_steps(4)));
    assert_ne!(four, together(3, &params().local_steps(8)));
    let rounded = params().local_steps(4).send(Sent::Bf16);
    assert_ne!(four, together(3, &rounded));
}

/// Without curvature and trust region a step is linear in the gradient, and the gradient of a batch is the mean of its parts'.
#[test]
fn an_average_after_every_epoch_of_one_batch_is_the_shared_step() {
    let params = params()
        .batch_size(N)
        .epochs(3)
        .trust(None)
        .error_tolerance(None)
        .curvature(tiam_models::CurvatureChoice::Identity)
        .step(0.1);
    let (_, shared) = alone(&params);
    let (_, apart) = together(4, &params.local_steps(2));
    assert!(shared[0] > 1.01 * shared[6]);
    for (shared, apart) in shared.iter().zip(&apart) {
        assert!((shared - apart).abs() < 1e-5, "{shared} and {apart}");
    }
}

#[test]
fn it_learns_as_well() {
    for (size, h) in [(2, 8), (4, 8), (4, 64)] {
        let params = StochasticParams::default().epochs(40).batch_size(40);
        let samples = ring(N);
        let (network, _) = together(size, &params.local_steps(h));
        let compute = &mut tiam_linalg::Compute::new(1).unwrap();
        let accuracy = network.evaluate(&samples, compute).unwrap().accuracy;
        assert!(accuracy > Some(0.95), "{size}, {h}: {accuracy:?}");
    }
}

#[test]
fn what_is_not_finite_in_one_process_ends_all_of_them() {
    // Beyond the samples on which the start is measured.
    let samples = ring(1500);
    let mut x = samples.inputs().clone();
    x[(0, 1234)] = 1e38;
    let samples = Samples::new(x, samples.target().clone()).unwrap();
    let ends = in_processes(3, |process| {
        let process: Arc<dyn Reduction> = Arc::new(process);
        let config = params().local_steps(4).reduction(process).check().unwrap();
        let data = StochasticData::new(&samples);
        let end = train_stochastic(start(&samples), data, &config, &mut []);
        match end.unwrap_err() {
            TrainError::Failed { error, network, .. } => (error.to_string(), *network),
            other => panic!("{other}"),
        }
    });
    assert!(ends.iter().all(|end| *end == ends[0]));
}

#[test]
fn data_that_come_in_pieces() {
    let (piece, config) = (ring(100), params().batch_size(20).local_steps(3));
    let networks = in_processes(2, |process| {
        let process: Arc<dyn Reduction> = Arc::new(process);
        let config = config.clone().reduction(process).check().unwrap();
        let mut trainer = StochasticTrainer::new(start(&piece), &config).unwrap();
        let first = trainer.partial_fit(&piece, None).unwrap();
        assert!(trainer.partial_fit(&piece, None).unwrap() < first);
        trainer.network().clone()
    });
    assert_eq!(networks[0], networks[1]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let of = |params: StochasticParams| match params.check() {
        Err(ModelError::Parameter { parameter, .. }) => parameter,
        other => panic!("{other:?}"),
    };
    assert_eq!(of(params().local_steps(0)), "local-steps");
    assert_eq!(of(params().send(Sent::Bf16)), "send");
    // The last batches of 5 have 4 samples.
    for (batch, is_enough) in [(3, false), (4, true), (5, true)] {
        let samples = ring(24);
        let params = params().batch_size(batch).local_steps(2);
        in_processes(4, |process| {
            let end = train(&samples, params.clone(), Some(Arc::new(process)));
            match end {
                Ok(_) => assert!(is_enough),
                Err(error) => {
                    let text = error.to_string();
                    assert!(!is_enough && text.contains("batch-size"), "{text}");
                }
            }
        });
    }
}
