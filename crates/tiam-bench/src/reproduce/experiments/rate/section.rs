//! Report section of the rate experiment.

use super::super::reading::{by, cell, figure, label, mean_cell, median, of_part};
use super::super::region;
use super::NAME;
use crate::reproduce::claims::{Claim, Verdict};
use crate::reproduce::number::NumberFormat;
use crate::reproduce::palette::{SeriesColor, method_title};
use crate::reproduce::plot::{Axis, Guide, Plot, Series, Style};
use crate::reproduce::record::Record;
use crate::reproduce::report::{Block, Section};
use crate::reproduce::table::{Cell, Column, Table};

const PARTS: [(&str, &str); 2] = [("quadratic", "one block"), ("coupled", "two blocks")];

/// What was chosen so that there is something to fit.
const CHOICES: &str = "Ridge regression as a network without hidden layer uses ρ = 30, because with ρ near 1 every method is done \
     within some twenty iterations; with a small ρ plain alternation is the fastest there (in a trial with ρ = 0.02, q was .11 for AM and .22 for TIAM), so that order of methods \
     holds for a strong penalty only. The widths of the constant bands were chosen so that the networks train.";

/// What the records tell of rates; every number in the prose is computed from them.
pub(in super::super) fn section(records: &[Record]) -> Section {
    let mut section = Section::new(NAME, "Rate of convergence");
    let models: Vec<&Record> = PARTS
        .iter()
        .flat_map(|(part, _)| of_part(records, NAME, part))
        .collect();
    if !models.is_empty() {
        let (sentences, plot) = (agreement(&models), against_theory(records));
        section = section
            .with(Block::paragraph(sentences))
            .with(plot)
            .with(model_table(&models));
    }
    if let Some((text, map)) = region::figure(records) {
        section = section.with(Block::paragraph(text)).with(map);
    }
    let fitted: Vec<&Record> = ["ridge", "network"]
        .iter()
        .flat_map(|part| of_part(records, NAME, part))
        .collect();
    if !fitted.is_empty() {
        section = section
            .with(Block::paragraph(which_law(&fitted)))
            .with(Block::paragraph(CHOICES))
            .with(fitted_table(&fitted));
    }
    section
}

/// The paper's claim of a linear rate, put to the network problems.
pub(in super::super) fn claims(records: &[Record]) -> Vec<Claim> {
    let tiam = of_part(records, NAME, "network").filter(|r| r.method == "tiam");
    let claim = |group: Vec<&Record>| {
        let wins = |r: &&&Record| figure(r, "linear_is_better").is_some_and(|x| x > 0.5);
        let (n, linear) = (group.len(), group.iter().filter(wins).count());
        let data = group.first().map(|r| r.data.clone()).unwrap_or_default();
        Claim {
            text: "F converges linearly on a network (band constant)".to_owned(),
            tested_on: data,
            verdict: Verdict::of(linear == n),
            figures: format!(
                "a linear law fits better than a sublinear one in {linear} of {n} runs"
            ),
        }
    };
    by(tiam, |r| r.data.clone())
        .into_iter()
        .map(claim)
        .collect()
}

/// Theoretical and measured rate where there are both.
fn pair(record: &Record) -> Option<(f64, f64)> {
    figure(record, "theoretical_rate").zip(figure(record, "measured_rate"))
}

fn agreement(models: &[&Record]) -> String {
    let off: Vec<f64> = models
        .iter()
        .filter_map(|r| pair(r))
        .map(|(theory, measured)| (measured.ln() / theory.ln() - 1.0).abs())
        .collect();
    let unstable = |r: &&&Record| figure(r, "theoretical_rate").is_some_and(|q| q >= 1.0);
    let n_unstable = models.iter().filter(unstable).count();
    let diverged = models
        .iter()
        .filter(unstable)
        .filter(|r| r.reason == "diverged");
    let worst = off.iter().copied().fold(0.0, f64::max);
    let (n, median) = (off.len(), median(off).unwrap_or(f64::NAN));
    format!(
        "On quadratics the asymptotic factor q of F − F* an iteration is known: the square of the spectral radius of the slowest \
         direction's recurrence. In the {n} settings without guard whose q is below 1, the measured ln q is off by {} % in the \
         median and by {} % at worst; of the {n_unstable} settings whose q is 1 or more, {} diverged.",
        NumberFormat::Auto.print(100.0 * median),
        NumberFormat::Auto.print(100.0 * worst),
        diverged.count(),
    )
}

fn against_theory(records: &[Record]) -> Plot {
    let (mut series, mut least) = (Vec::new(), 1.0f64);
    for (i, (part, title)) in PARTS.iter().enumerate() {
        let (mut points, mut spread) = (Vec::new(), Vec::new());
        for record in of_part(records, NAME, part) {
            let Some((theory, measured)) = pair(record) else {
                continue;
            };
            let end = |name| 1.0 - figure(record, name).unwrap_or(measured);
            points.push((1.0 - theory, 1.0 - measured));
            spread.push((end("rate_high"), end("rate_low")));
            least = least.min(1.0 - theory);
        }
        let points = Series::line(title, SeriesColor::Other(i), points).styled(Style::Points);
        series.push(points.spread(spread));
    }
    Plot {
        title: "Measured against theoretical rate".to_owned(),
        x: Axis::log10("theory: 1 − q"),
        y: Axis::log10("measured: 1 − q"),
        series,
        guides: vec![Guide::curve("equal", vec![(least, least), (1.0, 1.0)])],
    }
}

fn model_table(models: &[&Record]) -> Table {
    let number = |heading: &str| Column::number(heading, "", NumberFormat::Fixed(4));
    let count = |heading: &str| Column::number(heading, "", NumberFormat::Fixed(0));
    let setting = |r: &Record| {
        let inertia = label(r, "inertia");
        format!("{} {} {inertia}", label(r, "part"), label(r, "kappa"))
    };
    let mut rows = Vec::new();
    for group in by(models.iter().copied(), setting) {
        let with = |guard: &str| group.iter().find(|r| label(r, "guard") == guard);
        let Some(off) = with("off") else { continue };
        let of_guarded = |name| with("on").map_or(Cell::Missing, |on| cell(on, name));
        let part = label(off, "part");
        let title = PARTS.iter().find(|(name, _)| *name == part);
        rows.push(vec![
            Cell::text(title.map_or(part.as_str(), |(_, title)| title)),
            Cell::text(label(off, "kappa").trim_end_matches(".0")),
            Cell::text(label(off, "inertia")),
            cell(off, "theoretical_rate"),
            cell(off, "measured_rate"),
            cell(off, "rate_low"),
            cell(off, "rate_high"),
            cell(off, "r_squared"),
            match off.reason.as_str() {
                "converged" => cell(off, "iterations"),
                reason => Cell::text(reason),
            },
            of_guarded("measured_rate"),
            of_guarded("iterations"),
        ]);
    }
    Table {
        title: "Quadratics with condition number κ".to_owned(),
        columns: vec![
            Column::text("problem"),
            Column::text("κ"),
            Column::text("inertia"),
            number("q, theory"),
            number("q, measured"),
            number("95 % from"),
            number("to"),
            number("R²"),
            count("iterations"),
            number("q with guard"),
            count("iterations with guard"),
        ],
        rows,
        note: "q: factor of F − F* an iteration, fitted from a gap of 10⁻⁴⁸ to 10⁻⁶⁰ of the first; iterations to the latter. The \
               interval takes the residuals as independent, which ripples of inertia are not."
            .to_owned(),
    }
}

fn which_law(fitted: &[&Record]) -> String {
    let compared: Vec<f64> = fitted
        .iter()
        .filter_map(|r| figure(r, "linear_is_better"))
        .collect();
    let linear = compared.iter().filter(|x| **x > 0.5).count();
    let lowest = fitted
        .iter()
        .filter_map(|r| figure(r, "r_squared"))
        .fold(f64::INFINITY, f64::min);
    format!(
        "Where no rate is known, both laws are fitted to the second half of the iterations: the linear one (C qᵏ) is the likelier in \
         {linear} of {} runs, the sublinear one (C k⁻ᵖ) in {}; the smallest R² of a linear fit is {}.",
        compared.len(),
        compared.len() - linear,
        NumberFormat::Fixed(4).print(lowest),
    )
}

fn fitted_table(fitted: &[&Record]) -> Table {
    let number = |heading: &str| Column::number(heading, "", NumberFormat::Fixed(4));
    let setting = |r: &Record| format!("{} {} {}", label(r, "part"), r.data, r.method);
    let mut rows = Vec::new();
    for group in by(fitted.iter().copied(), setting) {
        let Some(first) = group.first() else { continue };
        let data = match label(first, "part").as_str() {
            "ridge" => "ridge regression".to_owned(),
            _ => first.data.clone(),
        };
        let mut row = vec![Cell::text(data), Cell::text(method_title(&first.method))];
        for name in [
            "measured_rate",
            "rate_low",
            "rate_high",
            "r_squared",
            "sublinear_power",
            "sublinear_r_squared",
            "iterations",
        ] {
            row.push(mean_cell(&group, name));
        }
        let likelier = group
            .iter()
            .filter(|r| figure(r, "linear_is_better").is_some_and(|x| x > 0.5));
        row.push(Cell::text(format!(
            "{} of {}",
            likelier.count(),
            group.len()
        )));
        rows.push(row);
    }
    Table {
        title: "Fitted rates".to_owned(),
        columns: vec![
            Column::text("problem"),
            Column::text("method"),
            number("q"),
            number("95 % from"),
            number("to"),
            number("R²"),
            Column::number("p", "", NumberFormat::Fixed(2)),
            number("R² of p"),
            Column::number("iterations", "", NumberFormat::Fixed(0)),
            Column::text("linear likelier"),
        ],
        rows,
        note: "Means over the starts. F* of ridge regression is exact; that of networks is estimated with the rate, for either law \
               on its own."
            .to_owned(),
    }
}
