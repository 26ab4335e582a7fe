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
    let row = |out: &mut dyn Write, cells: &[String]| writeln!(out, "{}", cells.join(","));
    let classes = model.class_names();
    if !classes.is_empty() && !proba {
        row(out, &["class".to_owned()])?;
        return found.classes().try_for_each(|name| row(out, &[cell(name)]));
    }
    let header: Vec<String> = match model.encoding().n_outputs {
        _ if proba => classes.iter().map(|name| cell(name)).collect(),
        1 => vec!["value".to_owned()],
        n => (0..n).map(|output| format!("value_{output}")).collect(),
    };
    row(out, &header)?;
    // Single precision has fewer digits to be written.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the number was single once"
    )]
    let text = |x: &f64| match model.precision() {
        Precision::F32 => (*x as f32).to_string(),
        Precision::F64 => x.to_string(),
    };
    (0..found.len()).try_for_each(|sample| {
        let cells: Vec<String> = found.outputs(sample).iter().map(text).collect();
        row(out, &cells)
    })
}

/// A name as a cell of a CSV file: quoted where it must be, an empty one too, which else would be a blank line.
fn cell(name: &str) -> String {
    if name.is_empty() || name.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_only_where_they_must_be() {
        assert_eq!(cell("setosa"), "setosa");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("5\" disc"), "\"5\"\" disc\"");
        assert_eq!(cell(""), "\"\"");
    }
}
