//! The command `tiam`: trains, evaluates and applies networks, and verifies recorded trajectories.
//!
//! The binary calls [`main`]. It is a library for the sake of tests and fuzzing alone; programs depend on `tiam-models`.

mod args;
mod artifacts;
mod config;
mod data;
mod error;
mod evaluate;
mod fit;
mod info;
mod interrupt;
mod method;
mod metrics;
mod output;
mod predict;
mod prepare;
mod preset;
mod progress;
mod provenance;
mod report;
mod reproduce;
mod resume;
mod samples;
mod settings;
mod train;
mod values;
mod verify;

use std::process::ExitCode;

use clap::FromArgMatches;

use args::{Cli, Command};
use error::CliError;

pub use config::rewritten;

/// Does what the arguments of this process ask for.
pub fn main() -> ExitCode {
    let matches = args::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !matches!(error, CliError::ClosedPipe) {
                output::message(&format!("error: {error}"));
            }
            error.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), CliError> {
    match cli.command.unwrap_or_default() {
        Command::Train(args) => train::run(*args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Reproduce(args) => reproduce::run(&args),
    }
}
