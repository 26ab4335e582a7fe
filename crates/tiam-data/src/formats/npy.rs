//! Reader of NumPy archives: zip files of arrays of plain numbers or texts.
//!
//! The header of an array is parsed here and not by a library because the sizes it promises must be compared with the
//! bytes that are there before anything is computed from them.

use zip::{ZipArchive, result::ZipError};

use super::grid::Grid;
use crate::{
    error::{DataError, Place, Result},
    source::{ReadSeek, Source, Stream},
};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header; that of a plain array is shorter than a tenth of it.
const MAX_HEADER: usize = 10_000;
/// Largest integer up to which doubles hold every one.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// An opened archive; arrays are read when asked for.
pub(super) struct Archive<'a> {
    source: &'a Source,
    zip: ZipArchive<Box<dyn ReadSeek + 'a>>,
    /// What the archive must hold, for the message about an array that is absent.
    needs: &'static str,
}

impl<'a> Archive<'a> {
    pub(super) fn open(source: &'a Source, needs: &'static str) -> Result<Self> {
        let path = source.path.as_path();
        let zip = ZipArchive::new(source.seekable()?)
            .map_err(|e| DataError::malformed(path, Place::Whole, e.to_string()))?;
        Ok(Self { source, zip, needs })
    }

    /// Whether `name.npy` is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// Reads `name.npy`, which must be there.
    pub(super) fn array(&mut self, name: &str) -> Result<Array<'a>> {
        let source = self.source;
        let fault = |reason| array_error(source, name, reason);
        let entry = self.zip.by_name(&format!("{name}.npy"));
        let entry = entry.map_err(|e| match e {
            ZipError::FileNotFound => fault(format!("it is absent; {}", self.needs)),
            other => fault(other.to_string()),
        })?;
        let what = format!("array {name:?}");
        source.check(&what, entry.size())?;
        let stream = Stream::new(entry, |at, e| {
            fault(format!("after {at} decoded bytes: {e}"))
        });
        let bytes = source.read_to_end(stream, Vec::new(), &what)?;
        Array::parse(source, name, bytes)
    }
}

/// A number as it is stored.
#[derive(Debug, Clone, Copy)]
enum Number {
    Integer(i128),
    Float(f64),
}

/// An array whose shape was found to agree with its bytes.
pub(super) struct Array<'a> {
    source: &'a Source,
    name: String,
    pub(super) shape: Vec<usize>,
    fortran: bool,
    /// `b`, `i`, `u` or `f` for booleans, signed and unsigned integers, floats; `S` or `U` for texts of bytes or of code points.
    kind: char,
    /// Bytes of an element.
    size: usize,
    big_endian: bool,
    bytes: Vec<u8>,
    /// Where the elements begin.
    data: usize,
}

impl<'a> Array<'a> {
    /// Takes the bytes of a `.npy` file.
    pub(super) fn parse(source: &'a Source, name: &str, bytes: Vec<u8>) -> Result<Self> {
        let fault = |reason: String| array_error(source, name, reason);
        let (header, data) = header(&bytes).map_err(fault)?;
        let value = |key: &str| {
            let after = header.split_once(&format!("'{key}'"));
            let after = after.and_then(|(_, after)| after.trim_start().strip_prefix(':'));
            let value = after.map(str::trim_start);
            value.ok_or_else(|| fault(format!("the header has no {key:?}")))
        };
        let descr = value("descr")?.strip_prefix('\'');
        let descr = descr.and_then(|text| Some(text.split_once('\'')?.0));
        let descr = descr.ok_or_else(|| fault("the element type is not a plain one".into()))?;
        let (kind, size, big_endian) = element(descr).ok_or_else(|| {
            let known = "booleans, integers, floats of 4 or 8 bytes and texts are";
            fault(format!("element type {descr:?} is not supported; {known}"))
        })?;
        let fortran = match value("fortran_order")? {
            text if text.starts_with("True") => true,
            text if text.starts_with("False") => false,
            _ => return Err(fault("\"fortran_order\" is not a boolean".into())),
        };
        let shape = sizes(value("shape")?)
            .ok_or_else(|| fault("\"shape\" is not a tuple of sizes".into()))?;
        let held = bytes.len() - data;
        let promised = shape.iter().try_fold(size, |n, &d| n.checked_mul(d));
        if promised != Some(held) {
            let promised = promised.map_or("more bytes than can be counted".into(), |n| {
                format!("{n} bytes")
            });
            return Err(fault(format!(
                "shape {shape:?} promises {promised} after the header, there are {held}"
            )));
        }
        Ok(Self {
            source,
            name: name.to_owned(),
            shape,
            fortran,
            kind,
            size,
            big_endian,
            bytes,
            data,
        })
    }

    /// Number of elements.
    pub(super) fn len(&self) -> usize {
        (self.bytes.len() - self.data) / self.size
    }

    pub(super) fn fault(&self, reason: impl Into<String>) -> DataError {
        array_error(self.source, &self.name, reason)
    }

    /// Refuses another number of dimensions.
    pub(super) fn check_rank(&self, rank: usize) -> Result<()> {
        let Self { shape, .. } = self;
        if shape.len() == rank {
            return Ok(());
        }
        let n = shape.len();
        Err(self.fault(format!(
            "shape {shape:?} has {n} dimensions, {rank} are needed"
        )))
    }

    /// Length of the first dimension.
    pub(super) fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Where an element is: `column` counts the `width` elements of a row in the order of a row-major array.
    pub(super) fn element(&self, row: usize, column: usize, width: usize) -> usize {
        if !self.fortran {
            return row * width + column;
        }
        let (mut at, mut rest, mut inner) = (0, column, width);
        let mut stride = self.shape[0];
        for &size in &self.shape[1..] {
            inner /= size;
            at += rest / inner * stride;
            rest %= inner;
            stride *= size;
        }
        at + row
    }

    /// Puts an element into a grid.
    pub(super) fn put(&self, grid: &mut Grid<'_>, column: usize, at: usize) -> Result<()> {
        let from = self.data + at * self.size;
        let bytes = &self.bytes[from..from + self.size];
        if matches!(self.kind, 'S' | 'U') {
            let text = self
                .text(bytes)
                .ok_or_else(|| self.fault(format!("element {at} is no text")))?;
            return grid.put(column, text.as_bytes());
        }
        match self.number(bytes) {
            Number::Integer(i) => grid.put_shown(column, i),
            Number::Float(x) => grid.put_number(column, x),
        }
    }

    /// A text that zeros fill up to the size of an element.
    fn text(&self, bytes: &[u8]) -> Option<String> {
        let text = if self.kind == 'S' {
            String::from_utf8(bytes.to_vec()).ok()?
        } else {
            let (points, _) = bytes.as_chunks();
            let order = if self.big_endian {
                u32::from_be_bytes
            } else {
                u32::from_le_bytes
            };
            points
                .iter()
                .map(|point| char::from_u32(order(*point)))
                .collect::<Option<_>>()?
        };
        Some(text.trim_end_matches('\0').to_owned())
    }

    fn number(&self, bytes: &[u8]) -> Number {
        let mut raw = [0; 8];
        raw[..self.size].copy_from_slice(bytes);
        if self.big_endian {
            raw[..self.size].reverse();
        }
        let bits = u64::from_le_bytes(raw);
        match (self.kind, self.size) {
            ('b', _) => Number::Integer(i128::from(bits != 0)),
            ('u', _) => Number::Integer(bits.into()),
            ('i', size) => {
                let unused = 64 - 8 * size as u32;
                Number::Integer(((bits << unused).cast_signed() >> unused).into())
            }
            (_, 4) => Number::Float(f32::from_bits(bits as u32).into()),
            _ => Number::Float(f64::from_bits(bits)),
        }
    }

    /// What `convert` makes of each element; one of which it makes nothing is an error.
    fn convert<V>(&self, needed: &str, convert: impl Fn(Number) -> Option<V>) -> Result<Vec<V>> {
        if matches!(self.kind, 'S' | 'U') {
            return Err(self.fault(format!("it holds texts; {needed} are needed")));
        }
        let what = format!("array {:?} decoded", self.name);
        let mut values = self.source.reserve(self.len(), &what)?;
        for (at, bytes) in self.bytes[self.data..].chunks_exact(self.size).enumerate() {
            let number = self.number(bytes);
            values.push(convert(number).ok_or_else(|| {
                let value = match number {
                    Number::Integer(i) => i.to_string(),
                    Number::Float(x) => x.to_string(),
                };
                self.fault(format!("element {at} is {value}; {needed} are needed"))
            })?);
        }
        Ok(values)
    }

    /// All elements as indices; whole numbers from 0, whatever they are stored as.
    pub(super) fn indices(&self) -> Result<Vec<usize>> {
        self.convert("whole numbers from 0", |number| match number {
            Number::Integer(i) => usize::try_from(i).ok(),
            Number::Float(x) => {
                (x.trunc() >= x && (0.0..=EXACT).contains(&x)).then_some(x as usize)
            }
        })
    }

    /// All elements as finite doubles, in the order they are stored.
    pub(super) fn doubles(&self) -> Result<Vec<f64>> {
        self.convert("finite numbers", |number| match number {
            Number::Integer(i) => Some(i as f64),
            Number::Float(x) => x.is_finite().then_some(x),
        })
    }

    /// Where element `(row, column)` of a matrix is among [`doubles`](Self::doubles).
    pub(super) fn position(&self, row: usize, column: usize) -> usize {
        if self.fortran {
            column * self.shape[0] + row
        } else {
            row * self.shape[1] + column
        }
    }
}

/// The error about an array of an archive.
pub(super) fn array_error(source: &Source, array: &str, reason: impl Into<String>) -> DataError {
    DataError::malformed(&source.path, Place::Array(array.to_owned()), reason)
}

/// The text of the header, with single quotes only, and where the data begin.
fn header(bytes: &[u8]) -> std::result::Result<(String, usize), String> {
    let n = bytes.len();
    if !bytes.starts_with(MAGIC) {
        return Err("byte 0: this is not a NumPy array".into());
    }
    let (start, length) = match bytes[MAGIC.len()..] {
        [1, 0, a, b, ..] => (10, usize::from(u16::from_le_bytes([a, b]))),
        [2 | 3, 0, a, b, c, d, ..] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
        [major, minor, _, _, ..] => {
            return Err(format!("byte 6: version {major}.{minor} is not supported"));
        }
        _ => return Err(format!("byte {n}: the array ends within its header")),
    };
    let promise = format!("byte 8: a header of {length} bytes is promised");
    if length > MAX_HEADER {
        return Err(format!("{promise}; at most {MAX_HEADER} are allowed"));
    }
    let end = start + length;
    let text = (bytes.get(start..end))
        .ok_or_else(|| format!("{promise}, there are {}", n.saturating_sub(start)))?;
    let text = std::str::from_utf8(text)
        .map_err(|e| format!("byte {}: the header is no text", start + e.valid_up_to()))?;
    if !text.trim_start().starts_with('{') {
        return Err(format!("byte {start}: the header is not a dictionary"));
    }
    Ok((text.replace('"', "'"), end))
}

/// Kind and size of the elements that `<i4`, `|b1` and the like say, and whether they are big-endian.
fn element(descr: &str) -> Option<(char, usize, bool)> {
    let mut letters = descr.chars();
    let big_endian = match letters.next()? {
        '<' | '|' => false,
        '=' => cfg!(target_endian = "big"),
        '>' => true,
        _ => return None,
    };
    let kind = letters.next()?;
    let size: usize = letters.as_str().parse().ok()?;
    match (kind, size) {
        ('S', 1..) => Some((kind, size, big_endian)),
        ('U', 1..) => Some((kind, size.checked_mul(4)?, big_endian)),
        ('b', 1) | ('i' | 'u', 1 | 2 | 4 | 8) | ('f', 4 | 8) => Some((kind, size, big_endian)),
        _ => None,
    }
}

/// The sizes in `(3, 4)`, `(3,)` or `()`.
fn sizes(text: &str) -> Option<Vec<usize>> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    let inside = inside.trim();
    let inside = inside.strip_suffix(',').unwrap_or(inside);
    if inside.is_empty() {
        return Some(Vec::new());
    }
    // Python 2 wrote 3L.
    let sizes = inside
        .split(',')
        .map(|size| size.trim().trim_end_matches('L').parse().ok());
    sizes.collect()
}
