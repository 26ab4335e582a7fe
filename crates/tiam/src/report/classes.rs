//! Right and wrong answers of a classifier: confusion, recall, ROC curve and calibration.

use tiam_report::{
    Axis, BarSeries, Bars, Column, Guide, HeatCell, Heatmap, NumberFormat, Plot, Section, Series,
    SeriesColor, Style, Table, row,
};

use super::{ModelReport, count, number, percent};
use crate::evaluation::{ClassFigures, mean};

/// Classes up to which the matrix is drawn, and numbers stand in its cells.
const DRAWN: usize = 100;
const PRINTED: usize = 12;
/// Bars of the recall, and rows of the tables.
const SHOWN: usize = 20;
const PAIRS: usize = 8;
/// Bins of the calibration, and rows that a bin needs to be shown.
const BINS: usize = 10;
const FEWEST: usize = 5;
/// Points of a ROC curve.
const POINTS: usize = 150;

pub(super) fn section(report: &ModelReport, rows: &[(Vec<f64>, usize)]) -> Section {
    let section = Section::new("right-and-wrong", "Right and wrong");
    let Some(classes) = &report.found.classes else {
        return section;
    };
    let n = classes.names.len();
    let mut section = section.text(
        "Each row of the map is a true class, each column an answer; a cell is the share of the class's rows that got this answer. \
         On the diagonal the answer is right. Recall is the share of a class's rows that were found, precision the share of right ones among \
         the rows given that class, F1 a mean of both.",
    );
    if n <= DRAWN {
        section = section.with(confusion(classes));
    }
    section = match n {
        2 => section.with_all(roc(classes, rows)),
        _ => section.with(recalls(classes)),
    };
    if let Some(plot) = calibration(classes, rows) {
        section = section.with(plot);
        section = section.text(
            "Calibration: where the model says 80 %, it should be right in 80 % of the cases. Above the dashed line it is too careful, below too sure.",
        );
    }
    let pairs = pairs(classes);
    section = section.with(class_table(classes));
    match n > 2 && !pairs.rows.is_empty() {
        true => section.with(pairs),
        false => section,
    }
}

fn confusion(classes: &ClassFigures) -> Heatmap {
    let n = classes.names.len();
    let cell = |class: usize, answer: usize| match classes.support(class) {
        0 => HeatCell::Missing,
        _ if n > PRINTED && classes.confusion[class][answer] == 0 => HeatCell::Missing,
        of => HeatCell::Value(ratio(classes.confusion[class][answer], of)),
    };
    let places: Vec<f64> = (0..n).map(|at| ratio(2 * at + 1, 2)).collect();
    let from_below = || (0..n).rev();
    Heatmap {
        title: "True class and answer, % of the class".to_owned(),
        x: Axis::named("answer", classes.names.clone()),
        y: Axis::named(
            "true class",
            from_below()
                .map(|class| classes.names[class].clone())
                .collect(),
        ),
        xs: places.clone(),
        ys: places,
        cells: from_below()
            .map(|class| (0..n).map(|answer| cell(class, answer)).collect())
            .collect(),
        value: Axis::percent("share of the class").over(0.0, 1.0),
        print: Some(NumberFormat::Percent(0)).filter(|_| n <= PRINTED),
        ..Heatmap::default()
    }
}

#[allow(clippy::cast_precision_loss, reason = "numbers of rows")]
fn ratio(part: usize, of: usize) -> f64 {
    part as f64 / of as f64
}

/// The classes with the lowest recall, lowest first.
fn recalls(classes: &ClassFigures) -> Bars {
    let n = classes.names.len();
    let mut found: Vec<(usize, f64)> = (0..n)
        .filter_map(|class| Some((class, classes.recall(class)?)))
        .collect();
    found.sort_by(|a, b| a.1.total_cmp(&b.1));
    let title = match found.len() > SHOWN {
        true => format!("Recall of the {SHOWN} classes found least"),
        false => "Recall: share of each class that is found".to_owned(),
    };
    found.truncate(SHOWN);
    Bars {
        title,
        groups: found
            .iter()
            .map(|(class, _)| classes.names[*class].clone())
            .collect(),
        y: Axis::percent("recall"),
        series: vec![BarSeries {
            label: String::new(),
            color: SeriesColor::Other(0),
            values: found
                .iter()
                .map(|(_, recall)| Some((*recall, None)))
                .collect(),
        }],
        lying: true,
    }
}

/// Share of the second class that is found against share of the first that is taken for it, as the threshold falls.
fn roc(classes: &ClassFigures, rows: &[(Vec<f64>, usize)]) -> Option<Plot> {
    let mut scored: Vec<(f64, bool)> = rows
        .iter()
        .filter_map(|(p, label)| Some((*p.get(1)?, *label == 1)))
        .collect();
    let area = classes.roc_auc.filter(|_| !scored.is_empty())?;
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let n_positive = scored.iter().filter(|(_, positive)| *positive).count();
    let (mut hits, mut seen) = (0, 0);
    let mut points = vec![(0.0, 0.0)];
    for tied in scored.chunk_by(|a, b| a.0 <= b.0) {
        hits += tied.iter().filter(|(_, positive)| *positive).count();
        seen += tied.len();
        let n_negative = (scored.len() - n_positive).max(1);
        points.push((
            ratio(seen - hits, n_negative),
            ratio(hits, n_positive.max(1)),
        ));
    }
    let step = points.len().div_ceil(POINTS).max(1);
    let last = points.last().copied();
    let mut thinned: Vec<_> = points.into_iter().step_by(step).collect();
    thinned.extend(last);
    let (no, yes) = (&classes.names[0], &classes.names[1]);
    let axis = |label: String| Axis::percent(&label).over(0.0, 1.0);
    let plot = Plot::new(
        format!("ROC curve, area {}", number(area)),
        axis(format!("{no} taken for {yes}")),
        axis(format!("{yes} found")),
    );
    let line = Series::line("model", SeriesColor::Other(0), thinned);
    Some(
        plot.series([line])
            .guide(Guide::curve("chance", vec![(0.0, 0.0), (1.0, 1.0)])),
    )
}

/// Probability of the second class, or of the answer where there are more, against how often it is right.
fn calibration(classes: &ClassFigures, rows: &[(Vec<f64>, usize)]) -> Option<Plot> {
    let two = classes.names.len() == 2;
    let claim = |(p, label): &(Vec<f64>, usize)| -> Option<(f64, f64)> {
        let answer = match two {
            true => 1,
            false => (0..p.len()).max_by(|a, b| p[*a].total_cmp(&p[*b]))?,
        };
        Some((*p.get(answer)?, f64::from(u8::from(*label == answer))))
    };
    let mut bins = vec![Vec::new(); BINS];
    for (claimed, came) in rows.iter().filter_map(claim) {
        let bin = (1..BINS)
            .take_while(|bin| claimed >= ratio(*bin, BINS))
            .count();
        bins[bin].push((claimed, came));
    }
    let of = |bin: &[(f64, f64)], part: fn(&(f64, f64)) -> f64| {
        mean(&bin.iter().map(part).collect::<Vec<_>>())
    };
    let shown = bins.iter().filter(|bin| bin.len() >= FEWEST);
    let points: Vec<(f64, f64)> = shown
        .map(|bin| (of(bin, |x| x.0), of(bin, |x| x.1)))
        .collect();
    if points.len() < 2 {
        return None;
    }
    let (claimed, came) = match two {
        true => (
            format!("probability of {}", classes.names[1]),
            format!("share of {}", classes.names[1]),
        ),
        false => (
            "probability of the answer".to_owned(),
            "share of right answers".to_owned(),
        ),
    };
    let axis = |label: &str| Axis::percent(label).over(0.0, 1.0);
    let plot = Plot::new("Calibration", axis(&claimed), axis(&came));
    let line = Series::line("model", SeriesColor::Other(0), points).styled(Style::LineAndPoints);
    Some(
        plot.series([line])
            .guide(Guide::curve("perfect", vec![(0.0, 0.0), (1.0, 1.0)])),
    )
}

fn class_table(classes: &ClassFigures) -> Table {
    let n = classes.names.len();
    let columns = [
        Column::text("class"),
        Column::number("rows", "", NumberFormat::Fixed(0)),
        Column::percent("precision", 1),
        Column::percent("recall", 1),
        Column::percent("F1", 1),
    ];
    let of = |class: usize| {
        let support = ratio(classes.support(class), 1);
        row![
            &classes.names[class],
            support,
            classes.precision(class),
            classes.recall(class),
            classes.f1(class)
        ]
    };
    let table = Table::new("Each class", columns).rows((0..n.min(SHOWN)).map(of));
    match n > SHOWN {
        true => table.note(
            &format!(
                "And {} classes more: `tiam evaluate --json` has all.",
                count(n - SHOWN)
            )
            .replace('`', ""),
        ),
        false => table,
    }
}

fn pairs(classes: &ClassFigures) -> Table {
    let columns = [
        Column::text("true class"),
        Column::text("taken for"),
        Column::number("rows", "", NumberFormat::Fixed(0)),
        Column::text("of the class"),
    ];
    let of = |(class, other, n): (usize, usize, usize)| {
        let share = percent(ratio(n, classes.support(class)));
        row![
            &classes.names[class],
            &classes.names[other],
            ratio(n, 1),
            share
        ]
    };
    Table::new("Most often confused", columns)
        .rows(classes.most_confused().into_iter().take(PAIRS).map(of))
}
