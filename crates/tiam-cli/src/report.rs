//! Reports the result of a training: a table for people, JSON for programs.

use std::path::{Path, PathBuf};

use serde::Serialize;
use tiam::{
    ColumnEncoding, Encoding, End, Evaluation, Fitted, Method, Prepared, Reading, Scalar, Training,
};
use tiam_core::StopReason;
use tiam_models::Network;

use crate::error::CliError;
use crate::figures::{Facts, details, label, metrics_table, number};
use crate::output;

/// Everything that is reported about a training.
pub(crate) struct Report {
    /// Data and network in words, a line each.
    headline: String,
    method: Method,
    end: End,
    /// What the model file keeps.
    pub(crate) training: Training,
    seconds: f64,
    /// Without measuring, where that is timed apart.
    training_seconds: Option<f64>,
    train: Evaluation,
    test: Option<Evaluation>,
    pub(crate) model: PathBuf,
    /// Where a page shows it all.
    pub(crate) page: Option<PathBuf>,
    facts: Facts,
}

/// One flat object; numbers that do not apply or are not finite are null.
#[derive(Serialize)]
struct Flat<'a> {
    method: &'a str,
    stop_reason: &'a str,
    iterations: usize,
    seconds: f64,
    training_seconds: Option<f64>,
    objective: Option<f64>,
    violation: Option<f64>,
    restarts: usize,
    #[serde(flatten)]
    rest: Rest<'a>,
}

/// What every result of `tiam train` has.
#[derive(Serialize)]
pub(crate) struct Rest<'a> {
    train_loss: f64,
    train_accuracy: Option<f64>,
    test_loss: Option<f64>,
    test_accuracy: Option<f64>,
    r2: Option<f64>,
    rmse: Option<f64>,
    mae: Option<f64>,
    model: String,
    report: Option<String>,
    #[serde(flatten)]
    facts: &'a Facts,
}

impl<'a> Rest<'a> {
    pub(crate) fn new(
        (train, test): (&Evaluation, Option<&Evaluation>),
        (model, page): (&Path, Option<&Path>),
        facts: &'a Facts,
    ) -> Self {
        let values = test.unwrap_or(train);
        Self {
            train_loss: train.loss,
            train_accuracy: train.accuracy,
            test_loss: test.map(|test| test.loss),
            test_accuracy: test.and_then(|test| test.accuracy),
            r2: values.r2,
            rmse: values.rmse,
            mae: values.mae,
            model: model.display().to_string(),
            report: page.map(|page| page.display().to_string()),
            facts,
        }
    }
}

impl Report {
    /// From a run and its figures on the training and the test part.
    pub(crate) fn new<T: Scalar>(
        headline: String,
        method: Method,
        prepared: &Prepared<T>,
        fitted: &Fitted<T>,
        (train, test): (Evaluation, Option<Evaluation>),
        model: PathBuf,
    ) -> Self {
        let last = fitted.last_row();
        let training = Training {
            train_loss: Some(train.loss).filter(|x| x.is_finite()),
            train_accuracy: train.accuracy,
            test_loss: test.as_ref().map(|m| m.loss).filter(|x| x.is_finite()),
            test_accuracy: test.as_ref().and_then(|m| m.accuracy),
            ..fitted.training()
        };
        let sizes = (
            Some(train.n_samples),
            test.as_ref().map_or(0, |m| m.n_samples),
        );
        let seen = test.as_ref().unwrap_or(&train);
        let facts = Facts::new(&prepared.encoding, sizes, n_missing(prepared), seen);
        Self {
            facts,
            page: None,
            headline,
            method,
            end: fitted.end.clone(),
            training,
            seconds: last.map_or(0.0, |row| row.seconds),
            training_seconds: last.and_then(|row| row.measures.training_seconds),
            train,
            test,
            model,
        }
    }

    /// One line of JSON.
    pub(crate) fn to_json(&self) -> Result<String, CliError> {
        let training = &self.training;
        output::json_line(&Flat {
            method: self.method.name(),
            stop_reason: &training.stop_reason,
            iterations: training.iterations,
            seconds: self.seconds,
            training_seconds: self.training_seconds,
            objective: training.objective,
            violation: training.violation,
            restarts: training.restarts,
            rest: Rest::new(
                (&self.train, self.test.as_ref()),
                (&self.model, self.page.as_deref()),
                &self.facts,
            ),
        })
    }

    /// The table.
    pub(crate) fn to_table(&self) -> String {
        let mut text = format!("{}\n\n", self.headline);
        text += &figures(&self.train, self.test.as_ref());
        let by_batches = self.method == Method::Stochastic;
        let (end, n, seconds) = (self.end_in_words(), self.training.iterations, self.seconds);
        let unit = if by_batches { "epoch" } else { "iteration" };
        let unit = format!("{unit}{}", if n == 1 { "" } else { "s" });
        let known = |x: Option<f64>| x.map_or_else(|| "-".to_owned(), number);
        let mut rows = vec![(
            "training",
            format!("{end} after {n} {unit}, {seconds:.2} s"),
        )];
        if !by_batches {
            rows.extend([
                ("objective F", known(self.training.objective)),
                ("violation", known(self.training.violation)),
                ("restarts", self.training.restarts.to_string()),
            ]);
        }
        text + &ending(rows, &self.model, self.page.as_deref())
    }

    fn end_in_words(&self) -> String {
        match &self.end {
            End::Stopped(StopReason::Interrupted) => "interrupted, model saved,".to_owned(),
            End::Stopped(StopReason::MaxIterations) if self.method == Method::Stochastic => {
                "done".to_owned()
            }
            End::Stopped(reason) => format!("{reason},"),
            End::Failed(_) => "failed".to_owned(),
        }
    }
}

/// The figures on both parts, and more of the test part, or of the training part where there is no other.
pub(crate) fn figures(train: &Evaluation, test: Option<&Evaluation>) -> String {
    let mut text = metrics_table(&[("train", Some(train)), ("test", test)]);
    let (part, found) = match test {
        Some(test) => ("test", test),
        None => ("training", train),
    };
    let details = details(found);
    if details.is_empty() {
        text.push('\n');
    } else {
        text += &format!("\non the {part} part:\n{}\n", details.trim_start());
    }
    text
}

/// The last lines: how it ended, where the model and its page are, and what to do with it.
pub(crate) fn ending(
    mut rows: Vec<(&'static str, String)>,
    model: &Path,
    page: Option<&Path>,
) -> String {
    rows.push(("model", model.display().to_string()));
    rows.extend(
        page.iter()
            .map(|page| ("report", page.display().to_string())),
    );
    let usage = format!("tiam predict {} --data NEW", model.display());
    rows.push(("use it", usage));
    let line = |(name, value): (&str, String)| format!("{name:<14}{value}\n");
    rows.into_iter().map(line).collect()
}

/// Cells without a value that were filled in.
pub(crate) fn n_missing<T>(prepared: &Prepared<T>) -> usize {
    prepared.reading.as_ref().map_or(0, Reading::n_missing)
}

/// The label and what it is taken for, in words.
pub(crate) fn describe_label(encoding: &Encoding) -> String {
    let label = label(encoding).map_or_else(String::new, |label| format!("{label}, "));
    if (encoding.columns.as_ref()).is_some_and(ColumnEncoding::has_flags) {
        return format!("{label}several answers of no or yes");
    }
    match encoding.class_names.as_slice() {
        [] => format!("{label}values to approximate"),
        names if names.len() <= 8 => {
            format!("{label}{} classes: {}", names.len(), names.join(", "))
        }
        names => format!("{label}{} classes", names.len()),
    }
}

/// The network in words.
pub(crate) fn describe<T: Scalar>(network: &Network<T>) -> String {
    let shape = network.architecture();
    format!(
        "network       {} ({}), {} parameters",
        shape.describe(),
        shape.activation,
        shape.n_parameters()
    )
}
