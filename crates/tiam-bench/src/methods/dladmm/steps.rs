//! Block steps of dlADMM.

use tiam_core::BlockChange;
use tiam_linalg::{
    Inertia, Matrix, Monotone, Prediction, Real, map_entries, outer_product, product,
    product_transposed, sum_entries, with_activation,
};

use super::line::change;
use super::{DladmmProblem, Layer, input_of};
use crate::methods::entry::{Entry, inlined};
use crate::methods::splitting::scaled;

impl<T: Real> DladmmProblem<'_, T> {
    /// ρ/2 ‖z_l − m_l‖², and ⟨u, z_L − m_L⟩ for the last layer.
    pub(super) fn fit(&mut self, l: usize) -> f64 {
        let last = self.is_last(l);
        let Layer {
            bias, product, z, ..
        } = &self.layers[l];
        let (rows, compute) = (bias.values(), &mut self.compute);
        if last {
            let f = inlined(
                #[inline(always)]
                |[p, z, u]: [T; 3], b: T| {
                    let residual = z - p - b;
                    [residual * residual, u * residual]
                },
            );
            let inputs = [product, self.z_last.values(), &self.dual];
            let [residual_sq, dual] = sum_entries(inputs, rows, compute, f);
            return 0.5 * self.rho * residual_sq + dual;
        }
        let f = inlined(
            #[inline(always)]
            |[p, z]: [T; 2], b: T| [(z - p - b) * (z - p - b)],
        );
        let [residual_sq] = sum_entries([product, z], rows, compute, f);
        0.5 * self.rho * residual_sq
    }

    /// ρ/2 ‖a_l − h(z_l)‖² of a hidden layer.
    pub(super) fn link(&mut self, l: usize) -> f64 {
        let Layer { bias, z, a, .. } = &self.layers[l];
        let (rows, compute) = (bias.values(), &mut self.compute);
        let [residual_sq] = with_activation!(self.network.architecture().activation, h => {
            let f = inlined(#[inline(always)]
            |[a, z]: [T; 2], _: T| [(a - h.apply(z)) * (a - h.apply(z))]);
            sum_entries([a, z], rows, compute, f)
        });
        0.5 * self.rho * residual_sq
    }

    /// scratch.residual ← ρ (m_l − z_l), less u for the last layer: the gradient of L_ρ in m_l.
    fn residual(&mut self, l: usize) {
        let last = self.is_last(l);
        let Layer {
            bias, product, z, ..
        } = &self.layers[l];
        let (rows, compute) = (bias.values(), &mut self.compute);
        let rho = T::from_f64(self.rho);
        let out = &mut self.scratch.residual;
        out.reshape(product.n_rows(), product.n_cols());
        if last {
            let f = inlined(
                #[inline(always)]
                |_: T, [p, z, u]: [T; 3], b: T| (rho * (p + b - z) - u, []),
            );
            let inputs = [product, self.z_last.values(), &self.dual];
            map_entries(out, inputs, rows, compute, f);
        } else {
            let f = inlined(
                #[inline(always)]
                |_: T, [p, z]: [T; 2], b: T| (rho * (p + b - z), []),
            );
            map_entries(out, [product, z], rows, compute, f);
        }
    }

    /// W_l − G/θ with its product.
    pub(super) fn propose_weights(&mut self, l: usize) -> (BlockChange, f64) {
        let ridge = self.config.ridge;
        let weights_sq = self.network.layers()[l].weights.norm_sq();
        let before = self.fit(l) + 0.5 * ridge * weights_sq;
        self.residual(l);
        let Self {
            scratch,
            compute,
            layers,
            ..
        } = self;
        let weights = &self.network.layers()[l].weights;
        let input = input_of(&layers[..l], self.samples);
        let gradient = &mut scratch.weights;
        gradient.reshape(weights.n_rows(), weights.n_cols());
        outer_product(gradient, &scratch.residual, input, compute);
        let mu = T::from_f64(ridge);
        for (g, w) in gradient.as_mut_slice().iter_mut().zip(weights.as_slice()) {
            *g += mu * *w;
        }
        let layer = &layers[l];
        let image = &mut scratch.product;
        image.reshape(layer.product.n_rows(), layer.product.n_cols());
        product(image, gradient, input, compute);
        let gradient_sq = gradient.norm_sq();
        let curvature = self.rho * image.norm_sq() + ridge * gradient_sq;
        let theta = layer
            .theta
            .search::<T>(self.config.search, curvature, gradient_sq);
        let step = T::from_f64(1.0 / theta);
        let mut finite = T::zero();
        for (g, w) in gradient.as_mut_slice().iter_mut().zip(weights.as_slice()) {
            *g = *w - step * *g;
            finite += T::zero() * *g;
        }
        let rows = layer.bias.values();
        let [also] = map_entries(image, [&layer.product], rows, compute, step_along(step));
        let mut change = change(before, theta, curvature, gradient_sq);
        change.increase += finite.to_f64() + also;
        (change, theta)
    }

    /// a_l − G/τ with its product.
    pub(super) fn propose_activations(&mut self, l: usize) -> (BlockChange, f64) {
        let before = self.fit(l + 1) + self.link(l);
        self.residual(l + 1);
        let Self {
            scratch, compute, ..
        } = self;
        let (layer, next) = (&self.layers[l], &self.layers[l + 1]);
        let weights = &self.network.layers()[l + 1].weights;
        let gradient = &mut scratch.candidate;
        gradient.reshape(layer.a.n_rows(), layer.a.n_cols());
        product_transposed(gradient, weights, &scratch.residual, compute);
        let rows = layer.bias.values();
        let rho = T::from_f64(self.rho);
        let [gradient_sq] = with_activation!(self.network.architecture().activation, h => {
            let f = inlined(#[inline(always)]
            |g: T, [a, z]: [T; 2], _: T| {
                let g = g + rho * (a - h.apply(z));
                (g, [g * g])
            });
            map_entries(gradient, [&layer.a, &layer.z], rows, compute, f)
        });
        let image = &mut scratch.product;
        image.reshape(next.product.n_rows(), next.product.n_cols());
        product(image, weights, gradient, compute);
        let curvature = self.rho * (image.norm_sq() + gradient_sq);
        let tau = layer
            .tau
            .search::<T>(self.config.search, curvature, gradient_sq);
        let step = T::from_f64(1.0 / tau);
        let [finite] = map_entries(gradient, [&layer.a], rows, compute, step_along(step));
        let rows = next.bias.values();
        let [also] = map_entries(image, [&next.product], rows, compute, step_along(step));
        let mut change = change(before, tau, curvature, gradient_sq);
        change.increase += finite + also;
        (change, tau)
    }

    /// The mean of z_l + u/ρ − W_l a_{l−1}.
    pub(super) fn propose_bias(&mut self, l: usize) -> BlockChange {
        let last = self.is_last(l);
        let before = self.fit(l);
        if last {
            self.shift(T::from_f64(1.0 / self.rho), false);
        }
        let Layer {
            bias, product, z, ..
        } = &mut self.layers[l];
        let target = if last { &self.scratch.residual } else { z };
        let inertia = Inertia::NONE;
        let report = bias.propose(product, target, self.rho, inertia, &mut self.compute);
        BlockChange::new(before, report.change.increase)
    }

    /// scratch.residual ← z_L + c u, or W_L a_{L−1} − c u.
    fn shift(&mut self, c: T, product: bool) {
        let last = self.layers.len() - 1;
        let layer = &self.layers[last];
        let (base, c) = if product {
            (&layer.product, -c)
        } else {
            (self.z_last.values(), c)
        };
        let out = &mut self.scratch.residual;
        out.reshape(base.n_rows(), base.n_cols());
        let f = inlined(
            #[inline(always)]
            |_: T, [x, u]: [T; 2], _: T| (x + c * u, []),
        );
        let rows = layer.bias.values();
        map_entries(out, [base, &self.dual], rows, &mut self.compute, f);
    }

    /// prox_{R/ρ}(m_L − u/ρ).
    pub(super) fn propose_output(&mut self, l: usize) -> BlockChange {
        self.shift(T::from_f64(1.0 / self.rho), true);
        let prediction = Prediction {
            product: &self.scratch.residual,
            bias: self.layers[l].bias.values(),
            rho: self.rho,
        };
        let target = self.samples.target().as_loss_target(&*self.code);
        let (report, candidate) =
            self.z_last
                .propose_last(prediction, target, Inertia::NONE, &mut self.compute);
        self.candidate_loss = candidate.loss;
        // The prox sees ρ/2 ‖z − m + u/ρ‖², a constant above ⟨u, z − m⟩ + ρ/2 ‖z − m‖².
        BlockChange::new(self.loss + self.fit(l), report.change.increase)
    }

    /// The exact minimiser of a hidden z_l, entry by entry.
    pub(super) fn propose_hidden(&mut self, l: usize) -> BlockChange {
        with_activation!(self.network.architecture().activation, h => self.propose_hidden_with(l, h))
    }

    fn propose_hidden_with(&mut self, l: usize, h: impl Entry) -> BlockChange {
        let Layer {
            bias,
            product,
            z,
            a,
            ..
        } = &self.layers[l];
        let out = &mut self.scratch.candidate;
        out.reshape(z.n_rows(), z.n_cols());
        let f = inlined(
            #[inline(always)]
            |_: T, [a, p, z]: [T; 3], b: T| {
                let m = p + b;
                let new = h.minimise(a, m, T::one());
                let (hz, hn, two) = (h.apply(z), h.apply(new), T::one() + T::one());
                let before = (a - hz) * (a - hz) + (z - m) * (z - m);
                let increase = (hn - hz) * (hn + hz - two * a) + (new - z) * (new + z - two * m);
                (new, [before, increase])
            },
        );
        let sums = map_entries(out, [a, product, z], bias.values(), &mut self.compute, f);
        scaled(0.5 * self.rho, sums[0], sums[1])
    }

    /// u + ρ (z_L − m_L).
    pub(super) fn propose_dual(&mut self, l: usize) -> BlockChange {
        let Layer { bias, product, .. } = &self.layers[l];
        let (rows, rho) = (bias.values(), T::from_f64(self.rho));
        let inputs: [&Matrix<T>; 3] = [product, self.z_last.values(), &self.dual];
        let terms = inlined(
            #[inline(always)]
            |[p, z, u]: [T; 3], b: T| [u * (z - p - b), (z - p - b) * (z - p - b)],
        );
        let [before, residual_sq] = sum_entries(inputs, rows, &mut self.compute, terms);
        let out = &mut self.scratch.candidate;
        out.reshape(product.n_rows(), product.n_cols());
        let f = inlined(
            #[inline(always)]
            |_: T, [p, z, u]: [T; 3], b: T| {
                let new = u + rho * (z - p - b);
                (new, [T::zero() * new])
            },
        );
        let [finite] = map_entries(out, inputs, rows, &mut self.compute, f);
        BlockChange::new(before, self.rho * residual_sq + finite)
    }
}

/// g ← x − step·g; the sum is 0, or NaN where an entry is not finite.
fn step_along<T: Real>(step: T) -> impl Fn(T, [T; 1], T) -> (T, [T; 1]) + Sync {
    inlined(
        #[inline(always)]
        move |g: T, [x]: [T; 1], _: T| {
            let new = x - step * g;
            (new, [T::zero() * new])
        },
    )
}
