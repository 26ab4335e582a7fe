//! Bench of loading a CSV of numbers, in single and double precision, on one and two threads, in bytes of text a second.

#![allow(missing_docs, reason = "criterion's macros")]

use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tiam_data::{LoadParams, Scalar, blobs, load};

const SAMPLES: usize = 20_000;
const FEATURES: usize = 100;
const CLASSES: usize = 10;
const SPREAD: f64 = 4.0;
const SEED: u64 = 1;

/// Writes blobs as text: a header, seven digits after the point, the class last.
fn write_table(path: &Path) -> Result<(), Box<dyn Error>> {
    let data = blobs::<f64>(SAMPLES, FEATURES, CLASSES, SPREAD, SEED)?;
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    for feature in 0..FEATURES {
        write!(file, "x{feature},")?;
    }
    writeln!(file, "class")?;
    let samples = data.features().values().chunks_exact(FEATURES);
    for (values, label) in samples.zip(data.labels().unwrap_or_default()) {
        for value in values {
            write!(file, "{value:.7},")?;
        }
        writeln!(file, "class{label}")?;
    }
    Ok(file.flush()?)
}

/// Number of samples, so that nothing is optimised away.
fn samples<T: Scalar>(path: &Path, threads: usize) -> usize {
    load::<T>(path, &LoadParams::default().threads(threads)).map_or(0, |data| data.n_samples())
}

fn tables(criterion: &mut Criterion) {
    let Ok(folder) = tempfile::tempdir() else {
        return;
    };
    let path = folder.path().join("table.csv");
    let bytes = write_table(&path)
        .ok()
        .and_then(|()| std::fs::metadata(&path).ok())
        .map_or(0, |file| file.len());
    assert_eq!(samples::<f32>(&path, 1), SAMPLES, "the table is not there");
    let mut group = criterion.benchmark_group("table");
    group
        .sample_size(10)
        .throughput(Throughput::BytesDecimal(bytes));
    for threads in [1, 2] {
        let id = |name: &str| BenchmarkId::new(name, threads);
        group.bench_function(id("f32"), |bencher| {
            bencher.iter(|| samples::<f32>(&path, threads));
        });
        group.bench_function(id("f64"), |bencher| {
            bencher.iter(|| samples::<f64>(&path, threads));
        });
    }
    group.finish();
}

criterion_group!(benches, tables);
criterion_main!(benches);
