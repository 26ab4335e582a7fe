//! The a step: min over a within the band of ρ/2 ‖W a + b 1ᵀ − z‖², W, b, z those of the next layer.

use crate::activation::Activation;
use crate::activation_curvature::ActivationCurvature;
use crate::compute::{
    Cols, ColsMut, Compute, Largest, Total, WorkerScratch, buffer, for_tiles, tile_cols,
};
use crate::kernels::residual_norm_sq;
use crate::matrix::Matrix;
use crate::monotone::{Monotone, clamp};
use crate::product::tile_product;
use crate::real::Real;
use crate::reduce::{LaneSum, dot};
use crate::simd::vectorised;
use crate::state::StateVisitor;
use crate::step::{Inertia, Iterate, Solver, Step, StepReport};
use crate::weights::WeightBlock;
use crate::with_activation;

/// The blocks of the next layer that an a step depends on.
///
/// Shapes: `bias` n', `target` n' x N; the weights block holds W (n' x n) and W a (n' x N).
#[derive(Clone, Copy, Debug)]
pub struct NextLayer<'a, T> {
    /// W_{l+1} with its product with the current a.
    pub weights: &'a WeightBlock<T>,
    /// b_{l+1}.
    pub bias: &'a [T],
    /// z_{l+1}.
    pub target: &'a Matrix<T>,
    /// ρ.
    pub rho: f64,
}

/// The band a must lie in: h(z) − ε ≤ a ≤ h(z) + ε, entry by entry.
#[derive(Clone, Copy, Debug)]
pub struct ActivationBand<'a, T> {
    /// z_l, n x N.
    pub center: &'a Matrix<T>,
    /// h_l.
    pub activation: Activation,
    /// ε.
    pub epsilon: f64,
}

/// A layer's activations a (n x N) with their history.
///
/// The step is ā = Π(ã − ∇φ(â)/τ) with τ by backtracking, then Π(ā + p3 (ā − a)), Π the clamp to the band. Products of
/// 2 n n' N flops: two for the gradient, one a trial, and one at the candidate, which the next layer's W step takes over.
#[derive(Debug)]
pub struct ActivationBlock<T> {
    iterate: Iterate<T>,
    gradient: Matrix<T>,
    /// W_{l+1} a at the candidate.
    candidate_product: Matrix<T>,
    curvature: Option<ActivationCurvature<T>>,
    step: Step,
    tau: f64,
    pending_tau: f64,
    pending_violation: f64,
    violation: f64,
}

/// What a trial needs besides the iterates: p1, p2, and the step 1/τ.
#[derive(Clone, Copy)]
struct Trial<T> {
    start: T,
    gradient: T,
    step: T,
    epsilon: T,
}

impl<T: Real> ActivationBlock<T> {
    /// Starts at `a`, n x N, for a next layer of `n_next` units, without history and with τ = 1.
    pub fn new(a: Matrix<T>, n_next: usize, solver: Solver) -> Self {
        let (n, n_samples) = (a.n_rows(), a.n_cols());
        Self {
            iterate: Iterate::new(a),
            gradient: Matrix::zeros(n, n_samples),
            candidate_product: Matrix::zeros(n_next, n_samples),
            curvature: None,
            step: solver.step(),
            tau: 1.0,
            pending_tau: 1.0,
            pending_violation: 0.0,
            violation: 0.0,
        }
    }

    /// a, n x N.
    pub fn values(&self) -> &Matrix<T> {
        &self.iterate.current
    }

    /// τ: the reciprocal step size last accepted.
    pub fn tau(&self) -> f64 {
        self.tau
    }

    /// max |a − h(z)| as of the last accepted step.
    pub fn violation(&self) -> f64 {
        self.violation
    }

    /// Makes the last candidate current and hands its product W a to the next layer.
    pub fn accept(&mut self, next: &mut WeightBlock<T>) {
        self.iterate.accept();
        self.tau = self.pending_tau;
        self.violation = self.pending_violation;
        next.swap_product(&mut self.candidate_product);
    }

    /// Fetches the samples of the other processes, before the state is saved; called by all of them.
    pub fn gather(&mut self, compute: &Compute<T>) {
        self.iterate.gather(compute);
    }

    /// Current and previous value, τ and the last violation.
    pub fn visit_state(&mut self, name: &str, visitor: &mut dyn StateVisitor<T>) {
        self.iterate.visit_state(name, visitor);
        visitor.number(&format!("{name}.tau"), &mut self.tau);
        visitor.number(&format!("{name}.violation"), &mut self.violation);
    }

    /// Moves a up to h(min(z, 0)) − ε where a shrinking band has left it below (ours: moving z instead would divide
    /// by the small slope there), and refreshes the next layer's W a for the samples touched. The previous value
    /// is left alone. Returns whether anything moved.
    pub fn repair(
        &mut self,
        band: ActivationBand<'_, T>,
        next: &mut WeightBlock<T>,
        compute: &mut Compute<T>,
    ) -> bool {
        T::repair_activations(self, band, next, compute)
    }

    pub(crate) fn repair_generic(
        &mut self,
        band: ActivationBand<'_, T>,
        next: &mut WeightBlock<T>,
        compute: &mut Compute<T>,
    ) -> bool {
        let n = self.iterate.current.n_rows();
        let (weights, product) = next.product_mut();
        let (h, epsilon) = (band.activation, T::from_f64(band.epsilon));
        let slab = (
            self.iterate.current.cols_mut(),
            band.center.cols(),
            product.cols_mut(),
        );
        let body = |_: &mut WorkerScratch<T>,
                    slab: (ColsMut<'_, T>, Cols<'_, T>, ColsMut<'_, T>)| {
            let mut touched = 0.0;
            for_tiles(slab, REPAIR_TILE, |(a, z, wa)| {
                if with_activation!(h, h => repair_tile(a.data, z.data, h, epsilon)) {
                    tile_product(wa.data, weights.view(), a.data);
                    touched += 1.0;
                }
            });
            touched
        };
        let touched = compute.over_samples(4 * n, slab, &body) > 0.0;
        if touched {
            next.inputs_changed();
        }
        touched
    }

    /// Computes a candidate without changing a; the last candidate counts.
    ///
    /// With `Inertia::NONE` the candidate never raises the block's objective beyond rounding, provided a lies in
    /// the band: a solve whose projection does is replaced by the backtracked step.
    pub fn propose(
        &mut self,
        next: NextLayer<'_, T>,
        band: ActivationBand<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> StepReport {
        T::propose_activations(self, next, band, inertia, compute)
    }

    pub(crate) fn propose_generic(
        &mut self,
        next: NextLayer<'_, T>,
        band: ActivationBand<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> StepReport {
        let before = self.compute_gradient(next, inertia, compute);
        if let Step::Solve(solve) = self.step {
            let n = self.iterate.current.n_rows();
            let curvature = self
                .curvature
                .get_or_insert_with(|| ActivationCurvature::new(n, solve));
            let solved = curvature.solve(&mut self.gradient, next, compute);
            let after = self.finish(next, band, inertia, 1.0, compute);
            if after <= before || !inertia.is_none() {
                self.pending_tau = self.tau;
                let report = StepReport {
                    trials: solved.iterations,
                    rel_residual: Some(solved.rel_residual),
                    ..StepReport::of::<T>(before, after - before)
                };
                return report.against(next.target, next.rho, compute);
            }
            self.compute_gradient(next, inertia, compute);
        }
        let (tau, trials) = self.backtrack(next, band, inertia, compute);
        self.pending_tau = tau;
        let after = self.finish(next, band, inertia, 1.0 / tau, compute);
        let report = StepReport {
            inverse_step: tau,
            trials,
            ..StepReport::of::<T>(before, after - before)
        };
        report.against(next.target, next.rho, compute)
    }

    /// gradient ← ρ Wᵀ (W â + b 1ᵀ − z); returns ρ/2 ‖W a + b 1ᵀ − z‖².
    fn compute_gradient(
        &mut self,
        next: NextLayer<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> f64 {
        let n = self.iterate.current.n_rows();
        let weights = next.weights.weights();
        let n_next = weights.n_rows();
        let (p, rho) = (T::from_f64(inertia.gradient), T::from_f64(next.rho));
        let slab = (
            self.gradient.cols_mut(),
            [
                &self.iterate.current,
                &self.iterate.previous,
                next.weights.product(),
                next.target,
            ]
            .map(Matrix::cols),
        );
        let body = |scratch: &mut WorkerScratch<T>, slab: (ColsMut<'_, T>, [Cols<'_, T>; 4])| {
            let mut residual_sq = 0.0;
            for_tiles(
                slab,
                tile_cols::<T>(n.max(n_next)),
                |(g, [a, ap, wa, z])| {
                    residual_sq += residual_norm_sq(wa.data, next.bias, z.data);
                    let r = buffer(&mut scratch.tile_b, wa.data.len());
                    if p > T::zero() {
                        let hat = buffer(&mut scratch.tile_a, a.data.len());
                        extrapolate_tile(hat, a.data, ap.data, p);
                        tile_product(r, weights.view(), hat);
                    } else {
                        r.copy_from_slice(wa.data);
                    }
                    scaled_residual(r, next.bias, z.data, rho);
                    tile_product(g.data, weights.view().transpose(), r);
                },
            );
            residual_sq
        };
        0.5 * next.rho * compute.over_samples(4 * n * n_next, slab, &body)
    }

    /// The least τ among half the last one and its doublings with ρ ‖W D‖² ≤ τ ‖D‖², D = ā − â; and the number tried.
    fn backtrack(
        &self,
        next: NextLayer<'_, T>,
        band: ActivationBand<'_, T>,
        inertia: Inertia,
        compute: &mut Compute<T>,
    ) -> (f64, usize) {
        let mut tau = self.step.first_trial::<T>(self.tau);
        let mut trials = 1;
        loop {
            let [image_sq, step_sq] = self.trial(next, band, inertia, 1.0 / tau, compute);
            // A comparison with NaN is false: it ends the search.
            let too_long = next.rho * image_sq > tau * step_sq;
            match self.step.next_trial(tau, trials) {
                Some(larger) if too_long => tau = larger,
                _ => return (tau, trials),
            }
            trials += 1;
        }
    }

    /// [‖W D‖², ‖D‖²] for D = Π(ã − step G) − â.
    fn trial(
        &self,
        next: NextLayer<'_, T>,
        band: ActivationBand<'_, T>,
        inertia: Inertia,
        step: f64,
        compute: &mut Compute<T>,
    ) -> [f64; 2] {
        let n = self.iterate.current.n_rows();
        let weights = next.weights.weights();
        let n_next = weights.n_rows();
        let trial = Trial::new(inertia, step, band.epsilon);
        let Iterate {
            current, previous, ..
        } = &self.iterate;
        let slab = [current, previous, band.center, &self.gradient].map(Matrix::cols);
        let body = |scratch: &mut WorkerScratch<T>, slab: [Cols<'_, T>; 4]| {
            let mut sums = [0.0; 2];
            for_tiles(slab, tile_cols::<T>(n.max(n_next)), |inputs| {
                let inputs = inputs.map(|columns| columns.data);
                let d = buffer(&mut scratch.tile_a, inputs[0].len());
                let h = band.activation;
                sums[1] += with_activation!(h, h => direction_tile(d, inputs, h, trial));
                let wd = buffer(&mut scratch.tile_b, d.len() / n * n_next);
                tile_product(wd, weights.view(), d);
                sums[0] += dot(wd, wd);
            });
            sums
        };
        compute.over_samples(2 * n * n_next, slab, &body)
    }

    /// candidate ← Π(ā + p3 (ā − a)) with its product and its violation; returns ρ/2 ‖W a + b 1ᵀ − z‖² there.
    fn finish(
        &mut self,
        next: NextLayer<'_, T>,
        band: ActivationBand<'_, T>,
        inertia: Inertia,
        step: f64,
        compute: &mut Compute<T>,
    ) -> f64 {
        let Iterate {
            current,
            previous,
            candidate,
        } = &mut self.iterate;
        let n = current.n_rows();
        let weights = next.weights.weights();
        let n_next = weights.n_rows();
        let trial = Trial::new(inertia, step, band.epsilon);
        let p3 = T::from_f64(inertia.correction);
        let slab = (
            candidate.cols_mut(),
            self.candidate_product.cols_mut(),
            [&*current, previous, band.center, &self.gradient].map(Matrix::cols),
            next.target.cols(),
        );
        type Slabs<'a, T> = (
            ColsMut<'a, T>,
            ColsMut<'a, T>,
            [Cols<'a, T>; 4],
            Cols<'a, T>,
        );
        let body = |_: &mut WorkerScratch<T>, slab: Slabs<'_, T>| {
            let (mut residual_sq, mut violation) = (0.0, Largest::default());
            let tile = tile_cols::<T>(n.max(n_next));
            for_tiles(slab, tile, |(out, wa, inputs, target)| {
                let inputs = inputs.map(|columns| columns.data);
                let distance = with_activation!(band.activation, h => {
                    candidate_tile(out.data, inputs, h, trial, p3)
                });
                violation = violation.merge(Largest(distance));
                tile_product(wa.data, weights.view(), out.data);
                residual_sq += residual_norm_sq(wa.data, next.bias, target.data);
            });
            (residual_sq, violation)
        };
        let (residual_sq, Largest(violation)) = compute.over_samples(2 * n * n_next, slab, &body);
        self.pending_violation = violation;
        0.5 * next.rho * residual_sq
    }
}

/// Samples repaired, and their product refreshed, together.
const REPAIR_TILE: usize = 64;

impl<T: Real> Trial<T> {
    fn new(inertia: Inertia, step: f64, epsilon: f64) -> Self {
        Self {
            start: T::from_f64(inertia.start),
            gradient: T::from_f64(inertia.gradient),
            step: T::from_f64(step),
            epsilon: T::from_f64(epsilon),
        }
    }

    /// ā = clamp(ã − step G) for one entry, with the band's ends.
    #[inline(always)]
    fn bar(self, a: T, delta: T, g: T, center: T) -> (T, T, T) {
        let (low, high) = (center - self.epsilon, center + self.epsilon);
        (
            clamp(a + self.start * delta - self.step * g, low, high),
            low,
            high,
        )
    }
}

/// out ← a + p (a − previous).
fn extrapolate_tile<T: Real>(out: &mut [T], a: &[T], previous: &[T], p: T) {
    vectorised(
        #[inline(always)]
        || {
            for ((out, a), ap) in out.iter_mut().zip(a).zip(previous) {
                *out = *a + p * (*a - *ap);
            }
        },
    );
}

/// r ← ρ (r + b 1ᵀ − z).
fn scaled_residual<T: Real>(r: &mut [T], bias: &[T], target: &[T], rho: T) {
    let n = bias.len();
    vectorised(
        #[inline(always)]
        || {
            for (r, z) in r.chunks_exact_mut(n).zip(target.chunks_exact(n)) {
                for ((r, b), z) in r.iter_mut().zip(bias).zip(z) {
                    *r = rho * (*r + *b - *z);
                }
            }
        },
    );
}

/// d ← ā − â; returns ‖d‖². `inputs` are [a, a_previous, z, gradient].
fn direction_tile<T: Real>(
    d: &mut [T],
    [a, previous, z, gradient]: [&[T]; 4],
    h: impl Monotone,
    trial: Trial<T>,
) -> f64 {
    vectorised(
        #[inline(always)]
        || {
            let mut sum = LaneSum::new();
            let n = d.len();
            let (a, previous, z, gradient) = (&a[..n], &previous[..n], &z[..n], &gradient[..n]);
            let mut from = 0;
            while from < n {
                let to = n.min(from + STRIP);
                for i in from..to {
                    let delta = a[i] - previous[i];
                    let (bar, _, _) = trial.bar(a[i], delta, gradient[i], h.apply(z[i]));
                    d[i] = bar - (a[i] + trial.gradient * delta);
                }
                let strip = &d[from..to];
                sum.add([strip], |[d]| d * d);
                from = to;
            }
            sum.finish()
        },
    )
}

/// Entries of a flat strip between two sums, so that the strip is still in the first-level cache.
const STRIP: usize = 1024;

/// out ← Π(ā + p3 (ā − a)); returns max |out − h(z)|. `inputs` are [a, a_previous, z, gradient].
fn candidate_tile<T: Real>(
    out: &mut [T],
    [a, previous, z, gradient]: [&[T]; 4],
    h: impl Monotone,
    trial: Trial<T>,
    p3: T,
) -> f64 {
    vectorised(
        #[inline(always)]
        || {
            let n = out.len();
            let (a, previous, z, gradient) = (&a[..n], &previous[..n], &z[..n], &gradient[..n]);
            let mut worst = T::zero();
            for i in 0..n {
                let center = h.apply(z[i]);
                let (bar, low, high) = trial.bar(a[i], a[i] - previous[i], gradient[i], center);
                out[i] = clamp(bar + p3 * (bar - a[i]), low, high);
                let distance = (out[i] - center).abs();
                worst = if distance > worst { distance } else { worst };
            }
            worst.to_f64()
        },
    )
}

/// a ← max(a, h(min(z, 0)) − ε); true when any entry moved.
fn repair_tile<T: Real>(a: &mut [T], z: &[T], h: impl Monotone, epsilon: T) -> bool {
    vectorised(
        #[inline(always)]
        || {
            let mut moved = false;
            for (a, z) in a.iter_mut().zip(z) {
                let low = h.apply(z.min(T::zero())) - epsilon;
                moved |= *a < low;
                *a = if *a < low { low } else { *a };
            }
            moved
        },
    )
}

/// max |a − h(z)| over all entries, ‖·‖_∞; 0 for empty matrices.
///
/// # Panics
/// When the shapes differ.
pub fn band_violation<T: Real>(
    a: &Matrix<T>,
    z: &Matrix<T>,
    h: Activation,
    compute: &mut Compute<T>,
) -> f64 {
    T::band_violation(a, z, h, compute)
}

pub(crate) fn band_violation_generic<T: Real>(
    a: &Matrix<T>,
    z: &Matrix<T>,
    h: Activation,
    compute: &mut Compute<T>,
) -> f64 {
    assert_eq!(
        (a.n_rows(), a.n_cols()),
        (z.n_rows(), z.n_cols()),
        "band_violation: shapes differ"
    );
    let n = a.n_rows();
    let body = |_: &mut WorkerScratch<T>, [a, z]: [Cols<'_, T>; 2]| {
        with_activation!(h, h => {
            let pairs = a.data.iter().zip(z.data);
            let distances = pairs.map(|(a, z)| Largest((*a - h.apply(*z)).abs().to_f64()));
            distances.fold(Largest::default(), Largest::merge)
        })
    };
    compute.over_samples(4 * n, [a.cols(), z.cols()], &body).0
}
