//! Tests of tables, figures and pages.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod markup;
mod number;
mod palette;

use proptest::prelude::*;
use roxmltree::Document;
use tiam_report::{
    Axis, BarSeries, Bars, Best, Block, Cell, Column, Guide, HeatCell, Heatmap, Medium,
    NumberFormat, Plot, Report, Scale, Section, Series, SeriesColor, Style, Table, method_names,
    method_title, row,
};

const AWKWARD: &str = "<script>alert(\"1\")</script> & 'x' | `y`\u{1} fill=\"#010000\"";

/// Checks that a figure is well-formed, follows the page's colour and loads nothing.
fn check_svg(svg: &str) {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}:\n{svg}"));
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    assert!(root.attribute("viewBox").is_some());
    assert!(
        document
            .descendants()
            .any(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")))
    );
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        if node.tag_name().name() == "text" {
            // Black or white where it stands on a cell, whose colour is the same on every page.
            let inks = ["currentColor", "#FFFFFF", "#101418"].map(Some);
            assert!(inks.contains(&node.attribute("fill")), "{svg}");
        }
        for paint in ["fill", "stroke"] {
            assert!(
                !node
                    .attribute(paint)
                    .is_some_and(|color| color.starts_with("#01")),
                "a stand-in is left: {svg}"
            );
        }
        for place in [
            "x", "y", "x1", "x2", "y1", "y2", "width", "height", "cx", "cy", "points",
        ] {
            let finite = |text: &str| {
                text.split([' ', ','])
                    .filter(|n| !n.is_empty())
                    .all(|n| n == "100%" || n.parse::<i32>().is_ok_and(|n| n.abs() < 20_000))
            };
            assert!(
                node.attribute(place).is_none_or(finite),
                "{place} of {node:?}"
            );
        }
    }
    check_loads_nothing(svg);
}

fn check_loads_nothing(text: &str) {
    let text = text.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for link in [
        "http://", "https://", "url(", "@import", "<script", "<link", "src=",
    ] {
        assert!(!text.contains(link), "{link}");
    }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0,
        2 => (-320.0..308.0).prop_map(|power: f64| 10_f64.powf(power)),
        1 => (-320.0..308.0).prop_map(|power: f64| -10_f64.powf(power)),
        1 => prop::sample::select(vec![0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1.0, 1.0 + f64::EPSILON]),
    ]
}

fn axis() -> impl Strategy<Value = Axis> {
    (
        prop::bool::ANY,
        prop::bool::ANY,
        prop::option::weighted(0.2, (number(), number())),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(log, percent, range, named)| Axis {
            label: AWKWARD.to_owned(),
            scale: if log { Scale::Log10 } else { Scale::Linear },
            format: if percent {
                NumberFormat::Percent(0)
            } else {
                NumberFormat::Auto
            },
            range,
            names: if named {
                vec![AWKWARD.to_owned(); 40]
            } else {
                Vec::new()
            },
        })
}

fn series() -> impl Strategy<Value = Series> {
    let points = prop::collection::vec((number(), number()), 0..12);
    let spread = prop::option::of(prop::collection::vec((number(), number()), 0..12));
    let style = prop::sample::select(vec![Style::Line, Style::Points, Style::LineAndPoints]);
    (points, spread, style, 0..14_usize).prop_map(|(points, spread, style, n)| Series {
        label: AWKWARD.to_owned(),
        color: method_names()
            .nth(n)
            .map_or(SeriesColor::Other(n), SeriesColor::method),
        style,
        points,
        spread,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn figures_of_any_series_are_well_formed(x in axis(), y in axis(), series in prop::collection::vec(series(), 0..5), at in number()) {
        let guides = vec![Guide::curve(AWKWARD, vec![(at, 0.0), (at, 1.0)]), Guide::curve("c", vec![(at, 1.0), (1.0, at)])];
        let plot = Plot { title: AWKWARD.to_owned(), x, y, series, guides };
        check_svg(&plot.to_svg(Medium::Inline));
        check_svg(&plot.to_svg(Medium::Narrow));
        check_svg(&plot.to_svg(Medium::File));
    }

    #[test]
    fn figures_of_any_bars_are_well_formed(y in axis(), values in prop::collection::vec(prop::option::of((number(), prop::option::of(number()))), 0..6), lying in prop::bool::ANY) {
        let series = vec![BarSeries { label: AWKWARD.to_owned(), color: SeriesColor::method("tiam"), values }];
        let bars = Bars { title: AWKWARD.to_owned(), groups: vec![AWKWARD.to_owned(); 4], y, series, lying };
        check_svg(&bars.to_svg(Medium::Inline));
        check_svg(&bars.to_svg(Medium::Narrow));
    }

    #[test]
    fn figures_of_any_cells_are_well_formed(x in axis(), y in axis(), value in axis(), xs in prop::collection::vec(number(), 0..4), ys in prop::collection::vec(number(), 0..4), values in prop::collection::vec(number(), 4)) {
        let row: Vec<HeatCell> = values.into_iter().map(HeatCell::Value).collect();
        let cells = vec![row, vec![HeatCell::Diverged], vec![HeatCell::Missing]];
        let guides = vec![Guide::curve("c", vec![(0.1, 0.1), (1.0, 5.0)])];
        check_svg(&Heatmap { title: AWKWARD.to_owned(), x, y, xs, ys, cells, value, guides, print: Some(NumberFormat::Auto) }.to_svg(Medium::File));
    }

}

fn table() -> Table {
    Table {
        title: "T|<b>".into(),
        columns: vec![
            Column::text("method|name"),
            Column::number("accuracy", "", NumberFormat::Percent(1)).mark(Best::Largest),
        ],
        rows: vec![
            row![AWKWARD, Cell::mean(0.971, 0.002)],
            row!["b", Cell::Missing],
            row!["c"],
            row!["d", 0.5, "beyond"],
        ],
        note: "*note*".into(),
    }
}

#[test]
fn tables_show_missing_cells_and_keep_every_row_whole() {
    let html = table().to_html();
    assert_eq!(
        (html.matches("<td").count(), html.matches("<tr>").count()),
        (12, 5)
    );
    assert!(
        html.contains("<strong>97.1 ± 0.2</strong>")
            && html.contains(">–</td>")
            && html.contains("accuracy [%]")
    );
    assert!(!html.contains("<script") && !html.contains("<b>"));
    let markdown = table().to_markdown();
    for line in markdown.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(line.replace("\\|", "").matches('|').count(), 4, "{line}");
    }
    assert!(!markdown.contains("<script") && markdown.contains("\\*note\\*"));
}

fn report() -> Report {
    let line = Series::line(
        AWKWARD,
        SeriesColor::method("tiam"),
        vec![(1.0, 1.0), (2.0, 0.1)],
    );
    let plot = Plot {
        title: AWKWARD.into(),
        x: Axis::linear("iteration"),
        y: Axis::log10("F"),
        series: vec![line],
        guides: vec![],
    };
    let section = Section::new(AWKWARD, AWKWARD)
        .with(Block::Paragraph(AWKWARD.into()))
        .with(plot.clone())
        .with(plot)
        .with(table())
        .with(Block::List(vec![AWKWARD.into()]))
        .with(Block::Code("```\n<script>".into()));
    Report {
        narrow: false,
        title: AWKWARD.into(),
        subtitle: AWKWARD.into(),
        facts: vec![("seed".into(), AWKWARD.into())],
        sections: vec![section.clone(), section],
    }
}

#[test]
fn page_is_self_contained_and_escaped() {
    let html = report().to_html();
    check_loads_nothing(&html);
    assert!(!html.contains('\u{1}'));
    assert_eq!(html.matches("<figure>").count(), 4);
    assert_eq!(html.matches("<div class=\"figures\">").count(), 2);
    let ids: Vec<&str> = html
        .split("<section id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    assert!(
        ids.iter()
            .all(|id| html.contains(&format!("href=\"#{id}\"")))
    );
    // Apart from its style and void elements the page is XML too: every element is closed in its place.
    let (before, rest) = html.split_once("<style>").unwrap();
    let rest = rest.split_once("</style>").unwrap().1;
    let xml = format!("{before}{rest}").replace("<!DOCTYPE html>", "");
    let mut parts = xml.split("<meta ");
    let first = parts.next().unwrap().to_owned();
    let xml = parts.fold(first, |xml, part| xml + part.split_once('>').unwrap().1);
    Document::parse(&xml).unwrap();
}

#[test]
fn markdown_names_every_picture_once() {
    let markdown = report().to_markdown("img/");
    assert_eq!(markdown.pictures.len(), 4);
    for (name, svg) in &markdown.pictures {
        assert_eq!(markdown.text.matches(&format!("](img/{name})")).count(), 1);
        assert!(svg.contains("prefers-color-scheme:dark"));
        check_svg(svg);
    }
    assert!(markdown.text.contains("````text\n```\n<script>\n````"));
}

#[test]
fn figures_without_data_say_so() {
    let nothing = Plot {
        y: Axis::log10("F"),
        series: vec![Series::line("a", SeriesColor::Other(0), vec![(1.0, -1.0)])],
        ..Plot::default()
    };
    for svg in [
        nothing.to_svg(Medium::Inline),
        Plot::default().to_svg(Medium::Inline),
        Bars::default().to_svg(Medium::Inline),
        Heatmap::default().to_svg(Medium::Inline),
    ] {
        check_svg(&svg);
        assert!(svg.contains("no data to show"));
    }
}

#[test]
fn lines_from_far_outside_a_fixed_range_are_cut_at_the_frame() {
    for far in [-7.3, 3.7e268, -1e300] {
        let line = Series::line(
            "a",
            SeriesColor::Other(0),
            vec![(0.0, far), (0.0, 0.0), (1.0, 1.0)],
        );
        let y = Axis::linear("y").over(0.0, 1.0);
        let plot = Plot {
            y,
            series: vec![line],
            ..Plot::default()
        };
        check_svg(&plot.to_svg(Medium::Inline));
    }
}

#[test]
fn one_point_is_marked() {
    let one = Series::line(
        method_title("adam"),
        SeriesColor::method("tiam"),
        vec![(3.0, 2e-7)],
    );
    let svg = Plot {
        x: Axis::linear("x"),
        y: Axis::log10("y"),
        series: vec![one],
        ..Plot::default()
    }
    .to_svg(Medium::Inline);
    assert_eq!(svg.matches("<circle").count(), 1);
}

#[test]
fn tick_labels_of_a_logarithmic_axis_are_powers_of_ten() {
    let line = Series::line("", SeriesColor::Other(0), vec![(1.0, 1e-5), (2.0, 1e-1)]);
    let svg = Plot {
        x: Axis::linear("x"),
        y: Axis::log10("y"),
        series: vec![line],
        ..Plot::default()
    }
    .to_svg(Medium::Inline);
    for label in ["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"] {
        assert!(svg.contains(label), "{label}");
    }
}

/// The texts of a picture, from left to right and top to bottom as they were drawn.
fn texts(svg: &str) -> Vec<String> {
    let picture = roxmltree::Document::parse(svg).unwrap();
    let nodes = picture
        .descendants()
        .filter(|node| node.has_tag_name("text"));
    nodes
        .map(|node| node.text().unwrap_or_default().trim().to_owned())
        .collect()
}

#[test]
fn names_stand_at_the_cells_and_some_are_left_out_where_they_are_many() {
    let map = |n: u8| {
        let names: Vec<String> = (0..n).map(|at| format!("name {at}")).collect();
        let places: Vec<f64> = (0..n).map(|at| f64::from(at) + 0.5).collect();
        let cell = |share: f64| HeatCell::Value(share);
        Heatmap {
            x: Axis::named("answer", names.clone()),
            y: Axis::named("truth", names),
            cells: vec![vec![cell(0.25); places.len()]; places.len()],
            xs: places.clone(),
            ys: places,
            value: Axis::percent("share").over(0.0, 1.0),
            print: Some(NumberFormat::Percent(0)),
            ..Heatmap::default()
        }
    };
    let few = texts(&map(3).to_svg(Medium::Narrow));
    let of = |texts: &[String], wanted: &str| texts.iter().filter(|text| *text == wanted).count();
    assert_eq!((of(&few, "name 0"), of(&few, "name 2")), (2, 2), "{few:?}");
    assert_eq!(of(&few, "25"), 9, "{few:?}");
    let many = texts(&map(90).to_svg(Medium::Narrow));
    let named = many.iter().filter(|text| text.starts_with("name")).count();
    assert!((10..40).contains(&named), "{named}: {many:?}");
    // No cell has room for its number.
    assert_eq!(of(&many, "25"), 0, "{many:?}");
}

#[test]
fn long_names_keep_their_ends() {
    let groups = (0..4).map(|at| format!("a name as long as a line of a book, number {at}"));
    let value = Some((1.0, Some(0.1)));
    let bars = Bars {
        groups: groups.collect(),
        series: vec![BarSeries {
            label: String::new(),
            color: SeriesColor::Other(0),
            values: vec![value; 4],
        }],
        lying: true,
        ..Bars::default()
    };
    let found = texts(&bars.to_svg(Medium::Narrow));
    let named: Vec<&String> = found.iter().filter(|text| text.contains('…')).collect();
    assert_eq!(named.len(), 4, "{found:?}");
    assert!(
        named
            .iter()
            .all(|name| name.starts_with("a name") && name.contains(" ")),
        "{found:?}"
    );
    // The first group is on top, the last in the list from below.
    let ends: Vec<char> = named
        .iter()
        .filter_map(|name| name.chars().last())
        .collect();
    assert!(
        ends == ['3', '2', '1', '0'] || ends == ['0', '1', '2', '3'],
        "{ends:?}"
    );
}

#[test]
fn narrow_pages_hold_narrow_figures() {
    let page = |narrow| Report { narrow, ..report() }.to_html();
    assert!(page(true).contains("viewBox=\"0 0 4400 3000\"") && !page(false).contains("0 0 4400"));
}
