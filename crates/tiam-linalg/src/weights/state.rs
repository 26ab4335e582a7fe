//! Saves and restores the state of a weight block between two steps.

use super::{State, WeightBlock};
use crate::compute::Compute;
use crate::matrix::Matrix;
use crate::real::Real;
use crate::state::StateVisitor;
use crate::step::Solver;

/// Forms of one step, among which earlier versions chose by the machine's speed: the one that a run began with goes on.
const FORMS: [Solver; 3] = [Solver::Backtracking, Solver::Gram, Solver::Dual];

impl<T: Real> WeightBlock<T> {
    /// Fetches W a of the samples of the other processes, before the state is saved; called by all of them.
    pub fn gather(&mut self, compute: &Compute<T>) {
        let products = &mut self.products;
        compute.gather(&mut products.current);
        if products.previous_valid {
            compute.gather(&mut products.previous);
        }
    }

    /// Current and previous value, W a as it has been carried along, and θ. What can be made again from the inputs is: a aᵀ, factors, the
    /// dual form's kernel.
    ///
    /// To restore, the block is that of [`WeightBlock::new`] at the same start with its product for the same `inputs`, no step done.
    pub fn visit_state(
        &mut self,
        name: &str,
        inputs: &Matrix<T>,
        visitor: &mut dyn StateVisitor<T>,
        compute: &mut Compute<T>,
    ) {
        T::visit_weights(self, name, inputs, visitor, compute)
    }

    pub(crate) fn visit_state_generic(
        &mut self,
        name: &str,
        inputs: &Matrix<T>,
        visitor: &mut dyn StateVisitor<T>,
        compute: &mut Compute<T>,
    ) {
        let position = FORMS.iter().position(|form| *form == self.solver);
        let mut form = position.unwrap_or(FORMS.len());
        visitor.count(&format!("{name}.solver"), &mut form);
        if let (Some(_), Some(solver)) = (position, FORMS.get(form)) {
            self.solver = *solver;
        }
        let mut dual = matches!(self.state, State::Dual(_));
        visitor.flag(&format!("{name}.dual"), &mut dual);
        if dual && matches!(self.state, State::Primal(_)) {
            self.enter_dual(inputs, compute);
        }
        for (part, flag) in [
            ("fixed", &mut self.inputs_fixed),
            ("history", &mut self.has_history),
            ("previous_known", &mut self.products.previous_valid),
        ] {
            visitor.flag(&format!("{name}.{part}"), flag);
        }
        match &mut self.state {
            State::Dual(dual) => dual.visit_state(name, visitor),
            State::Primal(primal) => {
                visitor.values(&format!("{name}.current"), primal.current.as_mut_slice());
                if self.has_history {
                    let previous = shaped_as(&primal.current, &mut primal.previous);
                    visitor.values(&format!("{name}.previous"), previous);
                }
            }
        }
        let products = &mut self.products;
        visitor.values(&format!("{name}.product"), products.current.as_mut_slice());
        if products.previous_valid {
            let previous = shaped_as(&products.current, &mut products.previous);
            visitor.values(&format!("{name}.previous_product"), previous);
            // One is never without the other.
            shaped_as(&products.current, &mut products.direction);
        }
        for (part, number) in [
            ("theta", &mut self.theta),
            ("norm_sq", &mut self.norm_sq),
            ("l1_norm", &mut self.l1_norm),
            ("drift.error", &mut self.products.drift.error),
            ("drift.change", &mut self.products.drift.change),
        ] {
            visitor.number(&format!("{name}.{part}"), number);
        }
    }
}

/// The entries of a matrix of this one's shape, made where it is not there yet.
fn shaped_as<'m, T: Real>(model: &Matrix<T>, matrix: &'m mut Matrix<T>) -> &'m mut [T] {
    if matrix.n_rows() == 0 {
        *matrix = Matrix::zeros(model.n_rows(), model.n_cols());
    }
    matrix.as_mut_slice()
}
