//! Several networks whose answers are mixed: the other members of a model, their encodings and their shares.

use serde::{Deserialize, Serialize};
use tiam_linalg::{Compute, Matrix, Real, prox};

use crate::error::{ModelError, Result};
use crate::inputs::InputEncoding;
use crate::loss::Loss;
use crate::model::AffineScaling;
use crate::network::{Architecture, Network};

/// How the answers of several networks are mixed.
///
/// For classes the answer is p ∝ (Σ_m s_m softmax(z_m))^(1/τ), for values Σ_m s_m y_m, with shares s_m that add up to 1 and a
/// temperature τ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ensemble {
    /// The encodings of raw features that members share.
    pub encodings: Vec<InputEncoding>,
    /// The networks, the first one included.
    pub members: Vec<Member>,
    /// τ; 1 for values.
    pub temperature: f64,
}

/// A network of an ensemble.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Sizes, activation, loss.
    pub architecture: Architecture,
    /// Number of its encoding.
    pub encoding: usize,
    /// Its share of the answer, above 0.
    pub share: f64,
    /// From its outputs to values; none for classes.
    pub values: Option<ValueScaling>,
}

/// From a network's outputs to values in the targets' own units: y = offset + scale z, or the exponential of that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueScaling {
    /// Offset and scale of each output.
    pub scaling: AffineScaling,
    /// True where the network was trained on logarithms.
    pub logarithm: bool,
    /// Least and largest logarithm of each output in training, which answers are kept within: an exponential must not run away. Empty
    /// without logarithms.
    pub bounds: Vec<[f64; 2]>,
}

impl ValueScaling {
    /// What a network learns in place of values in their own units, samples one after the other.
    pub fn apply<T: Real>(&self, values: &mut [T]) {
        if self.logarithm {
            for y in values.iter_mut() {
                *y = T::from_f64((*y).to_f64().ln());
            }
        }
        self.scaling.apply_in_place(values);
    }

    /// Values in their own units in place of a network's outputs, samples one after the other.
    pub fn invert<T: Real>(&self, outputs: &mut [T]) {
        self.scaling.invert_in_place(outputs);
        for sample in outputs.chunks_exact_mut(self.bounds.len().max(1)) {
            for (y, [low, high]) in sample.iter_mut().zip(&self.bounds) {
                *y = T::from_f64((*y).to_f64().max(*low).min(*high).exp());
            }
        }
    }
}

/// Memory for the passes of an ensemble.
#[derive(Debug, Default)]
pub struct EnsembleScratch<T> {
    inputs: Matrix<T>,
    outputs: Matrix<T>,
}

impl Ensemble {
    /// Number of raw features.
    pub fn n_features(&self) -> usize {
        self.encodings.first().map_or(0, InputEncoding::n_features)
    }

    /// Multiplications of a prediction for one row.
    pub fn n_multiplications(&self) -> usize {
        let members = self.members.iter();
        members.map(|m| m.architecture.n_parameters()).sum()
    }

    pub(crate) fn check(&self) -> Result<()> {
        let invalid =
            |what, found: String, allowed| Err(ModelError::parameter(what, found, allowed));
        let Some(Member {
            architecture: first,
            ..
        }) = self.members.first()
        else {
            return invalid("members", "none".to_owned(), "at least one");
        };
        for encoding in &self.encodings {
            encoding.check()?;
            let what = "features of an encoding";
            ModelError::check_size(what, self.n_features(), encoding.n_features())?;
        }
        let positive = |x: f64| x > 0.0;
        ModelError::check("temperature", self.temperature, positive, "above 0")?;
        for member in &self.members {
            let shape = &member.architecture;
            shape.check()?;
            ModelError::check("share", member.share, positive, "above 0")?;
            ModelError::check_size("outputs", first.n_outputs(), shape.n_outputs())?;
            let Some(encoding) = self.encodings.get(member.encoding) else {
                let allowed = "that of an encoding";
                return invalid("encoding", member.encoding.to_string(), allowed);
            };
            ModelError::check_size("inputs", encoding.n_inputs(), shape.n_inputs())?;
            let of_classes = shape.loss == Loss::CrossEntropy;
            if of_classes != (first.loss == Loss::CrossEntropy)
                || of_classes == member.values.is_some()
            {
                let allowed = "cross_entropy for all members, or values with their scaling";
                return invalid("loss", shape.loss.name().to_owned(), allowed);
            }
            if let Some(values) = &member.values {
                values.scaling.check()?;
                let n_outputs = shape.n_outputs();
                ModelError::check_size("scaled outputs", n_outputs, values.scaling.len())?;
                let n_bounds = if values.logarithm { n_outputs } else { 0 };
                ModelError::check_size("bounds of logarithms", n_bounds, values.bounds.len())?;
                for bound in values.bounds.iter().flatten() {
                    ModelError::check("bound of a logarithm", *bound, |_| true, "finite")?;
                }
            }
        }
        Ok(())
    }

    /// The mixed answers of `networks`, one a member, for raw features: probabilities, or values in their own units.
    pub(crate) fn answers_into<'n, T: Real>(
        &self,
        networks: impl Iterator<Item = &'n Network<T>>,
        features: &Matrix<T>,
        out: &mut Matrix<T>,
        scratch: &mut EnsembleScratch<T>,
        compute: &mut Compute<T>,
    ) -> Result<()> {
        let EnsembleScratch { inputs, outputs } = scratch;
        let mut encoded = None;
        for (i, (member, network)) in self.members.iter().zip(networks).enumerate() {
            if encoded != Some(member.encoding) {
                self.encodings[member.encoding].encode(features, inputs)?;
                encoded = Some(member.encoding);
            }
            network.forward_into(outputs, inputs, compute)?;
            member.answer(outputs);
            if i == 0 {
                out.reshape(outputs.n_rows(), outputs.n_cols());
                out.as_mut_slice().fill(T::zero());
            }
            let share = T::from_f64(member.share);
            for (sum, answer) in out.as_mut_slice().iter_mut().zip(outputs.as_slice()) {
                *sum += share * *answer;
            }
        }
        temper(out, self.temperature);
        Ok(())
    }
}

impl Member {
    /// Its answers in place of its network's outputs.
    fn answer<T: Real>(&self, outputs: &mut Matrix<T>) {
        let n_outputs = outputs.n_rows();
        match &self.values {
            None => prox::softmax_in_place(outputs.as_mut_slice(), n_outputs),
            Some(values) => values.invert(outputs.as_mut_slice()),
        }
    }
}

/// p ← p^(1/τ) / Σ p^(1/τ) for each column; nothing where τ = 1.
fn temper<T: Real>(probabilities: &mut Matrix<T>, temperature: f64) {
    if (temperature - 1.0).abs() < f64::EPSILON {
        return;
    }
    let n_classes = probabilities.n_rows();
    for column in probabilities.as_mut_slice().chunks_exact_mut(n_classes) {
        for p in column.iter_mut() {
            *p = T::from_f64(p.to_f64().max(f64::MIN_POSITIVE).ln() / temperature);
        }
    }
    prox::softmax_in_place(probabilities.as_mut_slice(), n_classes);
}
