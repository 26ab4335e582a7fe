//! Numbers as people write them: with a currency, a unit, a percent sign, thousands or a decimal comma.

use serde::{Deserialize, Serialize};

use super::cell::parse;
use crate::Scalar;

/// How the numbers of a column are written, beyond digits and a decimal point. The rules are ours.
///
/// Thousands may be set apart in any column that is not plain; a plain one holds what `str::parse` reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Written {
    /// `1.234,5` in place of `1,234.5`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub decimal_comma: bool,
    /// A currency before the digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// A unit, or a percent sign, behind them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    /// Whether thousands are set apart, `k`, `M` and `B` stand for powers of ten, or brackets for a minus.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub grouped: bool,
}

impl Written {
    pub(super) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The number that a trimmed text of the column means.
    pub(super) fn read<T: Scalar>(&self, text: &[u8]) -> Option<T> {
        if self.is_plain() {
            return parse(text);
        }
        let number = Number::read(text, self.decimal_comma)?;
        let own = |part: &str, known: &str| part.is_empty() || part == known;
        let agrees = own(number.prefix, &self.prefix) && own(number.suffix, &self.suffix);
        agrees.then(|| number.value())?
    }

    /// What is unusual, for a note.
    pub(super) fn words(&self) -> String {
        let mut words = Vec::new();
        if self.decimal_comma {
            words.push("a decimal comma".to_owned());
        }
        if self.grouped {
            words.push("thousands set apart".to_owned());
        }
        for part in [&self.prefix, &self.suffix] {
            if !part.is_empty() {
                words.push(format!("{part:?}"));
            }
        }
        words.join(", ")
    }
}

/// Currencies that may stand before a number.
const CURRENCIES: [&str; 28] = [
    "$", "€", "£", "¥", "₹", "₽", "₩", "₺", "₪", "฿", "₫", "₴", "US$", "R$", "A$", "C$", "USD",
    "EUR", "GBP", "JPY", "CHF", "INR", "CNY", "AUD", "CAD", "Rs", "Rs.", "kr",
];
/// What stands for a power of ten behind a number.
const MAGNITUDES: [(&str, f64); 7] = [
    ("k", 1e3),
    ("K", 1e3),
    ("M", 1e6),
    ("mn", 1e6),
    ("Mio", 1e6),
    ("B", 1e9),
    ("bn", 1e9),
];
/// Characters between thousands, beside the comma or point.
const GAPS: [&str; 5] = [" ", "\u{a0}", "\u{202f}", "'", "\u{2019}"];
/// Longest number, and longest unit, in bytes.
const LONGEST: usize = 40;
const LONGEST_UNIT: usize = 16;

/// The parts of a number as it is written.
pub(super) struct Number<'a> {
    pub(super) prefix: &'a str,
    pub(super) suffix: &'a str,
    pub(super) grouped: bool,
    /// Sign, digits, point and exponent.
    plain: [u8; LONGEST],
    n_plain: usize,
    magnitude: f64,
}

impl<'a> Number<'a> {
    /// Reads a trimmed text, with a decimal comma or with a point.
    pub(super) fn read(text: &'a [u8], decimal_comma: bool) -> Option<Self> {
        let mut number = Self {
            prefix: "",
            suffix: "",
            grouped: false,
            plain: [0; LONGEST],
            n_plain: 0,
            magnitude: 1.0,
        };
        let mut rest = std::str::from_utf8(text).ok()?;
        let in_brackets = rest
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        // `(12)` is a debt of 12.
        if let Some(inner) = in_brackets {
            number.push(b'-')?;
            number.grouped = true;
            rest = inner.trim();
        }
        rest = number.sign(rest)?;
        let digits = rest.find(|c: char| c.is_ascii_digit() || c == '.' || c == ',')?;
        if digits > 0 {
            let prefix = rest[..digits].trim_end_matches(['-', '+']).trim();
            number.prefix = CURRENCIES.contains(&prefix).then_some(prefix)?;
            rest = number.sign(rest[prefix.len()..].trim_start())?;
        }
        rest = number.digits(rest, decimal_comma)?;
        number.unit(rest.trim())?;
        Some(number)
    }

    fn push(&mut self, byte: u8) -> Option<()> {
        *self.plain.get_mut(self.n_plain)? = byte;
        self.n_plain += 1;
        Some(())
    }

    /// A sign, at most one in all.
    fn sign(&mut self, text: &'a str) -> Option<&'a str> {
        let rest = text.strip_prefix(['-', '\u{2212}']);
        match rest {
            Some(_) if self.n_plain > 0 => None,
            Some(rest) => self.push(b'-').map(|()| rest.trim_start()),
            None => Some(text.strip_prefix('+').unwrap_or(text)),
        }
    }

    /// Digits with thousands, fraction and exponent; returns what follows.
    fn digits(&mut self, text: &'a str, decimal_comma: bool) -> Option<&'a str> {
        let (point, group) = if decimal_comma {
            (",", ".")
        } else {
            (".", ",")
        };
        let run = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let mut rest = text;
        let mut size = run(rest);
        let whole = size;
        let mut grouped = false;
        loop {
            rest[..size]
                .bytes()
                .try_for_each(|digit| self.push(digit))?;
            rest = &rest[size..];
            let gap = std::iter::once(group).chain(GAPS);
            let next = gap.filter_map(|gap| rest.strip_prefix(gap)).next();
            let Some(next) = next.filter(|next| matches!(run(next), 2 | 3)) else {
                break;
            };
            if !grouped && !(1..=3).contains(&whole) {
                return None;
            }
            grouped = true;
            (rest, size) = (next, run(next));
        }
        if grouped && size != 3 {
            return None;
        }
        self.grouped |= grouped;
        let mut fraction = 0;
        if let Some(after) = rest.strip_prefix(point) {
            fraction = run(after);
            self.push(b'.')?;
            after[..fraction]
                .bytes()
                .try_for_each(|digit| self.push(digit))?;
            rest = &after[fraction..];
        }
        (whole + fraction > 0).then(|| self.exponent(rest))?
    }

    fn exponent(&mut self, text: &'a str) -> Option<&'a str> {
        let Some(rest) = text.strip_prefix(['e', 'E']) else {
            return Some(text);
        };
        let sign = usize::from(rest.starts_with(['+', '-']));
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Some(text);
        }
        self.push(b'e')?;
        rest[..sign + digits]
            .bytes()
            .try_for_each(|byte| self.push(byte))?;
        Some(&rest[sign + digits..])
    }

    /// A power of ten or a unit: no digits, nothing that joins two parts of a code.
    fn unit(&mut self, text: &'a str) -> Option<()> {
        if let Some((_, magnitude)) = MAGNITUDES.iter().find(|(name, _)| *name == text) {
            self.magnitude = *magnitude;
            self.grouped = true;
            return Some(());
        }
        let joins = |c: char| matches!(c, '-' | '/' | ':' | '.' | ',' | '_' | '(' | '[');
        let refused = text.len() > LONGEST_UNIT
            || text.contains(|c: char| c.is_ascii_digit())
            || text.starts_with(joins);
        self.suffix = text;
        (!refused).then_some(())
    }

    /// Its value in the scalar type, if it is finite there.
    pub(super) fn value<T: Scalar>(&self) -> Option<T> {
        let plain = &self.plain[..self.n_plain];
        if self.magnitude.to_bits() == 1.0_f64.to_bits() {
            return parse(plain);
        }
        let value = T::from_f64(parse::<f64>(plain)? * self.magnitude);
        super::cell::finite(value)
    }
}
