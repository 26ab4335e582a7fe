//! The report as Markdown.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Block, Markdown, Report};
use crate::reproduce::markup::{escape_markdown, prose, slug, unique};
use crate::reproduce::plot::Medium;

pub(super) fn document(report: &Report, folder: &str) -> Markdown {
    let mut markdown = Markdown {
        text: format!("# {}\n", escape_markdown(&report.title)),
        pictures: Vec::new(),
    };
    let text = &mut markdown.text;
    if !report.subtitle.is_empty() {
        let _ = write!(text, "\n{}\n", inline(&report.subtitle));
    }
    if !report.facts.is_empty() {
        text.push_str("\n| | |\n| :--- | :--- |\n");
        for (name, value) in &report.facts {
            let _ = writeln!(text, "| {} | {} |", escape_markdown(name), cell(value));
        }
    }
    let mut taken = BTreeSet::new();
    for section in &report.sections {
        let _ = write!(markdown.text, "\n## {}\n", escape_markdown(&section.title));
        for block in &section.blocks {
            markdown.text.push('\n');
            match block.figure(Medium::File) {
                Some((title, svg)) => {
                    let name =
                        unique(&mut taken, &slug(&format!("{} {title}", section.id))) + ".svg";
                    let _ = writeln!(
                        markdown.text,
                        "![{}]({}/{name})",
                        escape_markdown(title),
                        folder.trim_end_matches('/')
                    );
                    markdown.pictures.push((name, svg));
                }
                None => markdown.text.push_str(&text_block(block)),
            }
        }
    }
    markdown
}

fn inline(text: &str) -> String {
    prose(text, escape_markdown, |code| {
        format!("`{}`", code.replace(['\n', '\r'], " "))
    })
}

/// In a table even the bar within code parts cells.
fn cell(text: &str) -> String {
    prose(text, escape_markdown, |code| {
        format!("`{}`", code.replace(['\n', '\r'], " ").replace('|', "\\|"))
    })
}

fn text_block(block: &Block) -> String {
    match block {
        Block::Paragraph(text) => inline(text) + "\n",
        Block::List(points) => points
            .iter()
            .map(|point| format!("- {}\n", inline(point)))
            .collect(),
        Block::Code(text) => fenced(text),
        Block::Table(table) => table.to_markdown(),
        Block::Plot(_) | Block::Bars(_) | Block::Heatmap(_) => String::new(),
    }
}

/// A fence longer than any run of backticks within.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}
