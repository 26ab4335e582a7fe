//! Fit of the power with which a cost grows.

use tiam_core::student;

/// The slope of ln y against ln x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exponent {
    /// p of y = C x^p.
    pub(super) slope: f64,
    /// Its standard error; 0 for two points, which leave nothing to judge by.
    pub(super) std_error: f64,
    /// Points fitted.
    pub(super) n: usize,
}

impl Exponent {
    /// Half the width of its 95 % confidence interval.
    pub(super) fn half_interval(&self) -> f64 {
        student::quantile_975(self.n.saturating_sub(2)) * self.std_error
    }
}

/// Least squares over these (x, y); `None` unless two different x are left after those that are not positive and finite are dropped.
#[allow(clippy::cast_precision_loss, reason = "a number of points")]
pub(super) fn exponent(points: &[(f64, f64)]) -> Option<Exponent> {
    let usable = |v: f64| v.is_finite() && v > 0.0;
    let logs: Vec<(f64, f64)> = points
        .iter()
        .filter(|(x, y)| usable(*x) && usable(*y))
        .map(|(x, y)| (x.ln(), y.ln()))
        .collect();
    let n = logs.len() as f64;
    let mean_x = logs.iter().map(|(x, _)| x).sum::<f64>() / n;
    let mean_y = logs.iter().map(|(_, y)| y).sum::<f64>() / n;
    let sxx: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let sxy: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let varied = sxx > 0.0;
    if !varied {
        return None;
    }
    let slope = sxy / sxx;
    let residual = |(x, y): &(f64, f64)| (y - mean_y - slope * (x - mean_x)).powi(2);
    let residual_sq: f64 = logs.iter().map(residual).sum();
    Some(Exponent {
        slope,
        std_error: if n > 2.0 {
            (residual_sq / (n - 2.0) / sxx).sqrt()
        } else {
            0.0
        },
        n: logs.len(),
    })
}

/// The points with the larger x, the middle one included: where the costs that do not grow are small.
pub(super) fn upper_half(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    sorted.split_off(sorted.len() / 2)
}

#[cfg(test)]
#[path = "../../../tests/unit/reproduce_experiments_exponent.rs"]
mod tests;
