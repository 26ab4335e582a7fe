//! Data and runs shared by the benches of whole methods.

#![allow(dead_code, reason = "each bench uses a part")]

use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use tiam_bench::methods::{OnRow, RunParams, Setup};
use tiam_bench::shapes::{Shape, data_folder, samples};
use tiam_core::Stopping;
use tiam_data::blobs;
use tiam_linalg::Matrix;
use tiam_models::{Activation, Architecture, Samples, Trained};

const HIDDEN: [usize; 2] = [100, 100];
const THREADS: usize = 2;
/// Samples that stand in for MNIST's 60,000 where these are not to be had, so that all benches end within minutes.
const FEW: usize = 10_000;
/// Features and classes of MNIST, and how far apart the stand-in's clouds lie.
const FEW_SHAPE: (usize, usize, f64) = (784, 10, 5.0);

/// True where the folder of `TIAM_DATA` holds the shape's data, or they are embedded.
pub(crate) fn is_real(shape: Shape) -> bool {
    let holds = |name: &str| data_folder().is_some_and(|folder| folder.join(name).exists());
    match shape {
        Shape::Digits => true,
        Shape::Cora => holds("cora.npz"),
        Shape::Mnist => holds("mnist"),
    }
}

/// The shape's name, and for generated data that they are: fewer samples stand in for MNIST.
pub(crate) fn group_name(shape: Shape) -> String {
    let name = shape.name();
    match shape {
        _ if is_real(shape) => name.to_owned(),
        Shape::Mnist => format!("{name}_{FEW}_generated"),
        _ => format!("{name}_generated"),
    }
}

/// Ten samples of `measured` in all, after half a second to warm up.
pub(crate) fn short_group<'c>(
    criterion: &'c mut Criterion,
    shape: Shape,
    measured: Duration,
) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(group_name(shape));
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(measured);
    group
}

/// The training samples that [`group_name`] names, f32.
pub(crate) fn training_samples(shape: Shape) -> Samples<f32> {
    let found = if shape == Shape::Mnist && !is_real(shape) {
        let (n_features, n_classes, spread) = FEW_SHAPE;
        blobs(FEW, n_features, n_classes, spread, 0)
            .map_err(tiam::Error::from)
            .and_then(tiam::samples)
            .map_err(Into::into)
    } else {
        samples(shape, data_folder().as_deref(), 0).map(|prepared| prepared.train)
    };
    let found = found.unwrap_or_else(|error| panic!("{}: {error}", shape.name()));
    if is_real(shape) {
        found
    } else {
        of_unit_scale(&found)
    }
}

/// The inputs divided by the root of their number, so that the gradient methods' published rates suit thousands of features as well.
fn of_unit_scale(samples: &Samples<f32>) -> Samples<f32> {
    let x = samples.inputs();
    let scale = (x.n_rows() as f32).sqrt().recip();
    let inputs = Matrix::from_fn(x.n_rows(), x.n_cols(), |i, j| scale * x[(i, j)]);
    Samples::new(inputs, samples.target().clone()).unwrap_or_else(|error| panic!("{error}"))
}

/// A run of two hidden layers of 100 from seed 0, two threads.
pub(crate) fn train(
    setup: &Setup,
    samples: &Samples<f32>,
    stopping: Stopping,
    on_row: &mut OnRow<'_>,
) -> Trained<f32> {
    let (n_in, target) = (samples.inputs().n_rows(), samples.target());
    let (n_out, loss) = (target.n_outputs(), target.loss());
    let run = RunParams::new(0, THREADS, stopping);
    Architecture::new(n_in, &HIDDEN, n_out, Activation::Relu, loss)
        .map_err(Into::into)
        .and_then(|sizes| setup.train(sizes, samples, run, on_row))
        .unwrap_or_else(|error| panic!("{}: {error}", setup.method))
}

/// Wall-clock time between two rows of a run's trace, evaluation included, set-up not.
pub(crate) fn between(trained: &Trained<f32>, first: usize, last: usize) -> Duration {
    let rows = &trained.trace.rows;
    Duration::from_secs_f64(rows[last].seconds - rows[first].seconds)
}
