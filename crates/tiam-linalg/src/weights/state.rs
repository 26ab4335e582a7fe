//! A weights block's state between two steps.

use super::WeightBlock;
use super::form::Form;
use crate::compute::Compute;
use crate::matrix::Matrix;
use crate::real::Real;
use crate::state::StateVisitor;

impl<T: Real> WeightBlock<T> {
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
        let mut dual = matches!(self.form, Form::Dual(_));
        visitor.flag(&format!("{name}.dual"), &mut dual);
        if dual && matches!(self.form, Form::Plain) {
            self.enter_dual_form(inputs, compute);
        }
        if let Form::Dual(form) = &mut self.form {
            form.visit_state(name, visitor);
        } else {
            let shape = [self.current.n_rows(), self.current.n_cols()];
            visitor.values(&format!("{name}.current"), self.current.as_mut_slice());
            visitor.matrix(&format!("{name}.previous"), &mut self.previous, shape);
        }
        visitor.values(&format!("{name}.product"), self.product.as_mut_slice());
        for (part, flag) in [
            ("fixed", &mut self.inputs_fixed),
            ("history", &mut self.has_history),
            ("previous_known", &mut self.previous_product_valid),
        ] {
            visitor.flag(&format!("{name}.{part}"), flag);
        }
        if self.previous_product_valid {
            let shape = [self.product.n_rows(), self.product.n_cols()];
            let product = &mut self.previous_product;
            visitor.matrix(&format!("{name}.previous_product"), product, shape);
            // One is never without the other.
            if self.direction_product.n_rows() == 0 {
                self.direction_product = Matrix::zeros(shape[0], shape[1]);
            }
        }
        visitor.positive(&format!("{name}.theta"), &mut self.theta);
        for (part, number) in [
            ("norm_sq", &mut self.norm_sq),
            ("l1_norm", &mut self.l1_norm),
            ("drift.error", &mut self.drift.error),
            ("drift.change", &mut self.drift.change),
        ] {
            visitor.number(&format!("{name}.{part}"), number);
        }
    }
}
