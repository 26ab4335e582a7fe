//! The networks of a model, one or several, and their answers for samples that are in memory.

use tiam_linalg::{Compute, Matrix, prox, sigmoid};
use tiam_models::{AnyModel, Ensemble, EnsembleScratch, Loss, Model, Samples};

use super::{MOST_ROWS_AT_ONCE, Predictor, SCRATCH_ENTRIES};
use crate::error::{Error, Result};
use crate::evaluation::Evaluation;
use crate::provenance::{Provenance, Training};
use crate::scalar::Scalar;

impl Predictor {
    /// Number of networks: one, or as many as a search has mixed.
    pub fn n_networks(&self) -> usize {
        self.ensemble().map_or(1, |ensemble| ensemble.members.len())
    }

    /// The networks of several, their encodings, shares and sizes; none for a single one.
    pub fn ensemble(&self) -> Option<&Ensemble> {
        self.metadata().ensemble.as_ref()
    }

    /// Multiplications of a prediction for one row.
    pub fn n_multiplications(&self) -> usize {
        let of_one = || self.shape().n_parameters();
        self.ensemble()
            .map_or_else(of_one, Ensemble::n_multiplications)
    }

    /// Measures the model on samples that are encoded as it wants them: those that [`Search::prepare`](crate::Search::prepare) or
    /// [`Mlp::prepare`](crate::Mlp::prepare) made for it.
    ///
    /// # Errors
    /// [`Error::Precision`], [`Error::Model`] for samples of another precision or shape.
    pub fn measure<T: Scalar>(&self, samples: &Samples<T>) -> Result<Evaluation> {
        let model = self.model_as::<T>()?;
        if self.ensemble().is_some() {
            let answers = self.outputs(model, samples.inputs())?;
            return Ok(Evaluation::of_answers(
                &answers,
                samples.target(),
                &self.classes,
            ));
        }
        let work = self.work(samples.n_samples());
        self.on_threads(work, &mut Compute::new(1)?, |compute| {
            let scaling = self.metadata().output_scaling.as_ref();
            Evaluation::measure_classes(model.network(), samples, &self.classes, scaling, compute)
        })
    }

    /// The same with the figures of its training, for programs that measure a model after [`Search::train`](crate::Search::train).
    ///
    /// # Errors
    /// As [`of_model`](Self::of_model).
    pub fn recorded(self, training: Training) -> Result<Self> {
        let provenance = Provenance {
            training: Some(training),
            ..self.provenance.clone()
        };
        let extra = provenance.to_extra(self.column_encoding())?;
        let threads = self.threads;
        let mut model = self.model;
        match &mut model {
            AnyModel::F32(model) => model.set_extra(extra),
            AnyModel::F64(model) => model.set_extra(extra),
        }
        Ok(Self::of_model(model)?.threads(threads))
    }

    /// The model, if it is of this precision.
    pub(super) fn model_as<T: Scalar>(&self) -> Result<&Model<T>> {
        T::model(&self.model).ok_or_else(|| Error::Precision {
            what: "the model".to_owned(),
            precision: self.model.precision(),
        })
    }

    /// The answers for inputs as the model takes them: probabilities, scores of another loss, or values in their own units, n_L x N.
    pub(crate) fn answers_for<T: Scalar>(&self, inputs: &Matrix<T>) -> Result<Matrix<T>> {
        let mut outputs = self.outputs(self.model_as()?, inputs)?;
        let n = self.shape().n_outputs();
        match &self.metadata().output_scaling {
            _ if self.ensemble().is_some() => {}
            _ if self.shape().loss == Loss::CrossEntropy => {
                prox::softmax_in_place(outputs.as_mut_slice(), n);
            }
            _ if self.shape().loss == Loss::Logistic => {
                outputs
                    .as_mut_slice()
                    .iter_mut()
                    .for_each(|z| *z = sigmoid(*z));
            }
            Some(scaling) => scaling.invert(&mut outputs)?,
            None => {}
        }
        Ok(outputs)
    }

    /// Rows that are passed on at once, so that scratch memory stays small.
    pub(super) fn rows_at_once(&self) -> usize {
        let n_inputs = match self.ensemble() {
            None => self.shape().n_inputs(),
            Some(several) => several
                .encodings
                .iter()
                .map(|e| e.n_inputs())
                .max()
                .unwrap_or(1),
        };
        (SCRATCH_ENTRIES / n_inputs.max(1)).clamp(1, MOST_ROWS_AT_ONCE)
    }

    /// A network's outputs for its inputs, or the answers of several for features in their own units, n_L x N.
    pub(super) fn outputs<T: Scalar>(
        &self,
        model: &Model<T>,
        inputs: &Matrix<T>,
    ) -> Result<Matrix<T>> {
        let n = inputs.n_cols();
        self.on_threads(self.work(n), &mut Compute::new(1)?, |compute| {
            if self.ensemble().is_none() {
                return Ok(model.network().forward(inputs, compute)?);
            }
            let n_outputs = self.shape().n_outputs();
            let mut all = Vec::with_capacity(n_outputs * n);
            let (mut part, mut out) = (Matrix::default(), Matrix::default());
            let mut scratch = EnsembleScratch::default();
            let n_features = inputs.n_rows();
            for rows in inputs
                .as_slice()
                .chunks(self.rows_at_once() * n_features.max(1))
            {
                part.reshape(n_features, rows.len() / n_features.max(1));
                part.as_mut_slice().copy_from_slice(rows);
                model.mixed_into(&part, &mut out, &mut scratch, compute)?;
                all.extend_from_slice(out.as_slice());
            }
            Ok(Matrix::from_vec(n_outputs, n, all)?)
        })
    }
}
