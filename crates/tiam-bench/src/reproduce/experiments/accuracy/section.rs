//! Report section of the accuracy experiment.

use serde_json::Value;
use tiam_report::{
    Axis, BarSeries, Bars, Best, Cell, Column, Plot, Section, SeriesColor, Table, method_names,
    method_title, row,
};

use super::super::courses::{self, Against, passes, seconds};
use super::chosen::Chosen;
use super::claims::matches;
use super::{LINEAR, NAME};
use crate::reproduce::record::Record;
use crate::reproduce::selection::{Mean, Runs, percent};

/// Which splits a table is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Splits {
    /// The usual one, from several starts: the public one where there is one.
    Usual,
    /// Drawn ones, a start each.
    Drawn,
}

impl Splits {
    pub(super) const ALL: [Self; 2] = [Self::Drawn, Self::Usual];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Usual => "usual split",
            Self::Drawn => "drawn splits",
        }
    }

    pub(super) fn tests(self, records: &[Record]) -> Runs<'_> {
        let is_drawn = |r: &Record| r.labels.get("split").is_some_and(Value::is_u64);
        let tests = Runs::of(records, NAME).part("test");
        tests.filter(|r| is_drawn(r) == (self == Self::Drawn))
    }
}

/// An entrant's name in print.
pub(super) fn title(entrant: &str) -> &str {
    match entrant {
        LINEAR => "linear model",
        method => method_title(method),
    }
}

/// The section.
pub(in super::super) fn section(records: &[Record], detail: bool) -> Section {
    let chosen = Chosen::all(records);
    let mut section = Section::new(NAME, "Accuracy")
        .text(
            "Every method trains the same network (two hidden layers of 100) for the same number of iterations, an iteration of a gradient \
             method being an epoch. Its parameters are the best of equally many candidates on validation parts, with ReLU: all are judged on the \
             usual split, which is the public one where there is one; in the full size the better quarter on a drawn one too, and the mean decides. Then \
             validation chooses the activation. The test parts are looked at by the chosen setting only: on the usual split from several starts, and on \
             drawn splits, a start each, which have 20 training nodes a class, 500 for validation and 1,000 for the test (graphs), or a fifth for the test \
             (digits). The linear model is the network without hidden layers, trained by Adam and searched like it.",
        )
        .text(sentence(records, &chosen));
    for splits in Splits::ALL {
        let tests = splits.tests(records);
        if tests.is_empty() {
            continue;
        }
        section = section.with(table(&tests, &chosen, splits));
        // Of a data set on both, the drawn splits say more.
        let shown = tests.by_data().into_iter().filter(|(data, _)| {
            splits == Splits::Drawn || Splits::Drawn.tests(records).data(data).is_empty()
        });
        section = section.with_all(shown.map(|(data, _)| dots(&tests, &chosen, data, splits)));
        if splits == Splits::Usual {
            for (activation, runs) in tests.by("activation") {
                section = section.with(by_activation(&runs, &activation));
            }
        }
        if detail {
            section =
                section.with_all(tests.by_data().iter().flat_map(|(data, runs)| {
                    courses(runs, &format!("{data}, {}", splits.title()))
                }));
        }
    }
    section = section.with(searches(&chosen));
    let published = Runs::of(records, NAME).part("published");
    if published.is_empty() {
        return section;
    }
    section.with(published_table(&published))
}

/// The entrants in the order of all figures.
fn entrants<'a>(runs: &Runs<'a>) -> Vec<(&'a str, Runs<'a>)> {
    let mut entrants = runs.groups(|r| r.method.as_str());
    let place = |name: &str| method_names().position(|known| known == name);
    entrants.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    entrants
}

/// A table of entrants by data set: the cell of each.
fn by_data<'a>(
    name: String,
    runs: &Runs<'a>,
    cell: impl Fn(&'a str, &'a str, &Runs<'a>) -> Cell,
) -> Table {
    let data_sets = runs.data_sets();
    let columns = data_sets
        .iter()
        .map(|name| Column::percent(name, 1).mark(Best::Largest));
    let columns = std::iter::once(Column::text("method")).chain(columns);
    let rows = entrants(runs).into_iter().map(|(entrant, runs)| {
        let mut row = row![title(entrant)];
        row.extend(
            data_sets
                .iter()
                .map(|data| cell(data, entrant, &runs.data(data))),
        );
        row
    });
    Table::new(name, columns).rows(rows)
}

fn table<'a>(tests: &Runs<'a>, chosen: &[Chosen<'a>], splits: Splits) -> Table {
    let name = format!("Test accuracy, {}", splits.title());
    let cell = |data: &str, entrant: &str, _: &Runs<'a>| {
        let own = chosen
            .iter()
            .find(|c| c.data == data && c.entrant == entrant);
        own.map_or(Cell::Missing, |own| own.tests(tests).cell("test_accuracy"))
    };
    by_data(name, tests, cell).note(
        "With the activation that validation chose. Mean and standard deviation over starts or splits; the best mean of a column in bold.",
    )
}

fn by_activation(runs: &Runs<'_>, activation: &str) -> Table {
    let name = format!("Test accuracy with {activation}, {}", Splits::Usual.title());
    by_data(name, runs, |_, _, runs| runs.cell("test_accuracy"))
}

/// Means with 95 % confidence intervals, the best on top.
fn dots<'a>(tests: &Runs<'a>, chosen: &[Chosen<'a>], data: &str, splits: Splits) -> Bars {
    let own = chosen.iter().filter(|chosen| chosen.data == data);
    let found = own.filter_map(|chosen| {
        let mean = chosen.tests(tests).mean("test_accuracy")?;
        let name = match chosen.entrant {
            // Without hidden layers there is none.
            LINEAR => title(LINEAR).to_owned(),
            entrant => format!("{}, {}", title(entrant), chosen.activation),
        };
        Some((name, mean))
    });
    let mut found: Vec<(String, Mean)> = found.collect();
    found.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean));
    let ends = found.iter().flat_map(|(_, mean)| {
        let half = mean.half_interval();
        [mean.mean - half, mean.mean + half]
    });
    let (low, high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    let room = 0.04 * (high - low).max(1e-3);
    Bars {
        title: format!("Test accuracy, {data}, {}", splits.title()),
        y: Axis {
            range: Some((low - room, high + room)),
            ..Axis::percent("test accuracy [%], mean and 95 % confidence interval")
        },
        series: vec![BarSeries {
            label: String::new(),
            color: SeriesColor::Other(0),
            values: found
                .iter()
                .map(|(_, mean)| Some((mean.mean, Some(mean.half_interval()))))
                .collect(),
        }],
        groups: found.into_iter().map(|(name, _)| name).collect(),
        lying: true,
    }
}

/// The network's training loss of all methods against passes over the samples and against seconds.
fn courses(runs: &Runs<'_>, place: &str) -> [Plot; 2] {
    let drawn = runs.filter(|r| r.curve.is_some());
    let plot = |x: &str, against: Against| {
        let named = entrants(&drawn).into_iter();
        let named = named.filter(|(name, _)| *name != LINEAR);
        let series = courses::medians(named, against, |c| &c.train_loss);
        let y = courses::axis("loss a training sample [nat]", &series);
        let title = format!("Training loss against {x}, {place}");
        Plot::new(title, Axis::linear(x), y).series(series)
    };
    [
        plot("passes over the data", passes),
        plot("time [s]", seconds),
    ]
}

/// What the search tried and chose.
fn searches(chosen: &[Chosen<'_>]) -> Table {
    #[allow(clippy::cast_precision_loss, reason = "a number of candidates")]
    let rows = chosen.iter().map(|chosen| {
        row![
            chosen.data,
            title(chosen.entrant),
            chosen.tried as f64,
            &chosen.candidate,
            &chosen.activation,
            chosen.accuracy,
            chosen.worst,
        ]
    });
    let columns = [
        Column::text("data"),
        Column::text("method"),
        Column::fixed("candidates", 0),
        Column::text("chosen"),
        Column::text("activation"),
        Column::percent("validation accuracy", 1),
        Column::percent("worst candidate", 1),
    ];
    Table::new("The search of parameters", columns).rows(rows).note(
        "All candidates with their results are in accuracy.csv; of equal ones the first is chosen.",
    )
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

fn sentence(records: &[Record], chosen: &[Chosen<'_>]) -> String {
    let mut parts = Vec::new();
    for found in matches(chosen) {
        for splits in Splits::ALL {
            let tests = splits.tests(records);
            let mean = |chosen: &Chosen<'_>| chosen.tests(&tests).mean("test_accuracy");
            let Some(tiam) = mean(found.tiam) else {
                continue;
            };
            let place = format!("{}, {}", found.tiam.data, splits.title());
            let mut part = format!("{place}: TIAM {}", percent(tiam.mean));
            for (name, rival) in &found.rivals[..found.rivals.len().min(3)] {
                if let Some(mean) = mean(rival) {
                    let own = title(rival.entrant);
                    let name = if rival.is_gradient() { own } else { name };
                    part += &format!(", {name} {}", percent(mean.mean));
                }
            }
            parts.push(part);
        }
    }
    format!("Mean test accuracy. {}.", parts.join("; "))
}

#[cfg(test)]
#[path = "../../../../tests/unit/reproduce_experiments_accuracy_section.rs"]
mod tests;
