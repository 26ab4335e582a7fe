//! Model files: safetensors with the metadata as JSON, written whole or not at all.
//!
//! Tensors are named `layers.L.weight` (n_out x n_in, row-major as the format has it) and `layers.L.bias`, L from 0: the
//! names and layout of a PyTorch module. The metadata lie under the key `tiam`. Further networks of an ensemble are named
//! `members.M.layers.L.…`, M from 1; the first one is named as that of a model of one.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::Dtype;
use tiam_core::Scalar;
use tiam_linalg::{Matrix, Real};

use crate::error::{ModelError, Result};
use crate::model::{Model, ModelMetadata};
use crate::network::{Architecture, Layer, Network};
use crate::tensors::{self, Tensor, Tensors};

/// Key of the metadata in the file's header.
const METADATA_KEY: &str = "tiam";
/// What bytes without a file are called in messages.
const IN_MEMORY: &str = "a model in memory";

/// A model of either precision, as a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyModel {
    /// Single precision.
    F32(Model<f32>),
    /// Double precision.
    F64(Model<f64>),
}

impl AnyModel {
    /// Reads a model in the precision it was saved with.
    ///
    /// Memory: three times the file's size for weights (the file, a layer by row and by column); for any file, damaged and forged ones
    /// included, at most 100 times its size and 64 KiB. The worst are small objects in [`ModelMetadata::extra`].
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Format`], naming the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::parse(&tensors::read(path)?).map_err(malformed(path))
    }

    /// Reads the bytes of a model file.
    ///
    /// # Errors
    /// [`ModelError::Format`] for bytes that are no model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::parse(bytes).map_err(malformed(Path::new(IN_MEMORY)))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let file = Tensors::parse(bytes)?;
        match file.dtype(&weight_name(0, 0)) {
            Some(Dtype::F64) => decode(&file).map(Self::F64),
            _ => decode(&file).map(Self::F32),
        }
    }

    /// Names, scalings and the rest.
    pub fn metadata(&self) -> &ModelMetadata {
        match self {
            Self::F32(model) => model.metadata(),
            Self::F64(model) => model.metadata(),
        }
    }

    /// `f32` or `f64`.
    pub fn precision(&self) -> &'static str {
        match self {
            Self::F32(_) => f32::NAME,
            Self::F64(_) => f64::NAME,
        }
    }
}

impl<T: Real> Model<T> {
    /// Writes the model to a temporary file beside `path`, then renames it: `path` is either the old file or the whole
    /// new one. The same model gives the same bytes.
    ///
    /// # Errors
    /// [`ModelError::Io`], naming the file.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let (tensors, texts) = self.parts().map_err(malformed(path))?;
        tensors::write(path, &tensors, texts)
    }

    /// The bytes that [`save`](Self::save) writes.
    ///
    /// # Errors
    /// [`ModelError::Format`] for metadata that cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let bytes = self.parts().and_then(|(tensors, texts)| {
            let named = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
            safetensors::serialize(named, Some(texts)).map_err(|error| error.to_string())
        });
        bytes.map_err(malformed(Path::new(IN_MEMORY)))
    }

    fn parts(&self) -> Result<(Vec<Tensor>, HashMap<String, String>), String> {
        let mut tensors = Vec::new();
        for (m, network) in self.networks().enumerate() {
            for (l, Layer { weights, bias }) in network.layers().iter().enumerate() {
                let shape = [weights.n_rows(), weights.n_cols()];
                let by_row = weights.transposed();
                let name = weight_name(m, l);
                tensors.push(Tensor::new(&name, &shape, by_row.as_slice()));
                tensors.push(Tensor::new(&bias_name(m, l), &[bias.len()], bias));
            }
        }
        let metadata = serde_json::to_string(&self.metadata).map_err(|error| error.to_string())?;
        Ok((
            tensors,
            HashMap::from([(METADATA_KEY.to_owned(), metadata)]),
        ))
    }

    /// Reads a model of this precision; every weight comes back with the bits it was saved with. Memory as [`AnyModel::load`].
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Format`], naming the file; a file of the other precision is refused.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = tensors::read(path)?;
        let model = Tensors::parse(&bytes).and_then(|file| decode(&file));
        model.map_err(malformed(path))
    }
}

/// What the names of a member's tensors begin with.
fn prefix(m: usize) -> String {
    match m {
        0 => String::new(),
        m => format!("members.{m}."),
    }
}

fn weight_name(m: usize, l: usize) -> String {
    format!("{}layers.{l}.weight", prefix(m))
}

fn bias_name(m: usize, l: usize) -> String {
    format!("{}layers.{l}.bias", prefix(m))
}

/// The error for a file with this fault.
fn malformed(path: &Path) -> impl Fn(String) -> ModelError + '_ {
    move |reason| ModelError::Format {
        path: path.to_owned(),
        reason,
    }
}

fn decode<T: Real>(file: &Tensors<'_>) -> Result<Model<T>, String> {
    let metadata = serde_json::from_str(file.text(METADATA_KEY)?);
    let metadata: ModelMetadata = metadata.map_err(|e| e.to_string())?;
    let mut networks = vec![network(file, 0, &metadata.architecture)?];
    if let Some(ensemble) = &metadata.ensemble {
        for (member, m) in ensemble.members.iter().skip(1).zip(1..) {
            networks.push(network(file, m, &member.architecture)?);
        }
    }
    let layers = networks.iter().map(|network| network.layers().len());
    let (expected, found) = (2 * layers.sum::<usize>(), file.len());
    if found != expected {
        return Err(format!(
            "{found} tensors where the sizes ask for {expected}"
        ));
    }
    let first = networks.remove(0);
    Model::of_members(first, networks, metadata).map_err(|e| e.to_string())
}

/// The network of member `m`.
fn network<T: Real>(
    file: &Tensors<'_>,
    m: usize,
    shape: &Architecture,
) -> Result<Network<T>, String> {
    shape.check().map_err(|e| e.to_string())?;
    let mut layers = Vec::new();
    for (l, pair) in shape.sizes.windows(2).enumerate() {
        let weights = file.finite(&weight_name(m, l), &[pair[1], pair[0]])?;
        let by_row = Matrix::from_vec(pair[0], pair[1], weights).map_err(|e| e.to_string())?;
        layers.push(Layer {
            weights: by_row.transposed(),
            bias: file.finite(&bias_name(m, l), &[pair[1]])?,
        });
    }
    Network::from_layers(shape.clone(), layers).map_err(|e| e.to_string())
}
