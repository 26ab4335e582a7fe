//! The identity of a run, by its data and parameters: a checkpoint is used only for the run that wrote it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tiam_linalg::Real;
use twox_hash::xxhash3_128::Hasher;

use crate::data::{Samples, Target};
use crate::network::Network;
use crate::tensors::to_bytes;

/// Numbers hashed at once.
const CHUNK: usize = 1 << 13;

/// Fingerprints of the data, and the parameters, of a run.
///
/// Limits (iterations, seconds, an objective to reach) are no part of it: a run may go on for longer than was first asked for.
///
/// ```
/// use tiam_linalg::Matrix;
/// use tiam_models::{RunIdentity, Samples, Target};
/// let samples = |x| Samples::<f64>::new(Matrix::from_fn(1, 2, |_, _| x), Target::Values(Matrix::from_fn(1, 2, |_, _| 0.0)));
/// let of = |x, rho: f64| Ok::<_, tiam_models::ModelError>(RunIdentity::default().samples("data", &samples(x)?).parameter("rho", rho));
/// assert_eq!(of(1.0, 0.1)?.difference(&of(1.0, 0.1)?), None);
/// assert_eq!(of(1.0, 0.1)?.difference(&of(1.0, 0.2)?).unwrap(), "rho was 0.1 and is 0.2");
/// assert!(of(1.0, 0.1)?.difference(&of(1.5, 0.1)?).unwrap().starts_with("data differs"));
/// # Ok::<(), tiam_models::ModelError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunIdentity {
    /// By part: sizes, and a hash of all numbers (XXH3, 128 bits).
    data: Map<String, Value>,
    parameters: Map<String, Value>,
}

impl RunIdentity {
    /// Adds a part of the data.
    #[must_use]
    pub fn samples<T: Real>(self, name: &str, samples: &Samples<T>) -> Self {
        let mut hash = Fingerprint::default();
        hash.values(samples.inputs().as_slice());
        match samples.target() {
            Target::Values(values) => hash.values(values.as_slice()),
            Target::Classes { labels, n_classes } => {
                hash.bytes(&(*n_classes as u64).to_le_bytes());
                labels.iter().for_each(|l| hash.bytes(&l.to_le_bytes()));
            }
        }
        let (rows, n) = (samples.inputs().n_rows(), samples.n_samples());
        let outputs = samples.target().n_outputs();
        self.part(name, &format!("{n} x {rows} to {outputs}"), hash)
    }

    /// Adds weights of the samples.
    #[must_use]
    pub fn weights(self, name: &str, weights: &[f64]) -> Self {
        let mut hash = Fingerprint::default();
        hash.values(weights);
        self.part(name, &weights.len().to_string(), hash)
    }

    /// Adds the network that training starts from.
    #[must_use]
    pub fn network<T: Real>(self, name: &str, network: &Network<T>) -> Self {
        let mut hash = Fingerprint::default();
        for layer in network.layers() {
            hash.values(layer.weights.as_slice());
            hash.values(&layer.bias);
        }
        self.part(name, &network.architecture().describe(), hash)
    }

    /// Adds a parameter, of any shape that JSON has.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }

    /// The first difference between this identity, that of a saved run, and `now`; none where both are equal.
    pub fn difference(&self, now: &Self) -> Option<String> {
        first_difference(&self.parameters, &now.parameters)
            .map(|(name, was, is)| value_difference(name, was, is))
            .or_else(|| {
                let (name, was, is) = first_difference(&self.data, &now.data)?;
                Some(match (was, is) {
                    (Some(was), Some(is)) => format!("{name} differs: it was {was} and is {is}"),
                    (Some(_), None) => format!("{name} is missing"),
                    _ => format!("{name} was not there"),
                })
            })
    }

    fn part(mut self, name: &str, sizes: &str, hash: Fingerprint) -> Self {
        let text = format!("{sizes}, {}", hash.finish());
        self.data.insert(name.to_owned(), text.into());
        self
    }
}

/// The first key under which the two differ, with both values.
fn first_difference<'a>(
    was: &'a Map<String, Value>,
    is: &'a Map<String, Value>,
) -> Option<(&'a str, Option<&'a Value>, Option<&'a Value>)> {
    let keys = was.keys().chain(is.keys());
    keys.map(|key| (key.as_str(), was.get(key), is.get(key)))
        .find(|(_, was, is)| was != is)
}

/// Down to the innermost value that differs.
fn value_difference(path: &str, was: Option<&Value>, is: Option<&Value>) -> String {
    if let (Some(Value::Object(was)), Some(Value::Object(is))) = (was, is)
        && let Some((key, was, is)) = first_difference(was, is)
    {
        return value_difference(&format!("{path}.{key}"), was, is);
    }
    let text = |value: Option<&Value>| value.map_or("not set".to_owned(), Value::to_string);
    format!("{path} was {} and is {}", text(was), text(is))
}

/// A hash of numbers by their bits.
#[derive(Default)]
pub(super) struct Fingerprint(Hasher);

impl Fingerprint {
    fn values<T: Real>(&mut self, values: &[T]) {
        for chunk in values.chunks(CHUNK) {
            self.bytes(&to_bytes(chunk));
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    pub(super) fn finish(&self) -> String {
        format!("{:032x}", self.0.finish_128())
    }
}
