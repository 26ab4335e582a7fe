//! Synthetic data, the same on every machine for the same seed.

use std::f64::consts::{PI, TAU};

use crate::{
    Dataset, Features, Scalar, Targets,
    error::{DataError, Result, reserve},
    rng::Random,
};

/// Half the side of the cube in which [`blobs`] places its centres.
const BLOB_HALF_SIDE: f64 = 10.0;
/// Turns each arm of [`two_spirals`] makes.
const SPIRAL_TURNS: f64 = 1.5;

/// The kind of targets that [`teacher_network`] produces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeacherOutput {
    /// Regression targets, this many for each sample.
    Values(usize),
    /// This many classes.
    Classes(usize),
}

/// Gaussian blobs: one centre a class, uniform in the cube `[-10, 10]^features`; sample `i` belongs to class
/// `i mod classes` and lies around its centre with standard deviation `spread`.
///
/// # Errors
///
/// [`DataError::InvalidParameter`] unless `n`, `features` and `classes` are at least 1, `classes <= n` and `spread` is
/// finite and not negative; [`DataError::OutOfMemory`].
///
/// # Example
///
/// ```
/// let data = tiam_data::blobs::<f64>(30, 2, 3, 0.5, 1)?;
/// assert_eq!(data.class_counts(), Some(vec![10, 10, 10]));
/// # Ok::<(), tiam_data::DataError>(())
/// ```
pub fn blobs<T: Scalar>(
    n: usize,
    features: usize,
    classes: usize,
    spread: f64,
    seed: u64,
) -> Result<Dataset<T>> {
    at_least_one(&[("n", n), ("features", features), ("classes", classes)])?;
    if classes > n {
        let allowed = format!("1 to the number of samples, {n}");
        return Err(DataError::parameter("classes", classes, allowed));
    }
    not_negative("spread", spread)?;
    let mut random = Random::new(seed);
    let mut centres = reserve::<f64>(classes.saturating_mul(features), "blob centres")?;
    for _ in 0..classes * features {
        centres.push(BLOB_HALF_SIDE * (2.0 * random.uniform() - 1.0));
    }
    let mut values = reserve(n.saturating_mul(features), "generated features")?;
    for i in 0..n {
        let class = i % classes;
        for centre in &centres[class * features..(class + 1) * features] {
            values.push(T::from_f64(centre + spread * random.normal()));
        }
    }
    let labels = (0..n).map(|i| (i % classes) as u32).collect();
    let features = Features::new(n, features, values)?;
    let source = format!("blobs: {classes} centres, spread {spread}, seed {seed}");
    Ok(Dataset::new(features, Targets::numbered(labels, classes))?.with_source(source))
}

/// Two interleaved spirals in the plane, one class each (sample `i` belongs to class `i mod 2`): radius `r` from 0 to 1
/// (spread evenly over the arm's area), angle `3 pi r` plus `pi` for the second class, and normal noise of standard deviation `noise` on both
/// coordinates.
///
/// # Errors
///
/// [`DataError::InvalidParameter`] unless `n` is at least 2 and `noise` is finite and not negative;
/// [`DataError::OutOfMemory`].
///
/// # Example
///
/// ```
/// let data = tiam_data::two_spirals::<f64>(100, 0.0, 1)?;
/// assert!(data.features().values().iter().all(|x| x.abs() <= 1.0));
/// # Ok::<(), tiam_data::DataError>(())
/// ```
pub fn two_spirals<T: Scalar>(n: usize, noise: f64, seed: u64) -> Result<Dataset<T>> {
    if n < 2 {
        return Err(DataError::parameter("n", n, "at least 2"));
    }
    not_negative("noise", noise)?;
    let mut random = Random::new(seed);
    let mut values = reserve(n.saturating_mul(2), "generated features")?;
    for i in 0..n {
        let radius = random.uniform().sqrt();
        let half_turn = if i % 2 == 0 { 0.0 } else { PI };
        let angle = TAU * SPIRAL_TURNS * radius + half_turn;
        for coordinate in [libm::cos(angle), libm::sin(angle)] {
            values.push(T::from_f64(radius * coordinate + noise * random.normal()));
        }
    }
    let labels = (0..n).map(|i| (i % 2) as u32).collect();
    let data = Dataset::new(Features::new(n, 2, values)?, Targets::numbered(labels, 2))?;
    Ok(data.with_source(format!("two spirals, noise {noise}, seed {seed}")))
}

/// Standard normal inputs labelled by a random network `y = W2 relu(W1 x + b)`: `W1` of variance `2 / features`, `b`
/// standard normal, `W2` of variance `1 / hidden`.
///
/// Each output is standardised over the samples (mean 0, deviation 1), then normal noise of standard deviation `noise`
/// is added. [`TeacherOutput::Values`] gives the outputs, [`TeacherOutput::Classes`] the index of the largest; every class has a name
/// even if no sample falls into it.
///
/// # Errors
///
/// [`DataError::InvalidParameter`] unless all sizes are at least 1 (classes at least 2) and `noise` is finite and not
/// negative; [`DataError::OutOfMemory`].
///
/// # Example
///
/// ```
/// use tiam_data::{Targets, TeacherOutput, teacher_network};
/// let data = teacher_network::<f32>(50, 4, 8, TeacherOutput::Values(2), 0.0, 1)?;
/// let Targets::Values(y) = data.targets() else { unreachable!() };
/// assert_eq!((y.n_samples(), y.n_features()), (50, 2));
/// # Ok::<(), tiam_data::DataError>(())
/// ```
pub fn teacher_network<T: Scalar>(
    n: usize,
    features: usize,
    hidden: usize,
    output: TeacherOutput,
    noise: f64,
    seed: u64,
) -> Result<Dataset<T>> {
    let (TeacherOutput::Values(outputs) | TeacherOutput::Classes(outputs)) = output;
    at_least_one(&[
        ("n", n),
        ("features", features),
        ("hidden", hidden),
        ("outputs", outputs),
    ])?;
    if output == TeacherOutput::Classes(1) {
        return Err(DataError::parameter("classes", 1, "at least 2"));
    }
    not_negative("noise", noise)?;
    let mut random = Random::new(seed);
    let mut normals = |rows: usize, columns: usize, deviation: f64| -> Result<Vec<f64>> {
        let mut values = reserve(rows.saturating_mul(columns), "teacher network")?;
        values.extend((0..rows * columns).map(|_| deviation * random.normal()));
        Ok(values)
    };
    let first = normals(hidden, features, (2.0 / features as f64).sqrt())?;
    let bias = normals(hidden, 1, 1.0)?;
    let second = normals(outputs, hidden, (1.0 / hidden as f64).sqrt())?;
    let inputs = normals(n, features, 1.0)?;

    let mut y = reserve::<f64>(n.saturating_mul(outputs), "teacher outputs")?;
    let mut activation = vec![0.0; hidden];
    for x in inputs.chunks_exact(features) {
        for (row, (a, b)) in first
            .chunks_exact(features)
            .zip(activation.iter_mut().zip(&bias))
        {
            *a = (dot(row, x) + b).max(0.0);
        }
        y.extend(second.chunks_exact(hidden).map(|row| dot(row, &activation)));
    }
    standardise(&mut y, outputs);
    y.iter_mut().for_each(|v| *v += noise * random.normal());

    let matrix = |width: usize, values: Vec<f64>| {
        Features::new(n, width, values.into_iter().map(T::from_f64).collect())
    };
    let targets = match output {
        TeacherOutput::Values(_) => Targets::Values(matrix(outputs, y)?),
        TeacherOutput::Classes(_) => {
            let labels = y.chunks_exact(outputs).map(largest).collect();
            Targets::numbered(labels, outputs)
        }
    };
    let source =
        format!("teacher network {features}-{hidden}-{outputs}, noise {noise}, seed {seed}");
    Ok(Dataset::new(matrix(features, inputs)?, targets)?.with_source(source))
}

/// In index order, so that the rounding is the same everywhere.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn largest(values: &[f64]) -> u32 {
    let mut best = 0;
    for (i, v) in values.iter().enumerate() {
        if *v > values[best] {
            best = i;
        }
    }
    best as u32
}

/// Mean 0 and deviation 1 for each column of a row-major matrix; a constant column becomes 0.
fn standardise(values: &mut [f64], columns: usize) {
    let n = (values.len() / columns) as f64;
    for column in 0..columns {
        let of_column = || values.iter().skip(column).step_by(columns);
        let mean = of_column().sum::<f64>() / n;
        let squares = of_column().map(|v| (v - mean) * (v - mean));
        let deviation = (squares.sum::<f64>() / n).sqrt();
        let scale = if deviation > 0.0 { deviation } else { 1.0 };
        let of_column = values.iter_mut().skip(column).step_by(columns);
        of_column.for_each(|v| *v = (*v - mean) / scale);
    }
}

fn at_least_one(sizes: &[(&'static str, usize)]) -> Result<()> {
    match sizes.iter().find(|(_, size)| *size == 0) {
        None => Ok(()),
        Some((parameter, _)) => Err(DataError::parameter(parameter, 0, "at least 1")),
    }
}

fn not_negative(parameter: &'static str, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(DataError::parameter(parameter, value, "finite, from 0"))
}
