//! Report section of the accuracy experiment.

use tiam_report::{
    Axis, BarSeries, Bars, Best, Cell, Column, Section, SeriesColor, Table, method_names,
    method_title, row,
};

use super::NAME;
use crate::methods::Method;
use crate::reproduce::claims::Claim;
use crate::reproduce::record::Record;
use crate::reproduce::selection::{Mean, Runs, percent};

fn tests(records: &[Record]) -> Runs<'_> {
    Runs::of(records, NAME).part("test")
}

/// The section.
pub(in super::super) fn section(records: &[Record], detail: bool) -> Section {
    let all = tests(records);
    let mut section = Section::new(NAME, "Accuracy")
        .text(
            "Every method trains the same network (two hidden layers of 100) for the same number of iterations, an iteration of a gradient \
             method being an epoch. For each data set its parameters are the best of the same number of candidates on the validation \
             part, with ReLU and from one start; the test part is looked at once, by the chosen candidate from several starts.",
        )
        .text(sentence(&all));
    for (activation, runs) in all.by("activation") {
        section = section.with(table(&runs, &activation));
        if detail || activation == "relu" {
            section = section.with(bars(&runs, &activation));
        }
    }
    section = section.with(searches(records));
    let published = Runs::of(records, NAME).part("published");
    if published.is_empty() {
        return section;
    }
    section.with(published_table(&published))
}

/// The methods that were run, in the order of the figures.
fn methods_of<'r>(runs: &'r Runs<'_>) -> impl Iterator<Item = (&'static str, Runs<'r>)> + 'r {
    let of = |method| (method, runs.method(method));
    method_names().map(of).filter(|(_, runs)| !runs.is_empty())
}

fn table(runs: &Runs<'_>, activation: &str) -> Table {
    let data_sets = runs.data_sets();
    let columns = data_sets
        .iter()
        .map(|name| Column::percent(name, 1).mark(Best::Largest));
    let row = |(method, runs): (&str, Runs<'_>)| {
        let mut row = row![method_title(method)];
        row.extend(
            data_sets
                .iter()
                .map(|data| runs.data(data).cell("test_accuracy")),
        );
        row
    };
    let columns = std::iter::once(Column::text("method")).chain(columns);
    Table::new(format!("Test accuracy, {activation}"), columns)
        .rows(methods_of(runs).map(row))
        .note("Mean and standard deviation over starts; the best mean of a column in bold.")
}

fn bars(runs: &Runs<'_>, activation: &str) -> Bars {
    let data_sets = runs.data_sets();
    let value = |found: Mean| (found.mean, Some(found.deviation));
    let series = methods_of(runs).map(|(method, runs)| BarSeries {
        label: method_title(method).to_owned(),
        color: SeriesColor::method(method),
        values: data_sets
            .iter()
            .map(|data| runs.data(data).mean("test_accuracy").map(value))
            .collect(),
    });
    Bars {
        title: format!("Test accuracy by method, {activation}"),
        groups: data_sets.iter().map(|data| (*data).to_owned()).collect(),
        y: Axis::percent("test accuracy [%]"),
        series: series.collect(),
        ..Bars::default()
    }
}

/// What the search tried and chose.
fn searches(records: &[Record]) -> Table {
    let mut rows = Vec::new();
    for (data, of_data) in Runs::of(records, NAME).part("search").by_data() {
        for (activation, runs) in of_data.by("activation") {
            let chosen = methods_of(&runs)
                .filter_map(|(method, tried)| chosen(data, &activation, method, &tried));
            rows.extend(chosen);
        }
    }
    let columns = [
        Column::text("data"),
        Column::text("activation"),
        Column::text("method"),
        Column::fixed("candidates", 0),
        Column::text("chosen"),
        Column::percent("validation accuracy", 1),
        Column::percent("worst candidate", 1),
    ];
    Table::new("The search of parameters", columns).rows(rows).note(
        "All candidates with their results are in accuracy.csv; of equal ones the first is chosen.",
    )
}

fn chosen(data: &str, activation: &str, method: &str, tried: &Runs<'_>) -> Option<Vec<Cell>> {
    let accuracy = |r: &Record| r.figure("validation_accuracy");
    let mut best: Option<(&Record, f64)> = None;
    let mut worst = f64::INFINITY;
    for record in &tried.0 {
        let Some(found) = accuracy(record) else {
            continue;
        };
        worst = worst.min(found);
        if best.is_none_or(|(_, known)| found > known) && !record.failed() {
            best = Some((record, found));
        }
    }
    let (record, found) = best?;
    #[allow(clippy::cast_precision_loss, reason = "a few candidates")]
    let n = tried.0.len() as f64;
    let (method, candidate) = (method_title(method), record.label("candidate"));
    Some(row![data, activation, method, n, candidate, found, worst])
}

fn published_table(runs: &Runs<'_>) -> Table {
    let rows = runs.by("code").into_iter().map(|(code, runs)| {
        let said = runs.first().map(|r| r.label("published"));
        let data = runs.data_sets().join(", ");
        row![
            code,
            data,
            runs.cell("test_accuracy"),
            said.unwrap_or_default()
        ]
    });
    let columns = [
        Column::text("code"),
        Column::text("data"),
        Column::percent("test accuracy here", 1),
        Column::text("by the code itself"),
    ];
    Table::new("Published codes in their own setting", columns).rows(rows).note(
        "mDLAM's published code is not its paper's method: no inertia acts, every step size is searched from 1, b_2 is never updated.",
    )
}

/// The best mean of each kind of method on one data set, over activations.
struct Leaders<'a> {
    data: &'a str,
    tiam: Mean,
    /// Name and mean.
    gradient: Option<(String, Mean)>,
    mdlam: Option<Mean>,
}

/// Name and mean of the best method and activation; the first of equals.
fn best_of<'m>(runs: &Runs<'_>, methods: impl Iterator<Item = &'m str>) -> Option<(String, Mean)> {
    let mut best: Option<(String, Mean)> = None;
    for method in methods {
        for (activation, runs) in runs.method(method).by("activation") {
            let better = |found: &Mean| best.as_ref().is_none_or(|(_, m)| found.mean > m.mean);
            if let Some(found) = runs.mean("test_accuracy").filter(better) {
                best = Some((format!("{} ({activation})", method_title(method)), found));
            }
        }
    }
    best
}

/// By data set, in alphabetical order.
fn compare<'a>(all: &Runs<'a>) -> Vec<Leaders<'a>> {
    let gradient = || {
        let compared = Method::compared().iter();
        compared.filter(|m| m.is_gradient()).map(|m| m.name())
    };
    let of = |(data, runs): (&'a str, Runs<'a>)| {
        Some(Leaders {
            data,
            tiam: best_of(&runs, ["tiam"].into_iter())?.1,
            gradient: best_of(&runs, gradient()),
            mdlam: best_of(&runs, ["mdlam"].into_iter()).map(|(_, mean)| mean),
        })
    };
    let mut leaders: Vec<Leaders<'a>> = all.by_data().into_iter().filter_map(of).collect();
    leaders.sort_by_key(|leaders| leaders.data);
    leaders
}

fn sentence(all: &Runs<'_>) -> String {
    let part = |best: Leaders<'_>| {
        let mut part = format!("{}: TIAM {}", best.data, percent(best.tiam.mean));
        if let Some((name, mean)) = &best.gradient {
            part += &format!(", best gradient method {name} {}", percent(mean.mean));
        }
        if let Some(mean) = &best.mdlam {
            part += &format!(", mDLAM {}", percent(mean.mean));
        }
        part
    };
    let parts: Vec<String> = compare(all).into_iter().map(part).collect();
    let parts = parts.join("; ");
    format!("Best activation of each, mean test accuracy. {parts}.")
}

/// The paper's claims that these runs test.
pub(in super::super) fn claims(records: &[Record]) -> Vec<Claim> {
    let mut claims = Vec::new();
    let printed = |mean: &Mean| format!("{} ± {}", percent(mean.mean), percent(mean.deviation));
    for best in compare(&tests(records)) {
        let mut add = |text: &str, other: &str, mean: &Mean| {
            claims.push(Claim {
                text: text.to_owned(),
                tested_on: best.data.to_owned(),
                holds: best.tiam.mean > mean.mean,
                figures: format!("TIAM {}, {other} {}", printed(&best.tiam), printed(mean)),
            });
        };
        if let Some((name, mean)) = &best.gradient {
            let text = "TIAM generalises better than the best tuned gradient method";
            add(text, name, mean);
        }
        if let Some(mean) = &best.mdlam {
            add("TIAM generalises better than mDLAM", "mDLAM", mean);
        }
    }
    claims
}

#[cfg(test)]
#[path = "../../../../tests/unit/reproduce_experiments_accuracy_section.rs"]
mod tests;
