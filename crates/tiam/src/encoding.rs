//! The encoding of data for a network: scaled features, and classes with the numbers of the network.

use tiam_data::{ColumnEncoding, Dataset, Features, Scaling, ScalingKind, Targets};
use tiam_linalg::Matrix;
use tiam_models::{AffineScaling, ModelMetadata, Samples, Target};

use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// The encoding of a table's rows as inputs of a network, and of its outputs as answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Encoding {
    /// The columns of a table, with their kinds and categories.
    pub columns: Option<ColumnEncoding>,
    /// One name a feature, or none.
    pub feature_names: Vec<String>,
    /// One name a class; empty for values.
    pub class_names: Vec<String>,
    /// The scaling of the features, if there is one.
    pub input_scaling: Option<AffineScaling>,
    /// The scaling of the values, if there is one.
    pub output_scaling: Option<AffineScaling>,
    /// Number of features.
    pub n_inputs: usize,
    /// Number of classes or values.
    pub n_outputs: usize,
}

impl Encoding {
    /// Fitted on training data: names as they are, scalings by this kind; values are always standardised, answers of no and yes never.
    ///
    /// # Errors
    /// [`Error::NoLabels`] for data without labels, [`Error::OneClass`] where all labels are equal, [`Error::Data`] for
    /// features that cannot be scaled.
    pub fn fit<T: Scalar>(
        train: &Dataset<T>,
        scaling: ScalingKind,
        source: &str,
        label: &str,
    ) -> Result<Self> {
        let (class_names, output_scaling, n_outputs) = match train.targets() {
            Targets::Classes { names, .. } if names.len() < 2 => {
                return Err(Error::OneClass {
                    data: source.to_owned(),
                    label: label.to_owned(),
                });
            }
            Targets::Classes { names, .. } => (names.clone(), None, names.len()),
            Targets::Values(values) if train.encoding().is_some_and(ColumnEncoding::has_flags) => {
                (Vec::new(), None, values.n_features())
            }
            Targets::Values(values) => {
                let fitted = Scaling::fit(ScalingKind::Standard, values)?;
                (Vec::new(), Some(affine(&fitted)?), values.n_features())
            }
            Targets::Absent => return Err(no_labels(source)),
        };
        let input_scaling = match scaling {
            ScalingKind::None => None,
            kind => Some(affine(&Scaling::fit(kind, train.features())?)?),
        };
        Ok(Self {
            columns: train.encoding().cloned(),
            feature_names: train.feature_names().to_vec(),
            class_names,
            input_scaling,
            output_scaling,
            n_inputs: train.n_features(),
            n_outputs,
        })
    }

    /// Whether the labels are answers of no or yes.
    pub(crate) fn has_flags(&self) -> bool {
        (self.columns.as_ref()).is_some_and(ColumnEncoding::has_flags)
    }

    /// The encoding of a model, with the columns of its table.
    pub fn of_model(metadata: &ModelMetadata, columns: Option<ColumnEncoding>) -> Self {
        Self {
            columns,
            feature_names: metadata.feature_names.clone(),
            class_names: metadata.class_names.clone(),
            input_scaling: metadata.input_scaling.clone(),
            output_scaling: metadata.output_scaling.clone(),
            n_inputs: metadata.n_features(),
            n_outputs: metadata.architecture.n_outputs(),
        }
    }

    /// Scaled features, one sample a column; `source` is named in errors.
    ///
    /// # Errors
    /// [`Error::Features`] for another number of features.
    pub fn inputs<T: Scalar>(&self, features: Features<T>, source: &str) -> Result<Matrix<T>> {
        let (expected, found) = (self.n_inputs, features.n_features());
        if found != expected {
            return Err(Error::Features {
                data: source.to_owned(),
                expected,
                found,
            });
        }
        let mut inputs = matrix(features)?;
        if let Some(scaling) = &self.input_scaling {
            scaling.apply(&mut inputs)?;
        }
        Ok(inputs)
    }

    /// Scaled samples with class numbers as the network has them.
    ///
    /// # Errors
    /// As [`inputs`](Self::inputs); [`Error::UnknownClass`], [`Error::NoLabels`].
    pub fn samples<T: Scalar>(&self, data: Dataset<T>, source: &str) -> Result<Samples<T>> {
        let (features, targets) = data.into_features_and_targets();
        let inputs = self.inputs(features, source)?;
        let target = match targets {
            Targets::Classes { labels, names } => Target::Classes {
                labels: self.aligned(labels, &names, source)?,
                n_classes: self.n_outputs,
            },
            Targets::Values(values) => {
                let mut values = matrix(values)?;
                if let Some(scaling) = &self.output_scaling {
                    scaling.apply(&mut values)?;
                }
                Target::Values(values)
            }
            Targets::Absent => return Err(no_labels(source)),
        };
        Ok(Samples::new(inputs, target)?)
    }

    /// Class numbers of the data as the network counts them: by name where both have names.
    fn aligned(&self, mut labels: Vec<u32>, names: &[String], source: &str) -> Result<Vec<u32>> {
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
            let number = numbers.get(name).copied().flatten();
            *label = number.ok_or_else(|| Error::UnknownClass {
                data: source.to_owned(),
                class: names.get(name).map_or("?", String::as_str).to_owned(),
                known: self.class_names.join(", "),
            })?;
        }
        Ok(labels)
    }
}

/// A data set as the trainers take it, unscaled; the features are not copied.
///
/// ```
/// let samples = tiam::samples(tiam_data::digits::<f32>()?)?;
/// assert_eq!((samples.inputs().n_rows(), samples.n_samples()), (64, 1797));
/// # Ok::<(), tiam::Error>(())
/// ```
///
/// # Errors
/// [`Error::NoLabels`], or [`Error::Model`] for data the trainers refuse.
pub fn samples<T: Scalar>(data: Dataset<T>) -> Result<Samples<T>> {
    let source = data.source().to_owned();
    let (class_names, n_outputs) = match data.targets() {
        Targets::Classes { names, .. } => (names.clone(), names.len()),
        Targets::Values(values) => (Vec::new(), values.n_features()),
        Targets::Absent => return Err(no_labels(&source)),
    };
    let as_it_is = Encoding {
        class_names,
        n_inputs: data.n_features(),
        n_outputs,
        ..Encoding::default()
    };
    as_it_is.samples(data, &source)
}

/// A sample a column; the memory is the same.
fn matrix<T: Scalar>(features: Features<T>) -> Result<Matrix<T>> {
    let (n_rows, n_cols) = (features.n_features(), features.n_samples());
    Ok(Matrix::from_vec(n_rows, n_cols, features.into_values())?)
}

pub(crate) fn affine(scaling: &Scaling) -> Result<AffineScaling> {
    Ok(AffineScaling::new(
        scaling.offset().to_vec(),
        scaling.scale().to_vec(),
    )?)
}

pub(crate) fn no_labels(source: &str) -> Error {
    Error::NoLabels {
        data: source.to_owned(),
    }
}
