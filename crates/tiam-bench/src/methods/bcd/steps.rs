//! Block steps of BCD.

use tiam_core::BlockChange;
use tiam_linalg::{
    Matrix, Real, map_entries, outer_product, product, product_transposed, sum_entries,
    with_activation,
};

use super::{BcdParams, BcdProblem, Layer};
use crate::methods::entry::{Entry, inlined};
use crate::methods::splitting::{refused, scaled, sum};

impl<T: Real> BcdProblem<'_, T> {
    /// scratch.product ← ρ (m_l − U_l).
    fn residual(&mut self, l: usize) {
        let Layer {
            bias, product, u, ..
        } = &self.layers[l];
        let rho = T::from_f64(self.config.rho);
        self.scratch.product.reshape(u.n_rows(), u.n_cols());
        let f = inlined(
            #[inline(always)]
            |_: T, [p, u]: [T; 2], b: T| (rho * (p + b - u), []),
        );
        let out = &mut self.scratch.product;
        map_entries(out, [product, u], &bias.values, &mut self.compute, f);
    }

    /// ρ/2 ‖U_l − m_l‖² at the current product, and what scratch.product would add to it.
    fn refit(&mut self, l: usize) -> BlockChange {
        let Layer {
            bias, product, u, ..
        } = &self.layers[l];
        let f = inlined(
            #[inline(always)]
            |[new, old, u]: [T; 3], b: T| {
                let (residual, change) = (old + b - u, new - old);
                [residual * residual, change * (change + residual + residual)]
            },
        );
        let inputs = [&self.scratch.product, product, u];
        let [before, increase] = sum_entries(inputs, &bias.values, &mut self.compute, f);
        scaled(0.5 * self.config.rho, before, increase)
    }

    pub(super) fn propose_weights(&mut self, l: usize) -> BlockChange {
        self.residual(l);
        let Self {
            config,
            scratch,
            compute,
            ..
        } = self;
        let weights = &self.network.layers()[l].weights;
        let (n, n_in) = (weights.n_rows(), weights.n_cols());
        let input = self.layers[..l]
            .last()
            .map_or(self.samples.inputs(), |layer| &layer.v);
        // (α + μ) I + ρ V Vᵀ and, in dual form, (α + μ) I + ρ Vᵀ V.
        let dual = l == 0 && n_in > input.n_cols();
        let mass = config.alpha + config.ridge;
        if l > 0 || !self.first_factored {
            if dual {
                scratch.gram.reshape(input.n_cols(), input.n_cols());
                product_transposed(&mut scratch.gram, input, input, compute);
            } else {
                scratch.gram.reshape(n_in, n_in);
                outer_product(&mut scratch.gram, input, input, compute);
            }
            let factored = self.factors[l].factor(&scratch.gram, config.rho, mass);
            if factored.is_err() {
                return refused(self.refit(l).before);
            }
            self.first_factored |= l == 0;
        }
        scratch.weights.reshape(n, n_in);
        if dual {
            // (R Vᵀ + μ W)(mass I + ρ V Vᵀ)⁻¹ = μ/mass W + (R − μρ/mass W V)(mass I + ρ Vᵀ V)⁻¹ Vᵀ.
            let decay = config.ridge / mass;
            let carried = T::from_f64(-decay * config.rho);
            add_scaled(&mut scratch.product, &self.layers[l].product, carried);
            self.factors[l].solve_right(&mut scratch.product);
            outer_product(&mut scratch.weights, &scratch.product, input, compute);
            add_scaled(&mut scratch.weights, weights, T::from_f64(decay));
        } else {
            outer_product(&mut scratch.weights, &scratch.product, input, compute);
            add_scaled(&mut scratch.weights, weights, T::from_f64(config.ridge));
            self.factors[l].solve_right(&mut scratch.weights);
        }
        let (mut before, mut increase) = (0.0, 0.0);
        let pairs = scratch.weights.as_mut_slice().iter_mut();
        for (step, w) in pairs.zip(weights.as_slice()) {
            let candidate = *w - *step;
            let (old, new) = ((*w).to_f64(), candidate.to_f64());
            before += old * old;
            increase += (new - old) * (new + old);
            *step = candidate;
        }
        product(&mut scratch.product, &scratch.weights, input, compute);
        let ridge = scaled(0.5 * config.ridge, before, increase);
        sum(ridge, self.refit(l))
    }

    pub(super) fn propose_bias(&mut self, l: usize) -> BlockChange {
        #[allow(clippy::cast_precision_loss, reason = "a number of samples")]
        let n_samples = self.samples.n_samples() as f64;
        let BcdParams { rho, alpha, .. } = self.config;
        let Layer {
            bias, product, u, ..
        } = &mut self.layers[l];
        let squared = inlined(
            #[inline(always)]
            |[p, u]: [T; 2], b: T| [(u - p - b) * (u - p - b)],
        );
        let [residual_sq] = sum_entries([product, u], &bias.values, &mut self.compute, squared);
        let n = bias.values.len();
        let mut sums = vec![0.0; n];
        let columns = u.as_slice().chunks_exact(n);
        for (u, p) in columns.zip(product.as_slice().chunks_exact(n)) {
            for (sum, (u, p)) in sums.iter_mut().zip(u.iter().zip(p)) {
                *sum += (*u - *p).to_f64();
            }
        }
        // The mean residual would be the exact step without α.
        let share = rho * n_samples / (rho * n_samples + alpha);
        let mut increase = 0.0;
        for (i, sum) in sums.into_iter().enumerate() {
            let b = bias.values[i].to_f64();
            let mean = sum / n_samples - b;
            let candidate = T::from_f64(b + share * mean);
            let moved = candidate.to_f64() - b;
            increase += moved * (moved - 2.0 * mean);
            bias.candidate[i] = candidate;
        }
        scaled(0.5 * rho, residual_sq, n_samples * increase)
    }

    pub(super) fn propose_u(&mut self, l: usize) -> BlockChange {
        if self.is_last(l) {
            let alpha = 0.0;
            return self.propose_u_with(l, alpha, tiam_linalg::monotone::Identity);
        }
        let alpha = self.config.alpha;
        with_activation!(self.network.architecture().activation, h => self.propose_u_with(l, alpha, h))
    }

    fn propose_u_with(&mut self, l: usize, alpha: f64, h: impl Entry) -> BlockChange {
        let Layer {
            bias,
            product,
            u,
            v,
        } = &self.layers[l];
        let BcdParams { rho, gamma, .. } = self.config;
        // ρ/2 (u − m)² + α/2 (u − U)² is (ρ + α)/2 (u − c)² and a constant.
        let toward_old = T::from_f64(alpha / (rho + alpha));
        let share = T::from_f64(gamma / (rho + alpha));
        let [rho, gamma] = [0.5 * rho, 0.5 * gamma].map(T::from_f64);
        let out = &mut self.scratch.candidate;
        out.reshape(u.n_rows(), u.n_cols());
        let f = inlined(
            #[inline(always)]
            |_: T, [v, p, u]: [T; 3], b: T| {
                let m = p + b;
                let new = h.minimise(v, m + toward_old * (u - m), share);
                let (hu, hn, two) = (h.apply(u), h.apply(new), T::one() + T::one());
                let before = gamma * (v - hu) * (v - hu) + rho * (u - m) * (u - m);
                let increase =
                    gamma * (hn - hu) * (hn + hu - two * v) + rho * (new - u) * (new + u - two * m);
                (new, [before, increase])
            },
        );
        let sums = map_entries(out, [v, product, u], &bias.values, &mut self.compute, f);
        scaled(1.0, sums[0], sums[1])
    }

    pub(super) fn propose_output(&mut self, l: usize) -> BlockChange {
        let Layer { bias, u, v, .. } = &self.layers[l];
        let BcdParams { gamma, alpha, .. } = self.config;
        let share = |x: f64| T::from_f64(x / (1.0 + gamma + alpha));
        let (to_target, to_u, half) = (share(1.0), share(gamma), T::from_f64(0.5));
        let gamma = T::from_f64(gamma);
        let out = &mut self.scratch.candidate;
        out.reshape(v.n_rows(), v.n_cols());
        let f = inlined(
            #[inline(always)]
            |_: T, [y, u, v]: [T; 3], _: T| {
                let step = to_target * (y - v) + to_u * (u - v);
                let before = half * ((v - y) * (v - y) + gamma * (v - u) * (v - u));
                let slope = (v - y) + gamma * (v - u);
                let increase = step * (slope + half * (T::one() + gamma) * step);
                (v + step, [before, increase])
            },
        );
        let inputs = [&self.target, u, v];
        let sums = map_entries(out, inputs, &bias.values, &mut self.compute, f);
        scaled(1.0, sums[0], sums[1])
    }

    pub(super) fn propose_hidden(&mut self, l: usize, h: impl Entry) -> BlockChange {
        self.residual(l + 1);
        let Self {
            config,
            scratch,
            compute,
            layers,
            ..
        } = self;
        let Layer { bias, u, v, .. } = &layers[l];
        let next = &self.network.layers()[l + 1].weights;
        let n = v.n_rows();
        scratch.gram.reshape(n, n);
        product_transposed(&mut scratch.gram, next, next, compute);
        let factor = &mut self.factors[l + 1];
        let factored = factor.factor(&scratch.gram, config.rho, config.gamma);
        scratch.candidate.reshape(n, v.n_cols());
        product_transposed(&mut scratch.candidate, next, &scratch.product, compute);
        let gamma = T::from_f64(config.gamma);
        let gradient = inlined(
            #[inline(always)]
            |g: T, [u, v]: [T; 2], _: T| (g + gamma * (v - h.apply(u)), []),
        );
        map_entries(
            &mut scratch.candidate,
            [u, v],
            &bias.values,
            compute,
            gradient,
        );
        factor.solve(&mut scratch.candidate, compute);
        let step = inlined(
            #[inline(always)]
            |d: T, [u, v]: [T; 2], _: T| {
                let (new, residual) = (v - d, v - h.apply(u));
                let change = new - v;
                (
                    new,
                    [residual * residual, change * (change + residual + residual)],
                )
            },
        );
        let [before, increase] =
            map_entries(&mut scratch.candidate, [u, v], &bias.values, compute, step);
        let own = scaled(0.5 * config.gamma, before, increase);
        if factored.is_err() {
            return refused(own.before);
        }
        product(&mut scratch.product, next, &scratch.candidate, compute);
        sum(own, self.refit(l + 1))
    }
}

/// y ← y + c x.
fn add_scaled<T: Real>(y: &mut Matrix<T>, x: &Matrix<T>, c: T) {
    for (y, x) in y.as_mut_slice().iter_mut().zip(x.as_slice()) {
        *y += c * *x;
    }
}
