//! Colours, dashes and markers of the methods, the same in every figure.
//!
//! Not every reader can tell colours apart, so every method also has its own dash and marker. All colours keep a contrast
//! of at least 3 to both a white and a near-black page.

/// The colour, dash and marker of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Red, green, blue.
    pub color: [u8; 3],
    /// Lengths of stroke and gap by turns; empty for a solid line.
    pub dash: &'static [f64],
    /// What stands at a point.
    pub marker: Marker,
    /// Stroke width; larger for the method the figures are about.
    pub width: f64,
}

/// The marker of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// A filled disc.
    Disc,
    /// A filled square.
    Square,
    /// A filled triangle, apex up.
    Triangle,
    /// A filled triangle, apex down.
    Wedge,
    /// A filled square on its corner.
    Diamond,
    /// Two strokes, upright.
    Plus,
    /// Two strokes, slanted.
    Cross,
    /// An open circle.
    Ring,
    /// A filled star of five points.
    Star,
    /// An open square.
    Box,
}

/// How a series is coloured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeriesColor {
    /// As the method of this name always is.
    Method(String),
    /// The n-th look of the fallback sequence, which repeats.
    Other(usize),
}

/// Name on the command line, name in print, look.
type Entry = (&'static str, &'static str, Look);

const fn look(color: [u8; 3], dash: &'static [f64], marker: Marker) -> Look {
    Look {
        color,
        dash,
        marker,
        width: 1.7,
    }
}

const METHODS: [Entry; 10] = [
    (
        "tiam",
        "TIAM",
        Look {
            color: [0xd7, 0x26, 0x1e],
            dash: &[],
            marker: Marker::Disc,
            width: 2.8,
        },
    ),
    (
        "am",
        "AM",
        look([0xdf, 0x78, 0x00], &[7.0, 3.0], Marker::Square),
    ),
    (
        "mdlam",
        "mDLAM",
        look([0x1f, 0x70, 0xc8], &[], Marker::Triangle),
    ),
    (
        "dladmm",
        "dlADMM",
        look([0x00, 0x94, 0x6c], &[6.0, 2.5, 1.5, 2.5], Marker::Diamond),
    ),
    (
        "bcd",
        "BCD",
        look([0xcf, 0x68, 0xa4], &[3.0, 2.0], Marker::Wedge),
    ),
    ("gd", "GD", look([0x7c, 0x80, 0x84], &[], Marker::Ring)),
    (
        "sgd",
        "SGD with momentum",
        look([0x95, 0x56, 0x38], &[9.0, 2.5, 2.5, 2.5], Marker::Box),
    ),
    (
        "adagrad",
        "Adagrad",
        look([0x8f, 0x5c, 0xcc], &[1.6, 2.0], Marker::Plus),
    ),
    (
        "adadelta",
        "Adadelta",
        look(
            [0x1c, 0x98, 0xb8],
            &[5.0, 2.0, 1.5, 2.0, 1.5, 2.0],
            Marker::Cross,
        ),
    ),
    (
        "adam",
        "Adam",
        look([0x86, 0x8a, 0x00], &[10.0, 3.0], Marker::Star),
    ),
];

/// How many looks the fallback sequence has before it repeats.
pub const N_OTHER: usize = 8;

const OTHER: [Look; N_OTHER] = [
    look([0x1f, 0x70, 0xc8], &[], Marker::Disc),
    look([0xdf, 0x78, 0x00], &[7.0, 3.0], Marker::Square),
    look([0x00, 0x94, 0x6c], &[6.0, 2.5, 1.5, 2.5], Marker::Triangle),
    look([0xcf, 0x68, 0xa4], &[3.0, 2.0], Marker::Diamond),
    look([0x8f, 0x5c, 0xcc], &[1.6, 2.0], Marker::Wedge),
    look([0x86, 0x8a, 0x00], &[10.0, 3.0], Marker::Star),
    look([0x1c, 0x98, 0xb8], &[9.0, 2.5, 2.5, 2.5], Marker::Cross),
    look(
        [0x95, 0x56, 0x38],
        &[5.0, 2.0, 1.5, 2.0, 1.5, 2.0],
        Marker::Plus,
    ),
];

impl SeriesColor {
    /// The look of the method `name`.
    #[must_use]
    pub fn method(name: &str) -> Self {
        Self::Method(name.to_owned())
    }

    /// Colour, dash and marker. An unknown method takes one of the fallback sequence, always the same for the same name.
    #[must_use]
    pub fn look(&self) -> Look {
        match self {
            Self::Method(name) => entry(name).map_or_else(
                || {
                    OTHER[name
                        .bytes()
                        .fold(0_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 9973)
                        % N_OTHER]
                },
                |(_, _, look)| *look,
            ),
            Self::Other(n) => OTHER[n % N_OTHER],
        }
    }
}

fn entry(name: &str) -> Option<&'static Entry> {
    METHODS.iter().find(|(known, _, _)| *known == name)
}

/// The method's name in print (`mdlam` is mDLAM); an unknown name is returned as it is.
#[must_use]
pub fn method_title(name: &str) -> &str {
    entry(name).map_or(name, |(_, title, _)| title)
}

/// The names of all methods with a look of their own, in the order figures and tables show them.
pub fn method_names() -> impl Iterator<Item = &'static str> {
    METHODS.iter().map(|(name, _, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn every_colour_stands_out_from_a_white_and_a_near_black_page() {
        for look in METHODS.iter().map(|(_, _, look)| look).chain(&OTHER) {
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
        let methods: Vec<Look> = METHODS.iter().map(|(_, _, look)| *look).collect();
        for looks in [&methods[..], &OTHER] {
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
}
