//! Tests of the number formats.

use tiam_report::NumberFormat;

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
