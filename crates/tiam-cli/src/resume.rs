//! Saves checkpoints of a run, and continues a run from one.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use tiam::{End, Fitted, Prepared, Scalar};
use tiam_core::StopReason;
use tiam_models::{Checkpoint, Checkpointer, Network, RunIdentity};

use crate::artifacts::{Artifacts, write_whole};
use crate::error::CliError;
use crate::flags::config;
use crate::flags::{Given, is_free};
use crate::output;
use crate::settings::Settings;
use crate::values::CheckpointEvery;

/// Within a run's folder.
const FOLDER: &str = "checkpoints";
/// The flags of a search, among its finished trainings.
const SEARCH: &str = "search.toml";
/// Where those of an unfinished run go when a new one takes its folder.
const SET_ASIDE: &str = "checkpoints.old";
/// A run to go on with.
pub(crate) struct Resumed {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) options: Given,
}

impl Resumed {
    /// The newest usable checkpoint of the run that wrote to this folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, CliError> {
        let none = || {
            let model = Artifacts::model_in(folder);
            let advice = if model.is_file() {
                format!(
                    "its run has ended; to train its network further: tiam train --from {} --out OTHER",
                    model.display()
                )
            } else {
                "is it the --out folder of a run that was interrupted?".to_owned()
            };
            let folder = folder.display();
            CliError::Usage(format!(
                "{folder} holds no checkpoint to go on from; {advice}"
            ))
        };
        let checkpoints = folder.join(FOLDER);
        if !checkpoints.is_dir() {
            return Err(none());
        }
        let found = Checkpoint::latest(&checkpoints)?;
        for refused in &found.refused {
            output::message(&format!(
                "warning: {refused}; going on from an earlier one if there is any"
            ));
        }
        let checkpoint = found.newest.ok_or_else(|| {
            if found.refused.is_empty() {
                return none();
            }
            let folder = folder.display();
            CliError::Usage(format!("{folder} holds no checkpoint that can be used"))
        })?;
        let options = config::read_text(checkpoint.note(), checkpoint.path())?.with_out(folder);
        Ok(Self {
            checkpoint,
            options,
        })
    }

    /// Refuses to go on with other data or parameters.
    pub(crate) fn check<T: Scalar>(
        &self,
        settings: &Settings,
        prepared: &Prepared<T>,
        start: &Network<T>,
    ) -> Result<(), CliError> {
        let now = identity(settings, prepared, start);
        match self.checkpoint.identity().difference(&now) {
            None => Ok(()),
            Some(difference) => Err(CliError::Usage(format!(
                "{} is of another run: {difference}",
                self.checkpoint.path().display()
            ))),
        }
    }
}

/// The flags of the search that wrote to this folder and was cut short.
pub(crate) fn cut_short_search(folder: &Path) -> Result<Option<Given>, CliError> {
    let path = folder.join(FOLDER).join(SEARCH);
    match path.is_file() {
        true => Ok(Some(config::read(&path)?.with_out(folder))),
        false => Ok(None),
    }
}

/// How a run is saved.
pub(crate) struct Saving {
    every: Option<CheckpointEvery>,
    keep: Option<NonZeroUsize>,
    folder: PathBuf,
    /// A search is gone on with, whose trainings are in the folder.
    goes_on: bool,
}

impl Saving {
    /// Of the run that writes to `out`; without a cadence that was asked for, the usual one. With `goes_on`, a search that was cut short is gone on with.
    pub(crate) fn new(
        every: Option<CheckpointEvery>,
        keep: Option<NonZeroUsize>,
        (out, goes_on): (&Path, bool),
    ) -> Self {
        Self {
            every,
            keep,
            folder: out.join(FOLDER),
            goes_on,
        }
    }

    /// Makes room for a new run; checkpoints of an earlier one that is not finished are kept beside.
    pub(crate) fn set_aside(&self) -> Result<(), CliError> {
        if !self.folder.is_dir() {
            return Ok(());
        }
        let aside = self.folder.with_file_name(SET_ASIDE);
        if aside.is_dir() {
            fs::remove_dir_all(&aside).map_err(CliError::writing(&aside))?;
        }
        fs::rename(&self.folder, &aside).map_err(CliError::writing(&aside))?;
        output::message(&format!(
            "note: checkpoints of an earlier run are now in {}",
            aside.display()
        ));
        Ok(())
    }

    /// The folder for the finished trainings of a search, with its flags: a new one's, or that which is gone on with.
    pub(crate) fn of_search(&self, flags: &str) -> Result<PathBuf, CliError> {
        if !self.goes_on {
            self.set_aside()?;
        }
        fs::create_dir_all(&self.folder).map_err(CliError::writing(&self.folder))?;
        let path = self.folder.join(SEARCH);
        write_whole(&path, |file| file.write_all(flags.as_bytes()))?;
        Ok(self.folder.clone())
    }

    /// Takes the trainings of a search away that came to its end, or tells how to go on.
    pub(crate) fn finish_search(&self, settings: &Settings, reason: &str) {
        let longer = match reason {
            "time_limit" => " --time-limit LONGER",
            "interrupted" => "",
            _ => {
                fs::remove_dir_all(&self.folder).ok();
                return;
            }
        };
        if !settings.quiet {
            let out = settings.out.display();
            output::message(&format!("go on with: tiam train --resume {out}{longer}"));
        }
    }

    /// What saves the run, unless it is off.
    pub(crate) fn checkpointer<'d, T: Scalar>(
        &self,
        settings: &Settings,
        prepared: &'d Prepared<T>,
        start: &Network<T>,
        resumed: Option<&'d Resumed>,
    ) -> Result<Option<Checkpointer<'d>>, CliError> {
        if self.every == Some(CheckpointEvery::Off) {
            return Ok(None);
        }
        let config = config::write(repeatable(settings, prepared), None);
        let identity: Box<dyn FnOnce() -> RunIdentity> = match resumed {
            // Found to be the same.
            Some(resumed) => Box::new(|| resumed.checkpoint.identity().clone()),
            None => {
                let parameters = parameters(&config, start);
                Box::new(|| with_data(parameters, prepared))
            }
        };
        let saver = Checkpointer::new(&self.folder, identity)
            .note(config)
            .on_failure(|error| {
                output::message(&format!("warning: not saved, training goes on: {error}"));
            });
        let saver = match self.keep {
            Some(keep) => saver.keep(keep.get()),
            None => saver,
        };
        Ok(Some(match self.every {
            Some(CheckpointEvery::On(cadence)) => saver.every(cadence),
            _ => saver,
        }))
    }

    /// Takes the checkpoints of a finished run away where nobody asked for them, and tells how to go on with another.
    pub(crate) fn finish<T>(&self, settings: &Settings, fitted: &Fitted<T>) {
        if fitted.cut_short_after().is_some() {
            if self.folder.is_dir() && !settings.quiet {
                let out = settings.out.display();
                // The seconds of all sessions count.
                let longer = match fitted.end {
                    End::Stopped(StopReason::TimeLimit) => " --time-limit LONGER",
                    _ => "",
                };
                output::message(&format!("go on with: tiam train --resume {out}{longer}"));
            }
        } else if self.every.is_none() && matches!(fitted.end, End::Stopped(_)) {
            fs::remove_dir_all(&self.folder).ok();
        }
    }
}

/// The settings by which the run can be repeated, as far as they are known before it.
pub(crate) fn repeatable<T: Scalar>(settings: &Settings, prepared: &Prepared<T>) -> Settings {
    let n_samples = prepared.n_train();
    config::repeatable(
        settings,
        prepared.scaling,
        prepared.test_fraction,
        n_samples,
    )
}

/// All that a run depends on.
pub(crate) fn identity<T: Scalar>(
    settings: &Settings,
    prepared: &Prepared<T>,
    start: &Network<T>,
) -> RunIdentity {
    let config = config::write(repeatable(settings, prepared), None);
    with_data(parameters(&config, start), prepared)
}

/// The parameters and the start of a run.
fn parameters<T: Scalar>(config: &str, start: &Network<T>) -> RunIdentity {
    let table: toml::Table = config.parse().unwrap_or_default();
    let fixed = table.into_iter().filter(|(key, _)| !is_free(key));
    let start = RunIdentity::default().network("network at the start", start);
    fixed.fold(start, |identity, (key, value)| {
        let value = serde_json::to_value(value).unwrap_or_default();
        identity.parameter(&format!("--{key}"), value)
    })
}

/// The data beside: every number is read.
fn with_data<T: Scalar>(identity: RunIdentity, prepared: &Prepared<T>) -> RunIdentity {
    let mut identity = identity.samples("training data", &prepared.train);
    let n_train = prepared.n_train();
    if n_train != prepared.train.n_samples() {
        identity = identity.parameter("rows that are streamed", n_train);
    }
    if let Some(weights) = &prepared.weights {
        identity = identity.weights("sample weights", weights);
    }
    for (name, part) in [
        ("validation data", &prepared.validation),
        ("test data", &prepared.test),
    ] {
        if let Some(samples) = part {
            identity = identity.samples(name, samples);
        }
    }
    identity
}
