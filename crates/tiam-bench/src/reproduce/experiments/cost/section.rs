//! Report section of the cost experiment.

use tiam_report::{
    Axis, Cell, Column, Guide, NumberFormat, Plot, Section, Series, SeriesColor, Style, Table, row,
};

use super::super::exponent::{Exponent, exponent, upper_half};
use super::NAME;
use crate::reproduce::claims::{Claim, Evidence};
use crate::reproduce::record::Record;
use crate::reproduce::selection::Runs;

const PARTS: [(&str, &str); 4] = [
    ("samples", "samples"),
    ("features", "features"),
    ("width", "units of a hidden layer"),
    ("depth", "hidden layers"),
];

const SECONDS: &str = "seconds_per_iteration";
const FLOPS: &str = "flops_per_iteration";
const MEMORY: &str = "peak_memory";
/// Figures and their names in print.
const QUANTITIES: [(&str, &str); 3] = [(SECONDS, "time"), (FLOPS, "flops"), (MEMORY, "memory")];

/// What the records tell of costs; every number in the prose is computed from them.
pub(in super::super) fn section(records: &[Record]) -> Section {
    let runs = Runs::of(records, NAME);
    let mut section = Section::new(NAME, "Cost of an iteration");
    if PARTS.iter().any(|(part, _)| !runs.part(part).is_empty()) {
        section = section
            .text(growth(&runs))
            .with_all(PARTS.map(|(part, title)| time_plot(&runs.part(part), title)))
            .with(memory_plot(&runs))
            .with(exponents(&runs));
    }
    let solvers = runs.part("solver");
    if !solvers.is_empty() {
        section = section.text(fastest(&solvers)).with(solver_table(&solvers));
    }
    section
}

/// The paper's claim of a cost linear in the samples.
pub(in super::super) fn claims(records: &[Record]) -> Vec<Claim> {
    let seconds = points(&Runs::of(records, NAME).part("samples"), SECONDS);
    let found = exponent(&upper_half(&seconds)).map(|found| Claim {
        text: "An iteration's time grows linearly with the samples (power within 0.15 of 1)"
            .to_owned(),
        tested_on: "generated data, 100 features, hidden layers 100, 100".to_owned(),
        figures: format!("fitted power {}", printed(found)),
        evidence: Evidence::within(found.slope, found.std_error, found.n, 1.0, 0.15),
    });
    found.into_iter().collect()
}

/// (size, figure) of the points of a sweep.
fn points(swept: &Runs<'_>, name: &str) -> Vec<(f64, f64)> {
    let point = |r: &&Record| Some((size(r)?, r.figure(name)?));
    swept.0.iter().filter_map(point).collect()
}

fn size(record: &Record) -> Option<f64> {
    record.labels.get("value").and_then(|value| value.as_f64())
}

fn growth(runs: &Runs<'_>) -> String {
    let powers = PARTS.iter().filter_map(|(part, title)| {
        let seconds = points(&runs.part(part), SECONDS);
        let power = printed(exponent(&upper_half(&seconds))?);
        Some(format!("the number of {title} to the power {power}"))
    });
    let powers: Vec<String> = powers.collect();
    let speeds = runs.figures("flops_per_second");
    let slowest = speeds.iter().copied().fold(f64::INFINITY, f64::min);
    let fastest = speeds.iter().copied().fold(0.0, f64::max);
    format!(
        "Over the upper half of each sweep the time of an iteration grows as {}. At the flops counted for its products, an iteration \
         ran at {} to {} Gflop/s.",
        powers.join(", "),
        NumberFormat::Auto.print(slowest / 1e9),
        NumberFormat::Auto.print(fastest / 1e9),
    )
}

/// With its 95 % confidence interval where there is one.
fn printed(found: Exponent) -> String {
    let format = NumberFormat::Fixed(2);
    if found.n > 2 {
        format.print_with(found.slope, found.half_interval())
    } else {
        format.print(found.slope)
    }
}

fn time_plot(swept: &Runs<'_>, title: &str) -> Plot {
    let timed = swept.filter(|r| size(r).is_some() && r.figure(SECONDS).is_some());
    let seconds = points(&timed, SECONDS);
    let spread = timed.0.iter().zip(&seconds).map(|(record, (_, y))| {
        let end = |name| record.figure(name).unwrap_or(*y);
        (end("seconds_low"), end("seconds_high"))
    });
    let measured = Series::line("measured", SeriesColor::method("tiam"), seconds.clone())
        .styled(Style::LineAndPoints)
        .spread(spread.collect());
    let speed = |r: &&Record| Some(r.figure(FLOPS)? / r.figure(SECONDS)?);
    let fastest = timed.0.iter().filter_map(speed).fold(0.0, f64::max);
    let flops = points(&timed, FLOPS).into_iter();
    let at_best = flops.map(|(x, count)| (x, count / fastest)).collect();
    let name = format!("Time of an iteration against {title}");
    Plot::new(name, Axis::log10(title), Axis::log10("time [s]"))
        .series([measured])
        .guide(Guide::curve("flops at the fastest point's speed", at_best))
}

fn memory_plot(runs: &Runs<'_>) -> Plot {
    let series = PARTS.iter().enumerate().map(|(i, (part, title))| {
        let points = points(&runs.part(part), MEMORY);
        let megabytes = points.into_iter().map(|(x, bytes)| (x, bytes / 1e6));
        Series::line(title, SeriesColor::Other(i), megabytes.collect()).styled(Style::LineAndPoints)
    });
    let (x, y) = (Axis::log10("size"), Axis::log10("memory [MB]"));
    Plot::new("Memory beyond the data", x, y).series(series)
}

fn exponents(runs: &Runs<'_>) -> Table {
    let fit = |points: &[(f64, f64)]| match exponent(points) {
        Some(found) if found.n > 2 => Cell::mean(found.slope, found.half_interval()),
        found => found.map(|found| found.slope).into(),
    };
    let mut rows = Vec::new();
    for (part, title) in PARTS {
        for (name, quantity) in QUANTITIES {
            let all = points(&runs.part(part), name);
            rows.push(row![quantity, title, fit(&upper_half(&all)), fit(&all)]);
        }
    }
    let columns = [
        Column::text("quantity"),
        Column::text("against"),
        Column::fixed("upper half", 2),
        Column::fixed("all", 2),
    ];
    Table::new("Powers of growth", columns).rows(rows).note(
        "Slope of the logarithms by least squares, ± half its 95 % confidence interval. Memory is \
         what training takes beyond the data.",
    )
}

fn fastest(solvers: &Runs<'_>) -> String {
    let sentences = solvers.by_data().into_iter().filter_map(|(data, runs)| {
        let timed = runs.0.iter();
        let timed = timed.filter_map(|r| Some((r.figure("seconds_to_target")?, r.label("value"))));
        let (seconds, solver) = timed.min_by(|a, b| a.0.total_cmp(&b.0))?;
        let seconds = NumberFormat::Auto.print(seconds);
        Some(format!("on `{data}` `{solver}` ({seconds} s)"))
    });
    let sentences: Vec<String> = sentences.collect();
    let sentences = sentences.join(", ");
    format!("Quickest to the objective at which backtracking ends: {sentences}.")
}

fn solver_table(solvers: &Runs<'_>) -> Table {
    let rows = solvers.0.iter().map(|record| {
        row![
            &record.data,
            record.label("value"),
            record.cell("seconds_per_iteration"),
            record.cell("iterations_to_target"),
            record.cell("seconds_to_target"),
            record.cell("objective"),
            record.cell("target_objective"),
        ]
    });
    let number = |heading: &str, unit: &str| Column::number(heading, unit, NumberFormat::Auto);
    let columns = [
        Column::text("data"),
        Column::text("solver"),
        number("an iteration", "s"),
        Column::fixed("iterations to target", 0),
        number("time to target", "s"),
        number("F reached", ""),
        number("target", ""),
    ];
    Table::new("Forms of the weight and activation steps", columns).rows(rows).note(
        "The target is F of backtracking after its iterations; a solver that is not there after four times as many has no time.",
    )
}
