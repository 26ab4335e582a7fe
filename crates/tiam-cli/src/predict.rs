//! `tiam predict`: writes a model's predictions as CSV.

use std::io::{self, Write};

use tiam::{Precision, Predictions, Predictor};

use crate::args::PredictArgs;
use crate::artifacts::write_whole;
use crate::error::CliError;
use crate::evaluate::table;
use crate::output;
use crate::reading;
use crate::settings::available_threads;

/// Runs the command.
pub(crate) fn run(args: &PredictArgs) -> Result<(), CliError> {
    let threads = args.read.threads.unwrap_or_else(available_threads);
    let model = Predictor::load(&args.model)?.threads(threads);
    if args.proba && !model.has_probabilities() {
        return Err(tiam::Error::NoProbabilities.into());
    }
    let found = model.predict_table(&table(&args.data, &args.read)?)?;
    if let (Some(columns), Some(met)) = (&model.encoding().columns, found.reading()) {
        reading::tell_strange(columns, met);
    }
    match &args.out {
        Some(path) => write_whole(path, |file| write_csv(&model, &found, args.proba, file)),
        None => output::to_stdout(|out| write_csv(&model, &found, args.proba, out)),
    }
}

/// Column names, then a row a sample: its class, or a number a column.
fn write_csv(
    model: &Predictor,
    found: &Predictions,
    proba: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let classes = model.class_names();
    if !classes.is_empty() && !proba {
        let rows = found.classes().map(|name| vec![name.to_owned()]);
        return output::csv(out, std::iter::once(vec!["class".to_owned()]).chain(rows));
    }
    let heading = match model.encoding().n_outputs {
        _ if proba => classes.to_vec(),
        1 => vec!["value".to_owned()],
        n => (0..n).map(|output| format!("value_{output}")).collect(),
    };
    // Single precision has fewer digits to be written.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the number was single once"
    )]
    let text = |x: &f64| match model.precision() {
        Precision::F32 => (*x as f32).to_string(),
        Precision::F64 => x.to_string(),
    };
    let row = |sample| found.outputs(sample).iter().map(text).collect();
    output::csv(
        out,
        std::iter::once(heading).chain((0..found.len()).map(row)),
    )
}
