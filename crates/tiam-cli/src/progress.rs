//! Shows progress on standard error: a bar on a terminal, a few plain lines elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tiam_core::TraceRow;
use tiam_models::NetworkMeasures;

use crate::output;
use crate::processes::is_first;

/// After this time a line is due, whatever is done.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);

/// Where progress is shown.
pub(crate) enum Meter {
    /// `--quiet`.
    Silent,
    /// On a terminal.
    Bar(ProgressBar),
    /// Elsewhere; when the last line was written.
    Lines(Option<Instant>),
}

impl Meter {
    /// A bar of this length looks as the template says.
    pub(crate) fn new(quiet: bool, length: u64, template: &str) -> Self {
        if quiet || !is_first() {
            return Self::Silent;
        }
        if !stderr().is_terminal() {
            return Self::Lines(None);
        }
        let bar = ProgressBar::new(length);
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(500));
        Self::Bar(bar)
    }

    /// Moves the bar there, with the text beside it. Elsewhere writes the text after `prefix`, where it is due or none was written for long.
    pub(crate) fn show(&mut self, position: u64, prefix: &str, text: String, due: bool) {
        match self {
            Self::Silent => {}
            Self::Bar(bar) => {
                bar.set_position(position);
                bar.set_message(text);
            }
            Self::Lines(last) => {
                if due || last.is_none_or(|at| at.elapsed() >= LONGEST_SILENCE) {
                    *last = Some(Instant::now());
                    output::message(&format!("{prefix}  {text}"));
                }
            }
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Watches a training and tells how far it is.
pub(crate) struct Progress {
    meter: Meter,
    /// Iterations between two lines.
    every: usize,
    /// What an iteration is called.
    unit: &'static str,
}

impl Progress {
    /// Lines for a run that reaches its limit, apart from those that end a long silence.
    const LINES: usize = 10;

    /// For a run of at most this many iterations, which are called `unit`s.
    pub(crate) fn new(iterations: usize, unit: &'static str, quiet: bool) -> Self {
        let template = "{bar:30} {pos}/{len} {msg} [{elapsed}, {eta} left]";
        Self {
            meter: Meter::new(quiet, iterations as u64, template),
            every: iterations.div_ceil(Self::LINES).max(1),
            unit,
        }
    }

    /// Shows a row, that of the start included.
    pub(crate) fn show(&mut self, row: &TraceRow<NetworkMeasures>) {
        let prefix = format!("{} {:>5}", self.unit, row.iteration);
        let due = row.iteration.is_multiple_of(self.every);
        let position = row.iteration as u64;
        self.meter.show(position, &prefix, numbers(row), due);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.meter.finish();
    }
}

/// Objective, loss and accuracy on the training part.
fn numbers(row: &TraceRow<NetworkMeasures>) -> String {
    let measures = &row.measures;
    let mut text = format!(
        "objective {:.6e}  loss {:.5}",
        row.objective, measures.train_loss
    );
    if let Some(accuracy) = measures.train_accuracy {
        text += &format!("  accuracy {:.2} %", 100.0 * accuracy);
    }
    for (name, part) in [("validation", measures.validation), ("test", measures.test)] {
        let Some(part) = part else { continue };
        text += &match part.accuracy {
            Some(accuracy) => format!("  {name} {:.2} %", 100.0 * accuracy),
            None => format!("  {name} loss {:.5}", part.loss),
        };
    }
    text
}
