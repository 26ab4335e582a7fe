//! Bench of predictions with the front door: one row, many rows, rows of text, f32.

#![allow(missing_docs, reason = "criterion's macros")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tiam::{Mlp, Predictor, StochasticParams, Table};
use tiam_data::blobs;
use tiam_linalg::{Compute, Matrix};

const FEATURES: usize = 5;
const CLASSES: usize = 2;
const ROWS: usize = 1000;

fn model(n_features: usize, n_classes: usize) -> Predictor {
    let data = blobs::<f32>(2000, n_features, n_classes, 4.0, 0).map(Table::from);
    let method = StochasticParams::default().epochs(1);
    let mlp = Mlp::default().hidden([100, 100]).method(method);
    let fitted = data
        .map_err(tiam::Error::from)
        .and_then(|data| mlp.fit(&data));
    fitted.unwrap_or_else(|error| panic!("{error}"))
}

fn rows(n: usize, n_features: usize) -> Vec<f32> {
    (0..n * n_features).map(|i| (i % 17) as f32 / 8.0).collect()
}

fn predictions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("predict");
    let (small, images) = (model(FEATURES, CLASSES), model(784, 10));
    let (row, image) = (rows(1, FEATURES), rows(1, 784));
    group.bench_function("row/5-100-100-2", |bencher| {
        bencher.iter(|| small.predict_row(&row));
    });
    if let (Ok(network), Ok(mut compute)) = (small.network::<f32>(), Compute::new(1))
        && let Ok(inputs) = Matrix::from_vec(FEATURES, 1, row.clone())
    {
        // The network's arithmetic alone, with the caller's scratch.
        group.bench_function("network/5-100-100-2", |bencher| {
            bencher.iter(|| network.classes(&inputs, &mut compute));
        });
    }
    let text: Vec<String> = row.iter().map(f32::to_string).collect();
    group.bench_function("row_of_text/5-100-100-2", |bencher| {
        bencher.iter(|| small.predict_row(&text));
    });
    group.bench_function("row/784-100-100-10", |bencher| {
        bencher.iter(|| images.predict_row(&image));
    });
    // Time a row is the inverse of "elements" a second.
    group.throughput(Throughput::Elements(ROWS as u64));
    let many = rows(ROWS, FEATURES);
    for threads in [1, 2] {
        let model = small.clone().threads(threads);
        group.bench_function(format!("{ROWS}_rows/5-100-100-2/{threads}"), |bencher| {
            bencher.iter(|| model.predict(&many));
        });
    }
    group.finish();
}

criterion_group!(benches, predictions);
criterion_main!(benches);
