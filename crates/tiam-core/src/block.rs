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
        self.step(inertia, step_size, gradient);
        correct(&mut self.candidate, &self.current, inertia.correction);
    }

    /// As [`Block::propose_with`] for a block confined to a convex set: `project` maps a point onto the set, and is
    /// applied to the step (paper) and again after the correction (ours: so that the candidate stays in the set).
    ///
    /// ```
    /// use tiam_core::{Block, Inertia};
    /// // φ(u) = (u + 1)²/2 over u ≥ 0.
    /// let mut block = Block::new(vec![4.0f64]);
    /// let inertia = Inertia::new(0.0, 0.0, 0.5)?;
    /// block.propose_projected(inertia, 1.0, |at, out| out[0] = at[0] + 1.0, |u| u[0] = u[0].max(0.0));
    /// assert_eq!(block.candidate(), [0.0]);
    /// # Ok::<(), tiam_core::CoreError>(())
    /// ```
    pub fn propose_projected(
        &mut self,
        inertia: Inertia,
        step_size: f64,
        gradient: impl FnOnce(&[T], &mut [T]),
        mut project: impl FnMut(&mut [T]),
    ) {
        self.step(inertia, step_size, gradient);
        project(&mut self.candidate);
        if inertia.correction > 0.0 {
            correct(&mut self.candidate, &self.current, inertia.correction);
            project(&mut self.candidate);
        }
    }

    /// candidate = ũ − s ∇φ(û).
    fn step(&mut self, inertia: Inertia, step_size: f64, gradient: impl FnOnce(&[T], &mut [T])) {
        extrapolate(
            &mut self.point,
            &self.current,
            &self.previous,
            inertia.gradient,
        );
        gradient(&self.point, &mut self.gradient);
        extrapolate(
            &mut self.candidate,
            &self.current,
            &self.previous,
            inertia.start,
        );
        let step_size = T::from_f64(step_size);
        for (candidate, &gradient) in self.candidate.iter_mut().zip(&self.gradient) {
            *candidate -= step_size * gradient;
        }
    }

    /// Makes the candidate current, and the current value previous. The candidate then holds what was previous.
    pub fn accept(&mut self) {
        std::mem::swap(&mut self.previous, &mut self.current);
        std::mem::swap(&mut self.current, &mut self.candidate);
    }
}
