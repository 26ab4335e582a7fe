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
        let apart = || format!("{} ± {}", self.print(value), self.print(deviation));
        let digits = match self {
            Self::Scientific(digits) => digits,
            Self::Auto if !plain(value) => 2,
            _ => return apart(),
        };
        // Zero has no power of ten of its own.
        let largest = if value.abs() > 0.0 { value } else { deviation };
        let (_, exponent) = split(largest, digits);
        let unit = 10_f64.powi(exponent);
        if !(value.is_finite() && deviation.is_finite() && unit > 0.0 && unit.is_finite()) {
            return apart();
        }
        let mantissa = signed(format!("{:.digits$}", value / unit));
        let deviation = deviation / unit;
        let power = superscript(exponent);
        format!("({mantissa} ± {deviation:.digits$})×10{power}")
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
    let raised = |c: char| match c.to_digit(10) {
        Some(digit) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize],
        None => '⁻',
    };
    exponent.to_string().chars().map(raised).collect()
}
