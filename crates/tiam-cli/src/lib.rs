//! The command `tiam`: trains, evaluates and applies networks, and verifies recorded trajectories.
//!
//! The binary calls [`main`], the Python package [`main_of`]. It is a library for their sake, and that of tests and fuzzing; programs
//! depend on `tiam`.
//!
//! Modules name only those below them:
//!
//! ```text
//! lib           runs a subcommand
//! train  cv  compare  evaluate  predict  export  info  verify  reproduce
//! fit           training;   processes: those that train together;   resume: saving a run and going on with it;   search: training with an effort
//! flags/        the table of `tiam train`'s flags, their parsing and help, configuration files;   args: the other subcommands' flags
//! method        the front door's parameters;   rivals: those of the methods that TIAM is compared with
//! settings      what a training is told
//! values        types of settings;   figures: figures as text and as facts
//! ```

mod args;
mod artifacts;
mod compare;
mod cv;
mod error;
mod evaluate;
mod export;
mod figures;
mod fit;
mod flags;
mod info;
mod interrupt;
mod method;
mod output;
mod predict;
mod processes;
mod progress;
mod reading;
mod report;
#[cfg(feature = "reproduce")]
mod reproduce;
mod resume;
mod rivals;
mod search;
mod settings;
mod train;
mod values;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches};

use args::Command;
use error::CliError;
use flags::Given;

pub use flags::config::rewritten;

/// Does what the arguments of this process ask for.
pub fn main() -> ExitCode {
    main_of(std::env::args_os()).into()
}

/// Does what these arguments ask for, of which the first is the name of the program; returns the exit status. Wrong usage ends the process.
pub fn main_of(args: impl IntoIterator<Item = OsString>) -> u8 {
    let matches = args::command().try_get_matches_from(args);
    let matches = matches.unwrap_or_else(|error| {
        processes::wait_for_first();
        flags::advised(error).exit()
    });
    match run(&matches) {
        Ok(()) => 0,
        Err(error) => {
            processes::tell(&error);
            error.exit_status()
        }
    }
}

fn run(matches: &ArgMatches) -> Result<(), CliError> {
    match matches.subcommand() {
        None => return train::run(&Given::default()),
        Some(("train", matches)) => return train::run(&Given::on_command_line(matches)?),
        Some((command, _)) => processes::refuse(command)?,
    }
    match matches.subcommand() {
        Some(("cv", matches)) => return cv::run(matches),
        Some(("compare", matches)) => return compare::run(matches),
        _ => {}
    }
    match Command::from_arg_matches(matches).unwrap_or_else(|error| error.exit()) {
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Predict(args) => predict::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Verify(args) => verify::run(&args),
        #[cfg(feature = "reproduce")]
        Command::Reproduce(args) => reproduce::run(&args),
    }
}
