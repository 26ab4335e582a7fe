//! Naive twins: every formula as the equation has it, in double precision, entry by entry.

#![allow(dead_code, reason = "each test file uses a part")]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tiam_linalg::{
    AffineLayer, Inertia, Matrix, Real, StepReport, StochasticBlocks, WeightProblem,
};

pub(crate) mod channels;
pub(crate) mod hidden;

/// Uniform in [−1, 1), seeded.
pub(crate) fn random<T: Real>(n_rows: usize, n_cols: usize, seed: u64) -> Matrix<T> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Matrix::from_fn(n_rows, n_cols, |_, _| {
        T::from_f64(2.0 * rng.random::<f64>() - 1.0)
    })
}

/// Weights and bias of every layer, averaged.
pub(crate) fn averaged<T: Real>(
    blocks: &StochasticBlocks<T>,
    layers: &[AffineLayer<'_, T>],
) -> Vec<Vec<T>> {
    let mut out: Vec<_> = layers
        .iter()
        .map(|l| (l.weights.as_slice().to_vec(), l.bias.to_vec()))
        .collect();
    blocks.write_average(out.iter_mut().map(|(w, b)| (&mut w[..], &mut b[..])));
    out.into_iter().flat_map(|(w, b)| [w, b]).collect()
}

pub(crate) fn inertia(start: f64, gradient: f64, correction: f64) -> Inertia {
    Inertia {
        start,
        gradient,
        correction,
    }
}

pub(crate) fn multiply(a: &Matrix<f64>, b: &Matrix<f64>) -> Matrix<f64> {
    let dot = |i: usize, j: usize| (0..a.n_cols()).map(|k| a[(i, k)] * b[(k, j)]).sum();
    Matrix::from_fn(a.n_rows(), b.n_cols(), dot)
}

/// x + c (y − z).
pub(crate) fn along(x: &Matrix<f64>, c: f64, y: &Matrix<f64>, z: &Matrix<f64>) -> Matrix<f64> {
    Matrix::from_fn(x.n_rows(), x.n_cols(), |i, j| {
        x[(i, j)] + c * (y[(i, j)] - z[(i, j)])
    })
}

/// x + c y.
pub(crate) fn plus(x: &Matrix<f64>, c: f64, y: &Matrix<f64>) -> Matrix<f64> {
    Matrix::from_fn(x.n_rows(), x.n_cols(), |i, j| x[(i, j)] + c * y[(i, j)])
}

/// The rounding that a step reports: eps of its objective before, and for an increase above that the rounding of a residual of z.
pub(crate) fn noise(report: &StepReport, before: f64, eps: f64, rho: f64, z_sq: f64) -> f64 {
    let own = eps * before;
    let terms = 0.5 * rho * (64.0 * eps).powi(2) * z_sq;
    if report.change.increase > own {
        own + terms
    } else {
        own
    }
}

pub(crate) fn map(x: &Matrix<f64>, f: impl Fn(f64) -> f64) -> Matrix<f64> {
    Matrix::from_fn(x.n_rows(), x.n_cols(), |i, j| f(x[(i, j)]))
}

/// W a + b 1ᵀ − z.
pub(crate) fn residual(
    w: &Matrix<f64>,
    a: &Matrix<f64>,
    b: &[f64],
    z: &Matrix<f64>,
) -> Matrix<f64> {
    let wa = multiply(w, a);
    Matrix::from_fn(z.n_rows(), z.n_cols(), |i, j| wa[(i, j)] + b[i] - z[(i, j)])
}

/// The largest difference; NaN where an entry is NaN, so that no bound holds. (`f64::max` would pass over it.)
pub(crate) fn distance(a: &Matrix<f64>, b: &Matrix<f64>) -> f64 {
    assert_eq!((a.n_rows(), a.n_cols()), (b.n_rows(), b.n_cols()));
    let pairs = a.as_slice().iter().zip(b.as_slice());
    let worse = |worst: f64, apart: f64| if apart <= worst { worst } else { apart };
    pairs.map(|(x, y)| (x - y).abs()).fold(0.0, |worst, apart| {
        if worst.is_nan() {
            worst
        } else {
            worse(worst, apart)
        }
    })
}

pub(crate) fn widen<T: Real>(x: &Matrix<T>) -> Matrix<f64> {
    Matrix::from_fn(x.n_rows(), x.n_cols(), |i, j| x[(i, j)].to_f64())
}

/// A least-squares block ρ/2 ‖W a + b 1ᵀ − z‖² + μ/2 ‖W‖² with its inputs.
pub(crate) struct LeastSquares {
    pub(crate) a: Matrix<f64>,
    pub(crate) b: Vec<f64>,
    pub(crate) z: Matrix<f64>,
    pub(crate) rho: f64,
    pub(crate) ridge: f64,
}

impl LeastSquares {
    pub(crate) fn random(n_out: usize, n_in: usize, n: usize, seed: u64) -> Self {
        Self {
            a: random(n_in, n, seed),
            b: random::<f64>(n_out, 1, seed + 1).into_vec(),
            z: random(n_out, n, seed + 2),
            rho: 0.7,
            ridge: 0.05,
        }
    }

    /// What a block sees of it.
    pub(crate) fn problem(&self) -> WeightProblem<'_, f64> {
        WeightProblem {
            inputs: &self.a,
            bias: &self.b,
            target: &self.z,
            rho: self.rho,
            ridge: self.ridge,
            l1: 0.0,
        }
    }

    /// H = ρ a aᵀ + μ I.
    pub(crate) fn hessian(&self) -> Matrix<f64> {
        let gram = multiply(&self.a, &self.a.transposed());
        Matrix::from_fn(gram.n_rows(), gram.n_cols(), |i, j| {
            self.rho * gram[(i, j)] + if i == j { self.ridge } else { 0.0 }
        })
    }

    /// The minimiser W by the normal equations W H = ρ (z − b 1ᵀ) aᵀ, through Gaussian elimination.
    pub(crate) fn minimiser(&self) -> Matrix<f64> {
        let (n, n_out) = (self.a.n_rows(), self.z.n_rows());
        let centred = Matrix::from_fn(n_out, self.z.n_cols(), |i, j| self.z[(i, j)] - self.b[i]);
        let right = multiply(&self.a, &centred.transposed());
        let hessian = self.hessian();
        let mut h = Matrix::from_fn(n, n + n_out, |i, j| {
            if j < n {
                hessian[(i, j)]
            } else {
                self.rho * right[(i, j - n)]
            }
        });
        for k in 0..n {
            let pivot = h[(k, k)];
            (0..h.n_cols()).for_each(|j| h[(k, j)] /= pivot);
            for i in (0..n).filter(|i| *i != k) {
                let factor = h[(i, k)];
                (0..h.n_cols()).for_each(|j| h[(i, j)] -= factor * h[(k, j)]);
            }
        }
        Matrix::from_fn(n_out, n, |i, j| h[(j, n + i)])
    }

    /// φ(W).
    pub(crate) fn value(&self, w: &Matrix<f64>) -> f64 {
        let r = residual(w, &self.a, &self.b, &self.z);
        0.5 * self.rho * r.norm_sq() + 0.5 * self.ridge * w.norm_sq()
    }

    /// ∇φ(W).
    pub(crate) fn gradient(&self, w: &Matrix<f64>) -> Matrix<f64> {
        let g = multiply(
            &residual(w, &self.a, &self.b, &self.z),
            &self.a.transposed(),
        );
        Matrix::from_fn(w.n_rows(), w.n_cols(), |i, j| {
            self.rho * g[(i, j)] + self.ridge * w[(i, j)]
        })
    }

    /// ρ ‖D a‖² + μ ‖D‖².
    pub(crate) fn curvature(&self, d: &Matrix<f64>) -> f64 {
        self.rho * multiply(d, &self.a).norm_sq() + self.ridge * d.norm_sq()
    }

    /// One backtracked triple-inertial step as the algorithm's text has it: (W_new, θ).
    pub(crate) fn step(
        &self,
        w: &Matrix<f64>,
        previous: &Matrix<f64>,
        theta: f64,
        p: Inertia,
    ) -> (Matrix<f64>, f64) {
        let tilde = along(w, p.start, w, previous);
        let hat = along(w, p.gradient, w, previous);
        let g = self.gradient(&hat);
        let mut theta = 0.5 * theta;
        loop {
            let bar = Matrix::from_fn(w.n_rows(), w.n_cols(), |i, j| {
                tilde[(i, j)] - g[(i, j)] / theta
            });
            let d = along(&map(&bar, |_| 0.0), 1.0, &bar, &hat);
            if self.curvature(&d) <= theta * d.norm_sq() {
                return (along(&bar, p.correction, &bar, w), theta);
            }
            theta *= 2.0;
        }
    }
}
