//! Comparison with other programs, read from the results file of `peers/run.py`.
//!
//! `peers/run.py` runs outside this workspace, so that no other program is a dependency.

mod form;
mod section;

use std::collections::BTreeSet;
use std::path::Path;

use form::Results;

use crate::error::BenchError;
use tiam_report::Section;
use tiam_report::{Medium, Plot};

/// Where `peers/run.py` leaves its results, from the repository's root.
pub const DEFAULT_PEERS: &str = "peers/results/results.json";

/// What `peers/run.py` measured.
#[derive(Clone, Debug)]
pub struct Peers {
    results: Results,
}

impl Peers {
    /// Reads `results.json` of `peers/run.py`.
    ///
    /// # Errors
    /// [`BenchError::Io`] for a file that cannot be read, [`BenchError::Peers`] for one of another form.
    pub fn read(path: &Path) -> Result<Self, BenchError> {
        let text = std::fs::read_to_string(path).map_err(BenchError::io(path))?;
        let results = Results::parse(&text).map_err(|reason| BenchError::Peers {
            path: path.to_owned(),
            reason,
        })?;
        Ok(Self { results })
    }

    /// Tables of medians and ratios, and for each network a picture of test accuracy against seconds; with `detail` a table of every
    /// setting too.
    #[must_use]
    pub fn section(&self, detail: bool) -> Section {
        section::section(&self.results, detail)
    }

    /// The pictures alone, as files: name and SVG, one a network.
    ///
    /// The names are those the report's Markdown gives them.
    #[must_use]
    pub fn pictures(&self) -> Vec<(String, String)> {
        let mut taken = BTreeSet::new();
        let file = |plot: Plot| {
            (
                section::file_name(&mut taken, &plot),
                plot.to_svg(Medium::File),
            )
        };
        section::plots(&self.results)
            .into_iter()
            .map(file)
            .collect()
    }
}
