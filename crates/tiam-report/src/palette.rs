//! Colours, dashes and markers of the methods, the same in every figure.
//!
//! Not every reader can tell colours apart, so every method also has its own dash and marker. All colours keep a contrast
//! of at least 3 to both a white and a near-black page.

/// The colour, dash and marker of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Red, green, blue.
    pub color: [u8; 3],
    /// How its line is dashed.
    pub dash: Dash,
    /// What stands at a point.
    pub marker: Marker,
    /// Stroke width; larger for the method the figures are about.
    pub width: f64,
}

/// The dash of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dash {
    /// No gaps.
    Solid,
    /// The longest strokes.
    Long,
    /// Strokes of middle length.
    Middle,
    /// Short strokes.
    Short,
    /// Dots.
    Dotted,
    /// A stroke and a dot by turns.
    DashDot,
    /// A stroke and two dots by turns.
    DashDotDot,
    /// A long and a short stroke by turns.
    LongShort,
}

impl Dash {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Solid,
        Self::Long,
        Self::Middle,
        Self::Short,
        Self::Dotted,
        Self::DashDot,
        Self::DashDotDot,
        Self::LongShort,
    ];

    /// Lengths of stroke and gap by turns, as SVG has them, in tenths of a figure's unit; empty for a solid line.
    pub(crate) fn lengths(self) -> &'static str {
        match self {
            Self::Solid => "",
            Self::Long => "100 30",
            Self::Middle => "70 30",
            Self::Short => "30 20",
            Self::Dotted => "16 20",
            Self::DashDot => "60 25 15 25",
            Self::DashDotDot => "50 20 15 20 15 20",
            Self::LongShort => "90 25 25 25",
        }
    }
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
    /// An open square on its corner.
    Lozenge,
    /// An open triangle, apex up.
    Tent,
}

/// How a series is coloured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeriesColor {
    /// As the method of this name always is.
    Method(String),
    /// The n-th look of the fallback sequence, which repeats.
    Other(usize),
}

const fn look(rgb: u32, dash: Dash, marker: Marker) -> Look {
    let [_, red, green, blue] = rgb.to_be_bytes();
    Look {
        color: [red, green, blue],
        dash,
        marker,
        width: 1.7,
    }
}

const TIAM: Look = Look {
    width: 2.8,
    ..look(0xd7261e, Dash::Solid, Marker::Disc)
};

/// Name on the command line, name in print, look.
type Entry = (&'static str, &'static str, Look);

#[rustfmt::skip]
const METHODS: [Entry; 12] = [
    ("tiam", "TIAM", TIAM),
    ("stochastic", "stochastic TIAM", look(0xc02ab0, Dash::Solid, Marker::Lozenge)),
    ("am", "AM", look(0xdf7800, Dash::Middle, Marker::Square)),
    ("mdlam", "mDLAM", look(0x1f70c8, Dash::Solid, Marker::Triangle)),
    ("dladmm", "dlADMM", look(0x00946c, Dash::DashDot, Marker::Diamond)),
    ("bcd", "BCD", look(0xcf68a4, Dash::Short, Marker::Wedge)),
    ("gd", "GD", look(0x7c8084, Dash::Solid, Marker::Ring)),
    ("sgd", "SGD with momentum", look(0x955638, Dash::LongShort, Marker::Box)),
    ("adagrad", "Adagrad", look(0x8f5ccc, Dash::Dotted, Marker::Plus)),
    ("adadelta", "Adadelta", look(0x1c98b8, Dash::DashDotDot, Marker::Cross)),
    ("adam", "Adam", look(0x868a00, Dash::Long, Marker::Star)),
    ("samt", "SAMT", look(0x3c9a14, Dash::Middle, Marker::Tent)),
];

/// The fallback sequence.
const OTHER: [Look; 8] = [
    look(0x1f70c8, Dash::Solid, Marker::Disc),
    look(0xdf7800, Dash::Middle, Marker::Square),
    look(0x00946c, Dash::DashDot, Marker::Triangle),
    look(0xcf68a4, Dash::Short, Marker::Diamond),
    look(0x8f5ccc, Dash::Dotted, Marker::Wedge),
    look(0x868a00, Dash::Long, Marker::Star),
    look(0x1c98b8, Dash::LongShort, Marker::Cross),
    look(0x955638, Dash::DashDotDot, Marker::Plus),
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
        let n = match self {
            Self::Other(n) => *n,
            Self::Method(name) => match entry(name) {
                Some((_, _, look)) => return *look,
                None => name.bytes().map(usize::from).sum(),
            },
        };
        OTHER[n % OTHER.len()]
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
