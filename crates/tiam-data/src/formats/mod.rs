//! The file formats: what each is called, how a file of it is recognised, and how it is read.
//!
//! A new format is a file here that implements [`Reader`], and its line in [`formats!`]. A format of rows and columns
//! hands its cells to [`crate::table::read`], which finds the kinds of the columns and encodes them for every format.

mod arff;
mod arrays;
mod chain;
mod delimited;
mod foreign;
mod graph;
mod grid;
pub(crate) mod idx;
mod json;
mod libsvm;
mod npy;
#[cfg(feature = "formats")]
mod parquet;
#[cfg(not(feature = "formats"))]
mod without;
#[cfg(feature = "formats")]
mod workbook;
#[cfg(not(feature = "formats"))]
use without as parquet;
#[cfg(not(feature = "formats"))]
use without as workbook;

use chain::Tabular;
pub(crate) use chain::for_each_sheet;
pub(crate) use delimited::BLOCK;

pub use graph::{GraphParams, GraphRows};

use std::path::Path;

use crate::{
    ColumnEncoding, Dataset, LoadParams, Scalar,
    error::{DataError, Result},
    source::{Source, Zip},
};

/// Bytes of a file looked at to find its format.
const HEAD: usize = 1 << 16;

/// What a file begins with.
struct Head {
    /// Its first decompressed bytes, at most [`HEAD`]; as UTF-8 where they are UTF-16.
    text: Vec<u8>,
    zip: Zip,
}

impl Head {
    /// The bytes up to the last end of a line, or all of a file that is no longer.
    fn whole_lines(&self) -> &[u8] {
        let end = self.text.iter().rposition(|&b| b == b'\n');
        match end {
            Some(end) if self.text.len() >= HEAD => &self.text[..end],
            _ => &self.text,
        }
    }
}

/// A reader of one format.
trait Reader {
    /// What the format is called in messages.
    const KNOWN_AS: &'static str;
    /// Whether it has columns, so that a [`ColumnEncoding`] can say what they are.
    const HAS_COLUMNS: bool = false;

    /// Whether a file begins as this format does.
    fn recognises(head: &Head) -> bool;

    /// Reads a file, or several as one table, with the columns of an earlier one where `encoding` is given.
    fn read<T: Scalar>(
        sources: &[Source],
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Dataset<T>>;
}

/// A reader of one format of rows and columns.
trait TableReader: Tabular {
    /// As [`Reader::KNOWN_AS`].
    const KNOWN_AS: &'static str;

    /// As [`Reader::recognises`].
    fn recognises(head: &Head) -> bool;
}

impl<F: TableReader> Reader for F {
    const KNOWN_AS: &'static str = <F as TableReader>::KNOWN_AS;
    const HAS_COLUMNS: bool = true;

    fn recognises(head: &Head) -> bool {
        <F as TableReader>::recognises(head)
    }

    fn read<T: Scalar>(
        sources: &[Source],
        params: &LoadParams,
        encoding: Option<&ColumnEncoding>,
    ) -> Result<Dataset<T>> {
        chain::read::<F, T>(sources, params, encoding)
    }
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
            [$(<$reader as Reader>::KNOWN_AS),+].join(", ")
        }

        fn recognised(head: &Head) -> Option<Format> {
            $(if <$reader as Reader>::recognises(head) {
                return Some(Format::$format);
            })+
            None
        }

        /// Reads one file of a format, or several if they are tables.
        pub(crate) fn read<T: Scalar>(
            format: Format,
            sources: &[Source],
            params: &LoadParams,
            encoding: Option<&ColumnEncoding>,
        ) -> Result<Dataset<T>> {
            let plain = encoding.is_none() && sources.len() == 1;
            match format {
                $(Format::$format if plain || <$reader as Reader>::HAS_COLUMNS => {
                    <$reader as Reader>::read(sources, params, encoding)
                })+
                _ => Err(unknown(&sources[0].path, "not a table, as it must be to be read by an encoding or with other files")),
            }
        }
    };
}

// Formats are tried in this order. The last takes all text.
formats! {
    /// Unsigned bytes in the format of the MNIST files; a file or a folder.
    Idx: idx::Idx;
    /// A graph in a zip of NumPy arrays.
    GraphNpz: graph::GraphNpz;
    /// A zip of NumPy arrays `X` and `y`, or a single array, whose last column is the label.
    Arrays: arrays::Arrays;
    /// A workbook of Excel or OpenDocument: its first sheet. Needs the feature `formats`.
    Workbook: workbook::Workbook;
    /// Parquet. Needs the feature `formats`.
    Parquet: parquet::Parquet;
    /// ARFF, the format of Weka.
    Arff: arff::Arff;
    /// JSON: lines of objects, an array of them, or what pandas writes.
    Json: json::Json;
    /// The sparse text of libsvm and SVMlight.
    Libsvm: libsvm::Libsvm;
    /// Text with a header or without, separated by commas, tabs or semicolons.
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
        Format::Table if source.begins_as_utf8()? => {
            delimited::read_in_blocks(source, params, encoding, each)
        }
        _ => {
            let sources = std::slice::from_ref(source);
            each(read(format, sources, params, Some(encoding))?);
            Ok(())
        }
    }
}

/// Finds the format of a file by its first bytes.
pub(crate) fn detect(source: &Source) -> Result<Format> {
    let head = Head {
        text: source.head_of_text(HEAD)?,
        zip: source.zip,
    };
    if let Some((found, advice)) = foreign::kind(&head.text) {
        return Err(DataError::Foreign {
            path: source.path.clone(),
            found: found.to_owned(),
            advice: advice.to_owned(),
        });
    }
    if let Some(format) = recognised(&head) {
        return Ok(format);
    }
    let at = head.text.iter().position(|&b| b == 0).unwrap_or_default();
    let found = format!("binary data (byte {at} is 0) of an unknown kind");
    Err(unknown(&source.path, &found))
}

/// What a reader of another crate makes of a file; its panic is an error about the file.
#[cfg(feature = "formats")]
fn guarded<V>(source: &Source, read: impl FnOnce() -> Result<V>) -> Result<V> {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
    caught.unwrap_or_else(|_| {
        let reason = "the file is damaged, or of a kind that its reader does not know";
        Err(DataError::malformed(
            &source.path,
            crate::Place::Whole,
            reason,
        ))
    })
}

/// The error for content that is none of the formats.
pub(crate) fn unknown(path: &Path, found: &str) -> DataError {
    DataError::UnknownFormat {
        path: path.to_path_buf(),
        found: found.to_owned(),
    }
}
