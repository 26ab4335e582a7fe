//! Tests of the colours, dashes and markers.

use tiam_report::{Look, SeriesColor, method_names, method_title};

fn linear([r, g, b]: [u8; 3]) -> [f64; 3] {
    [r, g, b].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn luminance(color: [u8; 3]) -> f64 {
    let [r, g, b] = linear(color);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// WCAG 2 contrast ratio.
fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

/// CIE L*a*b* under D65.
fn lab(color: [u8; 3]) -> [f64; 3] {
    let [r, g, b] = linear(color);
    let f = |t: f64| {
        if t > 0.008_856 {
            t.cbrt()
        } else {
            7.787 * t + 16.0 / 116.0
        }
    };
    let x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.950_47);
    let y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
    let z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.088_83);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn distance(a: [u8; 3], b: [u8; 3]) -> f64 {
    lab(a)
        .iter()
        .zip(lab(b))
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

/// Of the methods, and of the fallback sequence.
fn looks() -> [Vec<Look>; 2] {
    let methods = method_names().map(|name| SeriesColor::method(name).look());
    let others = (0..8).map(|n| SeriesColor::Other(n).look());
    [methods.collect(), others.collect()]
}

#[test]
fn every_colour_stands_out_from_a_white_and_a_near_black_page() {
    for look in looks().concat() {
        for page in [[0xff; 3], [0x10, 0x14, 0x18]] {
            let ratio = contrast(look.color, page);
            assert!(
                ratio >= 3.0,
                "{:02x?} on {page:02x?}: {ratio:.2}",
                look.color
            );
        }
    }
}

#[test]
fn looks_differ_pairwise_in_colour_and_in_marker() {
    for looks in looks() {
        for (i, a) in looks.iter().enumerate() {
            for b in &looks[..i] {
                let difference = distance(a.color, b.color);
                assert!(
                    difference > 20.0,
                    "{:02x?} and {:02x?} have a distance of {difference:.1}",
                    a.color,
                    b.color
                );
                assert_ne!(a.marker, b.marker);
            }
        }
    }
}

#[test]
fn contrast_of_black_on_white_is_21() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-12);
}

#[test]
fn titles_are_the_names_in_print() {
    assert_eq!(method_title("mdlam"), "mDLAM");
    assert_eq!(method_title("sgd"), "SGD with momentum");
    assert_eq!(method_title("something else"), "something else");
    assert_eq!(method_names().next(), Some("tiam"));
}
