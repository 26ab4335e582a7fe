//! Tests that text is read as the number that the standard library reads from it, in both precisions.

use std::str::FromStr;

use proptest::prelude::*;
use tiam_data::{ColumnEncoding, ColumnKind, ColumnSpec, RowEncoder, Scalar};

/// An encoder of one column of numbers.
fn encoder() -> RowEncoder {
    let name = "x".to_owned();
    let kind = ColumnKind::numeric();
    let encoder =
        RowEncoder::new(ColumnEncoding::new(true, vec![ColumnSpec::new(name, kind)]).unwrap())
            .unwrap();
    encoder.strict(true)
}

/// The finite number that the crate reads from a text, and the one that the standard library reads.
fn both<T: Scalar + FromStr>(encoder: &RowEncoder, text: &str) -> [Option<T>; 2] {
    let mut features = [T::zero()];
    let here = encoder.encode(&[text], &mut features);
    let there = text.trim_ascii().parse::<T>().ok();
    [
        here.is_ok().then_some(features[0]),
        there.filter(|value| value.is_finite()),
    ]
}

/// In both types.
type Bits = (Option<u64>, Option<u32>);

fn bits(text: &str) -> (Bits, Bits) {
    let encoder = encoder();
    let [here, there] = both::<f64>(&encoder, text).map(|x| x.map(f64::to_bits));
    let [here_single, there_single] = both::<f32>(&encoder, text).map(|x| x.map(f32::to_bits));
    ((here, here_single), (there, there_single))
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
