//! `tiam export`: writes a model as a file for other programs.

use tiam::{Evaluation, Export, ExportFormat, Predictor};

use crate::args::ExportArgs;
use crate::artifacts::write_whole;
use crate::error::CliError;
use crate::figures::metrics_table;
use crate::output;

/// Runs the command.
pub(crate) fn run(args: &ExportArgs) -> Result<(), CliError> {
    let model = Predictor::load(&args.model)?;
    let ending = args.format.extension();
    let path = match &args.out {
        Some(path) => path.clone(),
        None => args.model.with_extension(ending),
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let to = Export::new(args.format)
        .numeric(args.numeric)
        .int8(args.int8)
        .name(name);
    let bytes = model.export(&to)?;
    let cost = args.data.as_ref().map(|data| {
        let table = data.table()?;
        Ok::<_, CliError>([
            model.evaluate(&table)?,
            model.rounded_to_int8()?.evaluate(&table)?,
        ])
    });
    let cost = cost.transpose()?;
    write_whole(&path, |out| out.write_all(&bytes))?;
    let mut text = format!("{} ({} bytes)\n", path.display(), bytes.len());
    if let Some([whole, rounded]) = &cost {
        let parts: [(&str, Option<&Evaluation>); 2] =
            [("model", Some(whole)), ("int8", Some(rounded))];
        text.push('\n');
        text.push_str(&metrics_table(&parts));
    }
    if args.format == ExportFormat::Onnx && !args.numeric {
        let columns = model.encoding().columns;
        if let Some(note) = columns.and_then(|columns| as_numbers(&columns)) {
            output::message(&note);
        }
    }
    output::print(&text)
}

/// The columns that the graph takes as numbers though tables have them as texts.
fn as_numbers(columns: &tiam::ColumnEncoding) -> Option<String> {
    use tiam::ColumnKind;
    let is_text = |kind: &ColumnKind| match kind {
        ColumnKind::Date(_) => true,
        ColumnKind::Numeric(numbers) => numbers.written != tiam::data::Written::default(),
        _ => false,
    };
    let columns = columns
        .columns()
        .iter()
        .filter(|column| is_text(&column.kind));
    let names: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!(
            "the graph takes these columns as numbers, not as the texts of a table: {}; docs/EXPORT.md says which numbers",
            names.join(", ")
        )
    })
}
