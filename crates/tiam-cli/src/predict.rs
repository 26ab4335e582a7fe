//! `tiam predict`: writes a model's predictions as CSV.

use std::io::{self, Write};

use tiam::{Precision, Predictions, Predictor};

use crate::args::PredictArgs;
use crate::artifacts::write_whole;
use crate::error::CliError;
use crate::evaluate::table;
use crate::output;
use crate::settings::available_threads;

/// Runs the command.
pub(crate) fn run(args: &PredictArgs) -> Result<(), CliError> {
    let threads = args.read.threads.unwrap_or_else(available_threads);
    let model = Predictor::load(&args.model)?.threads(threads);
    if args.proba && !model.has_probabilities() {
        return Err(tiam::Error::NoProbabilities.into());
    }
    let found = model.predict_table(&table(&args.data, &args.read)?)?;
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
    let mut writer = csv::Writer::from_writer(out);
    let classes = model.class_names();
    if !classes.is_empty() && !proba {
        writer.write_record(["class"])?;
        for name in found.classes() {
            writer.write_record([name])?;
        }
        return writer.flush();
    }
    match model.encoding().n_outputs {
        _ if proba => writer.write_record(classes)?,
        1 => writer.write_record(["value"])?,
        n => writer.write_record((0..n).map(|output| format!("value_{output}")))?,
    }
    // Single precision has fewer digits to be written.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the number was single once"
    )]
    let text = |x: &f64| match model.precision() {
        Precision::F32 => (*x as f32).to_string(),
        Precision::F64 => x.to_string(),
    };
    for sample in 0..found.len() {
        writer.write_record(found.outputs(sample).iter().map(text))?;
    }
    writer.flush()
}
