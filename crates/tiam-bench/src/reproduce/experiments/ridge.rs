//! Ridge regression as a network without hidden layer; a direct solve gives the exact minimum of F.

use tiam_data::{TeacherOutput, teacher_network};
use tiam_linalg::{Compute, Matrix, SpdFactor, outer_product, reduce};
use tiam_models::{Samples, Target};

use crate::error::BenchError;

/// Samples, inputs, outputs.
const SIZE: (usize, usize, usize) = (500, 20, 3);
const TEACHER_UNITS: usize = 30;
const NOISE: f64 = 0.1;

/// Generated regression data.
pub(super) fn data(seed: u64) -> Result<Samples<f64>, BenchError> {
    let (n, features, outputs) = SIZE;
    let output = TeacherOutput::Values(outputs);
    Ok(tiam::samples(teacher_network(
        n,
        features,
        TEACHER_UNITS,
        output,
        NOISE,
        seed,
    )?)?)
}

/// F* = min ½‖z − Y‖² + ρ/2 ‖z − W X − b 1ᵀ‖² + μ/2 ‖W‖² over W, b, z.
///
/// The best z leaves c/2 ‖Y − W X − b 1ᵀ‖² with c = ρ/(1 + ρ), and the best b centres X and Y. With S = c X Xᵀ + μ I and
/// T = c Y Xᵀ of the centred data, W = T S⁻¹ and F* = (c ‖Y‖² − ⟨W, T⟩)/2. μ must be above 0.
///
/// # Errors
/// [`BenchError::NoValues`] for data without values, [`BenchError::Linalg`] for a singular system.
pub(super) fn least_objective(
    samples: &Samples<f64>,
    rho: f64,
    ridge: f64,
) -> Result<f64, BenchError> {
    let Target::Values(y) = samples.target() else {
        return Err(BenchError::NoValues);
    };
    let (x, y) = (centred(samples.inputs()), centred(y));
    let c = rho / (1.0 + rho);
    let mut compute = Compute::new(1)?;
    let mut gram = Matrix::zeros(x.n_rows(), x.n_rows());
    outer_product(&mut gram, &x, &x, &mut compute);
    let mut t = Matrix::zeros(y.n_rows(), x.n_rows());
    outer_product(&mut t, &y, &x, &mut compute);
    let mut factor = SpdFactor::new(x.n_rows());
    factor.factor(&gram, c, ridge)?;
    // With t = Y Xᵀ: ⟨W, T⟩ = c² ⟨t S⁻¹, t⟩.
    let mut solved = t.clone();
    factor.solve_right(&mut solved);
    let explained = c * c * reduce::dot(solved.as_slice(), t.as_slice());
    Ok(0.5 * (c * y.norm_sq() - explained))
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

#[cfg(test)]
#[path = "../../../tests/unit/reproduce_experiments_ridge.rs"]
mod tests;
