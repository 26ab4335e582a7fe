//! The report's section on other programs (PyTorch, scikit-learn, candle, burn).

use std::collections::BTreeSet;

use super::super::markup::{slug, unique};
use super::super::number::NumberFormat;
use super::super::palette::SeriesColor;
use super::super::plot::{Axis, Plot, Series, Style};
use super::super::report::{Block, Section};
use super::super::table::{Best, Cell, Column, Table};
use super::form::{Curve, Fit, Mean, Race, Reached, Results, Setting};

/// Names the section in links and files.
const ID: &str = "peers";
/// Name in the file, name in print; the order is that of the colours.
const PEERS: [(&str, &str); 5] = [
    ("tiam", "TIAM"),
    ("torch", "PyTorch"),
    ("candle", "candle"),
    ("burn", "burn"),
    ("sklearn", "scikit-learn"),
];
/// The picture leaves out what lies below: the first epochs of slow starters would flatten all the rest.
const LEAST_SHOWN: f64 = 0.93;
/// Room above the highest accuracy.
const HEADROOM: f64 = 0.002;

pub(super) fn section(results: &Results, detail: bool) -> Section {
    let mut section = Section::new(ID, "Against what users would otherwise run")
        .with(Block::paragraph(where_from(results)));
    let summary = &results.summary;
    for race in &summary.races {
        section = section.with(plot(race)).with(targets(race));
        if detail {
            section = section.with(settings(race));
        }
    }
    if !summary.fits.is_empty() {
        section = section.with(fits(&summary.fits));
    }
    if summary.races.is_empty() && summary.fits.is_empty() {
        section = section.with(Block::paragraph("The file holds no runs."));
    }
    section
}

/// The pictures of the section.
pub(super) fn plots(results: &Results) -> Vec<Plot> {
    results.summary.races.iter().map(plot).collect()
}

/// As the report's Markdown names the picture.
pub(super) fn file_name(taken: &mut BTreeSet<String>, plot: &Plot) -> String {
    unique(taken, &slug(&format!("{ID} {}", plot.title))) + ".svg"
}

fn title(peer: &str) -> &str {
    let known = PEERS.iter().find(|(name, _)| *name == peer);
    known.map_or(peer, |(_, title)| title)
}

/// TIAM looks as everywhere; the rivals take the looks after it in their own order.
fn color(peer: &str) -> SeriesColor {
    match PEERS.iter().position(|(name, _)| *name == peer) {
        Some(n) if n > 0 => SeriesColor::Other(n - 1),
        _ => SeriesColor::method(peer),
    }
}

fn where_from(results: &Results) -> String {
    let machine = &results.machine;
    let version = |(peer, version): (&String, &String)| format!("{} {version}", title(peer));
    let versions: Vec<String> = results.versions.iter().map(version).collect();
    format!(
        "Measured by `{}` on {}: {}, {} threads of {} cores, {}. Versions: {}. Every rival has samples as rows, its fastest optimiser, and \
         for each target its quickest setting.",
        results.command,
        results.date,
        machine.processor,
        machine.threads,
        machine.cores,
        machine.system,
        versions.join(", ")
    )
}

fn plot(race: &Race) -> Plot {
    let shown = || race.curves.iter().filter(|curve| curve.shown);
    let highest = shown()
        .flat_map(|curve| curve.points.iter().map(|point| point.1))
        .fold(LEAST_SHOWN, f64::max);
    let all_below = highest <= LEAST_SHOWN;
    let axis = Axis::percent("test accuracy [%]");
    Plot {
        title: format!(
            "{} {}: test accuracy against seconds",
            race.data, race.network
        ),
        x: Axis::log10("training time [s]"),
        y: if all_below {
            axis
        } else {
            axis.over(LEAST_SHOWN, highest + HEADROOM)
        },
        series: shown().map(series).collect(),
        guides: Vec::new(),
    }
}

fn series(curve: &Curve) -> Series {
    let label = format!("{}, {}", title(&curve.peer), curve.setting);
    Series::line(&label, color(&curve.peer), curve.points.clone()).styled(Style::LineAndPoints)
}

fn targets(race: &Race) -> Table {
    let mut rows = Vec::new();
    for target in &race.targets {
        let accuracy = NumberFormat::Percent(1).print(target.accuracy);
        rows.extend(target.rows.iter().map(|row| target_row(&accuracy, row)));
    }
    Table {
        title: format!("Training time to a test accuracy, {} {}", race.data, race.network),
        columns: vec![
            Column::text("test accuracy [%]"),
            Column::text("peer"),
            Column::number("median time", "s", NumberFormat::Auto),
            Column::number("times TIAM's", "", NumberFormat::Fixed(2)),
            Column::text("runs that reach it"),
            Column::text("setting"),
        ],
        rows,
        note: "Training time without loading and evaluation, at the first end of an epoch with that accuracy; a run that never has it counts \
               as the slowest, and where that is the median it never gets there. Each peer's quickest setting counts."
            .to_owned(),
    }
}

fn target_row(accuracy: &str, row: &Reached) -> Vec<Cell> {
    vec![
        Cell::text(accuracy),
        Cell::text(title(&row.peer)),
        row.seconds
            .map_or_else(|| Cell::text("never"), Cell::number),
        optional(row.ratio),
        Cell::text(format!("{} of {}", row.reached, row.runs)),
        row.setting.as_ref().map_or(Cell::Missing, Cell::text),
    ]
}

fn settings(race: &Race) -> Table {
    let row = |setting: &Setting| {
        vec![
            Cell::text(title(&setting.peer)),
            Cell::text(&setting.setting),
            Cell::number(setting.runs),
            Cell::number(setting.epochs),
            Cell::number(setting.seconds),
            optional(setting.steps_per_second),
            mean(setting.test_accuracy.as_ref()),
        ]
    };
    Table {
        title: format!("Every setting, {} {}", race.data, race.network),
        columns: vec![
            Column::text("peer"),
            Column::text("setting"),
            Column::number("runs", "", NumberFormat::Fixed(0)),
            Column::number("epochs", "", NumberFormat::Fixed(0)),
            Column::number("median time", "s", NumberFormat::Auto),
            Column::number("steps a second", "", NumberFormat::Fixed(0)),
            Column::number("last test accuracy", "", NumberFormat::Percent(2)).mark(Best::Largest),
        ],
        rows: race.settings.iter().map(row).collect(),
        note:
            "Steps of different batch sizes are not alike. Accuracy: mean and deviation over runs."
                .to_owned(),
    }
}

fn fits(fits: &[Fit]) -> Table {
    let rows = fits.iter().flat_map(|fit| {
        fit.rows.iter().map(|row| {
            vec![
                Cell::text(&fit.data),
                Cell::text(&fit.network),
                Cell::text(title(&row.peer)),
                Cell::text(&row.setting),
                Cell::number(row.runs),
                Cell::number(row.seconds),
                optional(row.ratio),
                mean(row.test_accuracy.as_ref()),
            ]
        })
    });
    Table {
        title: "Whole fits of tables".to_owned(),
        columns: vec![
            Column::text("data"),
            Column::text("network"),
            Column::text("peer"),
            Column::text("setting"),
            Column::number("runs", "", NumberFormat::Fixed(0)),
            Column::number("median time", "s", NumberFormat::Auto),
            Column::number("times TIAM's", "", NumberFormat::Fixed(2)),
            Column::number("test accuracy", "", NumberFormat::Percent(2)),
        ],
        rows: rows.collect(),
        note: "All peers have the same training and test samples, standardised, and each stops by its own default rule.".to_owned(),
    }
}

fn optional(value: Option<f64>) -> Cell {
    value.map_or(Cell::Missing, Cell::number)
}

fn mean(value: Option<&Mean>) -> Cell {
    value.map_or(Cell::Missing, |value| Cell::Number {
        value: value.mean,
        deviation: value.deviation,
    })
}
