//! Encodes rows, runs the network on them, and turns its outputs into predictions.

use std::sync::Arc;

use tiam_data::{AsCell, Cell, CellFault, CellPlace, DataError};
use tiam_linalg::reduce::largest;
use tiam_linalg::{Compute, prox, sigmoid};
use tiam_models::{Loss, Model};

use super::Predictor;
use crate::error::{Error, Result};
use crate::prediction::Predictions;
use crate::scalar::{Scalar, Scratch, Threads};

/// Products below this number of multiplications stay on the caller's thread: waking another takes longer.
const SHARED_WORK: usize = 4_000_000;

impl Predictor {
    /// Number of cells of a row.
    pub(super) fn row_len(&self) -> usize {
        match &self.rows {
            Some(rows) => rows.inputs().count(),
            None => self.metadata().n_features(),
        }
    }

    /// The network's outputs for n rows, or the answers of several, in the scratch.
    pub(super) fn forward<T: Scalar>(
        &self,
        model: &Model<T>,
        rows: &[impl AsCell],
        n: usize,
        scratch: &mut Scratch<T>,
    ) -> Result<()> {
        let n_inputs = self.metadata().n_features();
        scratch.inputs.reshape(n_inputs, n);
        let features = scratch.inputs.as_mut_slice();
        if n == 1 {
            self.encode(rows, features)?;
        } else {
            let rows = rows.chunks_exact(self.row_len());
            for (row, features) in rows.zip(features.chunks_exact_mut(n_inputs)) {
                self.encode(row, features)?;
            }
        }
        if let Some(scaling) = &self.metadata().input_scaling {
            scaling.apply(&mut scratch.inputs)?;
        }
        let Scratch {
            compute,
            inputs,
            outputs,
            several,
        } = scratch;
        let work = if n == 1 { 0 } else { self.work(n) };
        self.on_threads(work, compute, |compute| {
            if model.mixed_into(inputs, outputs, several, compute)? {
                return Ok(());
            }
            Ok(model.network().forward_into(outputs, inputs, compute)?)
        })
    }

    /// Multiplications for n rows.
    pub(super) fn work(&self, n: usize) -> usize {
        self.n_multiplications().saturating_mul(n)
    }

    /// One row's features, not yet scaled.
    fn encode<T: Scalar>(&self, row: &[impl AsCell], features: &mut [T]) -> Result<()> {
        if let Some(rows) = &self.rows {
            rows.encode(row, features)?;
            return Ok(());
        }
        if row.len() != features.len() {
            return Err(Error::Features {
                data: "the row".to_owned(),
                expected: features.len(),
                found: row.len(),
            });
        }
        for (feature, (to, cell)) in features.iter_mut().zip(row).enumerate() {
            let number = match cell.cell() {
                Cell::Number(x) => x,
                Cell::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
            };
            *to = <T as tiam_data::Scalar>::from_f64(number);
            if !to.is_finite() {
                let cell = match cell.cell() {
                    Cell::Number(x) => x.to_string(),
                    Cell::Text(text) => text.to_owned(),
                };
                let name = self.metadata().feature_names.get(feature);
                let at = Box::new(CellPlace {
                    path: "the row".into(),
                    line: 0,
                    column: feature,
                    name: name.cloned().unwrap_or_default(),
                });
                let fault = CellFault::NotANumber("but a finite number is needed");
                return Err(Error::Data(DataError::BadCell { at, cell, fault }));
            }
        }
        Ok(())
    }

    /// `body` with as many threads as the work is worth; another call that has them at the time leaves `own`.
    pub(super) fn on_threads<T: Scalar, R>(
        &self,
        work: usize,
        own: &mut Compute<T>,
        body: impl FnOnce(&mut Compute<T>) -> Result<R>,
    ) -> Result<R> {
        if self.threads > 1
            && work >= SHARED_WORK
            && let Ok(mut pool) = T::pool(&self.pool).try_lock()
        {
            return body(Threads::of_this_process(&mut pool, self.threads)?);
        }
        body(own)
    }

    pub(super) fn no_predictions(&self, n: usize) -> Predictions {
        let n_classes = if self.classes.is_empty() { 0 } else { n };
        Predictions {
            classes: Arc::clone(&self.classes),
            indices: Vec::with_capacity(n_classes),
            outputs: Vec::with_capacity(n * self.shape().n_outputs()),
            n_outputs: self.shape().n_outputs(),
            reading: None,
            row_names: Vec::new(),
        }
    }

    /// Appends the answers that outputs mean.
    pub(super) fn add<T: Scalar>(&self, outputs: &mut [T], to: &mut Predictions) {
        if !self.classes.is_empty() {
            let class = |column: &[T]| u32::try_from(largest(column)).unwrap_or(u32::MAX);
            let columns = outputs.chunks_exact(self.shape().n_outputs());
            to.indices.extend(columns.map(class));
        }
        self.answers(outputs, &mut to.outputs);
    }

    /// Appends the network's outputs, a row after the other, as probabilities or as values in their own units.
    pub(super) fn answers<T: Scalar>(&self, outputs: &mut [T], to: &mut Vec<f64>) {
        match &self.metadata().output_scaling {
            // Answers already.
            _ if self.ensemble().is_some() => {}
            _ if self.shape().loss == Loss::Logistic => {
                outputs.iter_mut().for_each(|z| *z = sigmoid(*z));
            }
            _ if self.has_probabilities() => {
                prox::softmax_in_place(outputs, self.shape().n_outputs());
            }
            Some(scaling) => scaling.invert_in_place(outputs),
            None => {}
        }
        to.extend(outputs.iter().map(|x| tiam_data::Scalar::to_f64(*x)));
    }
}
