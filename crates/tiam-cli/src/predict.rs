//! `tiam predict`: writes a model's predictions as CSV.

use std::io::{self, Write};

use tiam::{Precision, Predictions, Predictor, Reading, Table};

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
    let table = table(&args.data, &args.read)?;
    let table = match &args.id {
        Some(id) => table.row_names(id),
        None => table,
    };
    let mut met = Reading::default();
    let mut refused = None;
    let all = |out: &mut dyn Write| match predict(args, &model, &table, &mut met, out) {
        Err(Stop::Refused(error)) => {
            refused = Some(error);
            Err(io::Error::other("refused"))
        }
        Err(Stop::Io(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    let written = match &args.out {
        Some(path) => write_whole(path, all),
        None => output::to_stdout(all),
    };
    if let Some(error) = refused {
        return Err(error.into());
    }
    written?;
    if let Some(columns) = &model.encoding().columns {
        reading::tell_strange(columns, &met);
    }
    Ok(())
}

/// Why no more rows are predicted.
enum Stop {
    Io(io::Error),
    Refused(tiam::Error),
}

impl From<tiam::Error> for Stop {
    fn from(error: tiam::Error) -> Self {
        Self::Refused(error)
    }
}

/// Predicts and writes a block of rows after the other, below the names of the columns.
fn predict(
    args: &PredictArgs,
    model: &Predictor,
    table: &Table,
    met: &mut Reading,
    out: &mut dyn Write,
) -> Result<(), Stop> {
    let mut heading = Some(heading(args, model));
    model.predict_in_blocks(table, |found| {
        if let Some(reading) = found.reading() {
            met.append(reading.clone());
        }
        let rows = (0..found.len()).map(|row| cells(args, model, &found, row));
        output::csv(out, heading.take().into_iter().chain(rows)).map_err(Stop::Io)
    })
}

/// The rows' name; the class or the answers, with their probabilities; or the values.
fn heading(args: &PredictArgs, model: &Predictor) -> Vec<String> {
    let classes = model.class_names();
    let mut names: Vec<String> = args.id.iter().cloned().collect();
    if !classes.is_empty() {
        names.push("class".to_owned());
        if args.proba {
            names.extend_from_slice(classes);
        }
        return names;
    }
    let flags = model.flags();
    if !flags.is_empty() {
        let probabilities = flags.iter().filter(|_| args.proba);
        names.extend(flags.iter().map(|(name, _)| (*name).to_owned()));
        names.extend(probabilities.map(|(name, [_, yes])| format!("{name}={yes}")));
        return names;
    }
    match model.value_names() {
        one if one.len() == 1 => names.push("value".to_owned()),
        several => names.extend(several),
    }
    names
}

fn cells(args: &PredictArgs, model: &Predictor, found: &Predictions, row: usize) -> Vec<String> {
    let mut cells: Vec<String> = found.row_names().get(row).cloned().into_iter().collect();
    let class = found.class_indices().get(row);
    let class = class.and_then(|class| model.class_names().get(*class as usize));
    let flags = model.flags();
    let is_class = class.is_some() || !flags.is_empty();
    cells.extend(class.cloned());
    let answers = flags.iter().zip(found.outputs(row));
    cells
        .extend(answers.map(|((_, [no, yes]), p)| if *p > 0.5 { yes.clone() } else { no.clone() }));
    // Single precision has fewer digits to be written.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the number was single once"
    )]
    let text = |x: &f64| match model.precision() {
        Precision::F32 => (*x as f32).to_string(),
        Precision::F64 => x.to_string(),
    };
    if args.proba || !is_class {
        cells.extend(found.outputs(row).iter().map(text));
    }
    cells
}
