//! Number formats of tables and axes.

/// How a number is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// Four significant digits; powers of ten outside of 0.001 … 1 000 000.
    #[default]
    Auto,
    /// This many digits after the point.
    Fixed(usize),
    /// A share as a percentage with this many digits after the point, without the sign.
    Percent(usize),
    /// A mantissa with this many digits after the point times a power of ten.
    Scientific(usize),
}

impl NumberFormat {
    /// The number in print: `Percent(1)` writes 0.9712 as 97.1, `Scientific(2)` writes 0.00012 as 1.20×10⁻⁴.
    #[must_use]
    pub fn print(self, value: f64) -> String {
        if value.is_nan() {
            return "NaN".to_owned();
        }
        if value.is_infinite() {
            return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
        }
        match self {
            Self::Fixed(digits) => signed(format!("{value:.digits$}")),
            Self::Percent(digits) => signed(format!("{:.digits$}", 100.0 * value)),
            Self::Scientific(digits) => {
                let (mantissa, exponent) = split(value, digits);
                format!("{mantissa}×10{}", superscript(exponent))
            }
            Self::Auto => auto(value),
        }
    }

    /// The number and its deviation, both in the number's power of ten.
    #[must_use]
    pub fn print_with(self, value: f64, deviation: f64) -> String {
        let scientific = match self {
            Self::Scientific(digits) => Some(digits),
            Self::Auto if !plain(value) => Some(2),
            _ => None,
        };
        match scientific {
            Some(digits) if value.is_finite() && deviation.is_finite() => {
                // Zero has no power of ten of its own.
                let (_, exponent) =
                    split(if value.abs() > 0.0 { value } else { deviation }, digits);
                let unit = 10_f64.powi(exponent);
                if unit <= 0.0 || !unit.is_finite() {
                    return format!("{} ± {}", self.print(value), self.print(deviation));
                }
                let mantissa = signed(format!("{:.digits$}", value / unit));
                let deviation = deviation / unit;
                format!(
                    "({mantissa} ± {deviation:.digits$})×10{}",
                    superscript(exponent)
                )
            }
            _ => format!("{} ± {}", self.print(value), self.print(deviation)),
        }
    }
}

/// Whether [`NumberFormat::Auto`] does without a power of ten.
fn plain(value: f64) -> bool {
    let size = value.abs();
    size < f64::MIN_POSITIVE || (1e-3..1e6).contains(&size)
}

fn auto(value: f64) -> String {
    if !plain(value) {
        return NumberFormat::Scientific(2).print(value);
    }
    let size = value.abs();
    let before = if size < 1.0 {
        0
    } else {
        size.log10().floor() as usize + 1
    };
    let leading = if (1e-3..1.0).contains(&size) {
        (-size.log10()).ceil() as usize - 1
    } else {
        0
    };
    let digits = 4_usize.saturating_sub(before) + leading;
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    signed(text.to_owned())
}

fn split(value: f64, digits: usize) -> (String, i32) {
    let text = format!("{value:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (signed(mantissa.to_owned()), exponent.parse().unwrap_or(0))
}

/// The hyphen of a negative number becomes a minus sign; a negative zero loses its sign.
fn signed(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// `-12` as ⁻¹².
pub(crate) fn superscript(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    exponent
        .to_string()
        .bytes()
        .map(|byte| {
            if byte == b'-' {
                '⁻'
            } else {
                DIGITS[usize::from(byte.saturating_sub(b'0')).min(9)]
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_as_their_format_says() {
        for (format, value, text) in [
            (NumberFormat::Fixed(2), -1.005_1, "−1.01"),
            (NumberFormat::Fixed(1), -0.01, "0.0"),
            (NumberFormat::Percent(1), 0.971_2, "97.1"),
            (NumberFormat::Scientific(2), 0.000_12, "1.20×10⁻⁴"),
            (NumberFormat::Auto, 0.0, "0"),
            (NumberFormat::Auto, 1.0, "1"),
            (NumberFormat::Auto, 1234.56, "1235"),
            (NumberFormat::Auto, 12.345_67, "12.35"),
            (NumberFormat::Auto, 0.012_345_67, "0.01235"),
            (NumberFormat::Auto, 1e-7, "1.00×10⁻⁷"),
            (NumberFormat::Auto, 600_000.0, "600000"),
            (NumberFormat::Auto, f64::NAN, "NaN"),
            (NumberFormat::Fixed(3), f64::NEG_INFINITY, "−∞"),
        ] {
            assert_eq!(format.print(value), text, "{format:?} of {value}");
        }
    }

    #[test]
    fn deviation_of_zero_sets_the_power_of_ten() {
        assert_eq!(
            NumberFormat::Scientific(1).print_with(0.0, 3e-7),
            "(0.0 ± 3.0)×10⁻⁷"
        );
    }

    #[test]
    fn deviation_shares_the_power_of_ten() {
        assert_eq!(
            NumberFormat::Scientific(1).print_with(1.2e-5, 3e-7),
            "(1.2 ± 0.0)×10⁻⁵"
        );
        assert_eq!(
            NumberFormat::Percent(1).print_with(0.97, 0.004),
            "97.0 ± 0.4"
        );
    }
}
