//! The report as GitHub Markdown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::markup::{escape_markdown, prose, slug, unique};
use crate::plot::Medium;
use crate::report::{Block, Markdown, Report};
use crate::table::{Align, Table};

// Writing into a string has no way to fail.
pub(crate) fn document(report: &Report, folder: &str) -> Markdown {
    let folder = folder.trim_end_matches('/');
    let mut text = format!("# {}\n", escape_markdown(&report.title));
    let mut pictures = Vec::new();
    if !report.subtitle.is_empty() {
        let _ = write!(text, "\n{}\n", inline(&report.subtitle));
    }
    if !report.facts.is_empty() {
        text.push_str("\n| | |\n| :--- | :--- |\n");
        for (name, value) in &report.facts {
            // In a table even the bar within code parts cells.
            let value = marked_up(value, |code| code.replace('|', "\\|"));
            let _ = writeln!(text, "| {} | {value} |", escape_markdown(name));
        }
    }
    let mut taken = BTreeSet::new();
    for section in &report.sections {
        let _ = write!(text, "\n## {}\n", escape_markdown(&section.title));
        for block in &section.blocks {
            text.push('\n');
            let Some((title, svg)) = block.figure(Medium::File) else {
                text.push_str(&text_block(block));
                continue;
            };
            let name = slug(&format!("{} {title}", section.id));
            let name = unique(&mut taken, &name) + ".svg";
            let title = escape_markdown(title);
            let _ = writeln!(text, "![{title}]({folder}/{name})");
            pictures.push((name, svg));
        }
    }
    Markdown { text, pictures }
}

fn inline(text: &str) -> String {
    marked_up(text, str::to_owned)
}

fn marked_up(text: &str, code: fn(&str) -> String) -> String {
    let part = |(part, is_code): (&str, bool)| {
        if is_code {
            format!("`{}`", code(&part.replace(['\n', '\r'], " ")))
        } else {
            escape_markdown(part)
        }
    };
    prose(text).into_iter().map(part).collect()
}

fn text_block(block: &Block) -> String {
    match block {
        Block::Paragraph(text) => inline(text) + "\n",
        Block::List(points) => {
            let points = points.iter().map(|point| format!("- {}\n", inline(point)));
            points.collect()
        }
        Block::Code(text) => fenced(text),
        Block::Table(table) => self::table(table),
        Block::Plot(_) | Block::Bars(_) | Block::Heatmap(_) => String::new(),
    }
}

/// A fence longer than any run of backticks within.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

pub(crate) fn table(table: &Table) -> String {
    let columns = table.full_columns();
    let mut text = String::new();
    if !table.title.is_empty() {
        let _ = writeln!(text, "**{}**\n", escape_markdown(&table.title));
    }
    let mut row = |cells: Vec<String>| {
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    };
    let heading = columns.iter().map(|c| escape_markdown(&c.shown_heading()));
    row(heading.collect());
    let align = |align| {
        if align == Align::Right {
            "---:"
        } else {
            ":---"
        }
    };
    row(columns.iter().map(|c| align(c.align).to_owned()).collect());
    for cells in table.printed(&columns) {
        let cell = |(text, best): (String, bool)| match (escape_markdown(&text), best) {
            (text, true) => format!("**{text}**"),
            (text, false) => text,
        };
        row(cells.into_iter().map(cell).collect());
    }
    if !table.note.is_empty() {
        let _ = writeln!(text, "\n{}", escape_markdown(&table.note));
    }
    text
}
