//! Student's t distribution, for confidence intervals and paired tests.

/// P(|T| ≥ |t|) of Student's t with these degrees of freedom, counted as 1 where there are none: the closed sums for whole degrees, exact up to
/// rounding. For thousands of degrees it takes as many additions.
///
/// ```
/// use tiam_core::student;
/// assert!((student::two_sided(2.776445, 4) - 0.05).abs() < 1e-6);
/// assert!((student::quantile_975(4) - 2.776445).abs() < 1e-6);
/// ```
pub fn two_sided(t: f64, degrees: usize) -> f64 {
    let n = degrees.max(1) as f64;
    let cosine_sq = n / (n + t * t);
    let sine = (t * t / (n + t * t)).sqrt();
    // Each term is the one before times cos² and (k − 1)/k, k in steps of two.
    let series = |first: f64, from: usize| {
        let (mut sum, mut term, mut k) = (0.0, first, from);
        while k <= degrees {
            sum += term;
            term *= cosine_sq * (k as f64 - 1.0) / k as f64;
            k += 2;
        }
        sum
    };
    let within = if degrees.is_multiple_of(2) && degrees > 0 {
        sine * series(1.0, 2)
    } else {
        let angle = sine.atan2(cosine_sq.sqrt());
        (angle + sine * series(cosine_sq.sqrt(), 3)) * std::f64::consts::FRAC_2_PI
    };
    (1.0 - within).clamp(0.0, 1.0)
}

/// Most degrees of freedom of which the quantile is searched for: beyond, it differs from the normal one by less than 3e-4.
const MOST_DEGREES: usize = 10_000;

/// The 97.5 % quantile: half the width of a 95 % confidence interval in standard errors.
pub fn quantile_975(degrees: usize) -> f64 {
    let (mut low, mut high) = (1.0, 16.0);
    let degrees = degrees.min(MOST_DEGREES);
    // Halved until it has no digits left to give.
    for _ in 0..f64::MANTISSA_DIGITS {
        let middle = 0.5 * (low + high);
        if two_sided(middle, degrees) > 0.05 {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
#[path = "../tests/unit/student.rs"]
mod tests;
