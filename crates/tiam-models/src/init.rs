//! Random starting weights: a seed gives the same weights on every machine.

use std::fmt;
use std::str::FromStr;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tiam_linalg::{Matrix, Real};

use crate::declare::as_text;
use crate::error::{ModelError, Result};

/// The distribution of the starting weights; biases start at 0.
///
/// | name | standard deviation | source |
/// |---|---|---|
/// | `he` | √(2 / n_in) | He et al. 2015, for ReLU and its kin |
/// | `xavier` | √(2 / (n_in + n_out)) | Glorot & Bengio 2010 |
/// | `normal:S` | S | mDLAM uses 0.1 |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Init {
    /// N(0, 2 / n_in).
    #[default]
    He,
    /// N(0, 2 / (n_in + n_out)).
    Xavier,
    /// N(0, σ²).
    Normal(f64),
}

impl Init {
    /// The standard deviation for a layer of `n_in` inputs and `n_out` units.
    #[allow(clippy::cast_precision_loss, reason = "layer sizes")]
    pub fn deviation(self, n_in: usize, n_out: usize) -> f64 {
        match self {
            Self::He => (2.0 / n_in as f64).sqrt(),
            Self::Xavier => (2.0 / (n_in + n_out) as f64).sqrt(),
            Self::Normal(deviation) => deviation,
        }
    }

    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Normal(s) => {
                ModelError::check("init", s, |s| s >= 0.0, "a finite deviation of at least 0")
            }
            Self::He | Self::Xavier => Ok(()),
        }
    }

    /// Weights of one layer, n_out x n_in, drawn column after column.
    pub(crate) fn draw<T: Real>(self, n_out: usize, n_in: usize, rng: &mut Normals) -> Matrix<T> {
        let deviation = self.deviation(n_in, n_out);
        Matrix::from_fn(n_out, n_in, |_, _| T::from_f64(deviation * rng.next()))
    }
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::He => f.write_str("he"),
            Self::Xavier => f.write_str("xavier"),
            Self::Normal(s) => write!(f, "normal:{s}"),
        }
    }
}

impl FromStr for Init {
    type Err = ModelError;

    fn from_str(s: &str) -> Result<Self> {
        let lower = s.to_ascii_lowercase();
        let init = match (lower.as_str(), lower.strip_prefix("normal:")) {
            ("he", _) => Some(Self::He),
            ("xavier", _) => Some(Self::Xavier),
            (_, Some(deviation)) => deviation.parse().ok().map(Self::Normal),
            _ => None,
        };
        let init = init.ok_or_else(|| ModelError::Name {
            what: "initialisation",
            found: s.to_owned(),
            known: "he, xavier, normal:DEVIATION",
        })?;
        init.check().map(|()| init)
    }
}

as_text!(Init);

/// Standard normal numbers by Marsaglia's polar method. Its only transcendental function, the logarithm, comes from
/// a portable implementation, so that a seed means the same numbers on every machine.
pub(crate) struct Normals {
    rng: ChaCha8Rng,
    spare: Option<f64>,
}

impl Normals {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            spare: None,
        }
    }

    pub(crate) fn next(&mut self) -> f64 {
        if let Some(x) = self.spare.take() {
            return x;
        }
        loop {
            let (x, y) = (self.symmetric(), self.symmetric());
            let r = x * x + y * y;
            if r > 0.0 && r < 1.0 {
                let scale = (-2.0 * libm::log(r) / r).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Uniform in [−1, 1).
    fn symmetric(&mut self) -> f64 {
        2.0 * self.rng.random::<f64>() - 1.0
    }
}
