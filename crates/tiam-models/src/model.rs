//! A trained model: a network with the names and the scalings that new data need.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tiam_linalg::{Compute, Matrix, Real, TargetKind, reduce};

use crate::ensemble::{Ensemble, EnsembleScratch};
use crate::error::{ModelError, Result};
use crate::loss::Loss;
use crate::network::{Architecture, Network};

/// An affine map applied feature by feature: x' = (x − offset) / scale.
///
/// ```
/// use tiam_linalg::Matrix;
/// use tiam_models::AffineScaling;
/// let scaling = AffineScaling::new(vec![2.0], vec![4.0])?;
/// let mut x = Matrix::from_vec(1, 2, vec![2.0, 10.0])?;
/// scaling.apply(&mut x)?;
/// assert_eq!(x.as_slice(), &[0.0, 2.0]);
/// scaling.invert(&mut x)?;
/// assert_eq!(x.as_slice(), &[2.0, 10.0]);
/// # Ok::<(), tiam_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AffineScaling {
    offset: Vec<f64>,
    scale: Vec<f64>,
}

impl AffineScaling {
    /// One offset and one scale a feature.
    ///
    /// # Errors
    /// [`ModelError::Size`] when the two differ in length; [`ModelError::Parameter`] for an offset that is not finite
    /// or a scale that is not finite and above 0.
    pub fn new(offset: Vec<f64>, scale: Vec<f64>) -> Result<Self> {
        let this = Self { offset, scale };
        this.check().map(|()| this)
    }

    /// Number of features.
    pub fn len(&self) -> usize {
        self.offset.len()
    }

    /// The offset of each feature, in its own units.
    pub fn offset(&self) -> &[f64] {
        &self.offset
    }

    /// The scale of each feature, above 0.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// True for no features.
    pub fn is_empty(&self) -> bool {
        self.offset.is_empty()
    }

    pub(crate) fn check(&self) -> Result<()> {
        let (offsets, scales) = (&self.offset, &self.scale);
        ModelError::check_size("scales for as many offsets", offsets.len(), scales.len())?;
        for x in offsets {
            ModelError::check("scaling offset", *x, |_| true, "finite")?;
        }
        let positive = |x| x > 0.0;
        scales.iter().try_for_each(|x| {
            ModelError::check("scaling scale", *x, positive, "finite and above 0")
        })
    }

    /// x ← (x − offset) / scale for a matrix of one row a feature; computed in double precision.
    ///
    /// # Errors
    /// [`ModelError::Size`] when the number of rows differs.
    pub fn apply<T: Real>(&self, x: &mut Matrix<T>) -> Result<()> {
        self.map(x, |x, offset, scale| (x - offset) / scale)
    }

    /// x ← x · scale + offset: the inverse of [`AffineScaling::apply`].
    ///
    /// # Errors
    /// [`ModelError::Size`] when the number of rows differs.
    pub fn invert<T: Real>(&self, x: &mut Matrix<T>) -> Result<()> {
        self.map(x, |x, offset, scale| x * scale + offset)
    }

    fn map<T: Real>(&self, x: &mut Matrix<T>, f: impl Fn(f64, f64, f64) -> f64) -> Result<()> {
        ModelError::check_size("features", self.len(), x.n_rows())?;
        self.map_in_place(x.as_mut_slice(), f);
        Ok(())
    }

    /// [`invert`](Self::invert) of samples one after the other; what is left of the last one stays.
    pub fn invert_in_place<T: Real>(&self, samples: &mut [T]) {
        self.map_in_place(samples, |x, offset, scale| x * scale + offset);
    }

    pub(crate) fn apply_in_place<T: Real>(&self, samples: &mut [T]) {
        self.map_in_place(samples, |x, offset, scale| (x - offset) / scale);
    }

    fn map_in_place<T: Real>(&self, samples: &mut [T], f: impl Fn(f64, f64, f64) -> f64) {
        for column in samples.chunks_exact_mut(self.len().max(1)) {
            for ((x, offset), scale) in column.iter_mut().zip(&self.offset).zip(&self.scale) {
                *x = T::from_f64(f(x.to_f64(), *offset, *scale));
            }
        }
    }
}

/// The metadata of a model file: everything except its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelMetadata {
    /// Version of the crate that wrote the file.
    pub version: String,
    /// Sizes, activation, loss; of the first network where there are several.
    pub architecture: Architecture,
    /// One name an input; empty when there are none.
    pub feature_names: Vec<String>,
    /// One name a class; empty for values or when there are none.
    pub class_names: Vec<String>,
    /// The scaling of raw inputs; `None` where the network takes them as they are.
    pub input_scaling: Option<AffineScaling>,
    /// The scaling of raw target values; predictions are mapped back. `None` for classes.
    pub output_scaling: Option<AffineScaling>,
    /// How the answers of several networks are mixed; each has its own encoding of the inputs then, and the two scalings are `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ensemble: Option<Ensemble>,
    /// Anything else the writer wants to keep: the seed, the columns of a table, how training ended.
    pub extra: BTreeMap<String, serde_json::Value>,
}

impl ModelMetadata {
    /// Number of raw features.
    pub fn n_features(&self) -> usize {
        let of_one = || self.architecture.n_inputs();
        self.ensemble
            .as_ref()
            .map_or_else(of_one, Ensemble::n_features)
    }
}

/// A network, or an ensemble of several, that takes raw inputs and gives raw outputs.
///
/// ```
/// use tiam_linalg::{Compute, Matrix};
/// use tiam_models::{Activation, Architecture, Init, Loss, Model, Network};
/// let shape = Architecture::new(2, &[3], 2, Activation::Relu, Loss::CrossEntropy)?;
/// let model = Model::new(Network::<f32>::new(shape, Init::He, 0)?);
/// let path = std::env::temp_dir().join("tiam-doc-example.safetensors");
/// model.save(&path)?;
/// assert_eq!(Model::load(&path)?, model);
/// # std::fs::remove_file(&path).ok();
/// # Ok::<(), tiam_models::ModelError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Model<T> {
    pub(crate) network: Network<T>,
    /// The others of an ensemble.
    pub(crate) others: Vec<Network<T>>,
    pub(crate) metadata: ModelMetadata,
}

impl<T: Real> Model<T> {
    /// A model without names or scaling.
    pub fn new(network: Network<T>) -> Self {
        let metadata = ModelMetadata {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            architecture: network.architecture().clone(),
            feature_names: Vec::new(),
            class_names: Vec::new(),
            input_scaling: None,
            output_scaling: None,
            ensemble: None,
            extra: BTreeMap::new(),
        };
        Self {
            network,
            others: Vec::new(),
            metadata,
        }
    }

    /// A model from both its parts.
    ///
    /// # Errors
    /// [`ModelError::Size`] when names or scalings do not fit the network, [`ModelError::Parameter`] when a scaling is
    /// not finite or the metadata describe another architecture.
    pub fn from_parts(network: Network<T>, metadata: ModelMetadata) -> Result<Self> {
        Self::of_members(network, Vec::new(), metadata)
    }

    /// A model of several networks: the first, the others, and metadata that say how they are mixed.
    ///
    /// # Errors
    /// As [`from_parts`](Self::from_parts); [`ModelError::Size`] or [`ModelError::Parameter`] where networks and metadata do not fit.
    pub fn of_members(
        network: Network<T>,
        others: Vec<Network<T>>,
        metadata: ModelMetadata,
    ) -> Result<Self> {
        check_members(&network, &others, &metadata)?;
        let shape = network.architecture();
        if *shape != metadata.architecture {
            let (what, found) = ("metadata architecture", metadata.architecture.describe());
            let allowed = "the architecture of the network beside it";
            return Err(ModelError::parameter(what, found, allowed));
        }
        let (n_in, n_out) = (metadata.n_features(), shape.n_outputs());
        let names = [
            ("feature names", &metadata.feature_names, n_in),
            ("class names", &metadata.class_names, n_out),
        ];
        for (what, names, expected) in names.into_iter().filter(|(_, names, _)| !names.is_empty()) {
            ModelError::check_size(what, expected, names.len())?;
        }
        let scalings = [
            ("scaled features", &metadata.input_scaling, n_in),
            ("scaled outputs", &metadata.output_scaling, n_out),
        ];
        for (what, scaling, expected) in scalings {
            if let Some(scaling) = scaling {
                scaling.check()?;
                ModelError::check_size(what, expected, scaling.len())?;
            }
        }
        Ok(Self {
            network,
            others,
            metadata,
        })
    }

    /// The same model with another loss: see [`Network::with_loss`].
    ///
    /// # Errors
    /// As [`Network::with_loss`]; [`ModelError::Parameter`] for several networks.
    pub fn with_loss(self, loss: Loss) -> Result<Self> {
        if self.metadata.ensemble.is_some() {
            let allowed = "left as it is for several networks";
            return Err(ModelError::parameter("loss", loss.name(), allowed));
        }
        let network = self.network.with_loss(loss)?;
        let mut metadata = self.metadata;
        metadata.architecture.clone_from(network.architecture());
        Ok(Self {
            network,
            metadata,
            others: self.others,
        })
    }

    /// The network, which sees scaled inputs and outputs; the first of several.
    pub fn network(&self) -> &Network<T> {
        &self.network
    }

    /// All networks, one of most models.
    pub fn networks(&self) -> impl Iterator<Item = &Network<T>> {
        std::iter::once(&self.network).chain(&self.others)
    }

    /// The mixed answers of an ensemble for raw features, a sample a column: probabilities, or values in their own units. Without an ensemble
    /// `false` is returned and nothing done.
    ///
    /// # Errors
    /// As [`Network::forward`].
    pub fn mixed_into(
        &self,
        features: &Matrix<T>,
        out: &mut Matrix<T>,
        scratch: &mut EnsembleScratch<T>,
        compute: &mut Compute<T>,
    ) -> Result<bool> {
        let Some(ensemble) = &self.metadata.ensemble else {
            return Ok(false);
        };
        ensemble.answers_into(self.networks(), features, out, scratch, compute)?;
        Ok(true)
    }

    fn mixed(&self, features: &Matrix<T>, compute: &mut Compute<T>) -> Result<Option<Matrix<T>>> {
        let mut out = Matrix::default();
        let there =
            self.mixed_into(features, &mut out, &mut EnsembleScratch::default(), compute)?;
        Ok(there.then_some(out))
    }

    /// Puts other entries in place of [`ModelMetadata::extra`].
    pub fn set_extra(&mut self, extra: BTreeMap<String, serde_json::Value>) {
        self.metadata.extra = extra;
    }

    /// Names, scalings and the rest.
    pub fn metadata(&self) -> &ModelMetadata {
        &self.metadata
    }

    /// The class of each raw sample (a column of n_0 raw features), counted from 0.
    ///
    /// # Errors
    /// As [`Network::classes`].
    #[allow(clippy::cast_possible_truncation, reason = "labels are u32 throughout")]
    pub fn classes(&self, inputs: Matrix<T>, compute: &mut Compute<T>) -> Result<Vec<u32>> {
        if let Some(answers) = self.mixed(&inputs, compute)? {
            let class = |j| reduce::largest(answers.col(j)) as u32;
            return Ok((0..answers.n_cols()).map(class).collect());
        }
        self.network.classes(&self.scaled(inputs)?, compute)
    }

    /// Class probabilities of raw samples, n_L x N.
    ///
    /// # Errors
    /// As [`Network::probabilities`].
    pub fn probabilities(&self, inputs: Matrix<T>, compute: &mut Compute<T>) -> Result<Matrix<T>> {
        if self.network.architecture().loss == Loss::CrossEntropy
            && let Some(answers) = self.mixed(&inputs, compute)?
        {
            return Ok(answers);
        }
        self.network.probabilities(&self.scaled(inputs)?, compute)
    }

    /// Predicted values of raw samples in the targets' own units, n_L x N.
    ///
    /// # Errors
    /// As [`Network::forward`]; [`ModelError::Parameter`] for a network that predicts classes.
    pub fn values(&self, inputs: Matrix<T>, compute: &mut Compute<T>) -> Result<Matrix<T>> {
        let loss = &self.network.architecture().loss;
        if loss.takes() == Some(TargetKind::Classes) {
            let allowed = "a loss of values, where values are asked for";
            return Err(ModelError::parameter("loss", loss.name(), allowed));
        }
        if let Some(answers) = self.mixed(&inputs, compute)? {
            return Ok(answers);
        }
        let mut out = self.network.forward(&self.scaled(inputs)?, compute)?;
        if let Some(scaling) = &self.metadata.output_scaling {
            scaling.invert(&mut out)?;
        }
        Ok(out)
    }

    /// Raw inputs as the network wants them.
    ///
    /// # Errors
    /// [`ModelError::Size`] when the number of features differs.
    pub fn scaled(&self, mut inputs: Matrix<T>) -> Result<Matrix<T>> {
        if let Some(scaling) = &self.metadata.input_scaling {
            scaling.apply(&mut inputs)?;
        }
        Ok(inputs)
    }
}

/// Refuses networks that are not those of the metadata.
fn check_members<T: Real>(
    first: &Network<T>,
    others: &[Network<T>],
    metadata: &ModelMetadata,
) -> Result<()> {
    let Some(ensemble) = &metadata.ensemble else {
        return ModelError::check_size("networks without an ensemble", 1, 1 + others.len());
    };
    ensemble.check()?;
    let n_members = ensemble.members.len();
    ModelError::check_size("networks of an ensemble", n_members, 1 + others.len())?;
    let networks = std::iter::once(first).chain(others);
    for (member, network) in ensemble.members.iter().zip(networks) {
        if member.architecture != *network.architecture() {
            let found = member.architecture.describe();
            let allowed = "the architecture of the network beside it";
            return Err(ModelError::parameter("member", found, allowed));
        }
    }
    Ok(())
}
