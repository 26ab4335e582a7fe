//! `tiam info`: shows what a model file holds.

use std::fmt::Write;

use serde_json::{Value, json};
use tiam::{BlockSolver, Encoding, Predictor};
use tiam_data::{ColumnKind, ColumnSpec};
use tiam_linalg::TargetKind;
use tiam_models::{ModelMetadata, SolverChoice};

use crate::args::InfoArgs;
use crate::artifacts::solver_times;
use crate::error::CliError;
use crate::figures::label;
use crate::output;

/// Names shown before the rest is only counted.
const SHOWN_NAMES: usize = 12;
/// Columns shown before the rest is only counted.
const SHOWN_COLUMNS: usize = 20;
/// Longer names of columns push what they are to the right.
const LONGEST_NAME: usize = 32;

/// Runs the command.
pub(crate) fn run(args: &InfoArgs) -> Result<(), CliError> {
    let model = Predictor::load(&args.model)?;
    let encoding = model.encoding();
    if args.json {
        let path = args.model.display().to_string();
        return output::print(&format!("{}\n", to_json(&path, &model, &encoding)));
    }
    let provenance = model.provenance();
    let mut text = to_text(&model, &encoding);
    text.push_str(&solvers(&provenance.solvers, &solver_times(&args.model)));
    output::print(&text)
}

fn to_json(path: &str, model: &Predictor, encoding: &Encoding) -> Value {
    let metadata = model.metadata();
    let shape = &metadata.architecture;
    let mut object = json!({
        "model": path,
        "version": metadata.version,
        "precision": model.precision().to_string(),
        "task": task(model),
        "label": label(encoding),
        "sizes": shape.sizes,
        "activation": shape.activation,
        "loss": shape.loss,
        "parameters": shape.n_parameters(),
        "networks": metadata.ensemble.as_ref().map_or(1, |several| several.members.len()),
        "multiplications": multiplications(metadata),
        "feature_names": metadata.feature_names,
        "class_names": metadata.class_names,
        "input_scaling": metadata.input_scaling,
        "output_scaling": metadata.output_scaling,
    });
    if let Value::Object(entries) = &mut object {
        for (key, value) in &metadata.extra {
            // What the file says itself must not hide what was found.
            entries.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    object
}

fn task(model: &Predictor) -> &'static str {
    match model.class_names() {
        [] => "values",
        _ => "classes",
    }
}

fn to_text(model: &Predictor, encoding: &Encoding) -> String {
    let (metadata, provenance) = (model.metadata(), model.provenance());
    let precision = model.precision();
    let shape = &metadata.architecture;
    let scaled = |is: bool| if is { "scaled" } else { "as they are" }.to_owned();
    let parameters = match &metadata.ensemble {
        None => shape.n_parameters(),
        Some(several) => several.n_multiplications(),
    };
    let is_scaled = metadata.input_scaling.is_some() || metadata.ensemble.is_some();
    let mut rows = vec![
        ("label", label(encoding).unwrap_or_else(|| "-".to_owned())),
        ("task", task(model).to_owned()),
        ("version", metadata.version.clone()),
        network(metadata),
        ("parameters", format!("{parameters}, {precision}")),
        (
            "a prediction",
            format!("{} multiplications", multiplications(metadata)),
        ),
        (
            "inputs",
            names(&metadata.feature_names, metadata.n_features()),
        ),
        ("input values", scaled(is_scaled)),
        match shape.loss.takes() {
            Some(TargetKind::Values) => ("values", shape.n_outputs().to_string()),
            Some(TargetKind::Classes) => {
                ("classes", names(&metadata.class_names, shape.n_outputs()))
            }
            None => ("outputs", names(&metadata.class_names, shape.n_outputs())),
        },
    ];
    if let Some(data) = &provenance.data {
        rows.push(("trained on", data.clone()));
    }
    if let Some(seed) = provenance.seed {
        rows.push(("seed", seed.to_string()));
    }
    if let Some(search) = &provenance.search {
        let chosen = search.candidates.iter().filter(|tried| tried.share > 0.0);
        let (n, of) = (chosen.count(), search.candidates.len());
        let text = format!("effort {}, {n} of {of} candidates mixed", search.effort);
        rows.push(("search", text));
        if let Some(scores) = search.out_of_fold {
            rows.push(("fold loss", format!("{:.5}", scores.loss)));
        }
    }
    if let Some(training) = &provenance.training {
        let (method, n) = (&training.method, training.iterations);
        rows.push((
            "training",
            format!("{method}, {n} iterations, {}", training.stop_reason),
        ));
        let figures = [
            ("train loss", training.train_loss),
            ("train accuracy", training.train_accuracy),
            ("test loss", training.test_loss),
            ("test accuracy", training.test_accuracy),
        ];
        rows.extend(
            figures
                .into_iter()
                .filter_map(|(n, x)| Some((n, format!("{:.5}", x?)))),
        );
    }
    let mut text = String::new();
    for (name, value) in rows {
        // Writing to a string cannot fail.
        writeln!(text, "{name:<16}{value}").ok();
    }
    text + &columns(encoding)
}

/// A line for each column of the table: its name and its use.
fn columns(encoding: &Encoding) -> String {
    let Some(columns) = &encoding.columns else {
        return String::new();
    };
    let columns = columns.columns();
    let widths = columns
        .iter()
        .take(SHOWN_COLUMNS)
        .map(|column| column.name.chars().count());
    let width = widths.max().unwrap_or(0).clamp(12, LONGEST_NAME);
    let row = |column: &ColumnSpec| {
        let kind = match &column.kind {
            ColumnKind::Numeric(_) => "number".to_owned(),
            ColumnKind::Date(_) => "date".to_owned(),
            ColumnKind::Categorical(of) => {
                format!("category of {}", names(&of.categories, of.categories.len()))
            }
            ColumnKind::ClassLabel { .. }
            | ColumnKind::FlagLabel { .. }
            | ColumnKind::ValueLabel(_) => "label".to_owned(),
            ColumnKind::SampleWeight => "weight of the row in training".to_owned(),
            ColumnKind::Ignored => "left out".to_owned(),
        };
        let used = match column.note.as_str() {
            "" => kind,
            note if column.kind == ColumnKind::Ignored => note.to_owned(),
            note => format!("{kind}: {note}"),
        };
        format!("  {:<width$}  {used}\n", column.name)
    };
    let shown: String = columns.iter().take(SHOWN_COLUMNS).map(row).collect();
    let more = match columns.len().saturating_sub(SHOWN_COLUMNS) {
        0 => String::new(),
        more => format!("  and {more} more, all with --json\n"),
    };
    format!("{:<16}{}\n{shown}{more}", "columns", columns.len())
}

/// The one network, or how many there are and of what sizes.
fn network(metadata: &ModelMetadata) -> (&'static str, String) {
    let shape = &metadata.architecture;
    let Some(several) = &metadata.ensemble else {
        let text = format!("{} ({})", shape.describe(), shape.activation);
        return ("network", text);
    };
    let mut sizes: Vec<String> = (several.members.iter())
        .map(|member| member.architecture.describe())
        .collect();
    let n = sizes.len();
    sizes.dedup();
    let text = format!("{n}: {} ({})", sizes.join(", "), shape.activation);
    ("networks", text)
}

/// Multiplications of a prediction for one row: a weight each.
fn multiplications(metadata: &ModelMetadata) -> usize {
    let of_one = || metadata.architecture.n_parameters();
    (metadata.ensemble.as_ref()).map_or_else(of_one, |several| several.n_multiplications())
}

/// A line for each block: its form, why, and its times where they are known.
fn solvers(solvers: &[BlockSolver], times: &[SolverChoice]) -> String {
    let mut text = String::new();
    for BlockSolver {
        block,
        solver,
        reason,
    } in solvers
    {
        let same = |t: &&SolverChoice| (&t.block, &t.solver) == (block, solver);
        let time = times.iter().find(same).and_then(|t| {
            let (flops, seconds) = (t.flops?, t.actual_seconds?);
            let speed = 1e-9 * flops / seconds;
            Some(format!(
                "; {:.3} ms a step, {speed:.1} Gflop/s",
                1e3 * seconds
            ))
        });
        let (name, time) = (format!("{block} by"), time.unwrap_or_default());
        writeln!(text, "{name:<16}{solver}: {reason}{time}").ok();
    }
    text
}

/// The number of them, and the first few.
fn names(names: &[String], n: usize) -> String {
    if names.is_empty() {
        return n.to_string();
    }
    let shown = names
        .iter()
        .take(SHOWN_NAMES)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    let more = if names.len() > SHOWN_NAMES {
        ", ..."
    } else {
        ""
    };
    format!("{n}: {shown}{more}")
}
