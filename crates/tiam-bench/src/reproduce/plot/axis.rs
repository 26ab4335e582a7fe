//! Axes: positions of values, ticks and labels.

use super::{Axis, Scale};
use crate::reproduce::number::{NumberFormat, superscript};

/// Values beyond this stand at it: differences must stay finite.
const LARGEST: f64 = 1e300;
/// A range narrower than this share of its values is widened to it.
const NARROWEST: f64 = 1e-9;
/// The range is this much wider than the data, on either side.
const MARGIN: f64 = 0.04;

/// Values farther from the range than this many of its lengths stand there: lines to them are still cut at the right place.
const FARTHEST: f64 = 1e6;

/// A place on an axis that is marked: its share of the axis' length, and its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) label: String,
}

/// The range an axis shows, in logarithms on a logarithmic axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    low: f64,
    high: f64,
    scale: Scale,
    percent: bool,
}

impl Span {
    /// The range of an axis: its own, else that of the values, with or without a margin. `None` where nothing can be shown.
    pub(super) fn of(axis: &Axis, values: impl Iterator<Item = f64>, margin: bool) -> Option<Self> {
        let fixed = axis
            .range
            .and_then(|(low, high)| Some((on(axis.scale, low)?, on(axis.scale, high)?)))
            .filter(|(low, high)| low < high);
        let (low, high) = fixed.or_else(|| {
            values.filter_map(|value| on(axis.scale, value)).fold(
                None,
                |range: Option<(f64, f64)>, value| {
                    Some(range.map_or((value, value), |(low, high)| {
                        (low.min(value), high.max(value))
                    }))
                },
            )
        })?;
        let size = low.abs().max(high.abs());
        let narrowest = match axis.scale {
            Scale::Linear => (NARROWEST * size).max(1e-290),
            Scale::Log10 => 1e-6,
        };
        let (low, high) = if high - low < narrowest {
            widened(low, high, axis.scale)
        } else {
            (low, high)
        };
        let margin = if margin && fixed.is_none() {
            MARGIN * (high - low)
        } else {
            0.0
        };
        let percent = matches!(axis.format, NumberFormat::Percent(_));
        Some(Self {
            low: low - margin,
            high: high + margin,
            scale: axis.scale,
            percent,
        })
    }

    /// The share of the axis' length at which a value stands; outside 0 to 1 beyond the range, `None` where it cannot be shown.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        on(self.scale, value).map(|value| self.share(value))
    }

    /// Zero on a linear axis that shows it, else the axis' end nearest to zero.
    pub(super) fn base(&self) -> f64 {
        if self.scale == Scale::Log10 {
            0.0
        } else {
            self.share(0.0).clamp(0.0, 1.0)
        }
    }

    /// Whether a linear axis shows zero.
    pub(super) fn shows_zero(&self) -> bool {
        self.scale == Scale::Linear && self.low <= 0.0 && self.high >= 0.0
    }

    fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(-FARTHEST, FARTHEST)
    }

    /// About `most` labelled places or fewer, and the places between them that have a short mark only.
    pub(super) fn ticks(&self, most: usize) -> (Vec<Tick>, Vec<f64>) {
        let most = most.max(2);
        if self.scale == Scale::Linear {
            return (self.even_ticks(self.low, self.high, most), Vec::new());
        }
        let (first, last) = (
            (self.low - 1e-9).ceil() as i32,
            (self.high + 1e-9).floor() as i32,
        );
        if last - first >= 1 {
            self.decades(first, last, most)
        } else {
            (self.within_a_decade(most), Vec::new())
        }
    }

    fn decades(&self, first: i32, last: i32, most: usize) -> (Vec<Tick>, Vec<f64>) {
        let count = (last - first + 1) as usize;
        let stride = [1, 2, 3, 5, 10, 20, 50, 100, 200]
            .into_iter()
            .find(|stride| count.div_ceil(*stride) <= most)
            .unwrap_or(500) as i32;
        let ticks = (first..=last)
            .filter(|power| power.rem_euclid(stride) == 0)
            .map(|power| Tick {
                at: self.share(f64::from(power)),
                label: format!("10{}", superscript(power)),
            })
            .collect();
        let minor = if stride > 1 && count <= 40 {
            (first..=last)
                .map(|power| self.share(f64::from(power)))
                .collect()
        } else if stride == 1 && count <= 6 {
            (first - 1..=last)
                .flat_map(|power| {
                    (2..=9).map(move |digit| f64::from(power) + f64::from(digit).log10())
                })
                .map(|value| self.share(value))
                .collect()
        } else {
            Vec::new()
        };
        (
            ticks,
            minor
                .into_iter()
                .filter(|at| (0.0..=1.0).contains(at))
                .collect(),
        )
    }

    /// 1, 2 and 5 times powers of ten, or even steps where even those are too few.
    fn within_a_decade(&self, most: usize) -> Vec<Tick> {
        let first = self.low.floor() as i32;
        let ticks: Vec<Tick> = (first..=first + 2)
            .flat_map(|power| [1.0_f64, 2.0, 5.0].map(|digit| (power, digit)))
            .map(|(power, digit)| (f64::from(power) + digit.log10(), power, digit))
            .filter(|(at, _, _)| (self.low..=self.high).contains(at))
            .map(|(at, power, digit)| Tick {
                at: self.share(at),
                label: small_multiple(power, digit),
            })
            .collect();
        if ticks.len() >= 2 {
            return ticks;
        }
        // A margin may reach below the smallest number there is.
        let low = 10_f64.powf(self.low).max(f64::MIN_POSITIVE);
        self.even_ticks(low, 10_f64.powf(self.high).min(LARGEST), most.min(5))
    }

    /// Round numbers in even steps.
    fn even_ticks(&self, low: f64, high: f64, most: usize) -> Vec<Tick> {
        let rough = (high - low) / most as f64;
        let power = rough.log10().floor();
        let unit = 10_f64.powf(power);
        let Some(step) = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|times| times * unit)
            .find(|step| *step >= rough * 0.999)
        else {
            return Vec::new();
        };
        let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
        let count = (last - first).clamp(0.0, 20.0) as usize;
        (0..=count)
            .map(|n| (first + n as f64) * step)
            .filter_map(|value| {
                Some(Tick {
                    at: self.place(value)?,
                    label: self.even_label(value, step, low.abs().max(high.abs())),
                })
            })
            .filter(|tick| (-1e-6..=1.0 + 1e-6).contains(&tick.at))
            .collect()
    }

    fn even_label(&self, value: f64, step: f64, largest: f64) -> String {
        let (value, step, largest) = if self.percent {
            (100.0 * value, 100.0 * step, 100.0 * largest)
        } else {
            (value, step, largest)
        };
        let value = if value.abs() < 0.5 * step { 0.0 } else { value };
        let digits = |step: f64| (-(step * 1.001).log10().floor()).clamp(0.0, 12.0) as usize;
        if largest < 1e5 && (largest >= 1e-3 || self.percent) {
            let label = NumberFormat::Fixed(digits(step)).print(value);
            return if self.percent { label + "%" } else { label };
        }
        if value.abs() < 0.5 * step {
            return "0".to_owned();
        }
        // All labels share the power of ten of the largest.
        let power = largest.log10().floor().clamp(-300.0, 300.0);
        let unit = 10_f64.powf(power);
        format!(
            "{}×10{}",
            NumberFormat::Fixed(digits(step / unit)).print(value / unit),
            superscript(power as i32)
        )
    }
}

fn small_multiple(power: i32, digit: f64) -> String {
    match power {
        0..=3 => format!("{}", digit * 10_f64.powi(power)),
        -3..=-1 => format!(
            "{:.*}",
            power.unsigned_abs() as usize,
            digit * 10_f64.powi(power)
        ),
        _ => format!("{digit}×10{}", superscript(power)),
    }
}

fn widened(low: f64, high: f64, scale: Scale) -> (f64, f64) {
    let middle = low + 0.5 * (high - low);
    let half = match scale {
        Scale::Log10 => 0.3,
        Scale::Linear if middle.abs() < 1e-290 => 1.0,
        Scale::Linear => 0.1 * middle.abs(),
    };
    (middle - half, middle + half)
}

/// A value in the axis' own measure, or `None` where it has no place on it.
fn on(scale: Scale, value: f64) -> Option<f64> {
    match scale {
        Scale::Linear if value.is_finite() => Some(value.clamp(-LARGEST, LARGEST)),
        Scale::Log10 if value.is_finite() && value > 0.0 => Some(value.log10()),
        _ => None,
    }
}
