//! The Gram form of a W step: curvature along the line from a aᵀ, for many more samples than features, while the inputs do not change.
//!
//! With S = a aᵀ and Q = (W a + b 1ᵀ − z) aᵀ, the gradient at any Ŵ on the line is ρ (Q + p2 Δ S) + μ Ŵ, and ⟨E a, E a⟩ = ⟨E S, E⟩. Q and
//! the new W a are the two large products of a step; a step that is proposed again costs products with S alone.

use super::line::{Line, LineTerms};
use super::primal::Primal;
use super::{Products, Request};
use crate::compute::Compute;
use crate::kernels::{add_scaled, gram_terms, subtract};
use crate::matrix::Matrix;
use crate::product::{feature_gram, product};
use crate::real::Real;
use crate::step::Inertia;

/// S and what is known of the step under way.
#[derive(Debug)]
pub(super) struct Gram<T> {
    gram: Matrix<T>,
    gram_valid: bool,
    /// Q, with ‖W a + b 1ᵀ − z‖².
    residual: Matrix<T>,
    residual_sq: f64,
    /// Δ S.
    delta_image: Matrix<T>,
    /// E S.
    image: Matrix<T>,
    /// True while the step is the one Q and Δ S are of.
    step_known: bool,
    delta_known: bool,
}

impl<T: Real> Gram<T> {
    pub(super) fn new(n_out: usize, n_in: usize) -> Self {
        Self {
            gram: Matrix::zeros(n_in, n_in),
            gram_valid: false,
            residual: Matrix::zeros(n_out, n_in),
            residual_sq: 0.0,
            delta_image: Matrix::zeros(n_out, n_in),
            image: Matrix::zeros(n_out, n_in),
            step_known: false,
            delta_known: false,
        }
    }

    /// Says that the inputs have changed.
    pub(super) fn invalidate(&mut self) {
        self.gram_valid = false;
        self.end_step();
    }

    /// Says that the weights, the bias or the target may have changed.
    pub(super) fn end_step(&mut self) {
        (self.step_known, self.delta_known) = (false, false);
    }
}

impl<T: Real> Primal<T> {
    /// ‖W a + b 1ᵀ − z‖² and the candidate's line, along the gradient.
    pub(super) fn gram_line(
        &mut self,
        form: &mut Gram<T>,
        products: &mut Products<T>,
        request: &Request<'_, T>,
        compute: &mut Compute<T>,
    ) -> (f64, Line) {
        let Request {
            problem, inertia, ..
        } = *request;
        if !form.gram_valid {
            feature_gram(&mut form.gram, problem.inputs, compute);
            form.gram_valid = true;
        }
        if !form.step_known {
            let at_current = Request {
                inertia: Inertia::NONE,
                ..*request
            };
            form.residual_sq = self.residual_outer(products, &at_current, compute);
            std::mem::swap(&mut self.gradient, &mut form.residual);
            form.step_known = true;
        }
        let moving = !inertia.ignores_previous();
        if moving && !form.delta_known {
            let delta = self.gradient.as_mut_slice();
            subtract(delta, self.current.as_slice(), self.previous.as_slice());
            product(&mut form.delta_image, &self.gradient, &form.gram, compute);
            form.delta_known = true;
        }
        let gradient = self.gradient.as_mut_slice();
        gradient.copy_from_slice(form.residual.as_slice());
        if moving {
            let p = T::from_f64(inertia.gradient);
            add_scaled(gradient, form.delta_image.as_slice(), p);
        }
        self.finish_gradient(request, compute);
        product(&mut form.image, &self.gradient, &form.gram, compute);
        let terms = LineTerms {
            matrix: self.gradient_terms,
            product: self.image_terms(form, inertia),
        };
        (form.residual_sq, terms.backtracked(request))
    }

    /// [⟨Δ S, Δ⟩, ⟨Δ S, E⟩, ⟨E S, E⟩].
    fn image_terms(&self, form: &Gram<T>, inertia: Inertia) -> [f64; 3] {
        let previous = self.previous_of(inertia);
        let matrices = [&self.current, previous, &self.gradient].map(Matrix::as_slice);
        // Where Δ plays no part its image is whatever was there, and its difference from itself is 0.
        let images = [form.delta_image.as_slice(), form.image.as_slice()];
        let [dd, de, ee] = gram_terms(matrices, images);
        if inertia.ignores_previous() {
            [0.0, 0.0, ee]
        } else {
            [dd, de, ee]
        }
    }
}
