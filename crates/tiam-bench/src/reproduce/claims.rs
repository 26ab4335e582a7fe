//! The paper's claims, with the results found here.

use super::report::{Block, Section};
use super::table::{Cell, Column, Table};

/// A claim that was tested.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What is claimed, and by whom.
    pub text: String,
    /// Where it was tested.
    pub tested_on: String,
    /// Whether it holds there.
    pub verdict: Verdict,
    /// By how much, with the figures.
    pub figures: String,
}

/// The verdict on a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
}

impl Verdict {
    /// `Holds` when true.
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

/// All claims as a table, and how many hold.
pub(super) fn section(claims: &[Claim]) -> Section {
    let section = Section::new(
        "claims",
        "Where the paper's claims hold here, and where not",
    );
    if claims.is_empty() {
        let text = "No experiment that tests a claim was run.";
        return section.with(Block::paragraph(text));
    }
    let holding = claims
        .iter()
        .filter(|c| c.verdict == Verdict::Holds)
        .count();
    let summary = format!(
        "{holding} of {} claims hold in these runs. A claim holds only if its figures say so without rounding; deviations are over seeds.",
        claims.len()
    );
    let verdict = |claim: &Claim| match claim.verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "does not hold",
    };
    let row = |claim: &Claim| {
        vec![
            Cell::text(&claim.text),
            Cell::text(&claim.tested_on),
            Cell::text(verdict(claim)),
            Cell::text(&claim.figures),
        ]
    };
    let table = Table {
        title: "Claims".to_owned(),
        columns: vec![
            Column::text("claim"),
            Column::text("tested on"),
            Column::text("found"),
            Column::text("by how much"),
        ],
        rows: claims.iter().map(row).collect(),
        note: String::new(),
    };
    section.with(Block::paragraph(summary)).with(table)
}
