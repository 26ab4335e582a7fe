//! From settings to scaled training and test samples.

use tiam_data::{ColumnEncoding, Dataset, Scaling, ScalingKind, Targets};
use tiam_models::{AffineScaling, Samples};

use crate::data::{Reading, kind_of, test_part};
use crate::error::CliError;
use crate::output;
use crate::preset::Preset;
use crate::samples::{Layout, Scalar, no_labels};
use crate::settings::{Settings, TEST_FRACTION};
use crate::values::{DataKind, DataSource, TaskName};

/// Samples ready for training, and what was found out about the data.
pub(crate) struct Prepared<T> {
    pub(crate) train: Samples<T>,
    pub(crate) test: Option<Samples<T>>,
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
    let reading = Reading::for_training(settings);
    let data = reading.read::<T>(&settings.data, None)?;
    let kind = kind_of(&settings.data, &data);
    if settings.task == TaskName::Values && kind != DataKind::Table {
        let text = format!(
            "{} holds classes; --task values needs a table",
            settings.data
        );
        return Err(CliError::Usage(text));
    }
    let fraction = drawn_fraction(settings, &data);
    let (train, test) = match &settings.test {
        Some(path) => {
            let source = DataSource::Path(path.clone());
            let test = test_part(reading.read(&source, data.encoding())?)?;
            (training_part(data)?, Some(test))
        }
        None => divide(data, fraction, settings.seed)?,
    };
    let facts = find_facts(settings, kind, &train, fraction)?;
    let source = settings.data.to_string();
    let layout = facts.layout(&source);
    let train = layout.samples(train)?;
    let test_source = settings
        .test
        .as_ref()
        .map(|path| path.display().to_string());
    let layout = facts.layout(test_source.as_deref().unwrap_or(&source));
    let test = test.map(|test| layout.samples(test)).transpose()?;
    Ok(Prepared { train, test, facts })
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

/// Training and test part; the training part stays where it is in memory.
#[allow(clippy::type_complexity, reason = "a pair")]
fn divide<T: Scalar>(
    data: Dataset<T>,
    fraction: Option<f64>,
    seed: u64,
) -> Result<(Dataset<T>, Option<Dataset<T>>), CliError> {
    let split = match (fraction, data.split()) {
        (None, Some(split)) => split.clone(),
        (fraction, _) => data.make_split(0.0, fraction.unwrap_or(0.0), seed)?,
    };
    let parts = data.into_parts(&split)?;
    let test = Some(parts.test).filter(|test| test.n_samples() > 0);
    Ok((parts.train, test))
}

/// All of the data, or the training part of the split they bring.
fn training_part<T: Scalar>(data: Dataset<T>) -> Result<Dataset<T>, CliError> {
    match data.split().cloned() {
        Some(split) => Ok(data.into_parts(&split)?.train),
        None => Ok(data),
    }
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
