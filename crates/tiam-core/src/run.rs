//! A run, step by step: one iteration applies order, guard, trace and stopping rules.

use std::ops::ControlFlow;
use std::time::Instant;

use crate::schedule::ScheduleSteps;
use crate::trace::rel_change;
use crate::{
    BlockProblem, CoreError, Driver, DriverConfig, Failure, Guard, Inertia, Observer, Outcome,
    StopReason, Trace, TraceRow,
};

/// A run under way; [`Driver::run`] is [`Run::step`] until it breaks, then [`Run::finish`].
pub struct Run<'o, P: BlockProblem> {
    config: DriverConfig,
    observers: Vec<&'o mut dyn Observer<P::Measures>>,
    problem: P,
    trace: Trace<P::Measures>,
    schedule: ScheduleSteps,
    /// Order of the blocks in this iteration.
    blocks: Vec<usize>,
    /// The largest increase of a block's own objective in this iteration, and that block.
    largest_increase: Option<(f64, usize)>,
    restarts: usize,
    clock: Instant,
    /// Seconds of earlier sessions.
    seconds_before: f64,
    end: Option<Result<StopReason, CoreError>>,
}

impl<'o, P: BlockProblem> Run<'o, P> {
    pub(crate) fn start(driver: Driver<'o, P>, problem: P) -> Result<Self, Failure<P>> {
        let mut run = Self::new(driver, problem, Trace::new());
        match run.evaluate(0, Inertia::NONE) {
            Ok(row) => {
                run.trace.rows.push(row);
                run.open();
                Ok(run)
            }
            Err(error) => Err(run.fail(error)),
        }
    }

    pub(crate) fn resume(
        driver: Driver<'o, P>,
        problem: P,
        trace: Trace<P::Measures>,
    ) -> Result<Self, Failure<P>> {
        let mut run = Self::new(driver, problem, trace);
        match run.trace.last() {
            Some(row) => {
                (run.restarts, run.seconds_before) = (row.restarts, row.seconds);
                run.open();
                Ok(run)
            }
            None => Err(run.fail(CoreError::EmptyTrace)),
        }
    }

    fn new(driver: Driver<'o, P>, problem: P, trace: Trace<P::Measures>) -> Self {
        let params = driver.config.params();
        let schedule = params.schedule.coefficients(params.inertia);
        Self {
            config: driver.config,
            observers: driver.observers,
            problem,
            trace,
            schedule,
            blocks: Vec::new(),
            largest_increase: None,
            restarts: 0,
            clock: Instant::now(),
            seconds_before: 0.0,
            end: None,
        }
    }

    /// Does one iteration. `Break` carries the reason once a stopping rule holds; further calls do nothing and return the same.
    ///
    /// # Errors
    /// The error of a [`Failure`]; [`Run::finish`] then hands back the problem. Further calls return the same error.
    pub fn step(&mut self) -> Result<ControlFlow<StopReason>, CoreError> {
        if self.end.is_none() && self.config.params().stopping.interrupted() {
            self.record_end(Ok(StopReason::Interrupted));
        }
        if self.end.is_none() {
            match self.iterate() {
                Ok(()) => self.check_rules(),
                Err(error) => self.record_end(Err(error)),
            }
        }
        match &self.end {
            None => Ok(ControlFlow::Continue(())),
            Some(Ok(reason)) => Ok(ControlFlow::Break(reason.clone())),
            Some(Err(error)) => Err(error.clone()),
        }
    }

    /// Ends the run and hands everything back. Before a stopping rule holds, the reason is [`StopReason::Caller`].
    ///
    /// # Errors
    /// The [`Failure`] if a step failed.
    pub fn finish(mut self) -> Result<Outcome<P>, Failure<P>> {
        let end = match self.end.take() {
            Some(end) => end,
            None => {
                self.tell_end(&Ok(StopReason::Caller));
                Ok(StopReason::Caller)
            }
        };
        let (iterations, seconds) = self
            .trace
            .last()
            .map_or((0, 0.0), |row| (row.iteration, row.seconds));
        match end {
            Err(error) => Err(Failure {
                error,
                problem: self.problem,
                trace: self.trace,
            }),
            Ok(reason) => Ok(Outcome {
                reason,
                problem: self.problem,
                trace: self.trace,
                iterations,
                restarts: self.restarts,
                seconds,
            }),
        }
    }

    /// The problem at its current iterate.
    #[must_use]
    pub fn problem(&self) -> &P {
        &self.problem
    }

    /// The problem, for problems that change when they are saved. The next iteration starts from whatever the caller changes.
    pub fn problem_mut(&mut self) -> &mut P {
        &mut self.problem
    }

    /// The rows so far.
    #[must_use]
    pub fn trace(&self) -> &Trace<P::Measures> {
        &self.trace
    }

    /// Shows the observers the last row and checks the rules on it.
    fn open(&mut self) {
        if let Some(row) = self.trace.last() {
            for observer in &mut self.observers {
                observer.on_start(row);
            }
        }
        self.check_rules();
    }

    /// Ends the run if a rule holds for the last row: of the driver, of the problem, or of an observer.
    fn check_rules(&mut self) {
        let reason = self.config.params().stopping.reason(&self.trace);
        let mut reason = reason.or_else(|| self.problem.stop());
        if let Some(row) = self.trace.last() {
            let mut observers = self.observers.iter_mut();
            let own = || observers.find_map(|observer| observer.stop(row));
            reason = reason.or_else(own);
        }
        if let Some(reason) = reason {
            self.record_end(Ok(reason));
        }
    }

    /// One iteration: sweep, row, observers, divergence.
    fn iterate(&mut self) -> Result<(), CoreError> {
        let done = self.trace.last().map_or(0, |row| row.iteration);
        let inertia = self.schedule.next(done);
        if inertia.check().is_err() {
            return Err(CoreError::Schedule {
                iteration: done + 1,
                inertia,
            });
        }
        self.config
            .params()
            .order
            .fill(done, self.problem.n_blocks(), &mut self.blocks)?;
        self.problem.begin_iteration(done);
        self.largest_increase = None;
        for &block in &self.blocks {
            let update = update(
                &mut self.problem,
                block,
                inertia,
                self.config.params().guard,
            )
            .map_err(|increase| CoreError::NonFinite {
                block: self.problem.block_name(block),
                iteration: done + 1,
                increase,
            })?;
            self.restarts = self.restarts.saturating_add(update.restarted.into());
            if self
                .largest_increase
                .is_none_or(|(largest, _)| update.increase > largest)
            {
                self.largest_increase = Some((update.increase, block));
            }
        }
        let row = self.evaluate(done + 1, inertia)?;
        for observer in &mut self.observers {
            observer.on_iteration(&row);
        }
        let objective = row.objective;
        self.trace.rows.push(row);
        self.check_divergence(done + 1, objective)
    }

    /// The row after `iteration` iterations; all its numbers are finite.
    fn evaluate(
        &mut self,
        iteration: usize,
        inertia: Inertia,
    ) -> Result<TraceRow<P::Measures>, CoreError> {
        let objective = self.problem.objective();
        let violation = self.problem.violation();
        let last = self.trace.last().map(|row| row.objective);
        if let Some(first) = self.trace.first() {
            if !objective.is_finite() {
                return Err(self.diverged(iteration, objective, first.objective));
            }
            if !violation.is_finite() {
                return Err(CoreError::NonFiniteViolation {
                    block: self.block_of_largest_increase(),
                    iteration,
                    violation,
                });
            }
        } else {
            for (quantity, value) in [("objective", objective), ("violation", violation)] {
                if !value.is_finite() {
                    return Err(CoreError::NonFiniteStart { quantity, value });
                }
            }
        }
        let measures = self.problem.measures();
        if let Some((quantity, value)) = self.problem.non_finite(&measures) {
            return Err(if iteration == 0 {
                CoreError::NonFiniteStart { quantity, value }
            } else {
                CoreError::NonFiniteMeasure {
                    block: self.block_of_largest_increase(),
                    iteration,
                    measure: quantity,
                    value,
                }
            });
        }
        Ok(TraceRow {
            iteration,
            objective,
            violation,
            restarts: self.restarts,
            rel_change: last.map(|last| rel_change(last, objective)),
            measures,
            seconds: self.seconds_before + self.clock.elapsed().as_secs_f64(),
            inertia,
        })
    }

    /// An objective above the divergence factor times max(|F₀|, 1) is an error.
    fn check_divergence(&self, iteration: usize, objective: f64) -> Result<(), CoreError> {
        let start = self.trace.first().map_or(objective, |row| row.objective);
        let most = self.config.params().divergence_factor * start.abs().max(1.0);
        if objective <= most {
            Ok(())
        } else {
            Err(self.diverged(iteration, objective, start))
        }
    }

    fn diverged(&self, iteration: usize, objective: f64, start: f64) -> CoreError {
        CoreError::Diverged {
            block: self.block_of_largest_increase(),
            iteration,
            objective,
            start,
        }
    }

    /// The name of the block that rose most; empty if the order named no block.
    fn block_of_largest_increase(&self) -> String {
        self.largest_increase
            .map_or_else(String::new, |(_, block)| self.problem.block_name(block))
    }

    /// Records how the run ends and tells the observers.
    fn record_end(&mut self, end: Result<StopReason, CoreError>) {
        self.tell_end(&end);
        self.end = Some(end);
    }

    fn tell_end(&mut self, end: &Result<StopReason, CoreError>) {
        for observer in &mut self.observers {
            observer.on_finish(end.as_ref());
        }
    }

    fn fail(mut self, error: CoreError) -> Failure<P> {
        self.record_end(Err(error.clone()));
        Failure {
            error,
            problem: self.problem,
            trace: self.trace,
        }
    }
}

/// A block's step that was accepted.
struct Update {
    restarted: bool,
    /// Increase of the block's own objective.
    increase: f64,
}

/// Proposes, guards and accepts one block; or the increase that is not finite.
fn update<P: BlockProblem>(
    problem: &mut P,
    block: usize,
    inertia: Inertia,
    guard: Guard,
) -> Result<Update, f64> {
    let mut change = problem.propose(block, inertia);
    let restarted = guard == Guard::On && !change.improves();
    if restarted {
        change = problem.propose(block, Inertia::NONE);
    }
    if !change.after().is_finite() {
        return Err(change.increase);
    }
    problem.accept(block);
    Ok(Update {
        restarted,
        increase: change.increase,
    })
}
