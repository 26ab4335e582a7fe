//! Storage for one block and its triple-inertial step.

use crate::{Inertia, Scalar, correct, extrapolate};

/// One block's current value, previous value and candidate, with scratch for a gradient step.
///
/// ```
/// use tiam_core::{Block, Inertia};
/// // φ(u) = u²/2 from u = 4, step size 1/2.
/// let mut block = Block::new(vec![4.0]);
/// block.propose_with(Inertia::NONE, 0.5, |at, gradient| gradient.copy_from_slice(at));
/// assert_eq!((block.current(), block.candidate()), (&[4.0][..], &[2.0][..]));
/// block.accept();
/// assert_eq!((block.current(), block.previous()), (&[2.0][..], &[4.0][..]));
/// // ũ = û = 2 + 0.5 (2 − 4) = 1, ū = 1 − 0.5 = 0.5, corrected 0.5 + 0.5 (0.5 − 2) = −0.25.
/// block.propose_with(Inertia::new(0.5, 0.5, 0.5)?, 0.5, |at, gradient| gradient.copy_from_slice(at));
/// assert_eq!(block.candidate(), [-0.25]);
/// # Ok::<(), tiam_core::CoreError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Block<T> {
    current: Vec<T>,
    previous: Vec<T>,
    candidate: Vec<T>,
    /// û, then scratch.
    point: Vec<T>,
    gradient: Vec<T>,
}

impl<T: Scalar> Block<T> {
    /// A block whose current and previous value are `start`.
    #[must_use]
    pub fn new(start: Vec<T>) -> Self {
        let zeros = vec![T::zero(); start.len()];
        Self {
            previous: start.clone(),
            candidate: start.clone(),
            point: zeros.clone(),
            gradient: zeros,
            current: start,
        }
    }

    /// uᵏ.
    #[must_use]
    pub fn current(&self) -> &[T] {
        &self.current
    }

    /// uᵏ⁻¹.
    #[must_use]
    pub fn previous(&self) -> &[T] {
        &self.previous
    }

    /// The last candidate.
    #[must_use]
    pub fn candidate(&self) -> &[T] {
        &self.candidate
    }

    /// The last candidate, for callers that compute their own step.
    pub fn candidate_mut(&mut self) -> &mut [T] {
        &mut self.candidate
    }

    /// candidate = ū + p3 (ū − uᵏ) with ū = ũ − s ∇φ(û), s the `step_size` (1/θ). `gradient(û, out)` writes ∇φ(û).
    pub fn propose_with(
        &mut self,
        inertia: Inertia,
        step_size: f64,
        gradient: impl FnOnce(&[T], &mut [T]),
    ) {
        let Self {
            current,
            previous,
            candidate,
            point,
            gradient: slope,
        } = self;
        extrapolate(point, current, previous, inertia.gradient);
        gradient(point, slope);
        extrapolate(candidate, current, previous, inertia.start);
        let step_size = T::from_f64(step_size);
        for (candidate, &slope) in candidate.iter_mut().zip(&*slope) {
            *candidate -= step_size * slope;
        }
        correct(candidate, current, inertia.correction);
    }

    /// candidate = prox(v + p3 (v − uᵏ), s') with v = ũ − s ∇φ(û), s the `step_size` and s' = (1 + p3) s: the step of a block
    /// with an objective φ + g. `prox(x, s')` replaces x by argmin_u g(u) + ‖u − x‖² / (2 s'); where g is a convex set's
    /// indicator, that is the projection on the set, for any s'.
    ///
    /// The proximal map comes last and is applied once, so that the candidate keeps what the map gives: exact zeros, bounds, a
    /// low rank. Its step is the corrected one, so that for any p3 the iteration stands still exactly at the stationary points
    /// of φ + g. Without the other inertia (p1 = p2 = 0) and with convex g and s at most 1/θ, the step never raises φ + g,
    /// since s' is at most 2/θ.
    ///
    /// This order is ours. The paper corrects after the map, which moves the candidate off a set and makes exact zeros small
    /// numbers; a second map, with the first one's step, would stand still at the wrong points for other g than indicators.
    /// The orders give the same result for g = 0, and, if the corrected point is projected again, for bounds on entries.
    ///
    /// ```
    /// use tiam_core::{Block, Inertia};
    /// // φ(u) = (u₁ − 3)²/2 + (u₂ − 0.5)²/2, g(u) = |u₁| + |u₂|: the minimiser is (2, 0).
    /// let mut block = Block::new(vec![0.0, 4.0f64]);
    /// let inertia = Inertia::new(0.0, 0.0, 0.5)?;
    /// let gradient = |at: &[f64], out: &mut [f64]| (out[0], out[1]) = (at[0] - 3.0, at[1] - 0.5);
    /// let soft_threshold = |u: &mut [f64], step: f64| {
    ///     u.iter_mut().for_each(|u| *u = u.signum() * (u.abs() - step).max(0.0));
    /// };
    /// // v = (3, 0.5), corrected (4.5, −1.25); s' = 1.5.
    /// block.propose_prox(inertia, 1.0, gradient, soft_threshold);
    /// assert_eq!(block.candidate(), [3.0, 0.0]);
    /// # Ok::<(), tiam_core::CoreError>(())
    /// ```
    pub fn propose_prox(
        &mut self,
        inertia: Inertia,
        step_size: f64,
        gradient: impl FnOnce(&[T], &mut [T]),
        prox: impl FnOnce(&mut [T], f64),
    ) {
        self.propose_with(inertia, step_size, gradient);
        prox(&mut self.candidate, (1.0 + inertia.correction) * step_size);
    }

    /// candidate = ū + p3 (ū − uᵏ) with ū = argmin_u φ(u) + (p1 − p2)(uᵏ − uᵏ⁻¹), for a block that is minimised exactly.
    /// `minimise(û, out)` writes the minimiser to `out`; û is a start for iterative solvers, and others ignore it.
    ///
    /// For a quadratic φ with Hessian H, ū is ũ − H⁻¹ ∇φ(û), the paper's step with H in place of θ (ours). p1 and p2 cancel
    /// where they are equal; p3 alone is over-relaxation by the factor 1 + p3, which converges on strictly convex quadratics
    /// for p3 < 1 (Ostrowski). For a block with constraints or a simple term use [`Block::propose_prox`], since the inertia
    /// added here ends outside of a set.
    ///
    /// ```
    /// use tiam_core::{Block, Inertia};
    /// // φ(u) = (u − 3)² from 1: over-relaxed by half of the way.
    /// let mut block = Block::new(vec![1.0]);
    /// block.propose_exact(Inertia::new(0.9, 0.9, 0.5)?, |_, out| out[0] = 3.0);
    /// assert_eq!(block.candidate(), [4.0]);
    /// # Ok::<(), tiam_core::CoreError>(())
    /// ```
    pub fn propose_exact(&mut self, inertia: Inertia, minimise: impl FnOnce(&[T], &mut [T])) {
        let Self {
            current,
            previous,
            candidate,
            point,
            ..
        } = self;
        extrapolate(point, current, previous, inertia.gradient);
        minimise(point, candidate);
        let p = T::from_f64(inertia.start - inertia.gradient);
        if p != T::zero() {
            for ((out, &current), &previous) in candidate.iter_mut().zip(&*current).zip(&*previous)
            {
                *out += p * (current - previous);
            }
        }
        correct(candidate, current, inertia.correction);
    }

    /// Makes the candidate current, and the current value previous. The candidate then holds what was previous.
    pub fn accept(&mut self) {
        std::mem::swap(&mut self.previous, &mut self.current);
        std::mem::swap(&mut self.current, &mut self.candidate);
    }
}
