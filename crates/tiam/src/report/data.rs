//! The data in words: the label, what it was taken for, and every column with what was done to it.

use tiam_data::{ColumnKind, ColumnSpec};
use tiam_report::{Column, Section, Table, row};

use super::{ModelReport, count};
use crate::table::DataKind;

/// Columns and categories that are listed.
const COLUMNS: usize = 60;
const CATEGORIES: usize = 6;

/// What the model learnt from. All that is known of the columns is in the encoding; what else reading finds out belongs here.
pub(super) fn data_summary(report: &ModelReport) -> Section {
    let section = Section::new("data", "What it learnt from");
    let mut words = match report.data.as_str() {
        "" => String::new(),
        data => format!("The data are `{data}`. "),
    };
    if let Some(n) = report.n_train {
        words += &format!("The model learnt from {} rows", count(n));
        if report.n_validation > 0 {
            words += &format!("; {} more told when to stop", count(report.n_validation));
        }
        words += &match report.held_out {
            true => format!(
                "; {} others were kept aside to measure it. ",
                count(report.found.n_samples)
            ),
            false => ", and none were kept aside. ".to_owned(),
        };
    }
    words += &format!(
        "The network takes {} numbers a row.",
        count(report.encoding.n_inputs)
    );
    let mut section = section.text(words);
    let Some(columns) = &report.encoding.columns else {
        return section.text(match report.kind {
            DataKind::Graph => "Each row is a node of the graph.",
            DataKind::Table => "The numbers were given in memory, without columns.",
            DataKind::Digits | DataKind::Idx => "Each row is an image, each number a pixel.",
        });
    };
    let columns = columns.columns();
    if let Some(label) = columns.iter().find_map(task) {
        section = section.text(label);
    }
    // The networks of a search scale their inputs themselves.
    let scaled = report.encoding.input_scaling.is_some() || !report.candidates.is_empty();
    let listed = columns.iter().take(COLUMNS);
    let rows = listed.map(|column| {
        let (used, done) = used(&column.kind, scaled);
        let done = match column.note.as_str() {
            "" => done,
            note => format!("{done} ({note})"),
        };
        row![&column.name, used, done]
    });
    let heading = [
        Column::text("column"),
        Column::text("used as"),
        Column::text("what was done"),
    ];
    let table = Table::new("Columns", heading).rows(rows);
    section.with(match columns.len() > COLUMNS {
        true => table.note(&format!(
            "And {} columns more.",
            count(columns.len() - COLUMNS)
        )),
        false => table,
    })
}

/// What the label was taken for, and why.
fn task(column: &ColumnSpec) -> Option<String> {
    let name = &column.name;
    match &column.kind {
        ColumnKind::ClassLabel { names, .. } => Some(format!(
            "The label is `{name}`. The task is to name one of {} classes ({}).",
            names.len(),
            column.note
        )),
        ColumnKind::ValueLabel(_) => Some(format!(
            "The label is `{name}`. The task is to approximate a number ({}).",
            column.note
        )),
        ColumnKind::FlagLabel { .. } => Some(format!(
            "The label `{name}` is one of several answers of no or yes."
        )),
        _ => None,
    }
}

fn used(kind: &ColumnKind, scaled: bool) -> (&'static str, String) {
    match kind {
        ColumnKind::Numeric(_) if scaled => {
            ("number", "shifted and scaled to a common size".to_owned())
        }
        ColumnKind::Numeric(_) => ("number", "taken as it is".to_owned()),
        ColumnKind::Date(_) => ("date", "its parts as numbers".to_owned()),
        ColumnKind::Categorical(of) if of.codes.is_some() => (
            "category",
            format!(
                "each of {} as {}: {}",
                of.categories.len(),
                match kind.width() {
                    1 => "a number".to_owned(),
                    n => format!("{n} numbers"),
                },
                few(&of.categories)
            ),
        ),
        ColumnKind::Categorical(of) => (
            "category",
            format!(
                "a 0 or 1 for each of {}: {}",
                of.categories.len(),
                few(&of.categories)
            ),
        ),
        ColumnKind::ClassLabel { names, .. } => (
            "label",
            format!("one of {} classes: {}", names.len(), few(names)),
        ),
        ColumnKind::ValueLabel(_) => ("label", "a number to approximate".to_owned()),
        ColumnKind::FlagLabel { names, .. } => ("label", format!("{} or {}", names[0], names[1])),
        ColumnKind::SampleWeight => ("weight", "how much the row counts in training".to_owned()),
        ColumnKind::Ignored => ("nothing", "left out".to_owned()),
    }
}

fn few(names: &[String]) -> String {
    let shown = names
        .iter()
        .take(CATEGORIES)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    match names.len() > CATEGORIES {
        true => shown + ", …",
        false => shown,
    }
}
