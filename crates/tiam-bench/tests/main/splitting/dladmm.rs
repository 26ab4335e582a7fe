//! Naive implementation of dlADMM, written as its equations.

use super::{Case, M, affine, dot, h, map, mul, plus, search, solve};
use tiam_bench::methods::{DladmmConfig, DladmmParams, DladmmProblem};
use tiam_linalg::Matrix;
use tiam_models::TrainingProblem;
use tiam_models::{Activation, Samples, Target};

pub(crate) const RHO: f64 = 0.3;
pub(crate) const RIDGE: f64 = 0.05;
pub(crate) const THETA: f64 = 0.7;
pub(crate) const TAU: f64 = 0.4;

pub(crate) fn config() -> DladmmConfig {
    let params = DladmmParams::default().rho(RHO).rho_limit(RHO).ridge(RIDGE);
    params.theta(THETA).tau(TAU).check().unwrap()
}

/// All variables; a_0 the inputs.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) activation: Activation,
    pub(crate) x: M,
    pub(crate) target: Target<f64>,
    pub(crate) w: Vec<M>,
    pub(crate) b: Vec<M>,
    pub(crate) z: Vec<M>,
    pub(crate) a: Vec<M>,
    pub(crate) dual: M,
    pub(crate) theta: Vec<Option<f64>>,
    pub(crate) tau: Vec<Option<f64>>,
}

impl State {
    pub(crate) fn of(problem: &DladmmProblem<'_, f64>, samples: &Samples<f64>) -> Self {
        let network = problem.network().unwrap();
        let column = |b: &Vec<f64>| Matrix::from_vec(b.len(), 1, b.clone()).unwrap();
        let n = network.layers().len();
        Self {
            activation: network.architecture().activation,
            x: samples.inputs().clone(),
            target: samples.target().clone(),
            w: network.layers().iter().map(|l| l.weights.clone()).collect(),
            b: network.layers().iter().map(|l| column(&l.bias)).collect(),
            z: (0..n).map(|l| problem.z(l).clone()).collect(),
            a: (0..n - 1).map(|l| problem.a(l).clone()).collect(),
            dual: problem.dual().clone(),
            theta: vec![None; n],
            tau: vec![None; n],
        }
    }

    pub(crate) fn last(&self) -> usize {
        self.w.len() - 1
    }

    pub(crate) fn input(&self, l: usize) -> &M {
        if l == 0 { &self.x } else { &self.a[l - 1] }
    }

    pub(crate) fn m(&self, l: usize) -> M {
        affine(&self.w[l], self.input(l), self.b[l].as_slice())
    }

    pub(crate) fn loss(&self) -> f64 {
        let z = &self.z[self.last()];
        match &self.target {
            Target::Values(y) => 0.5 * plus(z, -1.0, y).norm_sq(),
            Target::Classes { labels, .. } => {
                let of_sample = |j: usize| {
                    let sum: f64 = z.col(j).iter().map(|x| x.exp()).sum();
                    sum.ln() - z[(labels[j] as usize, j)]
                };
                (0..z.n_cols()).map(of_sample).sum()
            }
        }
    }

    /// L_ρ as the documentation has it.
    pub(crate) fn objective(&self) -> f64 {
        let mut sum = self.loss();
        for l in 0..=self.last() {
            let apart = plus(&self.z[l], -1.0, &self.m(l));
            sum += 0.5 * RHO * apart.norm_sq() + 0.5 * RIDGE * self.w[l].norm_sq();
            if l == self.last() {
                sum += dot(&self.dual, &apart);
            } else {
                let hz = map(&self.z[l], |z| h(self.activation, z));
                sum += 0.5 * RHO * plus(&self.a[l], -1.0, &hz).norm_sq();
            }
        }
        sum
    }

    /// W, b, z, a layer by layer, u in place of the last a.
    pub(crate) fn block(&mut self, block: usize) -> &mut M {
        let (l, last) = (block / 4, self.last());
        match block % 4 {
            0 => &mut self.w[l],
            1 => &mut self.b[l],
            2 => &mut self.z[l],
            _ if l == last => &mut self.dual,
            _ => &mut self.a[l],
        }
    }

    /// ∂L/∂m_l.
    pub(crate) fn residual(&self, l: usize) -> M {
        let r = map(&plus(&self.m(l), -1.0, &self.z[l]), |x| RHO * x);
        if l == self.last() {
            plus(&r, -1.0, &self.dual)
        } else {
            r
        }
    }

    pub(crate) fn update(&mut self, block: usize) {
        let (l, last) = (block / 4, self.last());
        match block % 4 {
            0 => {
                let at = self.input(l).transposed();
                let g = plus(&mul(&self.residual(l), &at), RIDGE, &self.w[l]);
                let bend = RHO * mul(&g, self.input(l)).norm_sq() + RIDGE * g.norm_sq();
                let theta = backtracked(self.theta[l], THETA, bend, g.norm_sq());
                self.theta[l] = Some(theta);
                self.w[l] = plus(&self.w[l], -1.0 / theta, &g);
            }
            1 => {
                let (r, n) = (self.residual(l), self.x.n_cols());
                let b = &self.b[l];
                #[allow(clippy::cast_precision_loss, reason = "small")]
                let mass = RHO * n as f64;
                self.b[l] = Matrix::from_fn(b.n_rows(), 1, |i, _| {
                    b[(i, 0)] - (0..n).map(|j| r[(i, j)]).sum::<f64>() / mass
                });
            }
            2 if l == last => self.z[l] = self.output(),
            2 => {
                let (m, a) = (self.m(l), &self.a[l]);
                let h = self.activation;
                self.z[l] = Matrix::from_fn(m.n_rows(), m.n_cols(), |i, j| {
                    search(h, a[(i, j)], m[(i, j)], 1.0)
                });
            }
            _ if l == last => {
                let apart = plus(&self.z[l], -1.0, &self.m(l));
                self.dual = plus(&self.dual, RHO, &apart);
            }
            _ => {
                let hz = map(&self.z[l], |z| h(self.activation, z));
                let wt = self.w[l + 1].transposed();
                let own = plus(&self.a[l], -1.0, &hz);
                let g = plus(&mul(&wt, &self.residual(l + 1)), RHO, &own);
                let bend = RHO * (mul(&self.w[l + 1], &g).norm_sq() + g.norm_sq());
                let tau = backtracked(self.tau[l], TAU, bend, g.norm_sq());
                self.tau[l] = Some(tau);
                self.a[l] = plus(&self.a[l], -1.0 / tau, &g);
            }
        }
    }

    /// argmin_z R(z) + ρ/2 ‖z − c‖², c = m − u/ρ, by damped Newton steps.
    pub(crate) fn output(&self) -> M {
        let last = self.last();
        let c = plus(&self.m(last), -1.0 / RHO, &self.dual);
        match &self.target {
            Target::Values(y) => map(&plus(y, RHO, &c), |x| x / (1.0 + RHO)),
            Target::Classes { labels, .. } => {
                let n = c.n_rows();
                let mut z = c.clone();
                for (j, label) in labels.iter().enumerate() {
                    let mut x = Matrix::from_vec(n, 1, c.col(j).to_vec()).unwrap();
                    for _ in 0..200 {
                        let sum: f64 = x.as_slice().iter().map(|x| x.exp()).sum();
                        let p = map(&x, |x| x.exp() / sum);
                        let g = Matrix::from_fn(n, 1, |i, _| {
                            let y = f64::from(u8::from(*label as usize == i));
                            p[(i, 0)] - y + RHO * (x[(i, 0)] - c[(i, j)])
                        });
                        let hessian = Matrix::from_fn(n, n, |i, k| {
                            let own = if i == k { p[(i, 0)] + RHO } else { 0.0 };
                            own - p[(i, 0)] * p[(k, 0)]
                        });
                        x = plus(&x, -0.5, &solve(&hessian, &g));
                    }
                    z.col_mut(j).copy_from_slice(x.as_slice());
                }
                z
            }
        }
    }
}

pub(crate) fn backtracked(last: Option<f64>, start: f64, bend: f64, gradient_sq: f64) -> f64 {
    let mut theta = last.map_or(start, |last| 0.5 * last);
    while bend > theta * gradient_sq {
        theta *= 2.0;
    }
    theta
}

pub(crate) fn problem<'d>(case: &Case, samples: &'d Samples<f64>) -> DladmmProblem<'d, f64> {
    DladmmProblem::new(case.network(samples), samples, config()).unwrap()
}
