//! A hidden layer as the a step sees it, with its naive twin.

use super::{along, distance, map, multiply, random, residual};
use tiam_linalg::{
    Activation, ActivationBand, ActivationBlock, Compute, Inertia, Matrix, Monotone, NextLayer,
    Solver, WeightBlock, band_violation,
};

pub(crate) const TIGHT: f64 = 1e-11;
pub(crate) const RHO: f64 = 0.7;

pub(crate) fn clamp_to(x: &Matrix<f64>, low: &Matrix<f64>, high: &Matrix<f64>) -> Matrix<f64> {
    Matrix::from_fn(x.n_rows(), x.n_cols(), |i, j| {
        x[(i, j)].max(low[(i, j)]).min(high[(i, j)])
    })
}

/// A hidden layer of n units before one of n' units, a in the band around h(z).
pub(crate) struct Setting {
    pub(crate) h: Activation,
    pub(crate) epsilon: f64,
    pub(crate) z: Matrix<f64>,
    pub(crate) a: Matrix<f64>,
    pub(crate) weights: Matrix<f64>,
    pub(crate) bias: Vec<f64>,
    pub(crate) target: Matrix<f64>,
}

impl Setting {
    pub(crate) fn random(
        h: Activation,
        (n, n_next, n_samples): (usize, usize, usize),
        seed: u64,
    ) -> Self {
        let epsilon = 0.4;
        let z = map(&random(n, n_samples, seed), |x| 2.0 * x);
        let noise: Matrix<f64> = random(n, n_samples, seed + 1);
        let a = along(
            &map(&z, |z| h.apply(z)),
            0.9 * epsilon,
            &noise,
            &map(&noise, |_| 0.0),
        );
        let weights = random(n_next, n, seed + 2);
        let bias = random::<f64>(n_next, 1, seed + 3).into_vec();
        Self {
            h,
            epsilon,
            z,
            a,
            weights,
            bias,
            target: random(n_next, n_samples, seed + 4),
        }
    }

    /// The next layer with its weights block, as the a step sees it.
    pub(crate) fn next<'a>(&'a self, weights: &'a WeightBlock<f64>) -> NextLayer<'a, f64> {
        NextLayer {
            weights,
            bias: &self.bias,
            target: &self.target,
            rho: RHO,
        }
    }

    pub(crate) fn band(&self) -> ActivationBand<'_, f64> {
        ActivationBand {
            center: &self.z,
            activation: self.h,
            epsilon: self.epsilon,
        }
    }

    /// The next layer's weights with their product, and the block of a.
    pub(crate) fn blocks(
        &self,
        solver: Solver,
        compute: &mut Compute<f64>,
    ) -> (WeightBlock<f64>, ActivationBlock<f64>) {
        let mut next = WeightBlock::new(self.weights.clone(), self.a.n_cols(), solver);
        next.refresh_product(&self.a, compute);
        let block = ActivationBlock::new(self.a.clone(), self.weights.n_rows(), solver);
        (next, block)
    }

    pub(crate) fn low(&self) -> Matrix<f64> {
        map(&self.z, |z| self.h.apply(z) - self.epsilon)
    }

    pub(crate) fn high(&self) -> Matrix<f64> {
        map(&self.z, |z| self.h.apply(z) + self.epsilon)
    }

    pub(crate) fn value(&self, a: &Matrix<f64>) -> f64 {
        0.5 * RHO * residual(&self.weights, a, &self.bias, &self.target).norm_sq()
    }

    /// The a step as the algorithm's text has it: (a_new, τ).
    pub(crate) fn step(
        &self,
        a: &Matrix<f64>,
        previous: &Matrix<f64>,
        tau: f64,
        p: Inertia,
    ) -> (Matrix<f64>, f64) {
        let tilde = along(a, p.start, a, previous);
        let hat = along(a, p.gradient, a, previous);
        let r = residual(&self.weights, &hat, &self.bias, &self.target);
        let g = map(&multiply(&self.weights.transposed(), &r), |x| RHO * x);
        let mut tau = 0.5 * tau;
        loop {
            let free = Matrix::from_fn(a.n_rows(), a.n_cols(), |i, j| {
                tilde[(i, j)] - g[(i, j)] / tau
            });
            let bar = clamp_to(&free, &self.low(), &self.high());
            let d = along(&map(&bar, |_| 0.0), 1.0, &bar, &hat);
            if RHO * multiply(&self.weights, &d).norm_sq() <= tau * d.norm_sq() {
                let corrected = along(&bar, p.correction, &bar, a);
                return (clamp_to(&corrected, &self.low(), &self.high()), tau);
            }
            tau *= 2.0;
        }
    }

    /// Runs the block and the twin side by side; returns the largest difference.
    pub(crate) fn compare(&self, steps: &[Inertia], threads: usize) -> f64 {
        let mut compute = Compute::new(threads).unwrap();
        let (mut next, mut block) = self.blocks(Solver::Backtracking, &mut compute);
        let (mut a, mut previous, mut tau) = (self.a.clone(), self.a.clone(), 1.0);
        let mut worst = 0.0_f64;
        for &p in steps {
            let report = block.propose(self.next(&next), self.band(), p, &mut compute);
            block.accept(&mut next);
            let (stepped, stepped_tau) = self.step(&a, &previous, tau, p);
            worst = worst.max((report.change.before - self.value(&a)).abs());
            worst = worst.max((report.change.after() - self.value(&stepped)).abs());
            worst = worst.max((report.inverse_step - stepped_tau).abs());
            (previous, a, tau) = (a, stepped, stepped_tau);
            worst = worst.max(distance(block.values(), &a));
            worst = worst.max(distance(next.product(), &multiply(&self.weights, &a)));
            let violation = band_violation(&a, &self.z, self.h, &mut compute);
            assert!((block.violation() - violation).abs() <= TIGHT);
            assert!(violation <= self.epsilon * (1.0 + 1e-14));
        }
        worst
    }
}
