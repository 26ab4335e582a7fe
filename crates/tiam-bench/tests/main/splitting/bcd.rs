//! Naive implementation of BCD, written as its equations.

use super::{Case, M, affine, h, map, mul, plus, search, solve};
use tiam_bench::methods::{BcdConfig, BcdParams, BcdProblem};
use tiam_linalg::Matrix;
use tiam_models::TrainingProblem;
use tiam_models::{Activation, Samples, Target};

pub(crate) const RHO: f64 = 0.8;
pub(crate) const GAMMA: f64 = 1.3;
pub(crate) const ALPHA: f64 = 2.0;
pub(crate) const RIDGE: f64 = 0.1;

pub(crate) fn config() -> BcdConfig {
    config_with(RIDGE)
}

pub(crate) fn config_with(ridge: f64) -> BcdConfig {
    let params = BcdParams::default().rho(RHO).gamma(GAMMA).alpha(ALPHA);
    params.ridge(ridge).check().unwrap()
}

/// All variables; V_0 the inputs.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) ridge: f64,
    pub(crate) activation: Activation,
    pub(crate) x: M,
    pub(crate) y: M,
    pub(crate) w: Vec<M>,
    pub(crate) b: Vec<M>,
    pub(crate) u: Vec<M>,
    pub(crate) v: Vec<M>,
}

pub(crate) fn one_hot(samples: &Samples<f64>) -> M {
    match samples.target() {
        Target::Values(values) => values.clone(),
        Target::Classes { labels, n_classes } => {
            Matrix::from_fn(*n_classes, labels.len(), |i, j| {
                f64::from(u8::from(labels[j] as usize == i))
            })
        }
    }
}

impl State {
    pub(crate) fn of(problem: &BcdProblem<'_, f64>, samples: &Samples<f64>) -> Self {
        let network = problem.network().unwrap();
        let column = |b: &Vec<f64>| Matrix::from_vec(b.len(), 1, b.clone()).unwrap();
        let n = network.layers().len();
        Self {
            ridge: RIDGE,
            activation: network.architecture().activation,
            x: samples.inputs().clone(),
            y: one_hot(samples),
            w: network.layers().iter().map(|l| l.weights.clone()).collect(),
            b: network.layers().iter().map(|l| column(&l.bias)).collect(),
            u: (0..n).map(|l| problem.u(l).clone()).collect(),
            v: (0..n).map(|l| problem.v(l).clone()).collect(),
        }
    }

    pub(crate) fn h_of(&self, l: usize) -> Activation {
        if l + 1 == self.w.len() {
            Activation::Identity
        } else {
            self.activation
        }
    }

    pub(crate) fn input(&self, l: usize) -> &M {
        if l == 0 { &self.x } else { &self.v[l - 1] }
    }

    pub(crate) fn m(&self, l: usize) -> M {
        affine(&self.w[l], self.input(l), self.b[l].as_slice())
    }

    /// F as the documentation has it.
    pub(crate) fn objective(&self) -> f64 {
        let last = self.w.len() - 1;
        let mut f = 0.5 * plus(&self.v[last], -1.0, &self.y).norm_sq();
        for l in 0..=last {
            let hu = map(&self.u[l], |u| h(self.h_of(l), u));
            f += 0.5 * RHO * plus(&self.u[l], -1.0, &self.m(l)).norm_sq();
            f += 0.5 * GAMMA * plus(&self.v[l], -1.0, &hu).norm_sq();
            f += 0.5 * self.ridge * self.w[l].norm_sq();
        }
        f
    }

    /// The variable of a block, which are numbered V, U, W, b layer by layer.
    pub(crate) fn block(&mut self, block: usize) -> &mut M {
        let l = block / 4;
        match block % 4 {
            0 => &mut self.v[l],
            1 => &mut self.u[l],
            2 => &mut self.w[l],
            _ => &mut self.b[l],
        }
    }

    pub(crate) fn has_proximal_term(&self, block: usize) -> bool {
        let last = block / 4 + 1 == self.w.len();
        match block % 4 {
            0 => last,
            1 => !last,
            _ => true,
        }
    }

    /// One iteration written like the equations.
    pub(crate) fn sweep(&mut self) {
        for l in (0..self.w.len()).rev() {
            self.v[l] = if l + 1 == self.w.len() {
                let sum = plus(&plus(&self.y, GAMMA, &self.u[l]), ALPHA, &self.v[l]);
                map(&sum, |x| x / (1.0 + GAMMA + ALPHA))
            } else {
                let wt = self.w[l + 1].transposed();
                let eye =
                    Matrix::from_fn(wt.n_rows(), wt.n_rows(), |i, j| f64::from(u8::from(i == j)));
                let a = plus(&map(&eye, |x| GAMMA * x), RHO, &mul(&wt, &self.w[l + 1]));
                let b = &self.b[l + 1];
                let apart = Matrix::from_fn(self.u[l + 1].n_rows(), self.x.n_cols(), |i, j| {
                    self.u[l + 1][(i, j)] - b[(i, 0)]
                });
                let hu = map(&self.u[l], |u| GAMMA * h(self.activation, u));
                solve(&a, &plus(&hu, RHO, &mul(&wt, &apart)))
            };
            let (m, v, u) = (self.m(l), &self.v[l], &self.u[l]);
            let activation = self.h_of(l);
            let alpha = if l + 1 == self.w.len() { 0.0 } else { ALPHA };
            self.u[l] = Matrix::from_fn(u.n_rows(), u.n_cols(), |i, j| {
                let c = (RHO * m[(i, j)] + alpha * u[(i, j)]) / (RHO + alpha);
                search(activation, v[(i, j)], c, GAMMA / (RHO + alpha))
            });
            let vt = self.input(l).transposed();
            let n_in = vt.n_cols();
            let ridge = |i, j| if i == j { ALPHA + self.ridge } else { 0.0 };
            let hessian = plus(
                &Matrix::from_fn(n_in, n_in, ridge),
                RHO,
                &mul(self.input(l), &vt),
            );
            let b = &self.b[l];
            let apart = Matrix::from_fn(b.n_rows(), self.x.n_cols(), |i, j| {
                self.u[l][(i, j)] - b[(i, 0)]
            });
            let right = plus(&map(&self.w[l], |w| ALPHA * w), RHO, &mul(&apart, &vt));
            self.w[l] = solve(&hessian, &right.transposed()).transposed();
            let wv = mul(&self.w[l], self.input(l));
            let n = self.x.n_cols();
            #[allow(clippy::cast_precision_loss, reason = "small")]
            let mass = RHO * n as f64 + ALPHA;
            self.b[l] = Matrix::from_fn(wv.n_rows(), 1, |i, _| {
                let sum: f64 = (0..n).map(|j| self.u[l][(i, j)] - wv[(i, j)]).sum();
                (ALPHA * self.b[l][(i, 0)] + RHO * sum) / mass
            });
        }
    }
}

pub(crate) fn problem<'d>(case: &Case, samples: &'d Samples<f64>) -> BcdProblem<'d, f64> {
    BcdProblem::new(case.network(samples), samples, config()).unwrap()
}
