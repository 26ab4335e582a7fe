//! Reader of one NumPy array.
//!
//! Only what graph archives hold: plain numbers. The header is parsed here and not by a library because the sizes it
//! promises must be compared with the bytes that are there before anything is computed from them.

use std::path::Path;

use crate::{
    error::{DataError, Result},
    source::Source,
};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header; that of a plain array is shorter than a tenth of it.
const MAX_HEADER: usize = 10_000;
/// Largest integer up to which doubles hold every one.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Kind and size of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Bool,
    Int(usize),
    Uint(usize),
    Float(usize),
}

impl Element {
    /// Reads `<i4`, `|b1` and the like; true for big-endian.
    fn parse(descr: &str) -> Option<(Self, bool)> {
        let (order, kind) = descr.split_at_checked(1)?;
        let big = match order {
            "<" | "|" => false,
            "=" => cfg!(target_endian = "big"),
            ">" => true,
            _ => return None,
        };
        let (letter, size) = kind.split_at_checked(1)?;
        let size: usize = size.parse().ok()?;
        let element = match (letter, size) {
            ("b", 1) => Self::Bool,
            ("i", 1 | 2 | 4 | 8) => Self::Int(size),
            ("u", 1 | 2 | 4 | 8) => Self::Uint(size),
            ("f", 4 | 8) => Self::Float(size),
            _ => return None,
        };
        Some((element, big))
    }

    fn size(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Int(n) | Self::Uint(n) | Self::Float(n) => n,
        }
    }
}

/// A number as it is stored.
#[derive(Debug, Clone, Copy)]
enum Number {
    Integer(i128),
    Float(f64),
}

/// An array whose shape was found to agree with its bytes.
pub(crate) struct Array<'a> {
    source: &'a Source,
    name: &'a str,
    pub(crate) shape: Vec<usize>,
    fortran: bool,
    element: Element,
    big_endian: bool,
    bytes: Vec<u8>,
    data: usize,
}

impl<'a> Array<'a> {
    /// Takes the bytes of a `.npy` file.
    pub(crate) fn parse(source: &'a Source, name: &'a str, bytes: Vec<u8>) -> Result<Self> {
        let fault = |reason: String| array_error(&source.path, name, reason);
        let (text, data) = header(&bytes).map_err(fault)?;
        let entries = dictionary(text).map_err(fault)?;
        let [descr, fortran, shape] = ["descr", "fortran_order", "shape"].map(|key| {
            let value = entries.iter().find(|(k, _)| *k == key).map(|(_, v)| v);
            value.ok_or_else(|| fault(format!("the header has no {key:?}")))
        });
        let (element, big_endian) = match descr? {
            Value::Text(descr) => Element::parse(descr).ok_or_else(|| {
                fault(format!("element type {descr:?} is not supported; booleans, integers and floats of 4 or 8 bytes are"))
            })?,
            _ => return Err(fault("the element type is not a plain one".into())),
        };
        let Value::Bool(fortran) = *fortran? else {
            return Err(fault("\"fortran_order\" is not a boolean".into()));
        };
        let Value::Tuple(shape) = shape? else {
            return Err(fault("\"shape\" is not a tuple".into()));
        };
        let count = shape
            .iter()
            .try_fold(element.size(), |n, &d| n.checked_mul(d));
        if count != Some(bytes.len() - data) {
            let promise = count.map_or("more bytes than can be counted".into(), |n| {
                format!("{n} bytes")
            });
            return Err(fault(format!(
                "shape {shape:?} promises {promise} after the header, there are {}",
                bytes.len() - data
            )));
        }
        Ok(Self {
            source,
            name,
            shape: shape.clone(),
            fortran,
            element,
            big_endian,
            bytes,
            data,
        })
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        (self.bytes.len() - self.data) / self.element.size()
    }

    pub(crate) fn fault(&self, reason: String) -> DataError {
        array_error(&self.source.path, self.name, reason)
    }

    fn decoded(&self) -> String {
        format!("array {:?} decoded", self.name)
    }

    /// Refuses another number of dimensions.
    pub(crate) fn check_rank(&self, rank: usize) -> Result<()> {
        if self.shape.len() == rank {
            return Ok(());
        }
        Err(self.fault(format!(
            "shape {:?} has {} dimensions, {rank} are needed",
            self.shape,
            self.shape.len()
        )))
    }

    fn numbers(&self) -> impl Iterator<Item = Number> {
        self.bytes[self.data..]
            .chunks_exact(self.element.size())
            .map(|chunk| {
                let mut raw = [0_u8; 8];
                raw[..chunk.len()].copy_from_slice(chunk);
                if self.big_endian {
                    raw[..chunk.len()].reverse();
                }
                let bits = u64::from_le_bytes(raw);
                match self.element {
                    Element::Bool => Number::Integer(i128::from(bits != 0)),
                    Element::Uint(_) => Number::Integer(i128::from(bits)),
                    Element::Int(size) => {
                        let unused = 64 - 8 * size as u32;
                        Number::Integer(i128::from((bits << unused).cast_signed() >> unused))
                    }
                    Element::Float(4) => Number::Float(f64::from(f32::from_bits(bits as u32))),
                    Element::Float(_) => Number::Float(f64::from_bits(bits)),
                }
            })
    }

    /// All elements as indices; whole numbers from 0, whatever they are stored as.
    pub(crate) fn indices(&self) -> Result<Vec<usize>> {
        let mut indices = self.source.reserve(self.len(), &self.decoded())?;
        for (at, number) in self.numbers().enumerate() {
            let index = match number {
                Number::Integer(i) => usize::try_from(i).ok(),
                Number::Float(x) if x.trunc() >= x && (0.0..=EXACT).contains(&x) => {
                    Some(x as usize)
                }
                Number::Float(_) => None,
            };
            indices.push(index.ok_or_else(|| {
                let value = match number {
                    Number::Integer(i) => i.to_string(),
                    Number::Float(x) => x.to_string(),
                };
                self.fault(format!(
                    "element {at} is {value}; whole numbers from 0 are needed"
                ))
            })?);
        }
        Ok(indices)
    }

    /// All elements as finite doubles, in the order they are stored.
    pub(crate) fn doubles(&self) -> Result<Vec<f64>> {
        let mut values = self.source.reserve(self.len(), &self.decoded())?;
        for (at, number) in self.numbers().enumerate() {
            let value = match number {
                Number::Integer(i) => i as f64,
                Number::Float(x) => x,
            };
            if !value.is_finite() {
                return Err(self.fault(format!(
                    "element {at} is {value}; finite numbers are needed"
                )));
            }
            values.push(value);
        }
        Ok(values)
    }

    /// Where element `(row, column)` of a matrix is among [`doubles`](Self::doubles).
    pub(crate) fn position(&self, row: usize, column: usize) -> usize {
        match self.shape[..] {
            [rows, _] if self.fortran => column * rows + row,
            [_, columns] => row * columns + column,
            _ => row,
        }
    }
}

pub(crate) fn array_error(path: &Path, array: &str, reason: String) -> DataError {
    DataError::Array {
        path: path.to_path_buf(),
        array: array.to_owned(),
        reason,
    }
}

/// The text of the header, and where the data begin.
fn header(bytes: &[u8]) -> std::result::Result<(&str, usize), String> {
    if !bytes.starts_with(MAGIC) {
        return Err("byte 0: this is not a NumPy array".into());
    }
    let (start, length) = match bytes[MAGIC.len()..] {
        [1, 0, a, b, ..] => (10, usize::from(u16::from_le_bytes([a, b]))),
        [2 | 3, 0, a, b, c, d, ..] => (12, u32::from_le_bytes([a, b, c, d]) as usize),
        [major, minor, _, _, ..] => {
            return Err(format!("byte 6: version {major}.{minor} is not supported"));
        }
        _ => {
            return Err(format!(
                "byte {}: the array ends within its header",
                bytes.len()
            ));
        }
    };
    if length > MAX_HEADER {
        return Err(format!(
            "byte 8: a header of {length} bytes is promised; at most {MAX_HEADER} are allowed"
        ));
    }
    let end = start + length;
    let text = bytes.get(start..end).ok_or_else(|| {
        format!(
            "byte 8: a header of {length} bytes is promised, there are {}",
            bytes.len().saturating_sub(start)
        )
    })?;
    let text = std::str::from_utf8(text)
        .map_err(|e| format!("byte {}: the header is no text", start + e.valid_up_to()))?;
    Ok((text, end))
}

/// A value in a header.
#[derive(Debug)]
enum Value<'t> {
    Text(&'t str),
    Bool(bool),
    Tuple(Vec<usize>),
}

/// Parses `{'descr': '<i4', 'fortran_order': False, 'shape': (3, 4), }`.
fn dictionary(text: &str) -> std::result::Result<Vec<(&str, Value<'_>)>, String> {
    let expected = |what: &str, rest: &str| {
        let near: String = rest.chars().take(20).collect();
        format!("the header has {near:?} where {what} is expected")
    };
    let mut rest = text.trim();
    rest = rest
        .strip_prefix('{')
        .ok_or_else(|| expected("a dictionary", rest))?
        .trim_start();
    let mut entries = Vec::new();
    while !rest.starts_with('}') {
        let (key, after) = quoted(rest).ok_or_else(|| expected("a key", rest))?;
        let after = after.trim_start();
        let after = after
            .strip_prefix(':')
            .ok_or_else(|| expected("a colon", after))?
            .trim_start();
        let (value, after) =
            value(after).ok_or_else(|| expected("a text, a boolean or a tuple of sizes", after))?;
        entries.push((key, value));
        rest = after.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.starts_with('}') => {}
            None => return Err(expected("a comma", rest)),
        }
    }
    Ok(entries)
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

fn value(text: &str) -> Option<(Value<'_>, &str)> {
    if let Some((value, rest)) = quoted(text) {
        return Some((Value::Text(value), rest));
    }
    for (word, value) in [("True", true), ("False", false)] {
        if let Some(rest) = text.strip_prefix(word) {
            return Some((Value::Bool(value), rest));
        }
    }
    let (inside, rest) = text.strip_prefix('(')?.split_once(')')?;
    let inside = inside.trim();
    let inside = inside.strip_suffix(',').unwrap_or(inside);
    if inside.is_empty() {
        return Some((Value::Tuple(Vec::new()), rest));
    }
    // Python 2 wrote 3L.
    let sizes = inside
        .split(',')
        .map(|size| size.trim().trim_end_matches('L').parse().ok());
    Some((Value::Tuple(sizes.collect::<Option<_>>()?), rest))
}
