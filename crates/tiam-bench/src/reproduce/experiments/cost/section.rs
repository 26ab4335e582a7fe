//! Report section of the cost experiment.

use super::super::exponent::{Exponent, exponent, upper_half};
use super::super::reading::{cell, figure, label, of_part};
use super::NAME;
use crate::reproduce::claims::{Claim, Verdict};
use crate::reproduce::number::NumberFormat;
use crate::reproduce::palette::SeriesColor;
use crate::reproduce::plot::{Axis, Guide, Plot, Series, Style};
use crate::reproduce::record::Record;
use crate::reproduce::report::{Block, Section};
use crate::reproduce::table::{Cell, Column, Table};

const PARTS: [(&str, &str); 4] = [
    ("samples", "samples"),
    ("features", "features"),
    ("width", "units of a hidden layer"),
    ("depth", "hidden layers"),
];

/// Figure, its name in print, its unit.
const QUANTITIES: [(&str, &str, &str); 3] = [
    ("seconds_per_iteration", "time", "s"),
    ("flops_per_iteration", "flops", ""),
    ("peak_memory", "memory", "bytes"),
];

/// What the records tell of costs; every number in the prose is computed from them.
pub(in super::super) fn section(records: &[Record]) -> Section {
    let mut section = Section::new(NAME, "Cost of an iteration");
    let swept = PARTS.map(|(part, _)| of_part(records, NAME, part).count());
    if swept.iter().sum::<usize>() > 0 {
        section = section.with(Block::paragraph(growth(records)));
        for (part, title) in PARTS {
            section = section.with(time_plot(records, part, title));
        }
        section = section.with(memory_plot(records)).with(exponents(records));
    }
    let solvers: Vec<&Record> = of_part(records, NAME, "solver").collect();
    if !solvers.is_empty() {
        section = section
            .with(Block::paragraph(fastest(&solvers)))
            .with(solver_table(&solvers));
    }
    section
}

/// The paper's claim of a cost linear in the samples.
pub(in super::super) fn claims(records: &[Record]) -> Vec<Claim> {
    let seconds = points(records, "samples", QUANTITIES[0].0);
    let Some(found) = exponent(&upper_half(&seconds)) else {
        return Vec::new();
    };
    vec![Claim {
        text: "An iteration's time grows linearly with the samples (power within 0.15 of 1)"
            .to_owned(),
        tested_on: "generated data, 100 features, hidden layers 100, 100".to_owned(),
        verdict: Verdict::of((found.slope - 1.0).abs() <= 0.15),
        figures: format!("fitted power {}", printed(found)),
    }]
}

/// (size, figure) of the points of a sweep.
fn points(records: &[Record], part: &str, name: &str) -> Vec<(f64, f64)> {
    of_part(records, NAME, part)
        .filter_map(|r| Some((size(r)?, figure(r, name)?)))
        .collect()
}

fn size(record: &Record) -> Option<f64> {
    record.labels.get("value").and_then(|value| value.as_f64())
}

fn growth(records: &[Record]) -> String {
    let powers: Vec<String> = PARTS
        .iter()
        .filter_map(|(part, title)| {
            let seconds = points(records, part, QUANTITIES[0].0);
            let found = exponent(&upper_half(&seconds))?;
            Some(format!(
                "the number of {title} to the power {}",
                printed(found)
            ))
        })
        .collect();
    let speeds = PARTS
        .iter()
        .flat_map(|(part, _)| points(records, part, "flops_per_second"));
    let (slowest, fastest) = speeds.fold((f64::INFINITY, 0.0f64), |(low, high), (_, speed)| {
        (low.min(speed), high.max(speed))
    });
    format!(
        "Over the upper half of each sweep the time of an iteration grows as {}. At the flops counted for its products, an iteration \
         ran at {} to {} Gflop/s.",
        powers.join(", "),
        NumberFormat::Auto.print(slowest / 1e9),
        NumberFormat::Auto.print(fastest / 1e9),
    )
}

/// With the standard error where there is one.
fn printed(found: Exponent) -> String {
    let format = NumberFormat::Fixed(2);
    if found.n > 2 {
        format.print_with(found.slope, found.std_error)
    } else {
        format.print(found.slope)
    }
}

fn time_plot(records: &[Record], part: &str, title: &str) -> Plot {
    let (mut seconds, mut spread) = (Vec::new(), Vec::new());
    let (mut flops, mut fastest) = (Vec::new(), 0.0f64);
    for record in of_part(records, NAME, part) {
        let (Some(x), Some(y)) = (size(record), figure(record, QUANTITIES[0].0)) else {
            continue;
        };
        let end = |name| figure(record, name).unwrap_or(y);
        seconds.push((x, y));
        spread.push((end("seconds_low"), end("seconds_high")));
        if let Some(count) = figure(record, QUANTITIES[1].0) {
            flops.push((x, count));
            fastest = fastest.max(count / y);
        }
    }
    let at_best = flops.iter().map(|(x, count)| (*x, count / fastest));
    let measured = Series::line("measured", SeriesColor::method("tiam"), seconds);
    Plot {
        title: format!("Time of an iteration against {title}"),
        x: Axis::log10(title),
        y: Axis::log10("time [s]"),
        series: vec![measured.styled(Style::LineAndPoints).spread(spread)],
        guides: vec![Guide::curve(
            "flops at the fastest point's speed",
            at_best.collect(),
        )],
    }
}

fn memory_plot(records: &[Record]) -> Plot {
    let series = PARTS.iter().enumerate().map(|(i, (part, title))| {
        let points = points(records, part, QUANTITIES[2].0);
        let megabytes = points.into_iter().map(|(x, bytes)| (x, bytes / 1e6));
        Series::line(title, SeriesColor::Other(i), megabytes.collect()).styled(Style::LineAndPoints)
    });
    Plot {
        title: "Memory beyond the data".to_owned(),
        x: Axis::log10("size"),
        y: Axis::log10("memory [MB]"),
        series: series.collect(),
        guides: Vec::new(),
    }
}

fn exponents(records: &[Record]) -> Table {
    let mut rows = Vec::new();
    for (part, title) in PARTS {
        for (name, quantity, _) in QUANTITIES {
            let all = points(records, part, name);
            let fit = |points: &[(f64, f64)]| match exponent(points) {
                Some(Exponent {
                    slope,
                    std_error,
                    n: 3..,
                }) => Cell::mean(slope, std_error),
                Some(found) => Cell::number(found.slope),
                None => Cell::Missing,
            };
            rows.push(vec![
                Cell::text(quantity),
                Cell::text(title),
                fit(&upper_half(&all)),
                fit(&all),
            ]);
        }
    }
    let power = |heading: &str| Column::number(heading, "", NumberFormat::Fixed(2));
    Table {
        title: "Powers of growth".to_owned(),
        columns: vec![
            Column::text("quantity"),
            Column::text("against"),
            power("upper half"),
            power("all"),
        ],
        rows,
        note: "Slope of the logarithms by least squares, ± its standard error where more than two points were fitted. Memory is \
               what training takes beyond the data."
            .to_owned(),
    }
}

/// Data sets in the order of their records.
fn data_sets<'a>(solvers: &[&'a Record]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for record in solvers {
        if !names.contains(&record.data.as_str()) {
            names.push(&record.data);
        }
    }
    names
}

fn fastest(solvers: &[&Record]) -> String {
    let mut sentences = Vec::new();
    for data in data_sets(solvers) {
        let timed = solvers
            .iter()
            .filter(|r| r.data == data)
            .filter_map(|r| Some((figure(r, "seconds_to_target")?, label(r, "value"))));
        let Some((seconds, solver)) = timed.min_by(|a, b| a.0.total_cmp(&b.0)) else {
            continue;
        };
        let seconds = NumberFormat::Auto.print(seconds);
        sentences.push(format!("on `{data}` `{solver}` ({seconds} s)"));
    }
    format!(
        "Quickest to the objective at which backtracking ends: {}.",
        sentences.join(", ")
    )
}

fn solver_table(solvers: &[&Record]) -> Table {
    let rows = solvers.iter().map(|record| {
        vec![
            Cell::text(&record.data),
            Cell::text(label(record, "value")),
            cell(record, "seconds_per_iteration"),
            cell(record, "iterations_to_target"),
            cell(record, "seconds_to_target"),
            cell(record, "objective"),
            cell(record, "target_objective"),
        ]
    });
    let number = |heading: &str, unit: &str| Column::number(heading, unit, NumberFormat::Auto);
    Table {
        title: "Forms of the weight and activation steps".to_owned(),
        columns: vec![
            Column::text("data"),
            Column::text("solver"),
            number("an iteration", "s"),
            Column::number("iterations to target", "", NumberFormat::Fixed(0)),
            number("time to target", "s"),
            number("F reached", ""),
            number("target", ""),
        ],
        rows: rows.collect(),
        note: "The target is F of backtracking after its iterations; a solver that is not there after four times as many has no time."
            .to_owned(),
    }
}
