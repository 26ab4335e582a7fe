//! The flags of `tiam train`: each is described once, in [`table`], and read from the command line or a configuration file.

mod advice;
mod command;
pub(crate) mod config;
mod given;
mod table;
mod value;

use std::ffi::OsStr;

use tiam::{Method, Preset, StochasticParams, TiamParams};
use toml::Value;

pub(crate) use advice::advised;
pub(crate) use command::{chosen, is_of_any_method, measuring, train};
pub(crate) use given::Given;
pub(crate) use table::Settings;
pub(crate) use value::threads;
#[cfg(feature = "reproduce")]
pub(crate) use value::whole;

/// A flag.
struct Flag {
    /// `--name`, and the key in a configuration file.
    name: &'static str,
    /// What its value is called in the help; empty for a switch.
    value: &'static str,
    /// Section of the help.
    group: &'static str,
    help: &'static str,
    default: Default,
    /// Its value may begin with a hyphen.
    hyphens: bool,
    /// It takes several values, which commas join.
    several: bool,
    /// Flags that it cannot be given with; in their presence it is not recorded.
    unless: &'static [&'static str],
    /// The methods that it means something to.
    methods: fn(Method) -> bool,
    file: InFile,
    choices: &'static [value::Choice],
    /// Puts what a text says into the settings.
    set: fn(&mut Settings, &OsStr) -> Result<(), String>,
    /// What is wrong with the setting, if anything is.
    check: fn(&Settings) -> Result<(), String>,
    /// The setting as a configuration file has it.
    get: fn(&Settings) -> Option<Value>,
    /// Passes the setting on to training by batches.
    stochastic: fn(StochasticParams, &Settings) -> StochasticParams,
    /// Passes the setting on to the full-batch method, and to its kin.
    relaxed: fn(TiamParams, &Settings) -> TiamParams,
}

/// How the help shows a default.
enum Default {
    /// The setting's value, if it has one: with `--method stochastic`, and with `tiam` where that differs.
    Value,
    /// By the kind of data.
    ByKind(fn(&Preset) -> String),
    /// In words.
    Words(&'static str),
}

/// What a configuration file has to do with a flag.
#[derive(Clone, Copy, PartialEq)]
enum InFile {
    /// It is for the command line alone.
    Never,
    /// A file may have it; a run does not record it.
    Read,
    /// A run records it, and a run that goes on must have the same.
    Fixed,
    /// A run records it, and a run that goes on may have another: limits, what only the clock sees, where files are whose contents are compared.
    Free,
}

impl Flag {
    fn is_switch(&self) -> bool {
        self.value.is_empty()
    }

    fn is_recorded(&self) -> bool {
        matches!(self.file, InFile::Fixed | InFile::Free)
    }

    /// The methods that it means something to; none where it does to all.
    fn methods(&self) -> Option<String> {
        let known = Method::ALL
            .into_iter()
            .filter(|method| (self.methods)(*method));
        let names: Vec<&str> = known.map(Method::name).collect();
        (names.len() < Method::ALL.len()).then(|| names.join(", "))
    }
}

/// The flag that sets a parameter, where a library calls it by another name or writes it otherwise.
pub(crate) fn of_parameter(parameter: &str) -> Option<&'static str> {
    let name = match parameter {
        "step" => "learning-rate".to_owned(),
        "max_iterations" => "iterations".to_owned(),
        other => other.replace([' ', '_'], "-"),
    };
    table::named(&name).map(|flag| flag.name)
}

/// True for a key of a configuration that may change when a run goes on.
pub(crate) fn is_free(key: &str) -> bool {
    key == config::VERSION || table::named(key).is_some_and(|flag| flag.file == InFile::Free)
}
