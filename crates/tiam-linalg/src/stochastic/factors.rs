//! The factors of a tile's gradients: its inputs, and the tape of its forward and backward pass.

use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::{Accum, Par};

use super::units::{LayerUnits, UnitLayout};
use crate::compute::{Numbers, Reduction};
use crate::matrix::{Matrix, view, view_mut};
use crate::product::tile_outer_into;
use crate::real::Real;
use crate::sparse::{ByRow, Inputs, Padded, Start, combine, with_picked};

/// A tile's inputs and tape, of which the columns of the samples that go backward come first once they are known.
#[derive(Debug, Default)]
pub(crate) struct Factors<T> {
    /// Inputs with a 1 appended, where they are dense.
    pub(super) x: Vec<T>,
    /// Of sparse inputs those of the samples that go backward, by input.
    by_input: ByRow<T>,
    /// The samples that go backward, where inputs are sparse.
    open: Vec<usize>,
    /// z_1, â_1, z_2, …, z_L, and after the backward pass −e_l in the place of every z_l.
    pub(super) tape: Vec<T>,
    pub(super) is_sparse: bool,
    /// Samples.
    pub(super) n: usize,
    /// Samples that go backward.
    n_open: usize,
}

impl<T: Real> Factors<T> {
    /// Gathers the inputs of the named samples and makes room for the tape.
    pub(super) fn gather(&mut self, inputs: Inputs<'_, T>, indices: &[usize], layout: &UnitLayout) {
        self.n = indices.len();
        self.is_sparse = inputs.is_sparse();
        self.open.clear();
        match inputs {
            Inputs::Dense(inputs) => {
                self.x.resize(self.n * (inputs.n_rows() + 1), T::zero());
                gather_augmented(&mut self.x, inputs, indices);
            }
            Inputs::Sparse(inputs) => {
                self.open.extend_from_slice(indices);
                inputs.load(indices);
            }
        }
        self.tape.resize(self.n * layout.tape_rows(), T::zero());
    }

    /// Moves the columns of the samples that go backward to the front, in all matrices: those of which an error is larger than the tolerance.
    pub(super) fn keep_open(
        &mut self,
        inputs: Inputs<'_, T>,
        layout: &UnitLayout,
        tolerance: Option<T>,
    ) {
        let n = self.n;
        self.n_open = match tolerance {
            None => n,
            Some(tolerance) => self.move_open(layout, tolerance),
        };
        if let Inputs::Sparse(inputs) = inputs {
            let open = &self.open[..self.n_open];
            with_picked!(inputs.picked(open), columns => self.by_input.transpose(columns, inputs.n_rows()));
        }
    }

    fn move_open(&mut self, layout: &UnitLayout, tolerance: T) -> usize {
        let (layers, n) = (layout.layers(), self.n);
        let n_outputs = layout.n_outputs();
        let errors = self.tape.len() - n_outputs * n;
        let mut n_open = 0;
        for j in 0..n {
            let e = &self.tape[errors + j * n_outputs..errors + (j + 1) * n_outputs];
            // Written so that a NaN stays.
            if e.iter().all(|e| e.abs() <= tolerance) {
                continue;
            }
            if n_open < j {
                match self.is_sparse {
                    true => self.open[n_open] = self.open[j],
                    false => move_column(&mut self.x, layout.n_inputs() + 1, j, n_open),
                }
                for (l, units) in layers.iter().enumerate() {
                    let from = &mut self.tape[units.z_row * n..];
                    move_column(from, units.n_units, j, n_open);
                    if l + 1 < layers.len() {
                        let from = &mut from[units.n_units * n..];
                        move_column(from, units.n_units + 1, j, n_open);
                    }
                }
            }
            n_open += 1;
        }
        n_open
    }

    /// Number of samples that go backward.
    pub(super) fn n_open(&self) -> usize {
        self.n_open
    }

    /// Takes the factors of these samples from the process that has made them.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "numbers of samples"
    )]
    pub(super) fn exchange(
        &mut self,
        (reduction, root): (&dyn Reduction, usize),
        (inputs, indices): (Inputs<'_, T>, &[usize]),
        layout: &UnitLayout,
    ) {
        let is_own = reduction.rank() == root;
        let mut n_open = [self.n_open as f64];
        reduction.broadcast(root, Numbers::F64(&mut n_open));
        if !is_own {
            (self.n, self.n_open) = (indices.len(), n_open[0] as usize);
            self.is_sparse = inputs.is_sparse();
            self.tape.resize(self.n * layout.tape_rows(), T::zero());
        }
        reduction.broadcast(root, T::numbers(&mut self.tape));
        let Inputs::Sparse(inputs) = inputs else {
            let len = self.n * (inputs.n_rows() + 1);
            self.x.resize(len, T::zero());
            reduction.broadcast(root, T::numbers(&mut self.x));
            return;
        };
        let mut open: Vec<f64> = self.open.iter().map(|&j| j as f64).collect();
        open.resize(self.n_open, 0.0);
        reduction.broadcast(root, Numbers::F64(&mut open));
        if !is_own {
            self.open = open.iter().map(|&j| j as usize).collect();
            with_picked!(inputs.picked(&self.open), columns => self.by_input.transpose(columns, inputs.n_rows()));
        }
    }

    /// −e_l of the samples that go backward.
    fn errors(&self, units: LayerUnits) -> &[T] {
        &self.tape[units.z_row * self.n..][..units.n_units * self.n_open]
    }

    /// â_{l−1} of the samples that go backward; of the first layer only where the inputs are dense.
    fn inputs(&self, l: usize, units: LayerUnits) -> &[T] {
        let a = match l {
            0 => &self.x,
            _ => &self.tape[units.input_row() * self.n..],
        };
        &a[..units.len * self.n_open]
    }

    /// sum ← Σ â_{l−1} (−e_l)ᵀ, or that much more; of sparse inputs its transpose.
    pub(super) fn gradient(
        &self,
        sum: &mut [T],
        accum: Accum,
        (l, units): (usize, LayerUnits),
        scratch: &mut Vec<T>,
    ) {
        if l == 0 && self.is_sparse {
            let start = match accum {
                Accum::Replace => Start::Zero,
                Accum::Add => Start::There,
            };
            self.sparse_gradient(sum, start, (units, 0..units.n_units), scratch);
        } else {
            let errors = (self.errors(units), units.n_units);
            tile_outer_into(sum, accum, (self.inputs(l, units), units.len), errors);
        }
    }

    /// g ← g + c Σ â_{l−1} (−e_l)ᵀ for some units of a layer with dense inputs, those in `range` of the parameters.
    pub(super) fn add_gradient(
        &self,
        g: &mut [T],
        (l, units): (usize, LayerUnits),
        range: &Range<usize>,
        c: T,
    ) {
        let own = units.numbers(range);
        let e = view(self.errors(units), units.n_units).subrows(own.start, own.len());
        matmul(
            view_mut(g, units.len),
            Accum::Add,
            view(self.inputs(l, units), units.len),
            e.transpose(),
            c,
            Par::Seq,
        );
    }

    /// sum ← Σ (−e_1) â_0ᵀ for the units with these numbers where inputs are sparse, or that much more.
    pub(super) fn sparse_gradient(
        &self,
        sum: &mut [T],
        start: Start,
        (units, own): (LayerUnits, Range<usize>),
        scratch: &mut Vec<T>,
    ) {
        let errors = Padded::copied(scratch, (self.errors(units), units.n_units), own);
        combine(sum, start, errors, &self.by_input);
    }
}

/// Column `to` of a matrix with `n_rows` rows ← column `from`.
fn move_column<T: Real>(m: &mut [T], n_rows: usize, from: usize, to: usize) {
    m.copy_within(from * n_rows..(from + 1) * n_rows, to * n_rows);
}

/// Columns of `out` ← the named columns of `from`, each followed by a 1.
fn gather_augmented<T: Real>(out: &mut [T], from: &Matrix<T>, indices: &[usize]) {
    let n = from.n_rows();
    for (out, &j) in out.chunks_exact_mut(n + 1).zip(indices) {
        out[..n].copy_from_slice(from.col(j));
        out[n] = T::one();
    }
}
