//! Model files: safetensors with the metadata as JSON, written whole or not at all.
//!
//! Tensors are named `layers.L.weight` (n_out x n_in, row-major as the format has it) and `layers.L.bias`, L from 0: the
//! names and layout of a PyTorch module. The metadata lie under the key `tiam`.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorView, serialize};
use serde::Deserialize;
use tiam_core::Scalar;
use tiam_linalg::{Matrix, Real};

use crate::error::ModelError;
use crate::model::{Model, ModelMetadata};
use crate::network::{Layer, Network};

/// Key of the metadata in the file's header.
const METADATA_KEY: &str = "tiam";

/// A scalar as the file stores it: little-endian.
pub trait Stored: Real {
    /// The format's name for it.
    #[doc(hidden)]
    const DTYPE: Dtype;
    /// Appends the bytes.
    #[doc(hidden)]
    fn put(self, bytes: &mut Vec<u8>);
    /// Reads one value from exactly its number of bytes.
    #[doc(hidden)]
    fn get(bytes: &[u8]) -> Option<Self>;
}

macro_rules! stored {
    ($t:ident, $dtype:ident) => {
        impl Stored for $t {
            const DTYPE: Dtype = Dtype::$dtype;
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn get(bytes: &[u8]) -> Option<Self> {
                Some($t::from_le_bytes(bytes.try_into().ok()?))
            }
        }
    };
}
stored!(f32, F32);
stored!(f64, F64);

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
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let bytes = read(path)?;
        match decode::<f32>(&bytes) {
            Ok(model) => Ok(Self::F32(model)),
            Err(Refusal::OtherPrecision) => decode(&bytes).map(Self::F64).map_err(|r| r.at(path)),
            Err(refusal) => Err(refusal.at(path)),
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

impl<T: Stored> Model<T> {
    /// Writes the model to a temporary file beside `path`, then renames it: `path` is either the old file or the whole
    /// new one. The same model gives the same bytes.
    ///
    /// # Errors
    /// [`ModelError::Io`], naming the file.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        let path = path.as_ref();
        let bytes = self
            .encode()
            .map_err(|reason| Refusal::Malformed(reason).at(path))?;
        write_whole(path, |temporary| fs::write(temporary, &bytes)).map_err(io_error(path))
    }

    /// Reads a model of this precision; every weight comes back with the bits it was saved with. Memory as [`AnyModel::load`].
    ///
    /// # Errors
    /// [`ModelError::Io`] or [`ModelError::Format`], naming the file; a file of the other precision is refused.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        decode(&read(path)?).map_err(|refusal| refusal.at(path))
    }

    fn encode(&self) -> Result<Vec<u8>, String> {
        let mut buffers = Vec::new();
        for (l, layer) in self.network.layers().iter().enumerate() {
            let weights = layer.weights.transposed();
            let shape = vec![layer.weights.n_rows(), layer.weights.n_cols()];
            buffers.push((
                format!("layers.{l}.weight"),
                shape,
                to_bytes(weights.as_slice()),
            ));
            let shape = vec![layer.bias.len()];
            buffers.push((format!("layers.{l}.bias"), shape, to_bytes(&layer.bias)));
        }
        let mut views = Vec::with_capacity(buffers.len());
        for (name, shape, bytes) in &buffers {
            let view =
                TensorView::new(T::DTYPE, shape.clone(), bytes).map_err(|e| e.to_string())?;
            views.push((name.as_str(), view));
        }
        let metadata = serde_json::to_string(&self.metadata).map_err(|e| e.to_string())?;
        let header = HashMap::from([(METADATA_KEY.to_owned(), metadata)]);
        serialize(views, Some(header)).map_err(|e| e.to_string())
    }
}

/// Why a file was not read.
enum Refusal {
    OtherPrecision,
    Malformed(String),
}

impl Refusal {
    fn at(self, path: &Path) -> ModelError {
        let reason = match self {
            Self::OtherPrecision => "its weights are of another precision".to_owned(),
            Self::Malformed(reason) => reason,
        };
        ModelError::Format {
            path: path.to_owned(),
            reason,
        }
    }
}

fn malformed(reason: impl ToString) -> Refusal {
    Refusal::Malformed(reason.to_string())
}

pub(crate) fn to_bytes<T: Stored>(values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of_val(values));
    values.iter().for_each(|v| v.put(&mut bytes));
    bytes
}

/// A tensor in a header, as far as it matters here; the header's own metadata have no extent.
#[derive(Deserialize)]
struct Extent {
    data_offsets: Option<[u64; 2]>,
}

/// The header of a file in which no tensor ends beyond it: reading a header adds up the ends unchecked.
pub(crate) fn header(bytes: &[u8]) -> Result<Metadata, String> {
    let length = bytes.first_chunk().map(|n| u64::from_le_bytes(*n));
    let end = length.and_then(|n| usize::try_from(n).ok()?.checked_add(size_of::<u64>()));
    if let Some(text) = end.and_then(|end| bytes.get(size_of::<u64>()..end)) {
        let extents: HashMap<String, Extent> =
            serde_json::from_slice(text).map_err(|e| format!("its header is malformed: {e}"))?;
        let ends = extents.values().filter_map(|extent| extent.data_offsets);
        if let Some([_, end]) = ends.max_by_key(|extent| extent[1])
            && end > bytes.len() as u64
        {
            return Err(format!("a tensor ends at byte {end}, beyond the file"));
        }
    }
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    Ok(header)
}

/// The values of such bytes, without a byte more; `None` if they end within one.
pub(crate) fn from_bytes<T: Stored>(bytes: &[u8]) -> Option<Vec<T>> {
    let chunks = bytes.chunks_exact(size_of::<T>());
    let whole = chunks.remainder().is_empty();
    let mut values = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        values.push(T::get(chunk)?);
    }
    whole.then_some(values)
}

fn decode<T: Stored>(bytes: &[u8]) -> Result<Model<T>, Refusal> {
    let header = header(bytes).map_err(malformed)?;
    let metadata = header.metadata().as_ref().and_then(|m| m.get(METADATA_KEY));
    let metadata = metadata
        .ok_or_else(|| malformed("the header has no `tiam` entry; was it saved by tiam?"))?;
    let metadata: ModelMetadata = serde_json::from_str(metadata).map_err(malformed)?;
    metadata.architecture.check().map_err(malformed)?;
    let tensors = SafeTensors::deserialize(bytes).map_err(malformed)?;
    let mut layers = Vec::new();
    for (l, pair) in metadata.architecture.sizes.windows(2).enumerate() {
        let weights = tensor(&tensors, &format!("layers.{l}.weight"), &[pair[1], pair[0]])?;
        let bias = tensor(&tensors, &format!("layers.{l}.bias"), &[pair[1]])?;
        let by_row = Matrix::from_vec(pair[0], pair[1], weights).map_err(malformed)?;
        layers.push(Layer {
            weights: by_row.transposed(),
            bias,
        });
    }
    let expected = 2 * layers.len();
    if tensors.len() != expected {
        let found = tensors.len();
        return Err(malformed(format!(
            "{found} tensors where the sizes ask for {expected}"
        )));
    }
    let network = Network::from_layers(metadata.architecture.clone(), layers).map_err(malformed)?;
    Model::from_parts(network, metadata).map_err(malformed)
}

/// A tensor's values, when it has the shape and the precision asked for and all of them are finite.
fn tensor<T: Stored>(
    tensors: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
) -> Result<Vec<T>, Refusal> {
    let view = tensors.tensor(name).map_err(malformed)?;
    if view.dtype() != T::DTYPE {
        let known = [Dtype::F32, Dtype::F64].contains(&view.dtype());
        let other = malformed(format!("{name} is {:?}, neither F32 nor F64", view.dtype()));
        return Err(if known {
            Refusal::OtherPrecision
        } else {
            other
        });
    }
    if view.shape() != shape {
        return Err(malformed(format!(
            "{name} is {:?}, not {shape:?}",
            view.shape()
        )));
    }
    let values =
        from_bytes::<T>(view.data()).ok_or_else(|| malformed(format!("{name} is cut short")))?;
    match values.iter().position(|v| !v.is_finite()) {
        Some(at) => Err(malformed(format!("entry {at} of {name} is not finite"))),
        None => Ok(values),
    }
}

/// A device could be read without end.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    let known = fs::metadata(path).map_err(io_error(path))?;
    if !known.is_file() {
        let refused = io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
        return Err(io_error(path)(refused));
    }
    fs::read(path).map_err(io_error(path))
}

/// Has a temporary file beside `path` written, syncs and renames it: after a crash there is the old file or the whole new one.
///
/// # Errors
/// What `write` or the system said; the file that stood there before is then untouched.
pub fn write_whole(path: &Path, write: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = write(&temporary)
        .and_then(|()| File::options().append(true).open(&temporary)?.sync_all())
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        fs::remove_file(&temporary).ok();
    }
    // The renaming itself lasts once the folder is synced, where the system can do that.
    if let Some(folder) = path.parent() {
        let here = folder.as_os_str().is_empty();
        let folder = if here { Path::new(".") } else { folder };
        File::open(folder).and_then(|folder| folder.sync_all()).ok();
    }
    written
}

/// For [`Result::map_err`] where a file or folder is at fault.
pub(crate) fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ModelError + '_ {
    move |source| ModelError::Io {
        path: path.to_owned(),
        source,
    }
}
