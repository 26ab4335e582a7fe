//! The steps of a prediction in single precision, from a row of numbers to the answer: what ONNX, C and Rust are written from.

use std::fmt::Write;

use serde::Serialize;
use tiam_data::{Codes, ColumnKind, ColumnSpec};
use tiam_models::{Activation, InputEncoding};

use super::description::{Answer, DescribedLayer, DescribedNetwork, Description, Flag};
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// What a column of a table becomes.
pub(super) enum Use {
    /// Numbers, with what stands for each where it is missing: one, or the parts of a date.
    Numbers { fill: Vec<f32>, marked: bool },
    /// A feature a category, or codes: numbers of each category, of missing cells, of others.
    Category {
        categories: Vec<String>,
        missing: bool,
        other: bool,
        codes: Option<Vec<f32>>,
    },
}

/// An input column of a table.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) what: Use,
    /// Names of its features.
    pub(super) features: Vec<String>,
    /// Its first feature.
    pub(super) at: usize,
    /// Its first number in a row of numbers.
    pub(super) field: usize,
    /// What a number of the row means, in words.
    pub(super) words: String,
}

impl Inputs {
    /// True where the inputs are the features as they are.
    pub(super) fn are_features(&self) -> bool {
        let is = |all: &[f32], number: f32| all.iter().all(|x| x.to_bits() == number.to_bits());
        let as_they_are = is(&self.high, 0.0) && is(&self.low, 0.0) && is(&self.scale, 1.0);
        as_they_are && self.bins.is_none() && !self.clip
    }
}

impl Column {
    /// Numbers of a row.
    pub(super) fn n_fields(&self) -> usize {
        match &self.what {
            Use::Numbers { fill, .. } => fill.len(),
            Use::Category { .. } => 1,
        }
    }

    /// Of a column of categories that have some.
    pub(super) fn codes(&self) -> Option<&[f32]> {
        match &self.what {
            Use::Category { codes, .. } => codes.as_deref(),
            Use::Numbers { .. } => None,
        }
    }
}

/// From features to a network's inputs: u = ((x − high) − low)/scale, between bounds where it is a place among bins, which are scaled in turn.
pub(super) struct Inputs {
    /// The two parts of an offset: one alone would lose digits of features that are large beside their spread.
    pub(super) high: Vec<f32>,
    pub(super) low: Vec<f32>,
    pub(super) scale: Vec<f32>,
    pub(super) bins: Option<Bins>,
    pub(super) clip: bool,
}

/// Of each input: its feature, its bounds, and the scaling of what is between them.
pub(super) struct Bins {
    pub(super) source: Vec<usize>,
    pub(super) least: Vec<f32>,
    pub(super) most: Vec<f32>,
    pub(super) offset: Vec<f32>,
    pub(super) scale: Vec<f32>,
}

pub(super) struct PlannedLayer {
    pub(super) n_in: usize,
    pub(super) n_out: usize,
    /// By row.
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

/// y = offset + scale z, and the exponential of that within bounds where there are some.
pub(super) struct Values {
    pub(super) offset: Vec<f32>,
    pub(super) scale: Vec<f32>,
    pub(super) bounds: Option<[Vec<f32>; 2]>,
}

pub(super) struct Member {
    pub(super) share: f32,
    pub(super) encoding: usize,
    pub(super) activation: Activation,
    pub(super) layers: Vec<PlannedLayer>,
    pub(super) values: Option<Values>,
}

pub(super) struct Plan {
    /// Of a model of a table.
    pub(super) columns: Option<Vec<Column>>,
    /// Numbers of a row.
    pub(super) n_fields: usize,
    pub(super) n_outputs: usize,
    pub(super) classes: Vec<String>,
    pub(super) flags: Vec<Flag>,
    pub(super) values: Vec<String>,
    pub(super) answer: Answer,
    pub(super) encodings: Vec<Inputs>,
    pub(super) members: Vec<Member>,
    /// None where it is 1.
    pub(super) temperature: Option<f32>,
}

impl Plan {
    pub(super) fn of<T: Scalar + Serialize>(model: &Description<'_, T>) -> Result<Self> {
        let columns = model.columns.map(|columns| {
            let (mut names, mut found) = (model.feature_names.iter().cloned(), Vec::new());
            let (mut at, mut field) = (0, 0);
            for spec in columns.columns() {
                let width = spec.kind.width();
                if width > 0 {
                    let features: Vec<String> = names.by_ref().take(width).collect();
                    let column = column(spec, features, at, field)?;
                    field += column.n_fields();
                    found.push(column);
                }
                at += width;
            }
            Ok::<_, Error>(found)
        });
        let columns = columns.transpose()?;
        let n_fields = columns.as_ref().map_or(model.n_features, |columns| {
            columns.iter().map(Column::n_fields).sum()
        });
        let members = model.networks.iter().map(member);
        let members = members.collect::<Result<Vec<_>>>()?;
        let last = members.first().and_then(|member| member.layers.last());
        let warm = (model.temperature - 1.0).abs() >= f64::EPSILON;
        Ok(Self {
            columns,
            n_fields,
            n_outputs: last.map_or(0, |layer| layer.n_out),
            classes: model.classes.clone(),
            flags: (model.flags.iter())
                .map(|flag| Flag {
                    name: flag.name.clone(),
                    no: flag.no.clone(),
                    yes: flag.yes.clone(),
                })
                .collect(),
            values: model.values.clone(),
            answer: model.answer,
            encodings: (model.encodings.iter().map(inputs)).collect::<Result<_>>()?,
            members,
            temperature: warm.then(|| single(model.temperature)).transpose()?,
        })
    }
}

/// A number in single precision.
fn single(x: f64) -> Result<f32> {
    let single = x as f32;
    match single.is_finite() {
        true => Ok(single),
        false => Err(Error::Export {
            what: format!("the number {x}"),
            reason: "single precision does not hold it; export as json".to_owned(),
        }),
    }
}

fn singles(x: impl IntoIterator<Item = f64>) -> Result<Vec<f32>> {
    x.into_iter().map(single).collect()
}

/// A number that is divided by: it must not become 0.
fn divisors(x: &[f64]) -> Result<Vec<f32>> {
    singles(x.iter().map(|x| x.max(f64::from(f32::MIN_POSITIVE))))
}

fn column(spec: &ColumnSpec, features: Vec<String>, at: usize, field: usize) -> Result<Column> {
    let name = spec.name.clone();
    let (what, words) = match &spec.kind {
        ColumnKind::Categorical(of) => {
            let mut words = String::new();
            for (number, category) in of.categories.iter().enumerate() {
                write!(words, "{number} {category:?}, ").ok();
            }
            words.push_str("NaN for a missing cell, -1 for any other text");
            let numbers = |codes: &Codes| {
                let places = 0..of.n_places();
                singles(places.flat_map(|place| codes.of(place)))
            };
            let what = Use::Category {
                categories: of.categories.clone(),
                missing: of.missing,
                other: of.other,
                codes: of.codes.as_ref().map(numbers).transpose()?,
            };
            (what, words)
        }
        ColumnKind::Date(of) => {
            let parts = features.iter().take(of.gaps.fill.len());
            let parts = parts.filter_map(|f| f.get(name.len() + 1..));
            let parts = parts.collect::<Vec<_>>().join(", ");
            (
                numbers(&of.gaps)?,
                format!("{parts}; NaN each where the date is missing"),
            )
        }
        ColumnKind::Numeric(of) => {
            let words = "a number, NaN where it is missing".to_owned();
            (numbers(&of.gaps)?, words)
        }
        // Of no other kind has features.
        _ => (
            Use::Numbers {
                fill: Vec::new(),
                marked: false,
            },
            String::new(),
        ),
    };
    Ok(Column {
        name,
        what,
        features,
        at,
        field,
        words,
    })
}

fn numbers(gaps: &tiam_data::Gaps) -> Result<Use> {
    Ok(Use::Numbers {
        fill: singles(gaps.fill.iter().copied())?,
        marked: gaps.marked,
    })
}

fn inputs(encoding: &InputEncoding) -> Result<Inputs> {
    let scaling = encoding.scaling();
    let (offset, scale) = (scaling.offset(), scaling.scale());
    let two = |offset: Vec<f64>| {
        let high = singles(offset.iter().copied())?;
        let rest = offset
            .iter()
            .zip(&high)
            .map(|(x, high)| x - f64::from(*high));
        let low = singles(rest)?;
        Ok::<_, Error>((high, low))
    };
    let clip = encoding.clips();
    if encoding.knots().iter().all(Vec::is_empty) {
        let (high, low) = two(offset.to_vec())?;
        let scale = divisors(scale)?;
        let bins = None;
        return Ok(Inputs {
            high,
            low,
            scale,
            bins,
            clip,
        });
    }
    let (mut source, mut start, mut width) = (Vec::new(), Vec::new(), Vec::new());
    let (mut least, mut most) = (Vec::new(), Vec::new());
    let (mut outer_offset, mut outer_scale) = (Vec::new(), Vec::new());
    for (feature, knots) in encoding.knots().iter().enumerate() {
        // A feature itself is scaled at once.
        start.push(offset[source.len()]);
        width.push(scale[source.len()]);
        least.push(f32::MIN);
        most.push(f32::MAX);
        outer_offset.push(0.0);
        outer_scale.push(1.0);
        source.push(feature);
        for pair in knots.windows(2) {
            start.push(pair[0]);
            width.push(pair[1] - pair[0]);
            least.push(0.0);
            most.push(1.0);
            outer_offset.push(offset[source.len()]);
            outer_scale.push(scale[source.len()]);
            source.push(feature);
        }
    }
    let (high, low) = two(start)?;
    Ok(Inputs {
        high,
        low,
        scale: divisors(&width)?,
        bins: Some(Bins {
            source,
            least,
            most,
            offset: singles(outer_offset)?,
            scale: divisors(&outer_scale)?,
        }),
        clip,
    })
}

fn member<T: Scalar>(network: &DescribedNetwork<'_, T>) -> Result<Member> {
    let numbers = |x: &[T]| singles(x.iter().map(|x| tiam_data::Scalar::to_f64(*x)));
    let layer = |layer: &DescribedLayer<T>| {
        Ok::<_, Error>(PlannedLayer {
            n_in: layer.weight.first().map_or(0, Vec::len),
            n_out: layer.bias.len(),
            weight: numbers(&layer.weight.concat())?,
            bias: numbers(&layer.bias)?,
        })
    };
    let values = network.values.as_ref().map(|values| {
        let bounds = |end: usize| singles(values.bounds.iter().map(|bounds| bounds[end]));
        Ok::<_, Error>(Values {
            offset: singles(values.scaling.offset().iter().copied())?,
            scale: singles(values.scaling.scale().iter().copied())?,
            bounds: match values.logarithm {
                true => Some([bounds(0)?, bounds(1)?]),
                false => None,
            },
        })
    });
    Ok(Member {
        share: single(network.share)?,
        encoding: network.encoding,
        activation: network.activation,
        layers: network.layers.iter().map(layer).collect::<Result<_>>()?,
        values: values.transpose()?,
    })
}

/// Weights of n rows as integers between −127 and 127, and what each row of them is multiplied by.
pub(super) fn to_int8(weights: &[f32], n_rows: usize) -> (Vec<i8>, Vec<f32>) {
    let n_in = weights.len() / n_rows.max(1);
    let (mut integers, mut scales) = (Vec::with_capacity(weights.len()), Vec::new());
    for row in weights.chunks(n_in.max(1)) {
        let most = row.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
        let scale = (most / 127.0).max(f32::MIN_POSITIVE);
        integers.extend(row.iter().map(|w| (w / scale).round() as i8));
        scales.push(scale);
    }
    (integers, scales)
}
