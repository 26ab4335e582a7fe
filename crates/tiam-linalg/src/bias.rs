//! The b step: the mean residual, which is the exact minimiser when p1 = p2.

use crate::compute::{Cols, Compute, Slab, WorkerScratch, buffer, for_tiles, tile_cols};
use crate::kernels::{add_row_sums, residual_norm_sq};
use crate::matrix::Matrix;
use crate::real::Real;
use crate::state::StateVisitor;
use crate::step::{Inertia, StepReport};

/// A layer's biases b (one a unit) with their history.
#[derive(Debug)]
pub struct BiasBlock<T> {
    current: Vec<T>,
    previous: Vec<T>,
    candidate: Vec<T>,
    row_sums: Vec<f64>,
}

impl<T: Real> BiasBlock<T> {
    /// Starts at `bias`, without history.
    pub fn new(bias: Vec<T>) -> Self {
        let n = bias.len();
        Self {
            previous: bias.clone(),
            candidate: bias.clone(),
            current: bias,
            row_sums: vec![0.0; n],
        }
    }

    /// b.
    pub fn values(&self) -> &[T] {
        &self.current
    }

    /// Makes the last candidate current.
    pub fn accept(&mut self) {
        std::mem::swap(&mut self.previous, &mut self.current);
        std::mem::swap(&mut self.current, &mut self.candidate);
    }

    /// Current and previous value.
    pub fn visit_state(&mut self, name: &str, visitor: &mut dyn StateVisitor<T>) {
        visitor.values(&format!("{name}.current"), &mut self.current);
        visitor.values(&format!("{name}.previous"), &mut self.previous);
    }

    /// b̄ = b̃ − mean over samples of (W a + b̂ 1ᵀ − z), then b̄ + p3 (b̄ − b). The objective is ρ/2 ‖W a + b 1ᵀ − z‖²,
    /// z the `target` (n x N). One pass of 5 flops an entry.
    pub fn propose(
        &mut self,
        product: &Matrix<T>,
        target: &Matrix<T>,
        rho: f64,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> StepReport {
        T::propose_bias(self, product, target, rho, inertia, compute)
    }

    pub(crate) fn propose_generic(
        &mut self,
        product: &Matrix<T>,
        target: &Matrix<T>,
        rho: f64,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> StepReport {
        let (residual_sq, n_samples) = self.sum_residuals(product, target, compute);
        #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
        let n_samples = n_samples.max(1) as f64;
        let mut increase = 0.0;
        for i in 0..self.current.len() {
            let b = self.current[i].to_f64();
            let delta = b - self.previous[i].to_f64();
            // Mean of W a + b 1ᵀ − z, at the current value.
            let mean = self.row_sums[i] / n_samples + b;
            let bar_step = (inertia.start - inertia.gradient) * delta - mean;
            let candidate = T::from_f64(b + (1.0 + inertia.correction) * bar_step);
            let moved = candidate.to_f64() - b;
            increase += moved * (moved + 2.0 * mean);
            self.candidate[i] = candidate;
        }
        let before = 0.5 * rho * residual_sq;
        let report = StepReport::of::<T>(before, 0.5 * rho * n_samples * increase);
        report.against(target, rho, compute)
    }

    /// row_sums ← Σ over samples of W a − z; returns ‖W a + b 1ᵀ − z‖² and the number of samples.
    fn sum_residuals(
        &mut self,
        product: &Matrix<T>,
        target: &Matrix<T>,
        compute: &mut Compute<T>,
    ) -> (f64, usize) {
        let n = self.current.len();
        let bias = self.current.as_slice();
        let slab = [product.cols(), target.cols()];
        let body = |scratch: &mut WorkerScratch<T>, sums: &mut [f64], slab: [Cols<'_, T>; 2]| {
            let (mut residual_sq, n_samples) = (0.0, slab.n_cols());
            for_tiles(slab, tile_cols::<T>(2 * n), |[m, z]| {
                let acc = buffer(&mut scratch.tile_a, n);
                add_row_sums(sums, m.data, z.data, acc);
                residual_sq += residual_norm_sq(m.data, bias, z.data);
            });
            (residual_sq, n_samples)
        };
        let (found, sums) = compute.wide_sum_over_samples(n, 6 * n, slab, &body);
        self.row_sums.copy_from_slice(sums);
        found
    }
}
