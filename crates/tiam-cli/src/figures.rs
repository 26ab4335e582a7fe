//! Figures of an evaluation, as aligned text for people and as facts for programs.

use std::fmt::Write;

use serde::Serialize;
use tiam::{ClassFigures, ColumnEncoding, Encoding, Evaluation, TargetFigures};

/// Classes before the rest is only counted.
const SHOWN_CLASSES: usize = 20;
/// Classes up to which the whole confusion matrix is shown, and pairs of classes shown beyond.
const WHOLE_MATRIX: usize = 8;
const SHOWN_PAIRS: usize = 5;
/// Longest name of a class in a table.
const LONGEST_NAME: usize = 24;

/// What a result says of its data and its figures, in the same words by `train` and `evaluate`.
#[derive(Serialize)]
pub(crate) struct Facts {
    task: &'static str,
    label: Option<String>,
    /// Rows learnt from, without validation.
    n_train: Option<usize>,
    n_test: usize,
    n_inputs: usize,
    n_missing: usize,
    n_networks: usize,
    test_log_loss: Option<f64>,
    test_auc: Option<f64>,
    majority: Option<f64>,
}

impl Facts {
    /// Of the figures on the test part, or on the training part where there is no other; `n_missing` counts empty cells.
    pub(crate) fn new(
        encoding: &Encoding,
        (n_train, n_test): (Option<usize>, usize),
        n_missing: usize,
        found: &Evaluation,
    ) -> Self {
        let of_test = |figure: Option<f64>| figure.filter(|x| n_test > 0 && x.is_finite());
        let two = found.classes.as_ref().filter(|c| c.names.len() == 2);
        Self {
            task: if encoding
                .columns
                .as_ref()
                .is_some_and(ColumnEncoding::has_flags)
            {
                "answers"
            } else if found.classes.is_some() {
                "classes"
            } else {
                "values"
            },
            label: label(encoding),
            n_train,
            n_test,
            n_inputs: encoding.n_inputs,
            n_missing,
            n_networks: 1,
            test_log_loss: of_test(found.log_loss()),
            test_auc: of_test(two.and_then(|classes| classes.roc_auc)),
            majority: found.majority(),
        }
    }
}

impl Facts {
    /// The same of a model of so many networks.
    pub(crate) fn networks(self, n_networks: usize) -> Self {
        Self { n_networks, ..self }
    }
}

/// The names of the label columns, where there are columns.
pub(crate) fn label(encoding: &Encoding) -> Option<String> {
    let columns = encoding.columns.as_ref()?;
    let names = columns
        .label_columns()
        .map(|at| columns.columns()[at].name.as_str());
    let names: Vec<&str> = names.collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Rows of cells as columns: the first flush left, the others flush right, two blanks apart whatever their width.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        rows.iter()
            .filter_map(|row| row.get(at))
            .map(|c| c.chars().count())
            .max()
    };
    let least = |at: usize| if at == 0 { 12 } else { 7 };
    let widths: Vec<usize> = (0..n_columns)
        .map(|at| width(at).unwrap_or(0).max(least(at)))
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            // Writing to a string cannot fail.
            match at {
                0 => write!(line, "{cell:<0$}", widths[0]).ok(),
                _ => write!(line, "  {cell:>0$}", widths[at]).ok(),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Five significant digits and more for whole numbers; a power of ten for what is very large or very small.
pub(crate) fn number(x: f64) -> String {
    let size = x.abs();
    if !x.is_finite() || size < f64::MIN_POSITIVE {
        return x.to_string();
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{x:.4e}");
    }
    let before = size.log10().floor();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to 8"
    )]
    let digits = (4.0 - before).clamp(0.0, 8.0) as usize;
    format!("{x:.digits$}")
}

/// A share in percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn known(x: Option<f64>, print: fn(f64) -> String) -> String {
    x.map_or_else(|| "-".to_owned(), print)
}

/// A column of figures for each part of the data.
pub(crate) fn metrics_table(parts: &[(&str, Option<&Evaluation>)]) -> String {
    type Figure = (&'static str, fn(&Evaluation) -> Option<String>);
    let figures: [Figure; 6] = [
        ("samples", |m| Some(m.n_samples.to_string())),
        ("loss", |m| Some(number(m.loss))),
        ("accuracy", |m| m.accuracy.map(percent)),
        ("rmse", |m| m.rmse.map(number)),
        ("mae", |m| m.mae.map(number)),
        ("r2", |m| m.r2.map(number)),
    ];
    let mut rows = Vec::new();
    if parts.iter().any(|(name, _)| !name.is_empty()) {
        let names = parts.iter().map(|(name, _)| (*name).to_owned());
        rows.push(std::iter::once(String::new()).chain(names).collect());
    }
    for (name, figure) in figures {
        let cells: Vec<_> = parts.iter().map(|(_, m)| m.and_then(figure)).collect();
        if cells.iter().any(Option::is_some) {
            let cells = cells
                .into_iter()
                .map(|cell| cell.unwrap_or_else(|| "-".to_owned()));
            rows.push(std::iter::once(name.to_owned()).chain(cells).collect());
        }
    }
    aligned(&rows)
}

/// What accuracy alone does not tell, or the errors of each of several targets; empty where there is no more to tell.
pub(crate) fn details(found: &Evaluation) -> String {
    match &found.classes {
        Some(classes) => class_table(classes),
        None if found.targets.len() > 1 => target_table(&found.targets),
        None => String::new(),
    }
}

fn target_table(targets: &[TargetFigures]) -> String {
    let heading = ["target", "rmse", "mae", "r2"].map(str::to_owned).to_vec();
    let row = |(n, target): (usize, &TargetFigures)| {
        vec![
            (n + 1).to_string(),
            number(target.rmse),
            number(target.mae),
            known(target.r2, number),
        ]
    };
    let rows = targets.iter().enumerate().take(SHOWN_CLASSES).map(row);
    let more = more(targets.len(), "targets");
    format!(
        "\n{}{more}",
        aligned(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
    )
}

/// What always answering the largest class would reach, the figures of all classes, and a row a class.
fn class_table(figures: &ClassFigures) -> String {
    let summary = [
        (
            "majority",
            known(figures.largest_share(), percent),
            "accuracy of always answering the largest class",
        ),
        (
            "balanced",
            known(figures.balanced_accuracy(), percent),
            "accuracy where every class counts the same: the mean recall",
        ),
        (
            "log loss",
            known(figures.log_loss, number),
            "how far the probabilities are off; 0 is best",
        ),
        (
            "roc auc",
            known(figures.roc_auc, number),
            "how well they rank; 0.5 is chance, 1 is best",
        ),
    ];
    let mut text = String::new();
    for (name, value, meaning) in summary {
        // Writing to a string cannot fail.
        writeln!(text, "{name:<12}  {value:>9}  {meaning}").ok();
    }
    let n = figures.names.len();
    let name = |class: usize| -> String { shortened(&figures.names[class]) };
    let mut heading = ["class", "samples", "precision", "recall", "f1"]
        .map(str::to_owned)
        .to_vec();
    let whole = n <= WHOLE_MATRIX;
    if whole {
        heading.extend((0..n).map(|class| format!("as {}", name(class))));
    }
    let row = |class: usize| {
        let shares = [
            figures.precision(class),
            figures.recall(class),
            figures.f1(class),
        ];
        let mut row = vec![name(class), figures.support(class).to_string()];
        row.extend(shares.map(|share| known(share, percent)));
        if whole {
            row.extend(figures.confusion[class].iter().map(usize::to_string));
        }
        row
    };
    let rows = (0..n.min(SHOWN_CLASSES)).map(row);
    text.push('\n');
    text.push_str(&aligned(
        &std::iter::once(heading).chain(rows).collect::<Vec<_>>(),
    ));
    text.push_str(&more(n, "classes"));
    text.push_str(&match whole {
        true => "(as NAME: rows of the class that were taken for NAME)\n".to_owned(),
        false => confused(figures),
    });
    text
}

fn more(n: usize, what: &str) -> String {
    match n.saturating_sub(SHOWN_CLASSES) {
        0 => String::new(),
        more => format!("and {more} {what} more, all by `tiam evaluate --json`\n"),
    }
}

fn confused(figures: &ClassFigures) -> String {
    let pairs = figures.most_confused();
    let shown = pairs.iter().take(SHOWN_PAIRS).map(|(class, other, n)| {
        let (class, other) = (
            shortened(&figures.names[*class]),
            shortened(&figures.names[*other]),
        );
        format!("{class} taken for {other} ({n})")
    });
    let shown: Vec<String> = shown.collect();
    match shown.is_empty() {
        true => String::new(),
        false => format!("\nmost often confused: {}\n", shown.join(", ")),
    }
}

/// A name that fits into a table.
fn shortened(name: &str) -> String {
    match name.chars().count() > LONGEST_NAME {
        true => name.chars().take(LONGEST_NAME - 3).collect::<String>() + "...",
        false => name.to_owned(),
    }
}
