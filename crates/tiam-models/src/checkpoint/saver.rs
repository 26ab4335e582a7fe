//! The checkpointer: it saves a run at intervals and deletes old files.

use std::cell::LazyCell;
use std::fmt;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tiam_core::{Run, StopReason};
use tiam_linalg::Real;

use super::file::{self, Header};
use super::identity::RunIdentity;
use crate::error::{ModelError, Result};
use crate::tensors::io_error;
use crate::trainer::AnyProblem;

/// Saving by the clock may take this part of the run's time; where it takes longer, it is done less often.
const SHARE: u32 = 20;

/// The times at which a run is saved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cadence {
    /// After every so many iterations, and at the end.
    Iterations(usize),
    /// After an iteration once this time has passed, and at least twenty times the time that the last saving took; at the end if the run was
    /// interrupted, by a flag or its time limit.
    Interval(Duration),
}

/// Saves a run into a folder of its own.
pub struct Checkpointer<'d> {
    folder: PathBuf,
    cadence: Cadence,
    keep: usize,
    note: String,
    /// Found out when it is first needed: it reads all data.
    identity: LazyCell<RunIdentity, Box<dyn FnOnce() -> RunIdentity + 'd>>,
    on_failure: Box<dyn FnMut(&ModelError) + 'd>,
    last: Instant,
    cost: Duration,
    saved: usize,
}

impl fmt::Debug for Checkpointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpointer")
            .field("folder", &self.folder)
            .field("cadence", &self.cadence)
            .field("keep", &self.keep)
            .finish_non_exhaustive()
    }
}

impl<'d> Checkpointer<'d> {
    /// Saves into this folder, which is made when it is first needed and must be no other run's: once a minute, the last two kept.
    pub fn new(folder: impl Into<PathBuf>, identity: impl FnOnce() -> RunIdentity + 'd) -> Self {
        Self {
            folder: folder.into(),
            cadence: Cadence::Interval(Duration::from_secs(60)),
            keep: 2,
            note: String::new(),
            identity: LazyCell::new(Box::new(identity)),
            on_failure: Box::new(|_| {}),
            last: Instant::now(),
            cost: Duration::ZERO,
            saved: 0,
        }
    }

    /// Sets the times at which the run is saved.
    #[must_use]
    pub fn every(self, cadence: Cadence) -> Self {
        Self { cadence, ..self }
    }

    /// Sets the number of files that are kept, at least 1.
    #[must_use]
    pub fn keep(self, keep: usize) -> Self {
        let keep = keep.max(1);
        Self { keep, ..self }
    }

    /// Sets a text that is kept in every file.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        let note = note.into();
        Self { note, ..self }
    }

    /// Called when a file could not be written. The run goes on, the files before stay, and the next attempt is made when it is due.
    #[must_use]
    pub fn on_failure(self, f: impl FnMut(&ModelError) + 'd) -> Self {
        let on_failure = Box::new(f);
        Self { on_failure, ..self }
    }

    /// Files written.
    pub fn saved(&self) -> usize {
        self.saved
    }

    /// Whether the run is to be saved now.
    pub(crate) fn is_due<T: Real>(
        &self,
        run: &Run<'_, AnyProblem<'_, T>>,
        flow: &ControlFlow<StopReason>,
    ) -> bool {
        let iteration = run.trace().last().map_or(0, |row| row.iteration);
        match (self.cadence, flow) {
            (Cadence::Iterations(_), ControlFlow::Break(_)) => true,
            (Cadence::Iterations(n), ControlFlow::Continue(())) => {
                iteration.is_multiple_of(n.max(1))
            }
            (Cadence::Interval(_), ControlFlow::Break(reason)) => {
                matches!(reason, StopReason::Interrupted | StopReason::TimeLimit)
            }
            (Cadence::Interval(interval), ControlFlow::Continue(())) => {
                self.last.elapsed() >= interval.max(SHARE * self.cost)
            }
        }
    }

    /// Saves the run, and tells where that fails.
    pub(crate) fn save<T: Real>(&mut self, run: &mut Run<'_, AnyProblem<'_, T>>) {
        if let Err(error) = self.try_to_save(run) {
            (self.on_failure)(&error);
        }
    }

    fn try_to_save<T: Real>(&mut self, run: &mut Run<'_, AnyProblem<'_, T>>) -> Result<()> {
        let clock = Instant::now();
        let header = Header::new(self.identity.clone(), &self.note, run.trace().clone());
        let path = header.path_in(&self.folder);
        let written = fs::create_dir_all(&self.folder)
            .map_err(io_error(&self.folder))
            .and_then(|()| file::write(&path, header, |v| run.problem_mut().visit_state(v)));
        self.last = Instant::now();
        self.cost = clock.elapsed();
        written?;
        self.saved += 1;
        self.remove_old(&path)
    }

    /// Removes older files, and half-written ones of a process that died; called once the new file is safe, which stays.
    fn remove_old(&self, newest: &Path) -> Result<()> {
        let files = file::list(&self.folder)?;
        // What claims more iterations than the run has done is of no use to it, and goes first.
        let at = files.iter().position(|path| path == newest);
        let (below, rest) = files.split_at(at.unwrap_or(files.len()));
        let older: Vec<&PathBuf> = rest.iter().skip(1).chain(below).collect();
        let excess = (older.len() + 1).saturating_sub(self.keep);
        for path in &older[..excess.min(older.len())] {
            fs::remove_file(path).ok();
        }
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(".tmp") || name.ends_with(".tmp") {
                fs::remove_file(&path).ok();
            }
        }
        Ok(())
    }
}
