//! `tiam predict`: writes a model's predictions as CSV.

use std::fmt::Display;
use std::io::{self, Write};

use tiam_data::LabelColumn;
use tiam_linalg::{Compute, Matrix};
use tiam_models::{AnyModel, Loss, Model, ModelMetadata};

use crate::args::PredictArgs;
use crate::artifacts::write_whole;
use crate::data::Reading;
use crate::error::CliError;
use crate::evaluate::layout;
use crate::output;
use crate::provenance::Provenance;
use crate::samples::Scalar;
use crate::settings::available_threads;

/// Column names and one row a sample.
struct Predictions<T> {
    header: Vec<String>,
    rows: Rows<T>,
}

enum Rows<T> {
    /// A class name each.
    Names(Vec<String>),
    /// A number for each column, columns x samples.
    Numbers(Matrix<T>),
}

/// Runs the command.
pub(crate) fn run(args: &PredictArgs) -> Result<(), CliError> {
    match AnyModel::load(&args.model)? {
        AnyModel::F32(model) => write(&predict(&model, args)?, args),
        AnyModel::F64(model) => write(&predict(&model, args)?, args),
    }
}

fn predict<T: Scalar>(model: &Model<T>, args: &PredictArgs) -> Result<Predictions<T>, CliError> {
    let metadata = model.metadata();
    let loss = &metadata.architecture.loss;
    if args.proba && *loss != Loss::CrossEntropy {
        let text = match loss {
            Loss::Custom(_) => {
                "--proba needs a model with cross-entropy, this one has another loss; leave it out"
            }
            _ => "--proba needs a model for classes, this one predicts values; leave it out",
        };
        return Err(CliError::Usage(text.to_owned()));
    }
    let provenance = Provenance::of(metadata)?;
    let (format, header) = (args.read.format, args.read.header);
    let reading = Reading::for_model(format, header, LabelColumn::None, provenance.graph());
    let data = reading
        .all_rows()
        .read::<T>(&args.data, provenance.columns.as_ref())?;
    let (features, _) = data.into_features_and_targets();
    let inputs = layout(metadata, &args.data.to_string()).inputs(features)?;
    let mut compute = Compute::new(args.read.threads.unwrap_or_else(available_threads))?;
    let network = model.network();
    match loss {
        Loss::CrossEntropy if args.proba => {
            let rows = Rows::Numbers(network.probabilities(&inputs, &mut compute)?);
            Ok(Predictions {
                header: class_names(metadata),
                rows,
            })
        }
        Loss::CrossEntropy => {
            let names = class_names(metadata);
            let name = |class: u32| names.get(class as usize).cloned().unwrap_or_default();
            let classes = network.classes(&inputs, &mut compute)?;
            let rows = Rows::Names(classes.into_iter().map(name).collect());
            Ok(Predictions {
                header: vec!["class".to_owned()],
                rows,
            })
        }
        Loss::Squared | Loss::Custom(_) => {
            let mut values = network.forward(&inputs, &mut compute)?;
            if let Some(scaling) = &metadata.output_scaling {
                scaling.invert(&mut values)?;
            }
            let header = match values.n_rows() {
                1 => vec!["value".to_owned()],
                n => (0..n).map(|output| format!("value_{output}")).collect(),
            };
            Ok(Predictions {
                header,
                rows: Rows::Numbers(values),
            })
        }
    }
}

/// The names of the classes, or their numbers where they have none.
fn class_names(metadata: &ModelMetadata) -> Vec<String> {
    if metadata.class_names.is_empty() {
        return (0..metadata.architecture.n_outputs())
            .map(|class| class.to_string())
            .collect();
    }
    metadata.class_names.clone()
}

fn write<T: Scalar + Display>(
    predictions: &Predictions<T>,
    args: &PredictArgs,
) -> Result<(), CliError> {
    match &args.out {
        Some(path) => write_whole(path, |file| write_csv(predictions, file)),
        None => output::to_stdout(|out| write_csv(predictions, out)),
    }
}

fn write_csv<T: Scalar + Display>(
    predictions: &Predictions<T>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let row = |out: &mut dyn Write, cells: &[String]| writeln!(out, "{}", cells.join(","));
    let header: Vec<String> = predictions.header.iter().map(|name| cell(name)).collect();
    row(out, &header)?;
    match &predictions.rows {
        Rows::Names(names) => {
            for name in names {
                row(out, &[cell(name)])?;
            }
        }
        Rows::Numbers(numbers) => {
            for sample in 0..numbers.n_cols() {
                let cells: Vec<String> = numbers
                    .col(sample)
                    .iter()
                    .map(ToString::to_string)
                    .collect();
                row(out, &cells)?;
            }
        }
    }
    Ok(())
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
