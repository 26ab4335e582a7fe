//! How the model was made: the course of its training, its parameters, what was tried; and how to use it.

use tiam_report::{
    Axis, Best, Block, Column, NumberFormat, Plot, Section, Series, SeriesColor, Table, row,
};

use super::{Answers, CurvePoint, ModelReport, count};
use crate::predictor::Predictor;
use crate::search::Tried;

/// What the model file says of its making.
pub(super) fn facts(model: &Predictor) -> Vec<(String, String)> {
    let (metadata, provenance) = (model.metadata(), model.provenance());
    let shape = &metadata.architecture;
    let several = provenance.search.as_ref();
    let mut facts = match several {
        None => vec![
            (
                "network",
                format!("{} ({})", shape.describe(), shape.activation),
            ),
            ("weights", count(shape.n_parameters())),
        ],
        Some(search) => vec![
            ("networks mixed", search.networks.to_string()),
            ("multiplications a row", count(search.multiplications)),
        ],
    };
    if let Some(training) = &provenance.training {
        let n = match several {
            None => "epochs or iterations",
            Some(_) => "networks trained",
        };
        facts.push(("method", training.method.clone()));
        facts.push((n, training.iterations.to_string()));
        facts.push(("ended by", training.stop_reason.replace('_', " ")));
    }
    facts.extend(provenance.seed.map(|seed| ("seed", seed.to_string())));
    facts.push(("made by", format!("tiam {}", metadata.version)));
    facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// A candidate in words.
fn what(tried: &Tried) -> String {
    let candidate = &tried.candidate;
    let hidden: Vec<String> = candidate.hidden.iter().map(ToString::to_string).collect();
    let logarithm = if candidate.logarithm {
        ", logarithms"
    } else {
        ""
    };
    let (inputs, ridge, hidden) = (candidate.inputs, candidate.ridge, hidden.join("-"));
    format!("inputs {inputs}, ridge {ridge:.2e}, layers {hidden}{logarithm}")
}

pub(super) fn sections(report: &ModelReport) -> Vec<Section> {
    vec![making(report), usage(report)]
}

fn making(report: &ModelReport) -> Section {
    let mut section = Section::new("making", "How it was made");
    if report.curve.len() > 1 {
        section = section.text(
            "The loss is what training makes small. Where the curve of rows that were not learnt from rises while the other falls, the model \
             learns by heart: train for fewer epochs, or with `--patience`.",
        );
        section = section.with(curve(report));
    }
    if !report.candidates.is_empty() {
        let heading = [
            Column::text("tried"),
            Column::number("loss on rows not learnt from", "", NumberFormat::Fixed(4))
                .mark(Best::Smallest),
            Column::number("share of the model", "", NumberFormat::Fixed(2)),
        ];
        let rows = report.candidates.iter().map(|one| {
            row![
                what(one),
                one.out_of_fold.map_or(f64::NAN, |scores| scores.loss),
                one.share
            ]
        });
        section = section.with(Table::new("What was tried", heading).rows(rows));
    }
    let rows = report.making.iter().map(|(name, value)| row![name, value]);
    section.with(
        Table::new(
            "Parameters",
            [Column::text("parameter"), Column::text("value")],
        )
        .rows(rows),
    )
}

#[allow(clippy::cast_precision_loss, reason = "numbers of epochs")]
fn curve(report: &ModelReport) -> Plot {
    let points = |loss: fn(&CurvePoint) -> Option<f64>| -> Vec<(f64, f64)> {
        let rows = report.curve.iter();
        rows.filter_map(|row| Some((row.iteration as f64, loss(row)?)))
            .collect()
    };
    let all = [
        ("rows learnt from", points(|row| Some(row.train))),
        ("validation", points(|row| row.validation)),
        ("test", points(|row| row.test)),
    ];
    let lines = all
        .into_iter()
        .enumerate()
        .filter(|(_, (_, points))| !points.is_empty());
    let lines = lines.map(|(n, (name, points))| Series::line(name, SeriesColor::Other(n), points));
    let plot = Plot::new(
        "Loss in the course of training",
        Axis::linear("epoch or iteration"),
        Axis::log10("loss"),
    );
    plot.series(lines)
}

fn usage(report: &ModelReport) -> Section {
    let model = match report.model_file.contains(char::is_whitespace) {
        true => format!("\"{}\"", report.model_file),
        false => report.model_file.clone(),
    };
    let mut commands = format!(
        "tiam predict {model} --data NEW.csv > answers.csv\ntiam evaluate {model} --data MORE.csv\ntiam info {model}"
    );
    if matches!(report.answers, Answers::Classes(_)) {
        commands = commands.replace(
            "\ntiam eval",
            &format!("\ntiam predict {model} --data NEW.csv --proba > chances.csv\ntiam eval"),
        );
    }
    Section::new("usage", "How to use it")
        .text("In a terminal. NEW.csv has the columns above, with or without the label; MORE.csv has the label too.")
        .with(Block::Code(commands))
}
