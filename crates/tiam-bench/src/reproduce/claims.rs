//! The paper's claims, with the results found here.

use tiam_report::{Column, Section, Table, row};

/// A claim that was tested.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What is claimed, and by whom.
    pub text: String,
    /// Where it was tested.
    pub tested_on: String,
    /// Whether it holds there.
    pub holds: bool,
    /// By how much, with the figures.
    pub figures: String,
}

/// All claims as a table, and how many hold.
pub(super) fn section(claims: &[Claim]) -> Section {
    let title = "Where the paper's claims hold here, and where not";
    let section = Section::new("claims", title);
    if claims.is_empty() {
        return section.text("No experiment that tests a claim was run.");
    }
    let holding = claims.iter().filter(|claim| claim.holds).count();
    let columns = ["claim", "tested on", "found", "by how much"].map(Column::text);
    let row = |claim: &Claim| {
        let found = if claim.holds {
            "holds"
        } else {
            "does not hold"
        };
        row![&claim.text, &claim.tested_on, found, &claim.figures]
    };
    section
        .text(format!(
            "{holding} of {} claims hold in these runs. A claim holds only if its figures say so without rounding; deviations are over seeds.",
            claims.len()
        ))
        .with(Table::new("Claims", columns).rows(claims.iter().map(row)))
}
