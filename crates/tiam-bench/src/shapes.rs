//! Data sets for the benches: real ones where they are available, generated ones of the same size otherwise.

use std::path::{Path, PathBuf};

use tiam::Scalar;
use tiam_data::{LoadParams, blobs, digits, load};
use tiam_models::Samples;

use crate::error::BenchError;

/// A shape the benches run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// 60,000 samples of 784 features in 10 classes.
    Mnist,
    /// 140 samples of 7,165 features in 7 classes: Cora with four hops.
    Cora,
    /// 1,797 samples of 64 features in 10 classes: the embedded digits.
    Digits,
}

impl Shape {
    /// Name in benches and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::Cora => "cora",
            Self::Digits => "digits",
        }
    }

    fn size(self) -> (usize, usize, usize) {
        match self {
            Self::Mnist => (60_000, 784, 10),
            Self::Cora => (140, 7_165, 7),
            Self::Digits => (1_797, 64, 10),
        }
    }
}

/// The folder `TIAM_DATA` names, when it is set.
pub fn data_folder() -> Option<PathBuf> {
    std::env::var_os("TIAM_DATA").map(PathBuf::from)
}

/// Training and test part of a shape, and whether they are the real data.
#[derive(Debug)]
pub struct Prepared<T> {
    /// Training part.
    pub train: Samples<T>,
    /// Test part.
    pub test: Samples<T>,
    /// False for generated data.
    pub real: bool,
}

/// Standard deviation of the generated Gaussian classes; the time of an iteration does not depend on it.
const SPREAD: f64 = 5.0;
/// Share of generated and embedded samples that is held out.
const TEST_FRACTION: f64 = 0.2;

/// The samples of a shape: real where `folder` has them (`mnist/`, `cora.npz`) or they are embedded, generated otherwise.
///
/// # Errors
/// [`BenchError`] when a file is there but cannot be read.
pub fn samples<T: Scalar>(
    shape: Shape,
    folder: Option<&Path>,
    seed: u64,
) -> Result<Prepared<T>, BenchError> {
    let file = folder.map(|f| match shape {
        Shape::Mnist => f.join("mnist"),
        Shape::Cora => f.join("cora.npz"),
        Shape::Digits => PathBuf::new(),
    });
    let (data, real) = match (shape, file.filter(|f| f.exists())) {
        (Shape::Digits, _) => (digits()?, true),
        (_, Some(path)) => (load(path, &LoadParams::default())?, true),
        (_, None) => {
            let (n, features, classes) = shape.size();
            (blobs(n * 5 / 4, features, classes, SPREAD, seed)?, false)
        }
    };
    let split = match data.split() {
        Some(split) => split.clone(),
        None => data.make_split(0.0, TEST_FRACTION, seed)?,
    };
    let parts = data.into_parts(&split)?;
    Ok(Prepared {
        train: tiam::samples(parts.train)?,
        test: tiam::samples(parts.test)?,
        real,
    })
}
