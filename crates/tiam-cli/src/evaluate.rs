//! `tiam evaluate`: measures a model on data with labels.

use serde::Serialize;
use serde_json::{Value, json};
use tiam::{ClassFigures, Evaluation, Predictor, Reading, Table, TargetFigures};

use crate::args::{EvaluateArgs, ReadOptions};
use crate::error::CliError;
use crate::figures::{Facts, details, metrics_table};
use crate::output;
use crate::reading;
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
    largest_class: Option<f64>,
    roc_auc: Option<f64>,
    r2: Option<f64>,
    rmse: Option<f64>,
    mae: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    classes: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confusion: Option<Vec<Vec<usize>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<TargetFigures>,
    #[serde(flatten)]
    facts: Facts,
}

/// Runs the command.
pub(crate) fn run(args: &EvaluateArgs) -> Result<(), CliError> {
    let threads = args.read.threads.unwrap_or_else(available_threads);
    let model = Predictor::load(&args.model)?.threads(threads);
    let table = table(&args.data, &args.read)?;
    let table = match &args.label {
        Some(label) => table.label(label),
        None => table,
    };
    let found = model.evaluate(&table)?;
    if let (Some(columns), Some(met)) = (&model.encoding().columns, &found.reading) {
        reading::tell_strange(columns, met);
    }
    if !args.json {
        let mut text = format!("{} on {}\n\n", args.model.display(), args.data);
        text.push_str(&metrics_table(&[("", Some(&found))]));
        text.push_str(&details(&found));
        return output::print(&text);
    }
    output::print(&output::json_line(&flat(args, &model, &found))?)
}

fn flat(args: &EvaluateArgs, model: &Predictor, found: &Evaluation) -> Flat {
    let classes = found.classes.as_ref();
    let each = |figures: &ClassFigures, class: usize| {
        json!({
            "class": figures.names[class],
            "samples": figures.support(class),
            "precision": figures.precision(class),
            "recall": figures.recall(class),
            "f1": figures.f1(class),
        })
    };
    let all = |figures: &ClassFigures| -> Vec<Value> {
        (0..figures.names.len())
            .map(|class| each(figures, class))
            .collect()
    };
    Flat {
        model: args.model.display().to_string(),
        data: args.data.to_string(),
        samples: found.n_samples,
        loss: found.loss,
        accuracy: found.accuracy,
        largest_class: classes.and_then(ClassFigures::largest_share),
        roc_auc: classes.and_then(|figures| figures.roc_auc),
        r2: found.r2,
        rmse: found.rmse,
        mae: found.mae,
        classes: classes.map(all).unwrap_or_default(),
        confusion: classes.map(|figures| figures.confusion.clone()),
        targets: found.targets.clone(),
        facts: Facts::new(
            &model.encoding(),
            (None, found.n_samples),
            found.reading.as_ref().map_or(0, Reading::n_missing),
            found,
        )
        .networks(model.n_networks()),
    }
}

/// Data for a model that is there already.
pub(crate) fn table(data: &DataSource, read: &ReadOptions) -> Result<Table, CliError> {
    let table = data.table()?;
    let mut params = table.load_params().clone();
    params.format = read.format;
    params.table.header = read.header.unwrap_or_default();
    params.text_encoding = read.encoding;
    params.table.delimiter = read.delimiter.map(|delimiter| delimiter.0);
    params.table.comment = read.comment.map(|comment| comment.0);
    params.table.skip_rows = read.skip_rows;
    params.table.strict = read.strict;
    Ok(table.params(params))
}
