//! Report section of the rate experiment.

use tiam_report::{
    Axis, Cell, Column, Guide, NumberFormat, Plot, Section, Series, SeriesColor, Style, Table,
    method_title, row,
};

use super::super::region;
use super::NAME;
use crate::reproduce::claims::{Claim, Evidence};
use crate::reproduce::record::Record;
use crate::reproduce::selection::{Runs, median};

const PARTS: [(&str, &str); 2] = [("quadratic", "one block"), ("coupled", "two blocks")];

/// What was chosen so that there is something to fit.
const CHOICES: &str = "Ridge regression as a network without hidden layer uses ρ = 30, because with ρ near 1 every method is done \
     within some twenty iterations; with a small ρ plain alternation is the fastest there (in a trial with ρ = 0.02, q was .11 for AM and .22 for TIAM), so that order of methods \
     holds for a strong penalty only. The widths of the constant bands were chosen so that the networks train. \
     Without a ridge no hidden layer would move but the last a: from a forward start a constant band holds them (docs/THEORY.md).";

/// What the records tell of rates; every number in the prose is computed from them.
pub(in super::super) fn section(records: &[Record]) -> Section {
    let runs = Runs::of(records, NAME);
    let of_parts = |parts: [&str; 2]| Runs(parts.map(|part| runs.part(part).0).concat());
    let mut section = Section::new(NAME, "Rate of convergence");
    let models = of_parts(PARTS.map(|(part, _)| part));
    if !models.is_empty() {
        section = section
            .text(agreement(&models))
            .with(against_theory(&runs))
            .with(model_table(&models));
    }
    if let Some((text, map)) = region::figure(records) {
        section = section.text(text).with(map);
    }
    let fitted = of_parts(["ridge", "network"]);
    if !fitted.is_empty() {
        section = section
            .text(which_law(&fitted))
            .text(CHOICES)
            .with(fitted_table(&fitted));
    }
    section
}

/// The paper's claim of a linear rate, put to the network problems.
pub(in super::super) fn claims(records: &[Record]) -> Vec<Claim> {
    let tiam = Runs::of(records, NAME).part("network").method("tiam");
    let claim = |(data, runs): (&str, Runs<'_>)| {
        let (n, linear) = (runs.figures("linear_is_better").len(), n_linear(&runs));
        Claim {
            text: "F converges linearly on a network (band constant)".to_owned(),
            tested_on: data.to_owned(),
            figures: format!(
                "a linear law fits better than a sublinear one in {linear} of {n} runs"
            ),
            evidence: Evidence::counted(linear, n),
        }
    };
    tiam.by_data().into_iter().map(claim).collect()
}

/// In how many runs the linear law is the likelier one.
fn n_linear(runs: &Runs<'_>) -> usize {
    let compared = runs.figures("linear_is_better");
    compared.iter().filter(|x| **x > 0.5).count()
}

/// Theoretical and measured rate where there are both.
fn pair(record: &Record) -> Option<(f64, f64)> {
    let theory = record.figure("theoretical_rate");
    theory.zip(record.figure("measured_rate"))
}

fn agreement(models: &Runs<'_>) -> String {
    let pairs = models.0.iter().filter_map(|r| pair(r));
    let off = pairs.map(|(theory, measured)| (measured.ln() / theory.ln() - 1.0).abs());
    let off: Vec<f64> = off.collect();
    let unstable = models.filter(|r| r.figure("theoretical_rate").is_some_and(|q| q >= 1.0));
    let diverged = unstable.filter(|r| r.reason == "diverged");
    let worst = off.iter().copied().fold(0.0, f64::max);
    let (n, median) = (off.len(), median(off).unwrap_or(f64::NAN));
    format!(
        "On quadratics the asymptotic factor q of F − F* an iteration is known: the square of the spectral radius of the slowest \
         direction's recurrence. In the {n} settings without guard whose q is below 1, the measured ln q is off by {} % in the \
         median and by {} % at worst; of the {} settings whose q is 1 or more, {} diverged.",
        NumberFormat::Auto.print(100.0 * median),
        NumberFormat::Auto.print(100.0 * worst),
        unstable.0.len(),
        diverged.0.len(),
    )
}

fn against_theory(runs: &Runs<'_>) -> Plot {
    let series = PARTS.iter().enumerate().map(|(i, (part, title))| {
        let (mut points, mut spread) = (Vec::new(), Vec::new());
        for record in runs.part(part).0 {
            let Some((theory, measured)) = pair(record) else {
                continue;
            };
            let end = |name| 1.0 - record.figure(name).unwrap_or(measured);
            points.push((1.0 - theory, 1.0 - measured));
            spread.push((end("rate_high"), end("rate_low")));
        }
        let points = Series::line(title, SeriesColor::Other(i), points);
        points.styled(Style::Points).spread(spread)
    });
    let series: Vec<Series> = series.collect();
    let xs = series.iter().flat_map(|s| &s.points).map(|point| point.0);
    let least = xs.fold(1.0, f64::min);
    let x = Axis::log10("theory: 1 − q");
    let y = Axis::log10("measured: 1 − q");
    let equal = Guide::curve("equal", vec![(least, least), (1.0, 1.0)]);
    Plot::new("Measured against theoretical rate", x, y)
        .series(series)
        .guide(equal)
}

fn model_table(models: &Runs<'_>) -> Table {
    let setting = |r: &Record| (r.label("part"), r.label("kappa"), r.label("inertia"));
    let mut rows = Vec::new();
    for ((part, kappa, inertia), group) in models.groups(setting) {
        let Some(off) = group.label("guard", "off").first() else {
            continue;
        };
        let on = group.label("guard", "on").first();
        let of_guarded = |name| on.map_or(Cell::Missing, |on| on.cell(name));
        let title = PARTS.iter().find(|(name, _)| *name == part);
        rows.push(row![
            title.map_or(part.as_str(), |(_, title)| title),
            kappa.trim_end_matches(".0"),
            inertia,
            off.cell("theoretical_rate"),
            off.cell("measured_rate"),
            off.cell("rate_low"),
            off.cell("rate_high"),
            off.cell("r_squared"),
            match off.reason.as_str() {
                "converged" => off.cell("iterations"),
                reason => reason.into(),
            },
            of_guarded("measured_rate"),
            of_guarded("iterations"),
        ]);
    }
    let number = |heading: &str| Column::fixed(heading, 4);
    let columns = [
        Column::text("problem"),
        Column::text("κ"),
        Column::text("inertia"),
        number("q, theory"),
        number("q, measured"),
        number("95 % from"),
        number("to"),
        number("R²"),
        Column::fixed("iterations", 0),
        number("q with guard"),
        Column::fixed("iterations with guard", 0),
    ];
    Table::new("Quadratics with condition number κ", columns).rows(rows).note(
        "q: factor of F − F* an iteration, fitted from a gap of 10⁻⁴⁸ to 10⁻⁶⁰ of the first; iterations to the latter. The \
         interval takes the residuals as independent, which ripples of inertia are not.",
    )
}

fn which_law(fitted: &Runs<'_>) -> String {
    let n = fitted.figures("linear_is_better").len();
    let linear = n_linear(fitted);
    let r_squared = fitted.figures("r_squared").into_iter();
    format!(
        "Where no rate is known, both laws are fitted to the second half of the iterations: the linear one (C qᵏ) is the likelier in \
         {linear} of {n} runs, the sublinear one (C k⁻ᵖ) in {}; the smallest R² of a linear fit is {}.",
        n - linear,
        NumberFormat::Fixed(4).print(r_squared.fold(f64::INFINITY, f64::min)),
    )
}

fn fitted_table(fitted: &Runs<'_>) -> Table {
    let setting = |r: &Record| (r.label("part"), r.data.clone(), r.method.clone());
    let mut rows = Vec::new();
    for ((part, data, method), group) in fitted.groups(setting) {
        let is_ridge = part == "ridge";
        let data = if is_ridge { "ridge regression" } else { &data };
        rows.push(row![
            data,
            method_title(&method),
            group.cell("measured_rate"),
            group.cell("rate_low"),
            group.cell("rate_high"),
            group.cell("r_squared"),
            group.cell("sublinear_power"),
            group.cell("sublinear_r_squared"),
            group.cell("iterations"),
            format!("{} of {}", n_linear(&group), group.0.len()),
        ]);
    }
    let number = |heading: &str| Column::fixed(heading, 4);
    let columns = [
        Column::text("problem"),
        Column::text("method"),
        number("q"),
        number("95 % from"),
        number("to"),
        number("R²"),
        Column::fixed("p", 2),
        number("R² of p"),
        Column::fixed("iterations", 0),
        Column::text("linear likelier"),
    ];
    Table::new("Fitted rates", columns).rows(rows).note(
        "Means over the starts. F* of ridge regression is exact; that of networks is estimated with the rate, for either law \
         on its own.",
    )
}
