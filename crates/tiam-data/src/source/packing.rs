//! Packed files: compressed streams, and archives that hold one table.

use std::io::{BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use zip::ZipArchive;

use super::{CONTENT, Source, Stream};
use crate::error::{DataError, Place, Result};

/// What to do about a file that only a build with the feature `formats` reads.
pub(crate) const BUILD: &str = "build with --features formats";

/// A compression, known by the first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
}

impl Packing {
    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A block, or the end of an empty stream.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }

    /// The decompressed bytes of a stream; `None` where this build cannot read them.
    pub(super) fn decoder<'r>(
        self,
        packed: impl BufRead + 'r,
    ) -> std::io::Result<Option<Box<dyn Read + 'r>>> {
        Ok(Some(match self {
            Self::None => Box::new(packed),
            Self::Gzip => Box::new(MultiGzDecoder::new(packed)),
            #[cfg(feature = "formats")]
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed)),
            #[cfg(feature = "formats")]
            Self::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(packed, true, XZ_WINDOW)),
            #[cfg(feature = "formats")]
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(packed)?;
                decoder.window_log_max(ZSTD_WINDOW)?;
                Box::new(decoder)
            }
            #[cfg(not(feature = "formats"))]
            _ => return Ok(None),
        }))
    }
}

/// Most that the window of an xz stream may take, in KiB: what `xz -9` asks for, and some.
#[cfg(feature = "formats")]
const XZ_WINDOW: u32 = 70 << 10;
/// Logarithm of the largest window of a zstd stream: that of `zstd --ultra -22 --long`.
#[cfg(feature = "formats")]
const ZSTD_WINDOW: u32 = 27;

/// What a zip is, by the names in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zip {
    /// None, or one that was unpacked.
    None,
    /// NumPy arrays that make a graph.
    Graph,
    /// Other NumPy arrays.
    Arrays,
    /// The parts of a workbook.
    Workbook,
}

const ZIP_MAGIC: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// Endings of the names of tables, among other files of an archive.
const ENDINGS: &[&str] = &[
    "csv", "tsv", "tab", "data", "dat", "arff", "json", "jsonl", "ndjson", "libsvm", "svm", "xlsx",
    "xls", "ods", "parquet", "npy", "npz",
];

/// What an archive's file turns out to be.
pub(super) enum Content {
    /// What it seemed.
    Itself(Zip),
    /// Another, which it held.
    Held(Vec<u8>),
}

/// Looks into a file that may be an archive.
pub(super) fn look_into(source: &Source, head: &[u8]) -> Result<Content> {
    if ZIP_MAGIC.iter().any(|magic| head.starts_with(magic)) {
        return zip(source);
    }
    if head.get(257..262) == Some(b"ustar") {
        return tar(source).map(Content::Held);
    }
    Ok(Content::Itself(Zip::None))
}

fn zip(source: &Source) -> Result<Content> {
    let fault = |e: zip::result::ZipError| malformed(source, e.to_string());
    let mut archive = ZipArchive::new(source.seekable()?).map_err(fault)?;
    let names: Vec<String> = archive.file_names().flatten().map(Into::into).collect();
    let has = |test: fn(&String) -> bool| names.iter().any(test);
    if has(|name| name.starts_with("adj_")) {
        return Ok(Content::Itself(Zip::Graph));
    }
    if has(|name| name.ends_with(".npy")) {
        return Ok(Content::Itself(Zip::Arrays));
    }
    if has(|name| name == "[Content_Types].xml" || name == "content.xml") {
        return Ok(Content::Itself(Zip::Workbook));
    }
    let member = the_table(source, "zip", &names)?;
    let entry = archive.by_name(&member).map_err(fault)?;
    source.check(CONTENT, entry.size())?;
    let stream = Stream::new(entry, |at, e| {
        malformed(
            source,
            format!("{member:?} in the zip, after {at} decoded bytes: {e}"),
        )
    });
    source
        .read_to_end(stream, Vec::new(), CONTENT)
        .map(Content::Held)
}

/// The name of the only table of an archive.
fn the_table(source: &Source, kind: &str, names: &[String]) -> Result<String> {
    let hidden = |name: &str| name.split('/').any(|part| part.starts_with(['.', '_']));
    let files: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !name.ends_with('/') && !hidden(name))
        .collect();
    let is_table = |name: &&str| {
        let name = name.to_ascii_lowercase();
        let packed = [".gz", ".bz2", ".xz", ".zst"];
        let name = packed
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(&name);
        name.rsplit_once('.')
            .is_some_and(|(_, ending)| ENDINGS.contains(&ending))
    };
    let tables: Vec<&str> = files.iter().copied().filter(is_table).collect();
    let (files, what) = if tables.is_empty() {
        (files, "files")
    } else {
        (tables, "tables")
    };
    match files[..] {
        [one] => Ok(one.to_owned()),
        [] => Err(malformed(source, format!("the {kind} holds no file"))),
        _ => {
            const SHOWN: usize = 5;
            let n = files.len();
            let some = files[..n.min(SHOWN)].join(", ");
            let more = if n > SHOWN { ", ..." } else { "" };
            let reason =
                format!("the {kind} holds {n} {what} ({some}{more}); unpack it and name one");
            Err(malformed(source, reason))
        }
    }
}

#[cfg(feature = "formats")]
fn tar(source: &Source) -> Result<Vec<u8>> {
    let fault = |e: std::io::Error| malformed(source, format!("the tar archive: {e}"));
    // The reader buffers names, however long: all that it reads is bounded.
    let most = source.limit().saturating_mul(2);
    let open = || Ok(tar::Archive::new(source.reader()?.take(most)));
    let mut archive = open()?;
    let (mut names, mut total) = (Vec::new(), 0_u64);
    for entry in archive.entries().map_err(fault)? {
        let entry = entry.map_err(fault)?;
        total = total.saturating_add(entry.size());
        source.check(CONTENT, total)?;
        if entry.header().entry_type().is_file() {
            names.push(entry.path().map_err(fault)?.display().to_string());
        }
    }
    let member = the_table(source, "tar archive", &names)?;
    let mut archive = open()?;
    for entry in archive.entries().map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let name = entry.path().map_err(fault)?.display().to_string();
        if name == member && entry.header().entry_type().is_file() {
            source.check(CONTENT, entry.size())?;
            return source.read_to_end(Stream::new(entry, |_, e| fault(e)), Vec::new(), CONTENT);
        }
    }
    Err(malformed(
        source,
        format!("the tar archive lost {member:?}"),
    ))
}

#[cfg(not(feature = "formats"))]
fn tar(source: &Source) -> Result<Vec<u8>> {
    Err(not_built(source, "a tar archive", "unpack it first"))
}

/// The error for what only a build with the feature `formats` reads.
#[cfg_attr(feature = "formats", allow(dead_code, reason = "all is built"))]
pub(crate) fn not_built(source: &Source, what: &str, else_do: &str) -> DataError {
    DataError::Foreign {
        path: source.path.clone(),
        found: format!("{what}; this tiam was built without the feature \"formats\""),
        advice: format!("{BUILD}, or {else_do}"),
    }
}

fn malformed(source: &Source, reason: String) -> DataError {
    DataError::malformed(&source.path, Place::Whole, reason)
}

/// What an archive's reader needs.
pub(crate) trait ReadSeek: Read + std::io::Seek {}
impl<R: Read + std::io::Seek> ReadSeek for R {}
