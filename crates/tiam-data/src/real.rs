//! The scalar type of features and targets.

use std::{fmt, str::FromStr};

mod sealed {
    pub trait Sealed: Sized {
        /// Parses the bytes as `str::parse` would, without checking that they are UTF-8.
        fn parse(text: &[u8]) -> Option<Self>;
    }

    impl Sealed for f32 {
        fn parse(text: &[u8]) -> Option<Self> {
            fast_float2::parse(text).ok()
        }
    }

    impl Sealed for f64 {
        fn parse(text: &[u8]) -> Option<Self> {
            fast_float2::parse(text).ok()
        }
    }
}

/// The scalar type of features and regression targets: `f32` or `f64`, nothing else (sealed).
///
/// # Example
///
/// ```
/// use tiam_data::Real;
/// assert_eq!(f32::from_f64(0.5).to_f64(), 0.5);
/// ```
pub trait Real:
    sealed::Sealed + Copy + PartialOrd + Default + Send + Sync + fmt::Debug + FromStr + 'static
{
    /// Rounds a double to this type.
    fn from_f64(value: f64) -> Self;

    /// The same value as a double; exact.
    fn to_f64(self) -> f64;

    /// Whether the value is neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

impl Real for f32 {
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

impl Real for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

/// The finite number written in a text.
pub(crate) fn parse<T: Real>(text: &[u8]) -> Option<T> {
    <T as sealed::Sealed>::parse(text).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The number that the standard library reads from a text.
    fn standard<T: Real>(text: &str) -> Option<T> {
        text.parse::<T>().ok().filter(|value| value.is_finite())
    }

    /// In both types.
    type Bits = (Option<u64>, Option<u32>);

    fn bits(text: &str) -> (Bits, Bits) {
        let bytes = text.as_bytes();
        let here = (
            parse::<f64>(bytes).map(f64::to_bits),
            parse::<f32>(bytes).map(f32::to_bits),
        );
        let there = (
            standard::<f64>(text).map(f64::to_bits),
            standard::<f32>(text).map(f32::to_bits),
        );
        (here, there)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn any_double_is_read_as_the_standard_library_reads_it(value: f64, digits in 0_usize..20) {
            for text in [format!("{value}"), format!("{value:e}"), format!("{value:.digits$}"), format!("{value:.digits$E}")] {
                let (here, there) = bits(&text);
                prop_assert_eq!(here, there, "{}", text);
            }
        }

        #[test]
        fn number_like_text_is_read_as_the_standard_library_reads_it(
            text in r"[+-]{0,2}[0-9]{0,25}\.?[0-9]{0,25}([eE][+-]?[0-9]{0,3})?",
        ) {
            let (here, there) = bits(&text);
            prop_assert_eq!(here, there, "{}", text);
        }

        #[test]
        fn other_text_is_refused_as_the_standard_library_refuses_it(text in r"[-+0-9.eE _xinfaNty]{0,8}") {
            let (here, there) = bits(&text);
            prop_assert_eq!(here, there, "{}", text);
        }
    }

    #[test]
    fn ties_and_ends_of_the_range_are_read_as_the_standard_library_reads_them() {
        for text in [
            "",
            ".",
            "+",
            "-",
            "e5",
            ".e5",
            "1.",
            ".5",
            "+1",
            "+.5e-3",
            "-0",
            "1e",
            "1e+",
            "--1",
            "0x10",
            "1_000",
            "1e400",
            "-1e400",
            "1e-400",
            "inf",
            "-Infinity",
            "nan",
            "4.9406564584124654e-324",
            "2.4703282292062327e-324",
            "2.2250738585072011e-308",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "9007199254740993",
            "16777217",
            "3.4028235677973366e38",
            "7.006492321624085e-46",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "9007199254740992.99999999999999999999999999999999999999999999999999999999999",
            "\u{0661}",
        ] {
            let (here, there) = bits(text);
            assert_eq!(here, there, "{text}");
        }
    }
}
