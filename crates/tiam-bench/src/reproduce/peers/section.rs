//! The report's section on other programs (PyTorch, scikit-learn, candle, burn).

use std::collections::BTreeSet;

use tiam_report::{
    Axis, Best, Cell, Column, NumberFormat, Plot, Section, Series, SeriesColor, Style, Table, row,
    slug, unique,
};

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
    let title = "Against what users would otherwise run";
    let mut section = Section::new(ID, title).text(where_from(results));
    let summary = &results.summary;
    for race in &summary.races {
        section = section.with(plot(race)).with(targets(race));
        if detail {
            section = section.with(settings(race));
        }
    }
    if !summary.fits.is_empty() {
        section = section.with(fits(&summary.fits));
    } else if summary.races.is_empty() {
        section = section.text("The file holds no runs.");
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
    let mut y = Axis::percent("test accuracy [%]");
    if highest > LEAST_SHOWN {
        y = y.over(LEAST_SHOWN, highest + HEADROOM);
    }
    let (data, network) = (&race.data, &race.network);
    let title = format!("{data} {network}: test accuracy against seconds");
    Plot::new(title, Axis::log10("training time [s]"), y).series(shown().map(series))
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
    let title = format!(
        "Training time to a test accuracy, {} {}",
        race.data, race.network
    );
    let columns = [
        Column::text("test accuracy [%]"),
        Column::text("peer"),
        Column::number("median time", "s", NumberFormat::Auto),
        Column::fixed("times TIAM's", 2),
        Column::text("runs that reach it"),
        Column::text("setting"),
    ];
    Table::new(title, columns).rows(rows).note(
        "Training time without loading and evaluation, at the first end of an epoch with that accuracy; a run that never has it counts \
         as the slowest, and where that is the median it never gets there. Each peer's quickest setting counts.",
    )
}

fn target_row(accuracy: &str, row: &Reached) -> Vec<Cell> {
    let setting = row.setting.as_ref();
    row![
        accuracy,
        title(&row.peer),
        row.seconds.map_or_else(|| "never".into(), Cell::from),
        row.ratio,
        format!("{} of {}", row.reached, row.runs),
        setting.map_or(Cell::Missing, Cell::from),
    ]
}

fn settings(race: &Race) -> Table {
    let row = |setting: &Setting| {
        row![
            title(&setting.peer),
            &setting.setting,
            setting.runs,
            setting.epochs,
            setting.seconds,
            setting.steps_per_second,
            mean(setting.test_accuracy.as_ref()),
        ]
    };
    let columns = [
        Column::text("peer"),
        Column::text("setting"),
        Column::fixed("runs", 0),
        Column::fixed("epochs", 0),
        Column::number("median time", "s", NumberFormat::Auto),
        Column::fixed("steps a second", 0),
        Column::percent("last test accuracy", 2).mark(Best::Largest),
    ];
    Table::new(
        format!("Every setting, {} {}", race.data, race.network),
        columns,
    )
    .rows(race.settings.iter().map(row))
    .note("Steps of different batch sizes are not alike. Accuracy: mean and deviation over runs.")
}

fn fits(fits: &[Fit]) -> Table {
    let rows = fits.iter().flat_map(|fit| {
        fit.rows.iter().map(|row| {
            row![
                &fit.data,
                &fit.network,
                title(&row.peer),
                &row.setting,
                row.runs,
                row.seconds,
                row.ratio,
                mean(row.test_accuracy.as_ref()),
            ]
        })
    });
    let columns = [
        Column::text("data"),
        Column::text("network"),
        Column::text("peer"),
        Column::text("setting"),
        Column::fixed("runs", 0),
        Column::number("median time", "s", NumberFormat::Auto),
        Column::fixed("times TIAM's", 2),
        Column::percent("test accuracy", 2),
    ];
    Table::new("Whole fits of tables", columns).rows(rows).note(
        "All peers have the same training and test samples, standardised, and each stops by its own default rule.",
    )
}

fn mean(value: Option<&Mean>) -> Cell {
    value.map_or(Cell::Missing, |value| Cell::Number {
        value: value.mean,
        deviation: value.deviation,
    })
}
