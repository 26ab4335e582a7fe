//! The report as an HTML page.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Block, Report, Section};
use crate::reproduce::markup::{escape_html, prose, slug, unique};
use crate::reproduce::plot::Medium;

const STYLE: &str = include_str!("report.css");

pub(super) fn page(report: &Report) -> String {
    let title = escape_html(&report.title);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n"
    );
    if !report.subtitle.is_empty() {
        let _ = writeln!(
            html,
            "<p class=\"subtitle\">{}</p>",
            inline(&report.subtitle)
        );
    }
    if !report.facts.is_empty() {
        html.push_str("<dl>\n");
        for (name, value) in &report.facts {
            let _ = writeln!(
                html,
                "<div><dt>{}</dt><dd>{}</dd></div>",
                escape_html(name),
                inline(value)
            );
        }
        html.push_str("</dl>\n");
    }
    html.push_str("</header>\n");
    let mut taken = BTreeSet::new();
    let sections: Vec<(String, &Section)> = report
        .sections
        .iter()
        .map(|section| (unique(&mut taken, &slug(&section.id)), section))
        .collect();
    if sections.len() > 1 {
        html.push_str("<nav aria-label=\"Contents\"><ol>\n");
        for (id, section) in &sections {
            let _ = writeln!(
                html,
                "<li><a href=\"#{id}\">{}</a></li>",
                escape_html(&section.title)
            );
        }
        html.push_str("</ol></nav>\n");
    }
    html.push_str("<main>\n");
    for (id, section) in &sections {
        let _ = writeln!(
            html,
            "<section id=\"{id}\">\n<h2>{}</h2>",
            escape_html(&section.title)
        );
        html.push_str(&blocks(&section.blocks));
        html.push_str("</section>\n");
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn inline(text: &str) -> String {
    prose(text, escape_html, |code| {
        format!("<code>{}</code>", escape_html(code))
    })
}

fn blocks(blocks: &[Block]) -> String {
    let mut html = String::new();
    let mut among_figures = false;
    for block in blocks {
        let figure = block.figure(Medium::Inline);
        if figure.is_some() != among_figures {
            html.push_str(if among_figures {
                "</div>\n"
            } else {
                "<div class=\"figures\">\n"
            });
            among_figures = !among_figures;
        }
        match (figure, block) {
            (Some((_, svg)), _) => {
                let _ = writeln!(html, "<figure>\n{svg}</figure>");
            }
            (None, block) => html.push_str(&text_block(block)),
        }
    }
    if among_figures {
        html.push_str("</div>\n");
    }
    html
}

fn text_block(block: &Block) -> String {
    match block {
        Block::Paragraph(text) => format!("<p>{}</p>\n", inline(text)),
        Block::List(points) => {
            let points: String = points
                .iter()
                .map(|point| format!("<li>{}</li>\n", inline(point)))
                .collect();
            format!("<ul>\n{points}</ul>\n")
        }
        Block::Code(text) => format!("<pre><code>{}</code></pre>\n", escape_html(text)),
        Block::Table(table) => table.to_html(),
        Block::Plot(_) | Block::Bars(_) | Block::Heatmap(_) => String::new(),
    }
}
