//! Columns that give the label away: a copy of it, or one that alone tells all classes apart.

use tiam_data::{ColumnEncoding, ColumnKind, Dataset, Targets};

use crate::scalar::Scalar;

/// Rows looked at, evenly spaced, and fewest that say anything.
const MOST_ROWS: usize = 2000;
const FEWEST_ROWS: usize = 100;
/// Correlation from which a column is a copy of the values. Ours.
const COPY: f64 = 0.999_999;

/// A warning for each such column of a table.
pub(crate) fn warnings<T: Scalar>(data: &Dataset<T>) -> Vec<String> {
    let n = data.n_samples();
    let Some(encoding) = data.encoding().filter(|_| n >= FEWEST_ROWS) else {
        return Vec::new();
    };
    let rows: Vec<usize> = (0..n).step_by(n.div_ceil(MOST_ROWS).max(1)).collect();
    let number = |row: usize, feature: usize| {
        let values = data.features().values();
        tiam_data::Scalar::to_f64(values[row * data.n_features() + feature])
    };
    let told = |(column, first): (usize, usize)| {
        let spec = &encoding.columns()[column];
        let width = spec.kind.width();
        let told = match (data.targets(), &spec.kind) {
            (Targets::Classes { labels, names }, ColumnKind::Numeric(_)) => {
                let pairs = rows.iter().map(|&i| (number(i, first), labels[i]));
                tells_classes_apart(pairs.collect(), names.len())
            }
            (Targets::Classes { labels, names }, ColumnKind::Categorical(of))
                if of.codes.is_none() =>
            {
                let category = |i: usize| (first..first + width).position(|f| number(i, f) > 0.5);
                #[allow(clippy::cast_precision_loss, reason = "a number of categories")]
                let pairs = rows
                    .iter()
                    .map(|&i| (category(i).map_or(-1.0, |c| c as f64), labels[i]));
                is_pure(pairs.collect(), names.len())
            }
            (Targets::Values(values), ColumnKind::Numeric(_)) if values.n_features() == 1 => {
                let value = |i: usize| tiam_data::Scalar::to_f64(values.values()[i]);
                let pairs: Vec<_> = rows.iter().map(|&i| (number(i, first), value(i))).collect();
                correlation(&pairs).abs() >= COPY
            }
            _ => false,
        };
        told.then(|| {
            format!(
                "column {:?} alone gives the label away; would it be known when a prediction is made? Otherwise leave it out with --ignore",
                spec.name
            )
        })
    };
    columns(encoding).filter_map(told).collect()
}

/// Input columns with their first feature.
fn columns(encoding: &ColumnEncoding) -> impl Iterator<Item = (usize, usize)> {
    let widths = encoding.columns().iter().map(|column| column.kind.width());
    let starts = widths.scan(0, |at, width| {
        *at += width;
        Some((*at - width, width))
    });
    let numbered = starts.enumerate().filter(|(_, (_, width))| *width > 0);
    numbered.map(|(column, (first, _))| (column, first))
}

/// Whether each class lies in an interval of its own.
fn tells_classes_apart(mut pairs: Vec<(f64, u32)>, n_classes: usize) -> bool {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mixed =
        |pair: &[(f64, u32)]| pair[0].0.total_cmp(&pair[1].0).is_eq() && pair[0].1 != pair[1].1;
    let runs = pairs.chunk_by(|a, b| a.1 == b.1).count();
    n_classes > 1 && runs == n_classes && !pairs.windows(2).any(mixed)
}

/// Whether few categories hold one class each, and all classes.
fn is_pure(mut pairs: Vec<(f64, u32)>, n_classes: usize) -> bool {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let categories = pairs.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq());
    let mut n_categories = 0;
    for category in categories {
        n_categories += 1;
        if category[0].1 != category[category.len() - 1].1 {
            return false;
        }
    }
    n_classes > 1 && n_categories * 4 <= pairs.len()
}

/// Pearson's; 0 for a constant.
#[allow(clippy::cast_precision_loss, reason = "a number of rows")]
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let (x, y) = pairs
        .iter()
        .fold((0.0, 0.0), |(x, y), pair| (x + pair.0, y + pair.1));
    let (x, y) = (x / n, y / n);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        xx += (a - x) * (a - x);
        xy += (a - x) * (b - y);
        yy += (b - y) * (b - y);
    }
    let scale = (xx * yy).sqrt();
    if scale > 0.0 { xy / scale } else { 0.0 }
}
