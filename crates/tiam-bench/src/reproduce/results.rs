//! Result files of a reproduction: records as JSON and CSV, and the report.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tiam_report::{Block, Column, NumberFormat, Report, Section, Table, row};

use super::claims::{self, Claim};
use super::experiments::{Experiment, Size};
use super::peers::Peers;
use super::record::Record;
use super::selection::Runs;
use super::session::{NotRun, Session};
use super::write::{iso_8601, records_csv, write_whole};
use crate::error::BenchError;

/// Everything as one JSON file.
#[derive(Serialize)]
struct Results<'a> {
    version: &'a str,
    command: &'a str,
    full: bool,
    seeds: u64,
    records: &'a [Record],
    not_run: &'a [NotRun],
}

/// Writes `results.json`, a CSV file an experiment, `report.html`, and `report.md` with its pictures in `img`; returns the paths
/// of the files a reader wants, the report first. What the peers left is shown where it is given.
///
/// # Errors
/// [`BenchError::Io`] for a file that cannot be written.
pub fn write_results(
    session: &Session<'_>,
    experiments: &[Experiment],
    size: Size,
    command: &str,
    peers: Option<&Peers>,
    folder: &Path,
) -> Result<Vec<PathBuf>, BenchError> {
    let records = session.records();
    let results = Results {
        version: env!("CARGO_PKG_VERSION"),
        command,
        full: size.full,
        seeds: size.seeds,
        records,
        not_run: session.not_run(),
    };
    let path = |name: &str| folder.join(name);
    let mut written = vec![path("report.html"), path("report.md"), path("results.json")];
    let report = |detail| {
        let mut report = report(session, experiments, size, command, detail);
        if let Some(peers) = peers {
            // After the claims.
            report.sections.insert(1, peers.section(detail));
        }
        report
    };
    write_whole(&written[0], report(true).to_html().as_bytes())?;
    let markdown = report(false).to_markdown("img");
    write_whole(&written[1], markdown.text.as_bytes())?;
    let pictures = path("img");
    fs::create_dir_all(&pictures).map_err(BenchError::io(&pictures))?;
    for (name, svg) in &markdown.pictures {
        write_whole(&pictures.join(name), svg.as_bytes())?;
    }
    write_whole(&written[2], &serde_json::to_vec(&results)?)?;
    for experiment in experiments {
        let own: Vec<Record> = records
            .iter()
            .filter(|r| r.experiment == experiment.name())
            .cloned()
            .collect();
        let csv = path(&format!("{experiment}.csv"));
        write_whole(&csv, records_csv(&own).as_bytes())?;
        written.push(csv);
    }
    Ok(written)
}

fn report(
    session: &Session<'_>,
    experiments: &[Experiment],
    size: Size,
    command: &str,
    detail: bool,
) -> Report {
    let records = session.records();
    let mut claims: Vec<Claim> = Vec::new();
    let mut sections = Vec::new();
    for experiment in experiments {
        sections.push(experiment.section(records, detail));
        claims.extend(experiment.claims(records));
    }
    sections.push(ran(session, experiments));
    sections.insert(0, claims::section(&claims));
    let machine = session.machine();
    let last = records.iter().map(|r| r.finished).max().unwrap_or_default();
    let fact = |name: &str, value: String| (name.to_owned(), value);
    Report {
        narrow: false,
        title: "TIAM and its rivals: the paper's experiments".to_owned(),
        subtitle:
            "C. Yan, J. Xu, Q. Wang, Z. Peng, arXiv:2503.08489v2, by an independent implementation"
                .to_owned(),
        facts: vec![
            fact("command", command.to_owned()),
            fact("version", env!("CARGO_PKG_VERSION").to_owned()),
            fact("size", if size.full { "full" } else { "quick" }.to_owned()),
            fact("seeds", size.seeds.to_string()),
            fact("processor", machine.processor.clone()),
            fact(
                "threads",
                format!("{} of {} cores", machine.threads, machine.cores),
            ),
            fact("system", machine.system.clone()),
            fact("last run ended", iso_8601(last)),
        ],
        sections,
    }
}

/// What was run, and what was not.
fn ran(session: &Session<'_>, experiments: &[Experiment]) -> Section {
    #[allow(clippy::cast_precision_loss, reason = "counts of runs")]
    let row = |experiment: &Experiment| {
        let own = Runs::of(session.records(), experiment.name());
        let seconds: f64 = own.0.iter().filter_map(|r| r.figure("seconds")).sum();
        let (n, n_failed) = (own.0.len() as f64, own.n_failed() as f64);
        row![experiment.name(), n, n_failed, seconds]
    };
    let columns = [
        Column::text("experiment"),
        Column::fixed("runs", 0),
        Column::fixed("failed", 0),
        Column::number("training time", "s", NumberFormat::Fixed(0)),
    ];
    let table = Table::new("Runs", columns)
        .rows(experiments.iter().map(row))
        .note("A failed run is one that could not go on (F not finite, or grown beyond bounds); its reason is in the record.");
    let section = Section::new("runs", "What was run, and what was not").with(table);
    let line = |entry: &NotRun| format!("{}, {}: {}", entry.experiment, entry.what, entry.why);
    let lines: Vec<String> = session.not_run().iter().map(line).collect();
    if lines.is_empty() {
        return section.text("Everything that was asked for was run.");
    }
    section.text("Not run:").with(Block::List(lines))
}
