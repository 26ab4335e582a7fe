//! Ridge regression as a network without hidden layer: the smallest F of TIAM's own problem is known from a direct solve.

use tiam_data::{TeacherOutput, teacher_network};
use tiam_linalg::Matrix;
use tiam_models::{Samples, Target};

use crate::error::BenchError;
use crate::shapes::into_samples;

/// Samples, inputs, outputs.
const SIZE: (usize, usize, usize) = (500, 20, 3);
const TEACHER_UNITS: usize = 30;
const NOISE: f64 = 0.1;

/// Generated regression data.
pub(super) fn data(seed: u64) -> Result<Samples<f64>, BenchError> {
    let (n, features, outputs) = SIZE;
    let output = TeacherOutput::Values(outputs);
    into_samples(teacher_network(
        n,
        features,
        TEACHER_UNITS,
        output,
        NOISE,
        seed,
    )?)
}

/// F* = min ½‖z − Y‖² + ρ/2 ‖z − W X − b 1ᵀ‖² + μ/2 ‖W‖² over W, b, z.
///
/// The best z leaves c/2 ‖Y − W X − b 1ᵀ‖² with c = ρ/(1 + ρ), and the best b centres X and Y. With S = c X Xᵀ + μ I and
/// T = c Y Xᵀ of the centred data, W = T S⁻¹ and F* = (c ‖Y‖² − ⟨W, T⟩)/2. μ must be above 0.
///
/// # Errors
/// [`BenchError::NoTargets`] for data without values, or whose system is singular.
pub(super) fn least_objective(
    samples: &Samples<f64>,
    rho: f64,
    ridge: f64,
) -> Result<f64, BenchError> {
    let Target::Values(y) = samples.target() else {
        return Err(BenchError::NoTargets);
    };
    let (x, y) = (centred(samples.inputs()), centred(y));
    let c = rho / (1.0 + rho);
    let mut s = products(&x, &x, c);
    for (i, row) in s.iter_mut().enumerate() {
        row[i] += ridge;
    }
    let factor = cholesky(s).ok_or(BenchError::NoTargets)?;
    let mut least = 0.5 * c * y.norm_sq();
    for t in products(&y, &x, c) {
        // ⟨w, t⟩ = t S⁻¹ tᵀ = ‖L⁻¹ t‖².
        let solved = forward_substituted(&factor, &t);
        least -= 0.5 * solved.iter().map(|v| v * v).sum::<f64>();
    }
    Ok(least)
}

/// Less each row's mean over the samples.
fn centred(m: &Matrix<f64>) -> Matrix<f64> {
    let (rows, cols) = (m.n_rows(), m.n_cols());
    let mut means = vec![0.0; rows];
    for column in m.as_slice().chunks_exact(rows) {
        for (mean, x) in means.iter_mut().zip(column) {
            *mean += x;
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
    let n = cols as f64;
    Matrix::from_fn(rows, cols, |i, j| m.col(j)[i] - means[i] / n)
}

/// c A Bᵀ by rows.
fn products(a: &Matrix<f64>, b: &Matrix<f64>, c: f64) -> Vec<Vec<f64>> {
    let mut sums = vec![vec![0.0; b.n_rows()]; a.n_rows()];
    for j in 0..a.n_cols() {
        for (row, x) in sums.iter_mut().zip(a.col(j)) {
            for (sum, y) in row.iter_mut().zip(b.col(j)) {
                *sum += c * x * y;
            }
        }
    }
    sums
}

/// L with S = L Lᵀ, unless S is not positive definite.
fn cholesky(mut s: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    for i in 0..s.len() {
        for j in 0..=i {
            let inner: f64 = (0..j).map(|k| s[i][k] * s[j][k]).sum();
            let rest = s[i][j] - inner;
            s[i][j] = if i > j {
                rest / s[j][j]
            } else if rest > 0.0 {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(s)
}

/// L⁻¹ t.
fn forward_substituted(l: &[Vec<f64>], t: &[f64]) -> Vec<f64> {
    let mut solved: Vec<f64> = Vec::with_capacity(t.len());
    for (row, t) in l.iter().zip(t) {
        let known: f64 = row.iter().zip(&solved).map(|(l, x)| l * x).sum();
        solved.push((t - known) / row[solved.len()]);
    }
    solved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direct_solve_finds_a_worked_minimum() {
        // One input, two samples x = ∓1, y = ∓2, ρ = 1, μ = 1: c = ½, S = 2, T = 2, W = 1, F* = (½·8 − 2)/2 = 1.
        let x = Matrix::from_vec(1, 2, vec![-1.0, 1.0]).unwrap();
        let y = Matrix::from_vec(1, 2, vec![-2.0, 2.0]).unwrap();
        let samples = Samples::new(x, Target::Values(y)).unwrap();
        assert!((least_objective(&samples, 1.0, 1.0).unwrap() - 1.0).abs() < 1e-15);
        // An offset of the targets is the bias's business.
        let y = Matrix::from_vec(1, 2, vec![5.0, 9.0]).unwrap();
        let x = Matrix::from_vec(1, 2, vec![3.0, 5.0]).unwrap();
        let samples = Samples::new(x, Target::Values(y)).unwrap();
        assert!((least_objective(&samples, 1.0, 1.0).unwrap() - 1.0).abs() < 1e-14);
    }
}
