//! The flags that were given on the command line or in a configuration file, as texts that are known to be valid.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::ArgMatches;
use clap::parser::ValueSource;
use tiam::{DataKind, Effort, Method};

use super::{Flag, table};
use crate::error::CliError;
use crate::settings::Settings;

/// Texts by the names of their flags.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Given(BTreeMap<&'static str, OsString>);

impl Given {
    /// What the command line says; a command may have some of the flags alone.
    pub(crate) fn on_command_line(matches: &ArgMatches) -> Result<Self, CliError> {
        let mut given = Self::default();
        let known = |flag: &&Flag| matches.try_contains_id(flag.name).is_ok();
        for flag in table::ALL.iter().filter(known) {
            if matches.value_source(flag.name) == Some(ValueSource::CommandLine) {
                let texts: Vec<&OsStr> = matches.get_raw(flag.name).into_iter().flatten().collect();
                let text = texts.join(OsStr::new(","));
                given.add(flag, &text).map_err(CliError::Usage)?;
            }
        }
        given.consistent()
    }

    /// Takes a flag in, if its text can be read.
    pub(super) fn add(&mut self, flag: &Flag, text: &OsStr) -> Result<(), String> {
        let mut settings = Settings::defaults(None, DataKind::Digits);
        let read = (flag.set)(&mut settings, text).and_then(|()| (flag.check)(&settings));
        let (name, shown) = (flag.name, text.display());
        read.map_err(|reason| format!("invalid value '{shown}' for '--{name}': {reason}"))?;
        self.0.insert(flag.name, text.to_owned());
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Refuses flags that exclude each other.
    pub(super) fn consistent(self) -> Result<Self, CliError> {
        for flag in table::ALL.iter().filter(|flag| self.has(flag.name)) {
            if let Some(other) = flag.unless.iter().find(|other| self.has(other)) {
                let name = flag.name;
                let text = format!("--{name} cannot be used with --{other}; leave one of them out");
                return Err(CliError::Usage(text));
            }
        }
        Ok(self)
    }

    /// The settings on data of this kind: what is given, over the defaults.
    pub(crate) fn settings(&self, kind: DataKind) -> Settings {
        let mut settings = Settings::defaults(self.method(), kind);
        for flag in table::ALL {
            if let Some(text) = self.0.get(flag.name) {
                // It could be read when it was taken in.
                (flag.set)(&mut settings, text).ok();
            }
        }
        settings
    }

    /// The method that is asked for.
    pub(crate) fn method(&self) -> Option<Method> {
        self.0.get("method")?.to_str()?.parse().ok()
    }

    /// The effort that is asked for.
    fn asked_effort(&self) -> Option<Effort> {
        self.0.get("effort")?.to_str()?.parse().ok()
    }

    /// A flag that means one network, where there is one.
    fn of_one_network(&self) -> Option<&'static str> {
        let mut given = table::ALL.iter().filter(|flag| self.has(flag.name));
        Some(given.find(|flag| flag.is_of_one_network())?.name)
    }

    /// False where a single network is trained whatever the data are.
    pub(crate) fn may_search(&self) -> bool {
        let asked = self.asked_effort();
        asked.map_or(self.of_one_network().is_none(), |effort| {
            effort != Effort::Single
        })
    }

    /// The effort on data of this kind: for tables good, where no flag means one network.
    pub(crate) fn effort(&self, kind: DataKind) -> Result<Effort, CliError> {
        let effort = match (self.asked_effort(), kind) {
            (Some(effort), _) => effort,
            (None, DataKind::Table) if self.of_one_network().is_none() => Effort::Good,
            _ => Effort::Single,
        };
        if effort == Effort::Single {
            return Ok(effort);
        }
        let reason = match self.of_one_network() {
            Some(flag) => format!("--{flag} is for one network; leave it out, or use"),
            None if kind == DataKind::Graph => "a graph takes one network; use".to_owned(),
            None => return Ok(effort),
        };
        Err(CliError::Usage(format!(
            "{reason} --effort single in place of {effort}"
        )))
    }

    /// The same with the rows streamed.
    pub(crate) fn with_stream(mut self) -> Self {
        self.0.insert("stream", "true".into());
        self
    }

    /// The same, written to this folder.
    pub(crate) fn with_out(mut self, folder: &Path) -> Self {
        self.0.insert("out", folder.into());
        self
    }

    /// These, and what they leave open from a file. They take the place of what the file cannot have beside them.
    pub(crate) fn over(&self, file: &Self) -> Result<Self, CliError> {
        let (one, several) = (self.of_one_network().is_some(), self.asked_effort());
        let several = several.is_some_and(|effort| effort != Effort::Single);
        let displaced = |flag: &Flag| {
            flag.unless.iter().any(|other| self.has(other))
                || (one && flag.name == "effort")
                || (several && flag.is_of_one_network())
        };
        let kept = table::of_files().filter(|flag| !displaced(flag));
        let kept = kept.filter_map(|flag| Some((flag.name, file.0.get(flag.name)?)));
        let own = table::of_files().filter_map(|flag| Some((flag.name, self.0.get(flag.name)?)));
        let both = kept.chain(own).map(|(name, text)| (name, text.clone()));
        Self(both.collect()).consistent()
    }

    /// Refuses flags that would silently do nothing.
    pub(crate) fn check(&self, method: Method) -> Result<(), CliError> {
        let mut given = table::ALL.iter().filter(|flag| self.has(flag.name));
        match given.find(|flag| !(flag.methods)(method)) {
            None => Ok(()),
            Some(flag) => Err(CliError::Usage(format!(
                "--{} means nothing to --method {method}; it is for {}",
                flag.name,
                flag.methods().unwrap_or_default()
            ))),
        }
    }
}
