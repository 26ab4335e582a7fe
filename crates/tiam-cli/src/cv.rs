//! `tiam cv`: how good a model is to be expected, by cross-validation.

use std::num::NonZeroUsize;
use std::time::Instant;

use clap::{Arg, ArgMatches, Command, value_parser};
use serde::Serialize;
use tiam::{CrossValidation, DataKind, Effort, Evaluation, Fit, Table};
use tiam_core::Stopping;

use crate::error::CliError;
use crate::figures::{aligned, number, percent};
use crate::flags::{self, Given};
use crate::interrupt;
use crate::output;
use crate::progress::Meter;
use crate::reading;
use crate::search;
use crate::settings::Settings;

const FOLDS: &str = "folds";

/// The command with its flags.
pub(crate) fn command() -> Command {
    let folds = Arg::new(FOLDS)
        .long(FOLDS)
        .value_name("K")
        .default_value("5")
        .value_parser(value_parser!(NonZeroUsize))
        .help("Parts that the rows are cut into, by class where there are classes");
    flags::measuring("cv", |_| true)
        .about("Say how good a model is to be expected: train on all parts of the data but one, measure on that one, for each part")
        .after_help("Example: tiam cv --data iris.csv --label species --folds 10")
        .arg(folds)
}

/// What `tiam train` with these flags would fit to the table.
pub(crate) fn model(
    given: &Given,
    table: &Table,
    has_flags: bool,
    stopping: Stopping,
) -> Result<(Settings, Effort, Box<dyn Fit>), CliError> {
    let kind = table.kind()?;
    let settings = given.settings(kind);
    let effort = match given.may_search() {
        true => given.effort(kind)?,
        false => Effort::Single,
    };
    if effort != Effort::Single && !has_flags {
        let search = search::new(&settings, effort, stopping);
        return Ok((settings, effort, Box::new(search)));
    }
    given.check(settings.method)?;
    let mlp = settings.mlp(None)?.stopping(stopping);
    Ok((settings, Effort::Single, Box::new(mlp)))
}

/// Runs the command.
pub(crate) fn run(matches: &ArgMatches) -> Result<(), CliError> {
    let given = Given::on_command_line(matches)?;
    let asked = given.settings(DataKind::Digits);
    asked.check_method()?;
    let n_folds = matches
        .get_one(FOLDS)
        .map_or(5, |folds: &NonZeroUsize| folds.get());
    let table = asked.table()?.load()?;
    let has_flags = reading::tell_table(&table, asked.quiet)?;
    let interrupt = interrupt::flag("interrupted");
    let stopping = asked.stopping()?.interrupt(interrupt.clone());
    let (settings, effort, model) = model(&given, &table, has_flags, stopping)?;
    let parts = table.k_folds(n_folds, settings.seed)?;
    let mut meter = Meter::new(
        settings.quiet,
        parts.len() as u64,
        "{bar:30} {pos}/{len} folds [{elapsed}, {eta} left]",
    );
    let (mut folds, mut seconds) = (Vec::new(), Vec::new());
    for part in &parts {
        let begun = Instant::now();
        let fitted = model.fit(&part.train)?;
        if interrupt.load(std::sync::atomic::Ordering::Relaxed) {
            meter.finish();
            return Err(CliError::Failed(format!(
                "interrupted after {} of {n_folds} folds",
                folds.len()
            )));
        }
        seconds.push(begun.elapsed().as_secs_f64());
        folds.push(fitted.evaluate(&part.test)?);
        let done = folds.len();
        meter.show(
            done as u64,
            &format!("fold {done:>4}"),
            format!("of {n_folds}"),
            done == n_folds,
        );
    }
    meter.finish();
    let found = CrossValidation { folds };
    let what = match effort {
        Effort::Single => format!("one network, {}", settings.method),
        effort => format!("effort {effort}"),
    };
    let figures = figures(&found);
    output::print(&match settings.json {
        true => to_json(&found, &figures, &seconds)?,
        false => format!(
            "data          {}\nmodel         {what}\n\n{}",
            settings.data,
            to_table(&found, &figures, &seconds)
        ),
    })
}

type Figure = (
    &'static str,
    fn(&Evaluation) -> Option<f64>,
    fn(f64) -> String,
);

/// The figures that the data have.
fn figures(found: &CrossValidation) -> Vec<Figure> {
    let all: [Figure; 6] = [
        ("accuracy", |fold| fold.accuracy, percent),
        ("log_loss", Evaluation::log_loss, number),
        ("roc_auc", Evaluation::auc, number),
        ("r2", |fold| fold.r2, number),
        ("rmse", |fold| fold.rmse, number),
        ("mae", |fold| fold.mae, number),
    ];
    let has = |(_, figure, _): &Figure| found.mean(figure).is_some();
    all.into_iter().filter(has).collect()
}

fn to_table(found: &CrossValidation, figures: &[Figure], seconds: &[f64]) -> String {
    let line = |name: String, samples: String, cells: Vec<String>, seconds: String| {
        let mut line = vec![name, samples];
        line.extend(cells);
        line.push(seconds);
        line
    };
    let names = figures.iter().map(|(name, ..)| name.replace('_', " "));
    let mut rows = vec![line(
        "fold".to_owned(),
        "samples".to_owned(),
        names.collect(),
        "seconds".to_owned(),
    )];
    for (at, (fold, seconds)) in found.folds.iter().zip(seconds).enumerate() {
        let cells = figures
            .iter()
            .map(|(_, figure, print)| figure(fold).map_or_else(|| "-".to_owned(), print));
        rows.push(line(
            (at + 1).to_string(),
            fold.n_samples.to_string(),
            cells.collect(),
            format!("{seconds:.2}"),
        ));
    }
    let both = |pick: fn((f64, f64)) -> f64| {
        let cell = |(_, figure, print): &Figure| {
            found
                .mean(figure)
                .map_or_else(String::new, |both| print(pick(both)))
        };
        figures.iter().map(cell).collect::<Vec<_>>()
    };
    let total = format!("{:.2}", seconds.iter().sum::<f64>());
    rows.push(line(
        "mean".to_owned(),
        String::new(),
        both(|both| both.0),
        String::new(),
    ));
    rows.push(line(
        "deviation".to_owned(),
        String::new(),
        both(|both| both.1),
        total,
    ));
    aligned(&rows)
}

fn to_json(
    found: &CrossValidation,
    figures: &[Figure],
    seconds: &[f64],
) -> Result<String, CliError> {
    #[derive(Serialize)]
    struct Fold<'a> {
        seconds: f64,
        #[serde(flatten)]
        figures: serde_json::Map<String, serde_json::Value>,
        samples: &'a usize,
    }
    let of = |fold: &Evaluation| {
        figures
            .iter()
            .map(|(name, figure, _)| ((*name).to_owned(), figure(fold).into()))
            .collect()
    };
    let folds = found.folds.iter().zip(seconds).map(|(fold, seconds)| Fold {
        seconds: *seconds,
        figures: of(fold),
        samples: &fold.n_samples,
    });
    let both = |pick: fn((f64, f64)) -> f64| -> serde_json::Map<String, serde_json::Value> {
        let entry = |(name, figure, _): &Figure| {
            Some(((*name).to_owned(), pick(found.mean(figure)?).into()))
        };
        figures.iter().filter_map(entry).collect()
    };
    let value = serde_json::json!({
        "folds": folds.collect::<Vec<_>>(),
        "mean": both(|both| both.0),
        "deviation": both(|both| both.1),
    });
    output::json_line(&value)
}
