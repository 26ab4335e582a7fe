//! `tiam reproduce`: runs the experiments of the paper, and saves each run as soon as it is done.

use std::path::{Path, PathBuf};

use indicatif::HumanDuration;
use tiam_bench::BenchError;
use tiam_bench::reproduce::{
    DEFAULT_PEERS, Experiment, Library, Peers, Progress, Session, Size, write_results,
};

use crate::args::ReproduceArgs;
use crate::artifacts::Artifacts;
use crate::error::CliError;
use crate::interrupt;
use crate::output;
use crate::progress::Meter;
use crate::settings::available_threads;

/// Seeds of the full size and of the quick one.
const SEEDS: (u64, u64) = (10, 2);

/// Runs the command.
pub(crate) fn run(args: &ReproduceArgs) -> Result<(), CliError> {
    let experiments = chosen(&args.names);
    let default = if args.full { SEEDS.0 } else { SEEDS.1 };
    let size = Size {
        full: args.full,
        seeds: args.seeds.unwrap_or(default),
    };
    if let Some(data) = args.data.as_deref().filter(|path| !path.is_dir()) {
        return Err(CliError::Usage(format!(
            "--data {} is not a folder; it should hold cora.npz, citeseer.npz or mnist",
            data.display()
        )));
    }
    let peers = peers(args.peers.as_deref())?;
    // Locked until the end.
    let _artifacts = Artifacts::create(&args.out)?;
    let threads = args.threads.unwrap_or_else(available_threads);
    if size.seeds == 0 || threads == 0 {
        let text = "--seeds and --threads must be at least 1";
        return Err(CliError::Usage(text.to_owned()));
    }
    let template = "{bar:30} {percent:>3} % {msg} [{elapsed}]";
    let mut meter = Meter::new(args.quiet, STEPS, template);
    let mut show = |progress: &Progress| show(&mut meter, progress);
    let flag = interrupt::flag("interrupted: ending this run (again to kill)");
    let mut session = Session::new(&args.out, threads, flag, &mut show)?.any_build(args.any_build);
    let mut library = Library::new(args.data.as_deref());
    let ended = go(&mut session, &mut library, &experiments, size);
    let interrupted = matches!(ended, Err(BenchError::Interrupted));
    if !interrupted {
        ended?;
    }
    let command = command_line();
    let written = write_results(
        &session,
        &experiments,
        size,
        &command,
        peers.as_ref(),
        &args.out,
    )?;
    let not_run = session.not_run().to_vec();
    drop(session);
    meter.finish();
    for entry in &not_run {
        let (experiment, what, why) = (&entry.experiment, &entry.what, &entry.why);
        output::message(&format!("not run: {experiment} {what}: {why}"));
    }
    if interrupted {
        let text =
            "interrupted; the runs that are done are kept, the same command goes on from there";
        return Err(CliError::Failed(text.to_owned()));
    }
    output::print(&summary(&written))
}

/// The peers' results: those named, or those at their usual place if there are any.
fn peers(named: Option<&Path>) -> Result<Option<Peers>, CliError> {
    match named {
        Some(path) if !path.is_file() => Err(CliError::Usage(format!(
            "--peers {} is not a file; `python3 peers/run.py --data DIR` makes {DEFAULT_PEERS}",
            path.display()
        ))),
        Some(path) => Ok(Some(Peers::read(path)?)),
        None => {
            let usual = Path::new(DEFAULT_PEERS);
            let read = usual.is_file().then(|| Peers::read(usual));
            Ok(read.transpose()?)
        }
    }
}

/// Counts all runs, then does them.
fn go(
    session: &mut Session<'_>,
    library: &mut Library,
    experiments: &[Experiment],
    size: Size,
) -> Result<(), BenchError> {
    for experiment in experiments {
        experiment.run(session, library, size)?;
    }
    session.begin();
    for experiment in experiments {
        experiment.run(session, library, size)?;
    }
    Ok(())
}

/// Those named, in the order of the report; all without a name.
fn chosen(names: &[Experiment]) -> Vec<Experiment> {
    let wanted = |experiment: &Experiment| names.is_empty() || names.contains(experiment);
    Experiment::ALL.into_iter().filter(wanted).collect()
}

fn command_line() -> String {
    let rest: Vec<String> = std::env::args().skip(1).collect();
    format!("tiam {}", rest.join(" "))
}

fn summary(written: &[PathBuf]) -> String {
    let line = |path: &PathBuf| format!("{}\n", path.display());
    written.iter().map(line).collect()
}

/// Steps of the bar.
const STEPS: u64 = 1000;

fn show(meter: &mut Meter, progress: &Progress) {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share in [0, 1]"
    )]
    let position = (progress.share * STEPS as f64) as u64;
    let prefix = format!("{:3.0} %", 100.0 * progress.share);
    meter.show(position, &prefix, in_words(progress), false);
}

fn in_words(progress: &Progress) -> String {
    let left = match progress.left {
        Some(left) => format!("about {} left", HumanDuration(left)),
        None => "estimating".to_owned(),
    };
    let (done, total) = (progress.done, progress.total);
    format!("{done}/{total} runs, {left}, {}", progress.run)
}
