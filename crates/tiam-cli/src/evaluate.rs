//! `tiam evaluate`: measures a model on data with labels.

use serde::Serialize;
use tiam_data::Dataset;
use tiam_linalg::{Compute, TargetKind};
use tiam_models::{AnyModel, Model, ModelMetadata};

use crate::args::EvaluateArgs;
use crate::data::{Reading, label, test_part, with_label};
use crate::error::CliError;
use crate::metrics::{Metrics, measure};
use crate::output;
use crate::provenance::Provenance;
use crate::report::metrics_table;
use crate::samples::{Layout, Scalar, no_labels};
use crate::settings::available_threads;
use crate::values::DataSource;

/// The result for programs.
#[derive(Serialize)]
struct Flat {
    model: String,
    data: String,
    samples: usize,
    loss: f64,
    accuracy: Option<f64>,
    r2: Option<f64>,
    rmse: Option<f64>,
}

/// Runs the command.
pub(crate) fn run(args: &EvaluateArgs) -> Result<(), CliError> {
    let metrics = match AnyModel::load(&args.model)? {
        AnyModel::F32(model) => evaluate(&model, args)?,
        AnyModel::F64(model) => evaluate(&model, args)?,
    };
    if !args.json {
        let title = format!("{} on {}\n\n", args.model.display(), args.data);
        return output::print(&(title + &metrics_table(&[("", Some(metrics))])));
    }
    let flat = Flat {
        model: args.model.display().to_string(),
        data: args.data.to_string(),
        samples: metrics.n_samples,
        loss: metrics.loss,
        accuracy: metrics.accuracy,
        r2: metrics.r2,
        rmse: metrics.rmse,
    };
    let text = serde_json::to_string(&flat).map_err(|e| CliError::Failed(e.to_string()))?;
    output::print(&(text + "\n"))
}

fn evaluate<T: Scalar>(model: &Model<T>, args: &EvaluateArgs) -> Result<Metrics, CliError> {
    let mut compute = Compute::new(args.read.threads.unwrap_or_else(available_threads))?;
    let metadata = model.metadata();
    let data = read(metadata, args)?;
    let source = args.data.to_string();
    let samples = layout(metadata, &source).samples(data)?;
    let (takes, found) = (
        metadata.architecture.loss.takes(),
        samples.target().targets().kind(),
    );
    if takes.is_some_and(|takes| takes != found) {
        let (takes, has) = match found {
            TargetKind::Values => ("classes", "values"),
            TargetKind::Classes => ("values", "classes"),
        };
        return Err(CliError::Usage(format!(
            "the model predicts {takes}, the labels of {source} are {has}; choose the label column with --label"
        )));
    }
    measure(
        model.network(),
        &samples,
        metadata.output_scaling.as_ref(),
        &mut compute,
    )
}

/// The samples that count: a test part where there is one.
fn read<T: Scalar>(metadata: &ModelMetadata, args: &EvaluateArgs) -> Result<Dataset<T>, CliError> {
    let provenance = Provenance::of(metadata)?;
    let columns = match (&provenance.columns, &args.label) {
        (Some(columns), Some(label)) => Some(with_label(columns, label)?),
        (columns, _) => columns.clone(),
    };
    let chosen = label(
        args.label
            .as_deref()
            .filter(|_| columns.is_none())
            .unwrap_or("last"),
    );
    let (format, header) = (args.read.format, args.read.header);
    let reading = Reading::for_model(format, header, chosen, provenance.graph());
    let data = test_part(reading.read(&args.data, columns.as_ref())?)?;
    if args.data == DataSource::Digits
        && let Some(split) = provenance.digits_split(data.labels().unwrap_or_default())?
        && !split.test().is_empty()
    {
        return Ok(data.subset(split.test())?);
    }
    if matches!(data.targets(), tiam_data::Targets::Absent) {
        return Err(no_labels(&args.data.to_string()));
    }
    Ok(data)
}

/// What a model expects of its samples.
pub(crate) fn layout<'a>(metadata: &'a ModelMetadata, source: &'a str) -> Layout<'a> {
    Layout {
        source,
        n_inputs: metadata.architecture.n_inputs(),
        n_outputs: metadata.architecture.n_outputs(),
        class_names: &metadata.class_names,
        input_scaling: metadata.input_scaling.as_ref(),
        output_scaling: metadata.output_scaling.as_ref(),
    }
}
