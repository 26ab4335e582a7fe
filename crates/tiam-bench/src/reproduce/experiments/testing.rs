//! Shared code for the tests of the experiments.

use std::sync::Arc;

use crate::error::BenchError;
use crate::reproduce::{Record, Session};
use tiam_report::{Block, Report, Section};

/// Plans and does an experiment in a fresh folder, then again over the same folder; the records. Checks that as many runs were done as
/// were planned, and that the second session did none.
pub(super) fn done_twice(
    mut experiment: impl FnMut(&mut Session<'_>) -> Result<(), BenchError>,
) -> Vec<Record> {
    let name = format!(
        "tiam-bench-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    );
    let folder = std::env::temp_dir().join(name);
    let mut both = Vec::new();
    for _ in 0..2 {
        let (mut begun, mut planned) = (0, 0);
        let mut report = |progress: &crate::reproduce::Progress| {
            begun += 1;
            planned = progress.total;
        };
        let mut session = Session::new(&folder, 1, Arc::default(), &mut report).unwrap();
        experiment(&mut session).unwrap();
        assert!(session.records().is_empty() && session.planning());
        session.begin();
        experiment(&mut session).unwrap();
        let records = session.records().to_vec();
        drop(session);
        both.push((begun, planned, records));
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let (again, first) = (both.pop().unwrap(), both.pop().unwrap());
    assert_eq!(first.0, first.2.len());
    assert_eq!(first.1, first.2.len());
    assert_eq!(again.0, 0);
    assert_eq!(again.2, first.2);
    first.2
}

/// Rows of each table of a section, whose prose and tables must print no NaN and no infinity.
pub(super) fn table_rows(section: Section) -> Vec<usize> {
    let tables = section.blocks.iter().filter_map(|block| match block {
        Block::Table(table) => Some(table.rows.len()),
        _ => None,
    });
    let rows = tables.collect();
    let report = Report {
        sections: vec![section],
        ..Report::default()
    };
    let text = report.to_markdown("img").text;
    assert!(!text.contains("NaN") && !text.contains('∞'), "{text}");
    rows
}
