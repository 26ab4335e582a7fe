//! Report section of the accuracy experiment.

use std::collections::BTreeMap;

use super::super::claims::{Claim, Verdict};
use super::super::number::NumberFormat;
use super::super::palette::{SeriesColor, method_names, method_title};
use super::super::plot::{Axis, BarSeries, Bars};
use super::super::record::Record;
use super::super::report::{Block, Section};
use super::super::selection::{Mean, Selection, percent, text};
use super::super::table::{Best, Cell, Column, Table};
use crate::methods::Method;

const NAME: &str = "accuracy";

fn tests(records: &[Record]) -> Selection<'_> {
    Selection::of(records, NAME).label("part", "test")
}

/// The section.
pub(in super::super) fn section(records: &[Record], detail: bool) -> Section {
    let all = tests(records);
    let mut section = Section::new(NAME, "Accuracy").with(Block::paragraph(
        "Every method trains the same network (two hidden layers of 100) for the same number of iterations, an iteration of a gradient \
         method being an epoch. For each data set its parameters are the best of the same number of candidates on the validation \
         part, with ReLU and from one start; the test part is looked at once, by the chosen candidate from several starts.",
    ));
    section = section.with(Block::paragraph(sentence(&all)));
    for activation in all.label_values("activation") {
        let of_activation = all.label("activation", activation.clone());
        section = section.with(table(&of_activation, &text(&activation)));
        if detail || text(&activation) == "relu" {
            section = section.with(bars(&of_activation, &text(&activation)));
        }
    }
    section = section.with(searches(records));
    let published = Selection::of(records, NAME).label("part", "published");
    if !published.is_empty() {
        section = section.with(published_table(&published));
    }
    section
}

fn table(runs: &Selection<'_>, activation: &str) -> Table {
    let data_sets = runs.data_sets();
    let column =
        |name: &&str| Column::number(name, "", NumberFormat::Percent(1)).mark(Best::Largest);
    let row = |method: &str| {
        let of_method = runs.method(method);
        let cell = |data: &&str| Mean::cell(of_method.data(data).mean("test_accuracy"));
        let mut row = vec![Cell::text(method_title(method))];
        row.extend(data_sets.iter().map(cell));
        row
    };
    let ran = |method: &&str| !runs.method(method).is_empty();
    Table {
        title: format!("Test accuracy, {activation}"),
        columns: [
            vec![Column::text("method")],
            data_sets.iter().map(column).collect(),
        ]
        .concat(),
        rows: method_names().filter(|m| ran(m)).map(row).collect(),
        note: "Mean and standard deviation over starts; the best mean of a column in bold."
            .to_owned(),
    }
}

fn bars(runs: &Selection<'_>, activation: &str) -> Bars {
    let data_sets = runs.data_sets();
    let series = |method: &'static str| BarSeries {
        label: method_title(method).to_owned(),
        color: SeriesColor::method(method),
        values: data_sets
            .iter()
            .map(|data| {
                let found = runs.method(method).data(data).mean("test_accuracy")?;
                Some((found.mean, Some(found.deviation)))
            })
            .collect(),
    };
    let ran = |method: &&'static str| !runs.method(method).is_empty();
    Bars {
        title: format!("Test accuracy by method, {activation}"),
        groups: data_sets.iter().map(|data| (*data).to_owned()).collect(),
        y: Axis::percent("test accuracy [%]"),
        series: method_names().filter(ran).map(series).collect(),
    }
}

/// What the search tried and chose.
fn searches(records: &[Record]) -> Table {
    let all = Selection::of(records, NAME).label("part", "search");
    let mut rows = Vec::new();
    for data in all.data_sets() {
        for activation in all.data(data).label_values("activation") {
            for method in method_names() {
                let tried = all
                    .data(data)
                    .method(method)
                    .label("activation", activation.clone());
                rows.extend(chosen(data, &text(&activation), method, &tried));
            }
        }
    }
    Table {
        title: "The search of parameters".to_owned(),
        columns: vec![
            Column::text("data"),
            Column::text("activation"),
            Column::text("method"),
            Column::number("candidates", "", NumberFormat::Fixed(0)),
            Column::text("chosen"),
            Column::number("validation accuracy", "", NumberFormat::Percent(1)),
            Column::number("worst candidate", "", NumberFormat::Percent(1)),
        ],
        rows,
        note: "All candidates with their results are in accuracy.csv; of equal ones the first is chosen.".to_owned(),
    }
}

fn chosen(data: &str, activation: &str, method: &str, tried: &Selection<'_>) -> Option<Vec<Cell>> {
    let accuracy = |r: &Record| r.figures.get("validation_accuracy").copied();
    let mut best: Option<(&Record, f64)> = None;
    let mut worst = f64::INFINITY;
    for record in &tried.0 {
        let Some(found) = accuracy(record) else {
            continue;
        };
        worst = worst.min(found);
        if best.is_none_or(|(_, known)| found > known) && !record.reason.starts_with("failed") {
            best = Some((record, found));
        }
    }
    let (record, found) = best?;
    let candidate = record.labels.get("candidate").map(text).unwrap_or_default();
    #[allow(clippy::cast_precision_loss, reason = "a few candidates")]
    let n = tried.0.len() as f64;
    Some(vec![
        Cell::text(data),
        Cell::text(activation),
        Cell::text(method_title(method)),
        Cell::number(n),
        Cell::text(candidate),
        Cell::number(found),
        Cell::number(worst),
    ])
}

fn published_table(runs: &Selection<'_>) -> Table {
    let rows = runs.label_values("code").into_iter().map(|code| {
        let of_code = runs.label("code", code.clone());
        let said = of_code
            .label_values("published")
            .first()
            .map(text)
            .unwrap_or_default();
        vec![
            Cell::text(text(&code)),
            Cell::text(of_code.data_sets().join(", ")),
            Mean::cell(of_code.mean("test_accuracy")),
            Cell::text(said),
        ]
    });
    Table {
        title: "Published codes in their own setting".to_owned(),
        columns: vec![
            Column::text("code"),
            Column::text("data"),
            Column::number("test accuracy here", "", NumberFormat::Percent(1)),
            Column::text("by the code itself"),
        ],
        rows: rows.collect(),
        note: "mDLAM's published code is not its paper's method: no inertia acts, every step size is searched from 1, b_2 is never updated."
            .to_owned(),
    }
}

/// The best mean of each kind of method on one data set, over activations.
struct Leaders {
    tiam: Mean,
    /// Name and mean.
    gradient: Option<(String, Mean)>,
    mdlam: Option<Mean>,
}

fn best_of<'a>(
    all: &Selection<'_>,
    data: &str,
    methods: impl Iterator<Item = &'a str>,
) -> Option<(String, Mean)> {
    let mut best: Option<(String, Mean)> = None;
    for method in methods {
        for activation in all.label_values("activation") {
            let runs = all
                .data(data)
                .method(method)
                .label("activation", activation.clone());
            let Some(found) = runs.mean("test_accuracy") else {
                continue;
            };
            if best
                .as_ref()
                .is_none_or(|(_, known)| found.mean > known.mean)
            {
                best = Some((
                    format!("{} ({})", method_title(method), text(&activation)),
                    found,
                ));
            }
        }
    }
    best
}

fn compare(all: &Selection<'_>) -> BTreeMap<String, Leaders> {
    let gradient = || {
        let compared = Method::compared().iter();
        compared.filter(|m| m.is_gradient()).map(|m| m.name())
    };
    let of = |data: &&str| {
        let (_, tiam) = best_of(all, data, ["tiam"].into_iter())?;
        let best = Leaders {
            tiam,
            gradient: best_of(all, data, gradient()),
            mdlam: best_of(all, data, ["mdlam"].into_iter()).map(|(_, mean)| mean),
        };
        Some(((*data).to_owned(), best))
    };
    all.data_sets().iter().filter_map(of).collect()
}

fn sentence(all: &Selection<'_>) -> String {
    let parts: Vec<String> = compare(all)
        .into_iter()
        .map(|(data, best)| {
            let mut part = format!("{data}: TIAM {}", percent(best.tiam.mean));
            if let Some((name, mean)) = &best.gradient {
                part.push_str(&format!(
                    ", best gradient method {name} {}",
                    percent(mean.mean)
                ));
            }
            if let Some(mean) = &best.mdlam {
                part.push_str(&format!(", mDLAM {}", percent(mean.mean)));
            }
            part
        })
        .collect();
    format!(
        "Best activation of each, mean test accuracy. {}.",
        parts.join("; ")
    )
}

/// The paper's claims that these runs test.
pub(in super::super) fn claims(records: &[Record]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (data, best) in compare(&tests(records)) {
        let mut add = |text: &str, other: &str, mean: &Mean| {
            claims.push(Claim {
                text: text.to_owned(),
                tested_on: data.clone(),
                verdict: Verdict::of(best.tiam.mean > mean.mean),
                figures: format!(
                    "TIAM {} ± {}, {other} {} ± {}",
                    percent(best.tiam.mean),
                    percent(best.tiam.deviation),
                    percent(mean.mean),
                    percent(mean.deviation)
                ),
            });
        };
        if let Some((name, mean)) = &best.gradient {
            add(
                "TIAM generalises better than the best tuned gradient method",
                name,
                mean,
            );
        }
        if let Some(mean) = &best.mdlam {
            add("TIAM generalises better than mDLAM", "mDLAM", mean);
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_runs_nothing_is_claimed() {
        assert!(searches(&[]).rows.is_empty());
        assert!(claims(&[]).is_empty());
    }
}
