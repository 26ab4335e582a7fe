//! Files of tensors (safetensors) with texts among their metadata, written whole or not at all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, View, serialize_to_file};
use serde::Deserialize;
use tiam_core::Scalar;
use tiam_linalg::Real;

use crate::error::{ModelError, Result};

/// A named tensor on its way into a file.
pub(crate) struct Tensor {
    pub(crate) name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    pub(crate) bytes: Vec<u8>,
}

impl Tensor {
    /// Values in the order in which the format stores them, by row.
    pub(crate) fn new<T: Real>(name: &str, shape: &[usize], values: &[T]) -> Self {
        Self {
            name: name.to_owned(),
            dtype: dtype::<T>(),
            shape: shape.to_vec(),
            bytes: to_bytes(values),
        }
    }
}

impl View for &Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Writes tensors and texts to a file: whole, or not at all.
pub(crate) fn write(path: &Path, tensors: &[Tensor], texts: HashMap<String, String>) -> Result<()> {
    let named = tensors.iter().map(|tensor| (tensor.name.as_str(), tensor));
    let written = write_whole(path, |temporary| {
        serialize_to_file(named, Some(texts), temporary).map_err(|error| match error {
            SafeTensorError::IoError(error) => error,
            other => io::Error::other(other.to_string()),
        })
    });
    written.map_err(io_error(path))
}

/// The tensors and texts in a file's bytes; errors are reasons in words.
pub(crate) struct Tensors<'b> {
    tensors: SafeTensors<'b>,
    texts: HashMap<String, String>,
}

/// A tensor in a header, as far as it matters here; the header's own metadata have no extent.
#[derive(Deserialize)]
struct Extent {
    data_offsets: Option<[u64; 2]>,
}

impl<'b> Tensors<'b> {
    /// Reads the header. A tensor that ends beyond the file is refused first: the format's reader adds up the ends unchecked.
    pub(crate) fn parse(bytes: &'b [u8]) -> Result<Self, String> {
        let length = bytes.first_chunk().map(|n| u64::from_le_bytes(*n));
        let end = length.and_then(|n| usize::try_from(n).ok()?.checked_add(size_of::<u64>()));
        if let Some(text) = end.and_then(|end| bytes.get(size_of::<u64>()..end)) {
            let extents: HashMap<String, Extent> = serde_json::from_slice(text)
                .map_err(|e| format!("its header is malformed: {e}"))?;
            let ends = extents.values().filter_map(|extent| extent.data_offsets);
            if let Some([_, end]) = ends.max_by_key(|extent| extent[1])
                && end > bytes.len() as u64
            {
                return Err(format!("a tensor ends at byte {end}, beyond the file"));
            }
        }
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
        let texts = header.metadata().clone().unwrap_or_default();
        drop(header);
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        Ok(Self { tensors, texts })
    }

    /// The text under this key.
    pub(crate) fn text(&self, key: &str) -> Result<&str, String> {
        let text = self.texts.get(key).map(String::as_str);
        text.ok_or_else(|| format!("the header has no `{key}` entry; was it saved by tiam?"))
    }

    /// Number of tensors.
    pub(crate) fn len(&self) -> usize {
        self.tensors.len()
    }

    /// The scalar type of a tensor that is there.
    pub(crate) fn dtype(&self, name: &str) -> Option<Dtype> {
        Some(self.tensors.tensor(name).ok()?.dtype())
    }

    /// Names and bytes of all tensors.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let tensors = self.tensors.iter();
        tensors.map(|(name, view)| (name, view.data()))
    }

    /// The values of a tensor, when it has the scalar type and the shape asked for.
    pub(crate) fn values<T: Real>(&self, name: &str, shape: &[usize]) -> Result<Vec<T>, String> {
        let view = self.tensors.tensor(name).map_err(|e| e.to_string())?;
        let wanted = dtype::<T>();
        if view.dtype() != wanted || view.shape() != shape {
            let (dtype, found) = (view.dtype(), view.shape());
            return Err(format!(
                "{name} is {dtype:?} {found:?}, not {wanted:?} {shape:?}"
            ));
        }
        from_bytes(view.data()).ok_or_else(|| format!("{name} is cut short"))
    }

    /// As [`values`](Self::values); an entry that is not finite is refused.
    pub(crate) fn finite<T: Real>(&self, name: &str, shape: &[usize]) -> Result<Vec<T>, String> {
        let values = self.values(name, shape)?;
        not_finite(name, &values).map_or(Ok(values), Err)
    }
}

/// What is wrong with values that must be finite, if anything is.
pub(crate) fn not_finite<T: Real>(name: &str, values: &[T]) -> Option<String> {
    let at = values.iter().position(|x| !x.is_finite())?;
    let value = values[at];
    Some(format!(
        "entry {at} of {name} is {value}, which is not finite"
    ))
}

/// The format's name for a scalar type.
fn dtype<T: Real>() -> Dtype {
    if T::NAME == f32::NAME {
        Dtype::F32
    } else {
        Dtype::F64
    }
}

/// Little-endian, as the format has them.
pub(crate) fn to_bytes<T: Real>(values: &[T]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of_val(values));
    for value in values {
        bytes.extend_from_slice(value.to_le_bytes().as_ref());
    }
    bytes
}

/// The values of such bytes, without a byte more; `None` if they end within one.
fn from_bytes<T: Real>(bytes: &[u8]) -> Option<Vec<T>> {
    let chunks = bytes.chunks_exact(size_of::<T>());
    let whole = chunks.remainder().is_empty();
    let value = |chunk: &[u8]| {
        let mut little_endian = T::zero().to_le_bytes();
        little_endian.as_mut().copy_from_slice(chunk);
        T::from_le_bytes(&little_endian)
    };
    whole.then(|| chunks.map(value).collect())
}

/// The bytes of a regular file: a device could be read without end.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::metadata(path).and_then(|known| match known.is_file() {
        true => fs::read(path),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        )),
    });
    bytes.map_err(io_error(path))
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
