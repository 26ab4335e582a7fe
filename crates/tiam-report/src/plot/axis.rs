//! The range of values that an axis shows, as a coordinate of `plotters`: places, ticks and labels.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;

use super::{Axis, Scale};
use crate::number::{NumberFormat, superscript};

/// Values beyond this stand at it: differences must stay finite.
const LARGEST: f64 = 1e300;
/// A range narrower than this share of its values is widened.
const NARROWEST: f64 = 1e-9;
/// The range is this much wider than the data, on either side.
const MARGIN: f64 = 0.04;
/// Values farther from the range than this many of its lengths stand there: lines to them are still cut at the right place.
const FARTHEST: f64 = 1e6;

/// The range an axis shows. Its coordinate is the value, or the value's logarithm on a logarithmic axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    low: f64,
    high: f64,
    scale: Scale,
    percent: bool,
    /// Names of the groups whose centres are marked in place of numbers; those of every so manieth only.
    groups: Vec<String>,
    step: usize,
}

impl Span {
    /// The range of an axis: its own, else that of the values, with or without a margin. `None` where nothing can be shown.
    pub(super) fn of(axis: &Axis, values: impl Iterator<Item = f64>, margin: bool) -> Option<Self> {
        if !axis.names.is_empty() {
            return Some(Self::of_groups(axis.names.clone()));
        }
        let fixed = axis
            .range
            .and_then(|(low, high)| Some((measure(axis.scale, low)?, measure(axis.scale, high)?)))
            .filter(|(low, high)| low < high);
        let (mut low, mut high) = fixed.or_else(|| {
            let places = values.filter_map(|value| measure(axis.scale, value));
            places.fold(None, |range: Option<(f64, f64)>, value| {
                let (low, high) = range.unwrap_or((value, value));
                Some((low.min(value), high.max(value)))
            })
        })?;
        let size = low.abs().max(high.abs());
        if high - low < (NARROWEST * size).max(1e-290) {
            let half = match axis.scale {
                Scale::Log10 => 0.3,
                Scale::Linear if size < 1e-290 => 1.0,
                Scale::Linear => 0.1 * size,
            };
            (low, high) = (low - half, high + half);
        }
        if margin && fixed.is_none() {
            let margin = MARGIN * (high - low);
            (low, high) = (low - margin, high + margin);
        }
        Some(Self {
            low,
            high,
            scale: axis.scale,
            percent: matches!(axis.format, NumberFormat::Percent(_)),
            groups: Vec::new(),
            step: 1,
        })
    }

    /// Groups side by side, each as wide as the others.
    pub(super) fn of_groups(groups: Vec<String>) -> Self {
        Self {
            low: 0.0,
            high: groups.len() as f64,
            scale: Scale::Linear,
            percent: false,
            groups,
            step: 1,
        }
    }

    /// The same with as many names of groups as there is room for, each `needed` long at most.
    pub(super) fn fitted(mut self, length: f64, needed: impl Fn(&str) -> f64) -> Self {
        let longest = self.groups.iter().map(|name| needed(name));
        let room = length / self.groups.len().max(1) as f64;
        self.step = ((longest.fold(0.0, f64::max) / room).ceil() as usize).max(1);
        self
    }

    /// The width of the widest name of a group.
    pub(super) fn widest(&self, width: impl Fn(&str) -> f64) -> f64 {
        let widths = self.groups.iter().map(|name| width(name));
        widths.fold(0.0, f64::max)
    }

    /// Whether names stand in place of numbers.
    pub(super) fn is_grouped(&self) -> bool {
        !self.groups.is_empty()
    }

    /// Number of names.
    pub(super) fn n_groups(&self) -> usize {
        self.groups.len()
    }

    /// The same with its names changed.
    pub(super) fn renamed(mut self, name: impl Fn(&str) -> String) -> Self {
        self.groups = self.groups.iter().map(|group| name(group)).collect();
        self
    }

    /// The share of the axis' length at which a value stands; outside 0 to 1 beyond the range, `None` where it cannot be shown.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        measure(self.scale, value).map(|at| self.share(at))
    }

    /// Whether a linear axis shows zero.
    pub(super) fn shows_zero(&self) -> bool {
        self.scale == Scale::Linear && self.low <= 0.0 && self.high >= 0.0
    }

    fn share(&self, at: f64) -> f64 {
        ((at - self.low) / (self.high - self.low)).clamp(-FARTHEST, FARTHEST)
    }

    /// The label of a tick.
    pub(super) fn label(&self, at: f64) -> String {
        if !self.groups.is_empty() {
            return self.groups.get(at as usize).cloned().unwrap_or_default();
        }
        if self.scale == Scale::Log10 {
            if self.high - self.low >= 1.0 {
                return format!("10{}", superscript(at.round() as i32));
            }
            return NumberFormat::Auto.print(10_f64.powf(at));
        }
        if self.percent {
            return NumberFormat::Auto.print(100.0 * at) + "%";
        }
        NumberFormat::Auto.print(at)
    }
}

impl Ranged for Span {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, at: &f64, (from, to): (i32, i32)) -> i32 {
        from + (f64::from(to - from) * self.share(*at)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        let most = hint.max_num_points();
        if !self.groups.is_empty() {
            let shown = (0..self.groups.len()).step_by(self.step);
            return shown.map(|n| n as f64 + 0.5).collect();
        }
        if self.scale == Scale::Linear {
            return even(self.low, self.high, most);
        }
        if self.high - self.low >= 1.0 {
            let mut powers = even(self.low, self.high, most);
            powers.retain(|power| (power - power.round()).abs() < 1e-6);
            return powers;
        }
        // Within a decade: round numbers. A margin may reach below the smallest number there is.
        let low = 10_f64.powf(self.low).max(f64::MIN_POSITIVE);
        let values = even(low, 10_f64.powf(self.high).min(LARGEST), most);
        values.into_iter().map(f64::log10).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Span {
    fn format_ext(&self, at: &f64) -> String {
        self.label(*at)
    }
}

/// Round numbers in even steps. `plotters` takes the absolute rounding of numbers near 1, so it is given such numbers.
fn even(low: f64, high: f64, most: usize) -> Vec<f64> {
    let unit = 10_f64.powf((high - low).log10().floor());
    let (from, to) = (low / unit, high / unit);
    // Far from zero the steps vanish in rounding.
    if !(from.abs().max(to.abs()) < 1e6 && to > from) {
        return Vec::new();
    }
    let points = RangedCoordf64::from(from..to).key_points(most);
    let clean = |at: f64| if at.abs() < 1e-9 { 0.0 } else { at * unit };
    points.into_iter().map(clean).collect()
}

/// A value in the axis' own measure, or `None` where it has no place on it.
fn measure(scale: Scale, value: f64) -> Option<f64> {
    match scale {
        Scale::Linear if value.is_finite() => Some(value.clamp(-LARGEST, LARGEST)),
        Scale::Log10 if value.is_finite() && value > 0.0 => Some(value.log10()),
        _ => None,
    }
}
