//! The report as an HTML page.

use std::collections::BTreeSet;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::markup::{is_printable, prose, slug, unique};
use crate::plot::Medium;
use crate::report::{Block, Report, Section};
use crate::table::{Align, Table};

const STYLE: &str = include_str!("report.css");

pub(crate) fn page(report: &Report) -> String {
    let medium = match report.narrow {
        true => Medium::Narrow,
        false => Medium::Inline,
    };
    let mut taken = BTreeSet::new();
    let mut id = |section: &Section| unique(&mut taken, &slug(&section.id));
    let sections: Vec<_> = report.sections.iter().map(|s| (id(s), s)).collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (report.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (report.title) }
                    @if !report.subtitle.is_empty() { p class="subtitle" { (inline(&report.subtitle)) } }
                    @if !report.facts.is_empty() {
                        dl {
                            @for (name, value) in &report.facts {
                                div { dt { (name) } dd { (inline(value)) } }
                            }
                        }
                    }
                }
                @if sections.len() > 1 {
                    nav aria-label="Contents" {
                        ol { @for (id, section) in &sections { li { a href={ "#" (id) } { (section.title) } } } }
                    }
                }
                main {
                    @for (id, section) in &sections {
                        section id=(id) {
                            h2 { (section.title) }
                            (blocks(&section.blocks, medium))
                        }
                    }
                }
            }
        }
    };
    let mut page = page.into_string();
    page.retain(is_printable);
    page
}

fn inline(text: &str) -> Markup {
    html! {
        @for (part, is_code) in prose(text) {
            @if is_code { code { (part) } } @else { (part) }
        }
    }
}

/// Figures that follow each other stand side by side.
fn blocks(blocks: &[Block], medium: Medium) -> Markup {
    html! {
        @for run in blocks.chunk_by(|a, b| a.is_figure() == b.is_figure()) {
            @if run[0].is_figure() {
                div class="figures" { @for block in run { (one(block, medium)) } }
            } @else {
                @for block in run { (one(block, medium)) }
            }
        }
    }
}

fn one(block: &Block, medium: Medium) -> Markup {
    if let Some((_, svg)) = block.figure(medium) {
        return html! { figure { (PreEscaped(svg)) } };
    }
    html! {
        @match block {
            Block::Paragraph(text) => p { (inline(text)) },
            Block::List(points) => ul { @for point in points { li { (inline(point)) } } },
            Block::Code(text) => pre { code { (text) } },
            Block::Table(table) => (self::table(table)),
            Block::Plot(_) | Block::Bars(_) | Block::Heatmap(_) => {}
        }
    }
}

/// In a container that scrolls where the page is too narrow.
pub(crate) fn table(table: &Table) -> Markup {
    let columns = table.full_columns();
    let class = |align| (align == Align::Right).then_some("right");
    html! {
        div class="table" {
            table {
                @if !table.title.is_empty() { caption { (table.title) } }
                thead {
                    tr { @for column in &columns { th scope="col" class=[class(column.align)] { (column.shown_heading()) } } }
                }
                tbody {
                    @for row in table.printed(&columns) {
                        tr {
                            @for (column, (text, best)) in columns.iter().zip(row) {
                                td class=[class(column.align)] { @if best { strong { (text) } } @else { (text) } }
                            }
                        }
                    }
                }
            }
        }
        @if !table.note.is_empty() { p class="note" { (table.note) } }
    }
}
