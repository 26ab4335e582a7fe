//! Reports the result of a training: a table for people, JSON for programs.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;
use tiam::{End, Evaluation, Fitted, Method, Scalar, Training};
use tiam_core::StopReason;
use tiam_models::Network;

use crate::error::CliError;

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
    train_loss: f64,
    train_accuracy: Option<f64>,
    test_loss: Option<f64>,
    test_accuracy: Option<f64>,
    r2: Option<f64>,
    rmse: Option<f64>,
    model: String,
}

impl Report {
    /// From a run and its figures on the training and the test part.
    pub(crate) fn new<T: Scalar>(
        headline: String,
        method: Method,
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
        Self {
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
        let values = self.test.as_ref().unwrap_or(&self.train);
        let training = &self.training;
        let flat = Flat {
            method: self.method.name(),
            stop_reason: &training.stop_reason,
            iterations: training.iterations,
            seconds: self.seconds,
            training_seconds: self.training_seconds,
            objective: training.objective,
            violation: training.violation,
            restarts: training.restarts,
            train_loss: self.train.loss,
            train_accuracy: training.train_accuracy,
            test_loss: self.test.as_ref().map(|m| m.loss),
            test_accuracy: training.test_accuracy,
            r2: values.r2,
            rmse: values.rmse,
            model: self.model.display().to_string(),
        };
        let text = serde_json::to_string(&flat);
        text.map(|text| text + "\n")
            .map_err(|error| CliError::Failed(error.to_string()))
    }

    /// The table.
    pub(crate) fn to_table(&self) -> String {
        let mut text = format!("{}\n\n", self.headline);
        text.push_str(&metrics_table(&[
            ("train", Some(&self.train)),
            ("test", self.test.as_ref()),
        ]));
        text.push('\n');
        let unit = if self.method == Method::Stochastic {
            "epochs"
        } else {
            "iterations"
        };
        let iterations = format!(
            "{} after {} {unit}",
            self.end_in_words(),
            self.training.iterations
        );
        let number = |x: Option<f64>| x.map_or_else(|| "-".to_owned(), |x| format!("{x:.6e}"));
        let rows = [
            ("stopped", iterations),
            ("objective F", number(self.training.objective)),
            ("violation", number(self.training.violation)),
            ("restarts", self.training.restarts.to_string()),
            ("time", format!("{:.2} s", self.seconds)),
            ("model", self.model.display().to_string()),
        ];
        // Stochastic TIAM has neither a band nor a guard.
        let meaningless = |name| matches!(name, "violation" | "restarts");
        let shown = |name| self.method != Method::Stochastic || !meaningless(name);
        for (name, value) in rows.into_iter().filter(|(name, _)| shown(*name)) {
            // Writing to a string cannot fail.
            writeln!(text, "{name:<12}{value}").ok();
        }
        text
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

/// A column of figures for each part of the data.
pub(crate) fn metrics_table(parts: &[(&str, Option<&Evaluation>)]) -> String {
    type Figure = (&'static str, fn(&Evaluation) -> Option<String>);
    let figures: [Figure; 5] = [
        ("samples", |m| Some(m.n_samples.to_string())),
        ("loss", |m| Some(format!("{:.5}", m.loss))),
        ("accuracy", |m| {
            m.accuracy.map(|a| format!("{:.2} %", 100.0 * a))
        }),
        ("rmse", |m| m.rmse.map(|x| format!("{x:.5}"))),
        ("r2", |m| m.r2.map(|x| format!("{x:.5}"))),
    ];
    let mut text = String::new();
    if parts.iter().any(|(name, _)| !name.is_empty()) {
        write!(text, "{:<12}", "").ok();
        for (name, _) in parts {
            write!(text, "{name:>12}").ok();
        }
        text.push('\n');
    }
    for (name, figure) in figures {
        let cells: Vec<_> = parts.iter().map(|(_, m)| m.and_then(figure)).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        write!(text, "{name:<12}").ok();
        for cell in cells {
            write!(text, "{:>12}", cell.as_deref().unwrap_or("-")).ok();
        }
        text.push('\n');
    }
    text
}

/// The network in words.
pub(crate) fn describe<T: Scalar>(network: &Network<T>) -> String {
    let shape = network.architecture();
    format!(
        "network {} ({}), {} parameters",
        shape.describe(),
        shape.activation,
        shape.n_parameters()
    )
}
