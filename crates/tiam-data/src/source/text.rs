//! Text in encodings other than UTF-8.

use std::{borrow::Cow, fmt, str::FromStr};

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{BUFFER, Source};
use crate::error::{DataError, Place, Result};

/// The encoding of a text, by a label of the WHATWG's list: `utf-8`, `utf-16`, `latin1`, `windows-1252`, `shift_jis`, ...
///
/// ```
/// use tiam_data::TextEncoding;
/// let encoding: TextEncoding = "latin1".parse()?;
/// assert_eq!(encoding.to_string(), "windows-1252");
/// # Ok::<(), tiam_data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

impl FromStr for TextEncoding {
    type Err = DataError;

    fn from_str(label: &str) -> Result<Self> {
        let found = Encoding::for_label_no_replacement(label.as_bytes());
        found.map(Self).ok_or_else(|| {
            let allowed = "a name such as utf-8, utf-16, latin1, windows-1252, shift_jis or gbk";
            DataError::parameter("text_encoding", format!("{label:?}"), allowed)
        })
    }
}

impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name().to_ascii_lowercase())
    }
}

const TEXT: &str = "the text";
/// Bytes by whose zeros UTF-16 without a byte order mark is told.
const PATTERN: usize = 256;

impl Source {
    /// The text as UTF-8, and its encoding if that is another. Bytes that are UTF-8 already are not copied; a byte order mark stays.
    pub(crate) fn read_text(&self) -> Result<(Cow<'_, [u8]>, Option<&'static str>)> {
        let bytes = self.read_all()?;
        let encoding = match self.text_encoding {
            Some(forced) => forced.0,
            None => match self.encoding_of(&bytes)? {
                None => return Ok((bytes, None)),
                Some(found) => found,
            },
        };
        if encoding == UTF_8 && std::str::from_utf8(&bytes).is_ok() {
            return Ok((bytes, None));
        }
        let text = self.decode(&bytes, encoding)?;
        Ok((Cow::Owned(text), Some(encoding.name())))
    }

    /// Whether the first bytes of the content are UTF-8, as nothing else was asked for.
    pub(crate) fn begins_as_utf8(&self) -> Result<bool> {
        let head = self.head(BUFFER)?;
        let broken = std::str::from_utf8(&head).is_err_and(|e| e.error_len().is_some());
        let forced = self.text_encoding.is_some_and(|forced| forced.0 != UTF_8);
        Ok(!forced && !broken && utf_16(&head).is_none())
    }

    /// The first bytes of the content; as UTF-8 where they are UTF-16.
    pub(crate) fn head_of_text(&self, most: usize) -> Result<Vec<u8>> {
        let head = self.head(most)?;
        let wide = match self.text_encoding {
            Some(forced) => Some(forced.0).filter(|e| [UTF_16LE, UTF_16BE].contains(e)),
            None => utf_16(&head),
        };
        Ok(match wide {
            Some(encoding) => encoding.decode(&head).0.into_owned().into_bytes(),
            None => head,
        })
    }

    /// The encoding of a text that is not UTF-8.
    fn encoding_of(&self, bytes: &[u8]) -> Result<Option<&'static Encoding>> {
        if let Some(wide) = utf_16(bytes) {
            return Ok(Some(wide));
        }
        let Err(first) = std::str::from_utf8(bytes) else {
            return Ok(None);
        };
        // A few broken bytes do not make a text of another encoding, in which hardly any two bytes are UTF-8.
        let (mut whole, mut broken) = (0_usize, 0);
        for chunk in bytes.utf8_chunks() {
            whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
            broken += usize::from(!chunk.invalid().is_empty());
        }
        if whole <= broken {
            return Ok(Some(WINDOWS_1252));
        }
        Err(self.not_in(UTF_8, bytes, first.valid_up_to(), " though the rest is"))
    }

    fn not_in(&self, encoding: &'static Encoding, bytes: &[u8], at: usize, but: &str) -> DataError {
        let line = 1 + bytes[..at].iter().filter(|&&b| b == b'\n').count() as u64;
        let name = encoding.name();
        let reason = format!(
            "byte {at} of the text is not valid {name}{but}; mend it, or force another encoding"
        );
        DataError::malformed(&self.path, Place::Line(line), reason)
    }

    fn decode(&self, bytes: &[u8], encoding: &'static Encoding) -> Result<Vec<u8>> {
        let mut decoder = encoding.new_decoder();
        let (mut text, mut piece) = (Vec::new(), vec![0; BUFFER]);
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(rest, &mut piece, true);
            at += read;
            self.append(&mut text, &piece[..written], TEXT)?;
            match result {
                DecoderResult::InputEmpty => return Ok(text),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(bad, after) => {
                    let at = at.saturating_sub(usize::from(bad) + usize::from(after));
                    return Err(self.not_in(encoding, bytes, at, ""));
                }
            }
        }
    }
}

/// UTF-16, by its byte order mark or by the zeros in every other byte of a text that is mostly ASCII.
fn utf_16(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let (pairs, _) = bytes[..bytes.len().min(PATTERN)].as_chunks();
    let share = |test: fn(&[u8; 2]) -> bool| {
        let n = pairs.iter().filter(|pair| test(pair)).count();
        n >= 2 && 10 * n >= 7 * pairs.len()
    };
    if pairs.contains(&[0, 0]) {
        return None;
    }
    let little = share(|pair| pair[1] == 0).then_some(UTF_16LE);
    little.or_else(|| share(|pair| pair[0] == 0).then_some(UTF_16BE))
}
