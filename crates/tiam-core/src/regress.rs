//! Straight-line least squares for the rate fits.

/// ln gap ≈ intercept + slope x.
pub(crate) struct Line {
    pub(crate) slope: f64,
    pub(crate) intercept: f64,
    /// Residual sum of squares.
    residual_sq: f64,
    /// Sum of squares about the mean.
    total_sq: f64,
    /// Σ ln gap.
    sum_ln: f64,
    n: f64,
}

/// Regresses ln `gaps` on `x`; both have at least two entries, `x` not all equal, gaps positive.
pub(crate) fn fit_line(x: &[f64], gaps: &[f64]) -> Line {
    let n = x.len() as f64;
    let sum_ln: f64 = gaps.iter().map(|gap| gap.ln()).sum();
    let (mean_x, mean_y) = (mean(x), sum_ln / n);
    let (mut sxx, mut sxy, mut total_sq) = (0.0, 0.0, 0.0);
    for (x, gap) in x.iter().zip(gaps) {
        let (dx, dy) = (x - mean_x, gap.ln() - mean_y);
        sxx += dx * dx;
        sxy += dx * dy;
        total_sq += dy * dy;
    }
    let slope = sxy / sxx;
    let residual = |(x, gap): (&f64, &f64)| gap.ln() - mean_y - slope * (x - mean_x);
    let residual_sq = x.iter().zip(gaps).map(residual).map(|r| r * r).sum();
    Line {
        slope,
        intercept: mean_y - slope * mean_x,
        residual_sq,
        total_sq,
        sum_ln,
        n,
    }
}

impl Line {
    pub(crate) fn r_squared(&self) -> f64 {
        1.0 - self.residual_sq / self.total_sq.max(f64::MIN_POSITIVE)
    }

    /// Log-likelihood without the term −(n/2) (ln(2π/n) + 1), which is the same for every line through n points.
    pub(crate) fn log_likelihood(&self) -> f64 {
        -0.5 * self.n * self.residual_sq.max(f64::MIN_POSITIVE).ln() - self.sum_ln
    }

    /// Standard error of the slope. With `gaps` given, the limit was fitted too: it moves ln gap by 1/gap, which joins the
    /// regressors.
    pub(crate) fn slope_error(&self, x: &[f64], gaps: Option<&[f64]>) -> f64 {
        let mean_x = mean(x);
        let mut free: f64 = x.iter().map(|x| (x - mean_x).powi(2)).sum();
        let mut n_fitted = 2.0;
        if let Some(gaps) = gaps {
            n_fitted = 3.0;
            let smallest = gaps.iter().copied().fold(f64::INFINITY, f64::min);
            let pulls: Vec<f64> = gaps.iter().map(|gap| smallest / gap).collect();
            let mean_pull = mean(&pulls);
            let (mut sww, mut sxw) = (0.0, 0.0);
            for (x, pull) in x.iter().zip(&pulls) {
                sww += (pull - mean_pull).powi(2);
                sxw += (x - mean_x) * (pull - mean_pull);
            }
            if sww > 0.0 {
                free -= sxw * sxw / sww;
            }
        }
        (self.residual_sq / (self.n - n_fitted) / free.max(f64::MIN_POSITIVE)).sqrt()
    }
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

#[cfg(test)]
#[path = "../tests/unit/regress.rs"]
mod tests;
