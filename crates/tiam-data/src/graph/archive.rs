//! Reader of NumPy archives: zip files of arrays.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use zip::{ZipArchive, result::ZipError};

use super::npy::Array;
use crate::{
    error::{DataError, Result},
    source::Source,
};

const CHUNK: usize = 1 << 16;

/// An opened archive; arrays are read when asked for.
pub(crate) struct Archive<'a> {
    source: &'a Source,
    zip: ZipArchive<BufReader<File>>,
}

impl<'a> Archive<'a> {
    pub(crate) fn open(source: &'a Source) -> Result<Self> {
        let path = source.path.as_path();
        let file = File::open(path).map_err(|e| DataError::io(path, e))?;
        let zip = ZipArchive::new(BufReader::new(file))
            .map_err(|e| archive_error(path, "", e.to_string()))?;
        Ok(Self { source, zip })
    }

    /// Whether `name.npy` is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// Reads `name.npy`, which must be there.
    pub(crate) fn array(&mut self, name: &'a str) -> Result<Array<'a>> {
        let source = self.source;
        let path = source.path.as_path();
        let entry_name = format!("{name}.npy");
        let mut entry = self.zip.by_name(&entry_name).map_err(|e| match e {
            ZipError::FileNotFound => DataError::ArrayMissing {
                path: path.to_path_buf(),
                array: name.to_owned(),
            },
            other => archive_error(path, &entry_name, other.to_string()),
        })?;
        let what = format!("array {name:?}");
        source.check(&what, entry.size())?;
        // What an entry says of its size is not believed: the buffer grows with what is really there.
        let mut bytes = Vec::new();
        let mut chunk = vec![0; CHUNK];
        loop {
            match entry.read(&mut chunk) {
                Ok(0) => return Array::parse(source, name, bytes),
                Ok(n) => source.append(&mut bytes, &chunk[..n], &what)?,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    let reason = format!("after {} decoded bytes: {e}", bytes.len());
                    return Err(archive_error(path, &entry_name, reason));
                }
            }
        }
    }
}

fn archive_error(path: &Path, entry: &str, reason: String) -> DataError {
    DataError::Archive {
        path: path.to_path_buf(),
        entry: entry.to_owned(),
        reason,
    }
}
