//! The file formats: what each is called, how a file of it is recognised, and how it is read.
//!
//! A new format is a file here that implements [`Reader`], and its line in [`formats!`]. A format of rows and columns
//! hands its cells to [`crate::table::read`], which finds the kinds of the columns and encodes them for every format.

mod delimited;
mod graph;
pub(crate) mod idx;
mod npy;

pub use graph::{GraphParams, GraphRows};

use std::path::Path;

use crate::{
    ColumnEncoding, Dataset, LoadParams, Scalar,
    error::{DataError, Result},
    source::Source,
};

/// Bytes of a file looked at to find its format.
const HEAD: usize = 512;

/// A reader of one format.
trait Reader {
    /// What the format is called in messages.
    const KNOWN_AS: &'static str;
    /// Whether it has columns, so that a [`ColumnEncoding`] can say what they are.
    const HAS_COLUMNS: bool = false;

    /// Whether a file begins as this format does; `head` are its first decompressed bytes, at most [`HEAD`].
    fn recognises(head: &[u8]) -> bool;

    /// Reads a file, with the columns of an earlier one where `encoding` is given.
    fn read<T: Scalar>(
        source: &Source,
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Dataset<T>>;
}

macro_rules! formats {
    ($($(#[$doc:meta])+ $format:ident: $reader:ty;)+) => {
        /// A file format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Format {
            $($(#[$doc])+ $format,)+
        }

        /// What the formats are called.
        pub(crate) fn known() -> String {
            [$(<$reader>::KNOWN_AS),+].join(", ")
        }

        fn recognised(head: &[u8]) -> Option<Format> {
            $(if <$reader>::recognises(head) {
                return Some(Format::$format);
            })+
            None
        }

        /// Reads a file of a format.
        pub(crate) fn read<T: Scalar>(
            format: Format,
            source: &Source,
            params: &LoadParams,
            encoding: Option<&ColumnEncoding>,
        ) -> Result<Dataset<T>> {
            match format {
                $(Format::$format if encoding.is_none() || <$reader>::HAS_COLUMNS => {
                    <$reader>::read(source, params, encoding)
                })+
                _ => Err(unknown(&source.path, "not a text table, which a column encoding needs")),
            }
        }
    };
}

// Formats are tried in this order. The last takes all text.
formats! {
    /// Unsigned bytes in the format of the MNIST files; a file or a folder, plain or gzip.
    Idx: idx::Idx;
    /// A graph in a zip of NumPy arrays.
    GraphNpz: graph::GraphNpz;
    /// Text with a header or without, separated by commas, tabs or semicolons; plain or gzip.
    Table: delimited::Delimited;
}

/// Reads a text a block at a time; a file of another format at once.
pub(crate) fn read_in_blocks<T: Scalar>(
    format: Format,
    source: &Source,
    params: &LoadParams,
    encoding: &ColumnEncoding,
    each: &mut dyn FnMut(Dataset<T>) -> bool,
) -> Result<()> {
    match format {
        Format::Table => delimited::read_in_blocks(source, params, encoding, each),
        _ => {
            each(read(format, source, params, Some(encoding))?);
            Ok(())
        }
    }
}

/// Finds the format of a file by its first bytes.
pub(crate) fn detect(source: &Source) -> Result<Format> {
    let head = source.head(HEAD)?;
    if let Some(format) = recognised(&head) {
        return Ok(format);
    }
    let found = match head.as_slice() {
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => {
            "a single NumPy array; save it as text, or a graph as npz".to_owned()
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16 text; convert it to UTF-8".to_owned(),
        head => {
            let at = head.iter().position(|&b| b == 0).unwrap_or_default();
            format!("binary data (byte {at} is 0) of an unknown kind")
        }
    };
    Err(unknown(&source.path, &found))
}

/// The error for content that is none of the formats.
pub(crate) fn unknown(path: &Path, found: &str) -> DataError {
    DataError::UnknownFormat {
        path: path.to_path_buf(),
        found: found.to_owned(),
    }
}
