//! Turns data sets into the samples that a network takes.

use tiam_data::{Dataset, Features, Targets};
use tiam_linalg::Matrix;
use tiam_models::{AffineScaling, AnyModel, Model, Samples, Stored, Target};

use crate::error::CliError;

/// The scalar types: what the data, the network and its files all know.
pub(crate) trait Scalar: tiam_data::Real + Stored {
    /// The model, if it is of this precision; else the precision it is of.
    fn own(model: AnyModel) -> Result<Model<Self>, &'static str>;
}

impl Scalar for f32 {
    fn own(model: AnyModel) -> Result<Model<Self>, &'static str> {
        match model {
            AnyModel::F32(model) => Ok(model),
            AnyModel::F64(_) => Err("f64"),
        }
    }
}

impl Scalar for f64 {
    fn own(model: AnyModel) -> Result<Model<Self>, &'static str> {
        match model {
            AnyModel::F64(model) => Ok(model),
            AnyModel::F32(_) => Err("f32"),
        }
    }
}

/// What a network expects of its samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout<'a> {
    /// Where the data are from, for messages.
    pub(crate) source: &'a str,
    pub(crate) n_inputs: usize,
    pub(crate) n_outputs: usize,
    /// One name a class, or none.
    pub(crate) class_names: &'a [String],
    pub(crate) input_scaling: Option<&'a AffineScaling>,
    pub(crate) output_scaling: Option<&'a AffineScaling>,
}

impl Layout<'_> {
    /// Scaled inputs, n_inputs x N, without a copy.
    pub(crate) fn inputs<T: Scalar>(&self, features: Features<T>) -> Result<Matrix<T>, CliError> {
        let (expected, found) = (self.n_inputs, features.n_features());
        if expected != found {
            return Err(CliError::Usage(format!(
                "the model takes {expected} features, {} has {found}; use data with the columns of the training data",
                self.source
            )));
        }
        let mut inputs = matrix(features)?;
        if let Some(scaling) = self.input_scaling {
            scaling.apply(&mut inputs)?;
        }
        Ok(inputs)
    }

    /// Scaled samples with class numbers as the network has them.
    pub(crate) fn samples<T: Scalar>(&self, data: Dataset<T>) -> Result<Samples<T>, CliError> {
        let (features, targets) = data.into_features_and_targets();
        let inputs = self.inputs(features)?;
        let target = match targets {
            Targets::Classes { labels, names } => Target::Classes {
                labels: self.aligned(labels, &names)?,
                n_classes: self.n_outputs,
            },
            Targets::Values(values) => {
                let mut values = matrix(values)?;
                if let Some(scaling) = self.output_scaling {
                    scaling.apply(&mut values)?;
                }
                Target::Values(values)
            }
            Targets::Absent => return Err(no_labels(self.source)),
        };
        Ok(Samples::new(inputs, target)?)
    }

    /// Class numbers of the data as the network counts them: by name where both have names.
    fn aligned(&self, mut labels: Vec<u32>, names: &[String]) -> Result<Vec<u32>, CliError> {
        if self.class_names.is_empty() || names == self.class_names {
            return Ok(labels);
        }
        let number = |name: &String| {
            let at = self.class_names.iter().position(|known| known == name);
            at.and_then(|at| u32::try_from(at).ok())
        };
        let numbers: Vec<Option<u32>> = names.iter().map(number).collect();
        for label in &mut labels {
            let name = *label as usize;
            *label = numbers.get(name).copied().flatten().ok_or_else(|| {
                CliError::Usage(format!(
                    "{} has the class {:?}, which the model does not know; it knows {}",
                    self.source,
                    names.get(name).map_or("?", String::as_str),
                    self.class_names.join(", ")
                ))
            })?;
        }
        Ok(labels)
    }
}

/// A sample a column; the memory is the same.
pub(crate) fn matrix<T: Scalar>(features: Features<T>) -> Result<Matrix<T>, CliError> {
    let (n_rows, n_cols) = (features.n_features(), features.n_samples());
    Ok(Matrix::from_vec(n_rows, n_cols, features.into_values())?)
}

/// Data that were to be learnt from or measured on, without labels.
pub(crate) fn no_labels(source: &str) -> CliError {
    CliError::Usage(format!(
        "{source} holds no labels; name the label column with --label, or use `tiam predict`"
    ))
}
