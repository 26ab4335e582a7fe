//! Reads, splits and scales the data: training, validation and test samples.

use std::path::Path;

use tiam_data::{ColumnEncoding, Dataset, Parts, Scaling, ScalingKind, Split, Targets, Task};
use tiam_models::{AffineScaling, AnyModel, Model, Network, Samples};

use crate::data::{Reading, kind_of, test_part};
use crate::error::CliError;
use crate::output;
use crate::preset::Preset;
use crate::provenance::Provenance;
use crate::samples::{Layout, Scalar, no_labels};
use crate::settings::{Settings, TEST_FRACTION, VALIDATION_FRACTION};
use crate::values::{DataKind, DataSource};

/// Samples ready for training, and what was found out about the data.
pub(crate) struct Prepared<T> {
    pub(crate) train: Samples<T>,
    /// How much each training sample counts, where the data say so.
    pub(crate) weights: Option<Vec<f64>>,
    pub(crate) validation: Option<Samples<T>>,
    pub(crate) test: Option<Samples<T>>,
    /// The network to go on from.
    pub(crate) start: Option<Network<T>>,
    pub(crate) facts: DataFacts,
}

/// What a model keeps about the data it was trained on.
#[derive(Clone, Debug)]
pub(crate) struct DataFacts {
    pub(crate) kind: DataKind,
    pub(crate) feature_names: Vec<String>,
    /// Empty for values.
    pub(crate) class_names: Vec<String>,
    /// Of a table.
    pub(crate) encoding: Option<ColumnEncoding>,
    pub(crate) scaling: ScalingKind,
    pub(crate) input_scaling: Option<AffineScaling>,
    pub(crate) output_scaling: Option<AffineScaling>,
    /// The part held out, where it was drawn.
    pub(crate) test_fraction: Option<f64>,
    pub(crate) n_inputs: usize,
    pub(crate) n_outputs: usize,
}

/// Reads, splits and scales; scaling is fitted on the training part only.
pub(crate) fn prepare<T: Scalar>(settings: &Settings) -> Result<Prepared<T>, CliError> {
    let start = settings.from.as_deref().map(Start::load).transpose()?;
    let reading = Reading::for_training(settings);
    let columns = start.as_ref().and_then(|start| start.columns.as_ref());
    let data = reading.read::<T>(&settings.data, columns)?;
    let kind = kind_of(&settings.data, &data);
    if settings.task == Task::Values && kind != DataKind::Table {
        let text = format!(
            "{} holds classes; --task values needs a table",
            settings.data
        );
        return Err(CliError::Usage(text));
    }
    if settings.sample_weights.is_some() && data.sample_weights().is_none() {
        let text = format!(
            "{} has no columns; --sample-weights needs a table",
            settings.data
        );
        return Err(CliError::Usage(text));
    }
    let fraction = drawn_fraction(settings, &data);
    let held_out = validation_fraction(settings);
    let parts = match &settings.test {
        Some(path) => {
            let source = DataSource::Path(path.clone());
            let test = test_part(reading.read(&source, data.encoding())?)?;
            let whole = data.make_split(0.0, 0.0, settings.seed)?;
            let split = data.split().cloned().unwrap_or(whole);
            let parts = divide(data, &split, held_out, settings.seed)?;
            Parts { test, ..parts }
        }
        None => {
            let split = match (fraction, data.split()) {
                (None, Some(split)) => split.clone(),
                (fraction, _) => data.make_split(0.0, fraction.unwrap_or(0.0), settings.seed)?,
            };
            divide(data, &split, held_out, settings.seed)?
        }
    };
    let Parts {
        train,
        validation,
        test,
    } = parts;
    let facts = match &start {
        Some(start) => start.facts(settings, kind, &train, fraction),
        None => find_facts(settings, kind, &train, fraction)?,
    };
    let source = settings.data.to_string();
    let layout = facts.layout(&source);
    let weights = train.sample_weights().map(<[f64]>::to_vec);
    let train = layout.samples(train)?;
    let validation = some_samples(validation, &layout)?;
    let test_source = settings
        .test
        .as_ref()
        .map(|path| path.display().to_string());
    let layout = facts.layout(test_source.as_deref().unwrap_or(&source));
    let test = some_samples(test, &layout)?;
    let start = start.map(|start| start.model.network().clone());
    Ok(Prepared {
        train,
        weights,
        validation,
        test,
        start,
        facts,
    })
}

/// None of a part that is empty.
fn some_samples<T: Scalar>(
    data: Dataset<T>,
    layout: &Layout<'_>,
) -> Result<Option<Samples<T>>, CliError> {
    let some = Some(data).filter(|data| data.n_samples() > 0);
    some.map(|data| layout.samples(data)).transpose()
}

/// A model to go on from.
struct Start<T> {
    model: Model<T>,
    columns: Option<ColumnEncoding>,
}

impl<T: Scalar> Start<T> {
    fn load(path: &Path) -> Result<Self, CliError> {
        let model = T::own(AnyModel::load(path)?).map_err(|precision| {
            let path = path.display();
            CliError::Usage(format!(
                "{path} is of {precision}; go on with --precision {precision}"
            ))
        })?;
        let columns = Provenance::of(model.metadata())?.columns;
        Ok(Self { model, columns })
    }

    /// The model's own columns, classes and scalings.
    fn facts(
        &self,
        settings: &Settings,
        kind: DataKind,
        train: &Dataset<T>,
        test_fraction: Option<f64>,
    ) -> DataFacts {
        let metadata = self.model.metadata();
        DataFacts {
            kind,
            feature_names: metadata.feature_names.clone(),
            class_names: metadata.class_names.clone(),
            encoding: train.encoding().cloned(),
            scaling: settings.scaling.resolve(Preset::of(kind).scaling),
            input_scaling: metadata.input_scaling.clone(),
            output_scaling: metadata.output_scaling.clone(),
            test_fraction,
            n_inputs: metadata.architecture.n_inputs(),
            n_outputs: metadata.architecture.n_outputs(),
        }
    }
}

/// The part of the training data to hold out for validation.
fn validation_fraction(settings: &Settings) -> f64 {
    let suited = if settings.patience.is_some() {
        VALIDATION_FRACTION
    } else {
        0.0
    };
    settings.validation_fraction.unwrap_or(suited)
}

impl DataFacts {
    fn layout<'a>(&'a self, source: &'a str) -> Layout<'a> {
        Layout {
            source,
            n_inputs: self.n_inputs,
            n_outputs: self.n_outputs,
            class_names: &self.class_names,
            input_scaling: self.input_scaling.as_ref(),
            output_scaling: self.output_scaling.as_ref(),
        }
    }
}

/// The part to hold out: none where there is a test file, or a split that the data bring.
fn drawn_fraction<T: Scalar>(settings: &Settings, data: &Dataset<T>) -> Option<f64> {
    if settings.test.is_some() {
        return None;
    }
    if data.split().is_some() {
        if settings.test_fraction.is_some() && !settings.quiet {
            output::message("note: --test-fraction is not used, the data bring their own split");
        }
        return None;
    }
    Some(settings.test_fraction.unwrap_or(TEST_FRACTION))
}

/// The parts of a split, a validation part carved out of its training part where it has none and one is asked for; the
/// training part stays where it is in memory.
fn divide<T: Scalar>(
    data: Dataset<T>,
    split: &Split,
    validation: f64,
    seed: u64,
) -> Result<Parts<T>, CliError> {
    if validation > 0.0 && split.validation().is_empty() {
        let split = split.carve_validation(data.labels(), validation, seed)?;
        return Ok(data.into_parts(&split)?);
    }
    Ok(data.into_parts(split)?)
}

fn find_facts<T: Scalar>(
    settings: &Settings,
    kind: DataKind,
    train: &Dataset<T>,
    test_fraction: Option<f64>,
) -> Result<DataFacts, CliError> {
    let scaling = settings.scaling.resolve(Preset::of(kind).scaling);
    let (class_names, output_scaling, n_outputs) = match train.targets() {
        Targets::Classes { names, .. } if names.len() < 2 => {
            return Err(CliError::Usage(format!(
                "all samples of {} are of one class; is --label {} the right column?",
                settings.data, settings.label
            )));
        }
        Targets::Classes { names, .. } => (names.clone(), None, names.len()),
        Targets::Values(values) => {
            let fitted = Scaling::fit(ScalingKind::Standard, values)?;
            (Vec::new(), affine(&fitted)?, values.n_features())
        }
        Targets::Absent => return Err(no_labels(&settings.data.to_string())),
    };
    let input_scaling = match scaling {
        ScalingKind::None => None,
        kind => affine(&Scaling::fit(kind, train.features())?)?,
    };
    Ok(DataFacts {
        kind,
        feature_names: train.feature_names().to_vec(),
        class_names,
        encoding: train.encoding().cloned(),
        scaling,
        input_scaling,
        output_scaling,
        test_fraction,
        n_inputs: train.n_features(),
        n_outputs,
    })
}

fn affine(scaling: &Scaling) -> Result<Option<AffineScaling>, CliError> {
    Ok(Some(AffineScaling::new(
        scaling.offset().to_vec(),
        scaling.scale().to_vec(),
    )?))
}
