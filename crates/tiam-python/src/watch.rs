//! Work on a thread of its own, with the interpreter free: signals are looked for, and what the work tells is passed on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::error::panicked;

/// The time between two looks for signals.
const LOOK: Duration = Duration::from_millis(50);
/// How long interrupted work may take to end by itself; after that it is left to end alone.
const GRACE: Duration = Duration::from_millis(400);

/// What the work tells.
pub(crate) enum Message<N, R> {
    /// Something on the way; the work waits for the answer where it gives a place for it.
    News(N, Option<Sender<bool>>),
    Done(R),
}

/// Runs the work to its end. `on_news` answers true to end it early; what it raises, and a signal, ends the work too.
pub(crate) fn run<N: Send + 'static, R: Send + 'static>(
    py: Python<'_>,
    interrupt: &Arc<AtomicBool>,
    work: impl FnOnce(&Sender<Message<N, R>>) -> R + Send + 'static,
    mut on_news: impl FnMut(Python<'_>, N) -> PyResult<bool>,
) -> PyResult<R> {
    let (sender, mut receiver) = mpsc::channel();
    let worker = std::thread::Builder::new().spawn(move || {
        let result = work(&sender);
        // Nobody listens any more after an interrupt.
        sender.send(Message::Done(result)).unwrap_or_default();
    })?;
    loop {
        let told = py.detach(|| next(&mut receiver, LOOK));
        let outcome = match told {
            Ok(Message::Done(result)) => return Ok(result),
            Ok(Message::News(news, answer)) => on_news(py, news).map(|end| {
                if let Some(answer) = answer {
                    answer.send(end).unwrap_or_default();
                } else if end {
                    interrupt.store(true, Ordering::Relaxed);
                }
            }),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(match worker.join() {
                    Err(payload) => panicked(&*payload),
                    Ok(()) => PyRuntimeError::new_err("training ended without a result"),
                });
            }
        };
        if let Err(error) = outcome.and_then(|()| py.check_signals()) {
            interrupt.store(true, Ordering::Relaxed);
            // What waits for an answer finds nobody, and goes on to its end.
            py.detach(|| while matches!(next(&mut receiver, GRACE), Ok(Message::News(..))) {});
            return Err(error);
        }
    }
}

fn next<M>(receiver: &mut Receiver<M>, time: Duration) -> Result<M, RecvTimeoutError> {
    receiver.recv_timeout(time)
}
