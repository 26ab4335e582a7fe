//! The running average of a layer's curvature, and the approximate solve with it.

use crate::cholesky::Factor;
use crate::compute::{WorkerScratch, buffer};
use crate::kernels::add_scaled;
use crate::matrix::Matrix;
use crate::product::{tile_gram, tile_outer, tile_product};
use crate::real::Real;
use crate::reduce::dot;
use crate::simd::vectorised;
use crate::sparse::{Columns, Padded, Start, add_gram, add_transposed, combine};
use crate::state::StateVisitor;

/// How a layer's curvature Ā ≈ E[â âᵀ], â = (a_{l−1}, 1), is kept and D = (Ā + λ_l I)⁻¹ g solved.
///
/// | form | memory | an update, B samples | a refresh | a solve, m units | source |
/// |---|---|---|---|---|---|
/// | `Identity` | | | | | ablation: D = g |
/// | `Full` | 2n² | n² B | n³ | 2n² m | the factor of ALGORITHM's step, its inverse formed once a refresh |
/// | `Sketch` | 3nr | 4nr B | 4nr² | 4nr m | Nyström: Frangella, Tropp, Udell 2021; its use here is ours |
///
/// (flops; n = n_{l−1} + 1, r the rank.) The sketch keeps Ȳ = Ā Ω for a fixed Gaussian Ω (n x r), which is an average over batches
/// just as Ā is, so nothing of size n x n is ever formed. With K = Ȳᵀ(Ȳ + λ_l Ω),
/// (Ȳ (Ωᵀ Ȳ)⁻¹ Ȳᵀ + λ_l I)⁻¹ g = (g − Ȳ K⁻¹ Ȳᵀ g) / λ_l: the only system is r x r.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CurvatureForm {
    /// No curvature.
    Identity,
    /// All of Ā.
    Full,
    /// A Nyström sketch of this rank.
    Sketch {
        /// r, at least 1.
        rank: usize,
    },
}

impl CurvatureForm {
    /// The rank of [`CurvatureForm::automatic`]'s sketches: on MNIST ranks from 8 to 256 and the full matrix end at the same accuracy.
    pub const RANK: usize = 16;

    /// The cheaper form for a layer of `n_in` inputs: `Full` up to n = 2r, where both solves cost the same.
    ///
    /// ```
    /// use tiam_linalg::CurvatureForm;
    /// assert_eq!(CurvatureForm::automatic(10, 16), CurvatureForm::Full);
    /// assert_eq!(CurvatureForm::automatic(784, 16), CurvatureForm::Sketch { rank: 16 });
    /// ```
    pub fn automatic(n_in: usize, rank: usize) -> Self {
        if n_in < 2 * rank {
            Self::Full
        } else {
            Self::Sketch { rank }
        }
    }

    /// `identity`, `full` or `sketch`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Full => "full",
            Self::Sketch { .. } => "sketch",
        }
    }
}

/// Averaging and damping of the curvature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvatureRule {
    /// Weight of the old average, in [0, 1); the first updates use a plain mean.
    pub retain: f64,
    /// λ: λ_l = λ tr(Ā_l) / √n, so that scaling a layer's inputs scales its solve.
    pub damping: f64,
}

/// One layer's curvature.
#[derive(Debug)]
pub(super) struct LayerCurvature<T> {
    /// n_{l−1} + 1.
    n: usize,
    updates: usize,
    trace: f64,
    form: Form<T>,
}

#[derive(Debug)]
enum Form<T> {
    Identity,
    Full(Box<Full<T>>),
    Sketch(Box<Sketch<T>>),
}

#[derive(Debug)]
struct Full<T> {
    /// Ā, its lower triangle.
    average: Matrix<T>,
    factor: Factor<T>,
    inverse: Matrix<T>,
}

#[derive(Debug)]
struct Sketch<T> {
    omega: Matrix<T>,
    /// Ȳ = Ā Ω.
    average: Matrix<T>,
    /// K⁻¹ Ȳᵀ, r x n.
    solve: Matrix<T>,
    damping: f64,
    wide: Wide,
}

/// The r x r system is assembled and factored in double precision: its condition is the square of Ȳ's.
#[derive(Debug)]
struct Wide {
    sketch: Matrix<f64>,
    shifted: Matrix<f64>,
    gram: Matrix<f64>,
    factor: Factor<f64>,
    rows: Matrix<f64>,
}

impl<T: Real> LayerCurvature<T> {
    /// Of a layer with n − 1 inputs; `normal` draws Ω.
    pub(super) fn new(n: usize, form: CurvatureForm, normal: &mut dyn FnMut() -> f64) -> Self {
        let form = match form {
            CurvatureForm::Identity => Form::Identity,
            CurvatureForm::Full => Form::Full(Box::new(Full {
                average: Matrix::zeros(n, n),
                factor: Factor::new(n),
                inverse: Matrix::zeros(n, n),
            })),
            CurvatureForm::Sketch { rank } => {
                let r = rank.clamp(1, n);
                Form::Sketch(Box::new(Sketch {
                    omega: Matrix::from_fn(n, r, |_, _| T::from_f64(normal())),
                    average: Matrix::zeros(n, r),
                    solve: Matrix::zeros(r, n),
                    damping: 1.0,
                    wide: Wide {
                        sketch: Matrix::zeros(n, r),
                        shifted: Matrix::zeros(n, r),
                        gram: Matrix::zeros(r, r),
                        factor: Factor::new(r),
                        rows: Matrix::zeros(r, n),
                    },
                }))
            }
        };
        Self {
            n,
            updates: 0,
            trace: 0.0,
            form,
        }
    }

    /// How it is kept; a sketch's rank is at most n.
    pub(super) fn form(&self) -> CurvatureForm {
        match &self.form {
            Form::Identity => CurvatureForm::Identity,
            Form::Full(_) => CurvatureForm::Full,
            Form::Sketch(sketch) => CurvatureForm::Sketch {
                rank: sketch.omega.n_cols(),
            },
        }
    }

    pub(super) fn visit_state(&mut self, name: &str, visitor: &mut dyn StateVisitor<T>) {
        visitor.count(&format!("{name}.updates"), &mut self.updates);
        visitor.number(&format!("{name}.trace"), &mut self.trace);
        let (average, solve) = (format!("{name}.average"), format!("{name}.solve"));
        match &mut self.form {
            Form::Identity => {}
            Form::Full(full) => {
                visitor.values(&average, full.average.as_mut_slice());
                visitor.values(&solve, full.inverse.as_mut_slice());
            }
            // Ω follows from the seed.
            Form::Sketch(sketch) => {
                visitor.values(&average, sketch.average.as_mut_slice());
                visitor.values(&solve, sketch.solve.as_mut_slice());
                visitor.positive(&format!("{name}.damping"), &mut sketch.damping);
            }
        }
    }

    /// Entries of a shard's sums: what is averaged, then the trace.
    pub(super) fn n_sums(&self) -> usize {
        match &self.form {
            Form::Identity => 0,
            Form::Full(full) => full.average.as_slice().len() + 1,
            Form::Sketch(sketch) => sketch.average.as_slice().len() + 1,
        }
    }

    /// sums += a tile's inputs â (n x samples).
    pub(super) fn accumulate(&self, sums: &mut [T], a: &[T], scratch: &mut Vec<T>) {
        let Some((trace, sums)) = sums.split_last_mut() else {
            return;
        };
        match &self.form {
            Form::Identity => {}
            Form::Full(_) => tile_gram(sums, a, self.n),
            Form::Sketch(sketch) => {
                let rank = sketch.omega.n_cols();
                let t = buffer(scratch, rank * (a.len() / self.n));
                tile_product(t, sketch.omega.view().transpose(), a);
                tile_outer(sums, a, self.n, t, rank);
            }
        }
        *trace += T::from_f64(dot(a, a));
    }

    /// [`LayerCurvature::accumulate`] for sparse inputs, without the 1 that is appended to each.
    pub(super) fn accumulate_lists(
        &self,
        sums: &mut [T],
        inputs: &impl Columns<T>,
        scratch: &mut WorkerScratch<T>,
    ) {
        let Some((trace, sums)) = sums.split_last_mut() else {
            return;
        };
        let n_rows = self.n - 1;
        match &self.form {
            Form::Identity => {}
            Form::Full(_) => add_gram(sums, inputs, n_rows),
            Form::Sketch(sketch) => {
                let WorkerScratch {
                    tile_a,
                    tile_b,
                    tile_c,
                    by_row,
                    ..
                } = scratch;
                let rank = sketch.omega.n_cols();
                let omega = Padded::transposed(tile_a, sketch.omega.as_slice(), self.n);
                let t = buffer(tile_b, rank * inputs.len());
                combine(t, Start::Column(n_rows), omega, inputs);
                by_row.transpose(inputs, n_rows);
                let t = Padded::copied(tile_a, (t, rank), 0..rank);
                let transposed = buffer(tile_c, rank * self.n);
                combine(transposed, Start::Zero, t, by_row);
                let parts = std::iter::once(&*transposed);
                add_transposed((sums, self.n), parts, (rank, 0), T::one(), tile_b);
            }
        }
        for j in 0..inputs.len() {
            let squares = inputs.list(j).map(|(_, x)| x * x);
            *trace += T::one() + squares.sum::<T>();
        }
    }

    /// Takes the shards' sums over `n_samples` samples into the average, all of them with the same weight at first.
    pub(super) fn absorb<'s>(
        &mut self,
        sums: impl Iterator<Item = &'s [T]>,
        n_samples: usize,
        retain: f64,
    ) {
        let Some(average) = self.form.average() else {
            return;
        };
        self.updates += 1;
        #[allow(clippy::cast_precision_loss, reason = "numbers of batches and samples")]
        let (weight, n) = (
            (1.0 / self.updates as f64).max(1.0 - retain),
            n_samples as f64,
        );
        let share = T::from_f64(weight / n);
        scale(average, T::from_f64(1.0 - weight));
        self.trace *= 1.0 - weight;
        for sums in sums {
            if let Some((trace, sums)) = sums.split_last() {
                add_scaled(average, sums, share);
                self.trace += weight / n * (*trace).to_f64();
            }
        }
    }

    /// What is averaged, and its trace.
    pub(super) fn averages(&mut self) -> Option<(&mut [T], &mut f64)> {
        Some((self.form.average()?, &mut self.trace))
    }

    /// Makes the solve anew from the average.
    pub(super) fn refresh(&mut self, damping: f64) {
        #[allow(clippy::cast_precision_loss, reason = "a number of inputs")]
        let relative = self.trace / (self.n as f64).sqrt();
        let damping = (damping * relative).max(f64::from(f32::MIN_POSITIVE));
        match &mut self.form {
            Form::Identity => {}
            Form::Full(full) => full.refresh(damping),
            Form::Sketch(sketch) => sketch.refresh(damping),
        }
    }

    /// d ← (Ā + λ_l I)⁻¹ g for units g (n x m).
    pub(super) fn solve(&self, d: &mut [T], g: &[T], scratch: &mut Vec<T>) {
        match &self.form {
            Form::Identity => d.copy_from_slice(g),
            Form::Full(full) => tile_product(d, full.inverse.view(), g),
            Form::Sketch(sketch) => {
                let rank = sketch.omega.n_cols();
                let t = buffer(scratch, rank * (g.len() / self.n));
                tile_product(t, sketch.solve.view(), g);
                tile_product(d, sketch.average.view(), t);
                subtract_from(d, g, T::from_f64(1.0 / sketch.damping));
            }
        }
    }
}

impl<T: Real> Form<T> {
    fn average(&mut self) -> Option<&mut [T]> {
        match self {
            Self::Identity => None,
            Self::Full(full) => Some(full.average.as_mut_slice()),
            Self::Sketch(sketch) => Some(sketch.average.as_mut_slice()),
        }
    }
}

impl<T: Real> Full<T> {
    fn refresh(&mut self, damping: f64) {
        self.factor.factor(&self.average, 1.0, damping);
        let n = self.inverse.n_rows();
        self.inverse.as_mut_slice().fill(T::zero());
        for i in 0..n {
            self.inverse[(i, i)] = T::one();
        }
        self.factor.solve_columns(self.inverse.as_mut_slice());
    }
}

impl<T: Real> Sketch<T> {
    fn refresh(&mut self, damping: f64) {
        let Wide {
            sketch,
            shifted,
            gram,
            factor,
            rows,
        } = &mut self.wide;
        let (n, rank) = (sketch.n_rows(), sketch.n_cols());
        self.damping = damping;
        let entries = self.average.as_slice().iter().zip(self.omega.as_slice());
        let wide = sketch.as_mut_slice().iter_mut().zip(shifted.as_mut_slice());
        for ((y, s), (average, omega)) in wide.zip(entries) {
            *y = (*average).to_f64();
            *s = *y + damping * (*omega).to_f64();
        }
        tile_product(
            gram.as_mut_slice(),
            sketch.view().transpose(),
            shifted.as_slice(),
        );
        // Rounding of Ȳ in T, which K sees squared.
        let trace: f64 = (0..rank).map(|i| gram[(i, i)]).sum();
        factor.factor(gram, 1.0, T::EPS.to_f64() * trace.abs());
        for j in 0..n {
            for (i, row) in rows.col_mut(j).iter_mut().enumerate() {
                *row = sketch[(j, i)];
            }
        }
        factor.solve_columns(rows.as_mut_slice());
        for (s, row) in self.solve.as_mut_slice().iter_mut().zip(rows.as_slice()) {
            *s = T::from_f64(*row);
        }
    }
}

/// x ← c x.
fn scale<T: Real>(x: &mut [T], c: T) {
    vectorised(
        #[inline(always)]
        || {
            for x in x.iter_mut() {
                *x *= c;
            }
        },
    );
}

/// d ← c (g − d).
fn subtract_from<T: Real>(d: &mut [T], g: &[T], c: T) {
    vectorised(
        #[inline(always)]
        || {
            for (d, g) in d.iter_mut().zip(g) {
                *d = c * (*g - *d);
            }
        },
    );
}

#[cfg(test)]
#[path = "../../tests/unit/curvature.rs"]
mod tests;
