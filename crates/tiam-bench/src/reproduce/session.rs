//! A session of experiments: it does each run once and saves it at once, so that an interrupted reproduction can go on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tiam_core::Stopping;

use super::machine::{build, machine};
use super::record::{Curve, Machine, Record};
use super::write::write_whole;
use crate::error::BenchError;

/// One run that is to be done.
#[derive(Clone, Debug, Default)]
pub struct Task {
    /// Its record, without what is found.
    pub record: Record,
    /// Expected work, in seconds on the machine the defaults were measured on; only ratios matter.
    pub weight: f64,
}

impl Task {
    /// A run of TIAM, seed 0, without labels.
    pub(super) fn new(experiment: &str, key: String, data: &str) -> Self {
        let record = Record {
            experiment: experiment.to_owned(),
            key,
            data: data.to_owned(),
            method: "tiam".to_owned(),
            ..Record::default()
        };
        Self {
            record,
            weight: 0.0,
        }
    }

    /// The same by another method and with another seed.
    pub(super) fn by(mut self, method: &str, seed: u64) -> Self {
        method.clone_into(&mut self.record.method);
        self.record.seed = seed;
        self
    }

    /// The same with a label more.
    pub(super) fn label(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.record.labels.insert(name.to_owned(), value.into());
        self
    }

    /// The same with these parameters.
    pub(super) fn config(mut self, config: Value) -> Self {
        self.record.config = config;
        self
    }

    /// The same with this expected work.
    pub(super) fn weight(self, weight: f64) -> Self {
        Self { weight, ..self }
    }
}

/// The results of a run.
#[derive(Clone, Debug, Default)]
pub struct Finding {
    /// Why it stopped.
    pub reason: String,
    /// Figures by name; those that are not finite are left out.
    pub figures: BTreeMap<String, f64>,
    /// The course, where it is shown.
    pub curve: Option<Curve>,
}

impl Finding {
    /// Of a run that ended for this reason; no figures yet.
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            ..Self::default()
        }
    }

    /// Notes figures.
    pub(super) fn put<const N: usize>(&mut self, figures: [(&str, f64); N]) {
        let owned = figures.map(|(name, value)| (name.to_owned(), value));
        self.figures.extend(owned);
    }
}

/// The progress of a reproduction.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The run that begins.
    pub run: String,
    /// Runs that are done, those of an earlier session included.
    pub done: usize,
    /// All runs.
    pub total: usize,
    /// Share of the expected work that is done.
    pub share: f64,
    /// Time left, once there is something to judge by.
    pub left: Option<Duration>,
}

/// Runs with their expected work.
#[derive(Clone, Copy, Debug, Default)]
struct Amount {
    runs: usize,
    weight: f64,
}

impl Amount {
    fn add(&mut self, weight: f64) {
        self.runs += 1;
        self.weight += weight;
    }
}

/// The runs of a reproduction, in `folder/runs/EXPERIMENT/KEY.json`.
pub struct Session<'a> {
    folder: PathBuf,
    machine: Machine,
    build: String,
    /// True where runs of other builds of this program count too.
    any_build: bool,
    /// True while runs are only counted.
    planning: bool,
    interrupt: Arc<AtomicBool>,
    report: &'a mut dyn FnMut(&Progress),
    planned: Amount,
    /// Earlier sessions' included.
    done: Amount,
    /// This session's alone, and the time they took.
    fresh: Amount,
    fresh_time: Duration,
    records: Vec<Record>,
    not_run: Vec<NotRun>,
}

/// A requested run that could not be done.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct NotRun {
    /// The experiment.
    pub experiment: String,
    /// What of it.
    pub what: String,
    /// Why not.
    pub why: String,
}

impl<'a> Session<'a> {
    /// A session that keeps its runs in `folder`.
    ///
    /// # Errors
    /// [`BenchError::Io`] when the folder cannot be made.
    pub fn new(
        folder: &Path,
        threads: usize,
        interrupt: Arc<AtomicBool>,
        report: &'a mut dyn FnMut(&Progress),
    ) -> Result<Self, BenchError> {
        fs::create_dir_all(folder).map_err(BenchError::io(folder))?;
        Ok(Self {
            folder: folder.to_owned(),
            machine: machine(threads),
            build: build(),
            any_build: false,
            planning: true,
            interrupt,
            report,
            planned: Amount::default(),
            done: Amount::default(),
            fresh: Amount::default(),
            fresh_time: Duration::ZERO,
            records: Vec::new(),
            not_run: Vec::new(),
        })
    }

    /// Keeps runs of other builds of this program too, whose numerics the user knows to be the same.
    #[must_use]
    pub fn any_build(self, any_build: bool) -> Self {
        Self { any_build, ..self }
    }

    /// Ends the counting phase: from here on runs are done.
    pub fn begin(&mut self) {
        self.planning = false;
        self.records.clear();
        self.not_run.clear();
    }

    /// True while runs are only counted; their records then hold no figures.
    pub fn planning(&self) -> bool {
        self.planning
    }

    /// Worker threads of every run.
    pub fn threads(&self) -> usize {
        self.machine.threads
    }

    /// Set when the user wants to stop; runs pass it to their stopping rules.
    pub fn interrupt(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.interrupt)
    }

    /// The stopping rules of a run: these iterations, or the user.
    pub(super) fn stopping(&self, iterations: usize) -> Stopping {
        Stopping::default()
            .max_iterations(iterations)
            .interrupt(self.interrupt())
    }

    /// The records so far, in the order of the runs.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What could not be run.
    pub fn not_run(&self) -> &[NotRun] {
        &self.not_run
    }

    /// Where the runs are done.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Notes that something cannot be run.
    pub fn skip(&mut self, experiment: &str, what: impl Into<String>, why: impl Into<String>) {
        let entry = NotRun {
            experiment: experiment.to_owned(),
            what: what.into(),
            why: why.into(),
        };
        if !self.not_run.contains(&entry) {
            self.not_run.push(entry);
        }
    }

    /// The record of a run: of an earlier session where that had the same numbers to find, fresh otherwise.
    ///
    /// # Errors
    /// [`BenchError::Interrupted`] when the user stopped the run, [`BenchError::Io`] when it cannot be kept, and what `run` returns.
    pub fn run(
        &mut self,
        task: Task,
        run: impl FnOnce() -> Result<Finding, BenchError>,
    ) -> Result<Record, BenchError> {
        let path = self.path(&task);
        let kept = self.kept(&path, &task);
        if self.planning {
            self.planned.add(task.weight);
            if kept.is_some() {
                self.done.add(task.weight);
            }
            return Ok(kept.unwrap_or_else(|| self.record(task, Finding::default())));
        }
        if let Some(record) = kept {
            self.records.push(record.clone());
            return Ok(record);
        }
        self.tell(&task);
        let (begun, weight) = (Instant::now(), task.weight);
        let finding = run();
        if self.interrupt.load(Ordering::Relaxed) {
            return Err(BenchError::Interrupted);
        }
        let record = self.record(task, finding?);
        self.fresh_time += begun.elapsed();
        self.fresh.add(weight);
        self.done.add(weight);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(BenchError::io(parent))?;
        }
        write_whole(&path, serde_json::to_string(&record)?.as_bytes())?;
        self.records.push(record.clone());
        Ok(record)
    }

    fn path(&self, task: &Task) -> PathBuf {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.,=".contains(c);
        let name = task.record.key.replace(|c| !is_plain(c), "_");
        let folder = self.folder.join("runs").join(&task.record.experiment);
        folder.join(format!("{name}.json"))
    }

    /// The kept record, if it is of this very run; a damaged file counts as none.
    fn kept(&self, path: &Path, task: &Task) -> Option<Record> {
        let text = fs::read_to_string(path).ok()?;
        let kept: Record = serde_json::from_str(&text).ok()?;
        let asked = &task.record;
        // What determines the numbers.
        let same = (kept.build == self.build || self.any_build)
            && kept.machine.threads == self.machine.threads
            && kept.key == asked.key
            && kept.data == asked.data
            && kept.method == asked.method
            && kept.config == asked.config
            && kept.seed == asked.seed
            && kept.labels == asked.labels;
        same.then_some(kept)
    }

    fn record(&self, task: Task, finding: Finding) -> Record {
        let figures = finding.figures.into_iter().filter(|(_, x)| x.is_finite());
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Record {
            reason: finding.reason,
            figures: figures.collect(),
            curve: finding.curve,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: self.build.clone(),
            machine: self.machine.clone(),
            finished: now.map_or(0, |since| since.as_secs()),
            ..task.record
        }
    }

    fn tell(&mut self, task: &Task) {
        let left = (self.planned.weight - self.done.weight).max(0.0);
        let share = self.done.weight / self.planned.weight;
        let progress = Progress {
            run: format!("{} {}", task.record.experiment, task.record.key),
            done: self.done.runs,
            total: self.planned.runs,
            share: if share.is_finite() {
                share.min(1.0)
            } else {
                0.0
            },
            left: (self.fresh.weight > 0.0)
                .then(|| self.fresh_time.mul_f64(left / self.fresh.weight)),
        };
        (self.report)(&progress);
    }
}
