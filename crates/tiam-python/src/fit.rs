//! Training.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};

use pyo3::prelude::*;
use tiam::core::TraceRow;
use tiam::models::{NetworkMeasures, Session};
use tiam::{End, Error, Holdout, Mlp, Precision, Predictor, Scalar, Table};

use crate::error::{json, raised};
use crate::model::PyModel;
use crate::options::FitOptions;
use crate::table::PyTable;
use crate::watch::{self, Message};

/// What training tells on its way.
enum News {
    /// A row of the trace.
    Row(Box<TraceRow<NetworkMeasures>>),
    /// So many trainings of so many have ended.
    Trainings(usize, usize),
}

/// A model, and the rows of its trace; none of a search.
type Found = (Predictor, Vec<TraceRow<NetworkMeasures>>);
type ToCaller = Sender<Message<News, Result<Found, Error>>>;

/// Trains on a table, which is given away where training consumes it, going on from a model where there is one. `on_row` gets each row of the trace as JSON, `on_training` how many trainings
/// of a search have ended, of how many; either answers true to end training with what there is. Returns the model and its trace as JSON.
#[pyfunction]
#[pyo3(signature = (table, options, consumes=false, from_model=None, on_row=None, on_training=None))]
pub(crate) fn fit(
    py: Python<'_>,
    table: &PyTable,
    options: &str,
    consumes: bool,
    from_model: Option<&PyModel>,
    on_row: Option<Py<PyAny>>,
    on_training: Option<Py<PyAny>>,
) -> PyResult<(PyModel, String)> {
    let options = FitOptions::parse(options)?;
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut mlp = options.mlp(Arc::clone(&interrupt))?;
    if let Some(model) = from_model {
        mlp = mlp.go_on_from(model.0.clone());
    }
    let table = if consumes {
        table.take()?
    } else {
        table.table()?
    };
    let asks = on_row.is_some();
    let work = move |caller: &ToCaller| match table.scalar() {
        Precision::F32 => train::<f32>(table, &options, mlp, asks, caller),
        Precision::F64 => train::<f64>(table, &options, mlp, asks, caller),
    };
    let found = watch::run(py, &interrupt, work, |py, news| {
        let answer = match (news, &on_row, &on_training) {
            (News::Row(row), Some(on_row), _) => {
                on_row.call1(py, (serde_json::to_string(&row).map_err(json)?,))?
            }
            (News::Trainings(done, of), _, Some(on_training)) => {
                on_training.call1(py, (done, of))?
            }
            _ => return Ok(false),
        };
        answer.is_truthy(py)
    })?;
    let (model, trace) = found.map_err(raised)?;
    Ok((
        PyModel::new(model),
        serde_json::to_string(&trace).map_err(json)?,
    ))
}

fn train<T: Scalar>(
    table: Table,
    options: &FitOptions,
    mlp: Mlp,
    asks: bool,
    caller: &ToCaller,
) -> Result<Found, Error> {
    // A caller who has gone is no reason to break down.
    let tell = |news, answer| caller.send(Message::News(news, answer)).unwrap_or_default();
    if options.searches() {
        let search = options.search(mlp);
        let prepared = search.prepare::<T>(table, &Holdout::Nothing)?;
        let model = search.train(&prepared, &mut |done, of| {
            tell(News::Trainings(done, of), None);
        })?;
        return Ok((model, Vec::new()));
    }
    let ended = Arc::new(AtomicBool::new(false));
    let held = Arc::clone(&ended);
    let mlp = mlp.stop_when("ended by the callback", move |_| {
        held.load(Ordering::Relaxed)
    });
    let prepared = mlp.prepare::<T>(table, &Holdout::Nothing)?;
    let network = mlp.network(&prepared)?;
    let fitted = mlp.train(network, &prepared, false, Session::default(), &mut |row| {
        if asks {
            let (answer, told) = mpsc::channel();
            tell(News::Row(Box::new(row.clone())), Some(answer));
            ended.store(told.recv().unwrap_or(false), Ordering::Relaxed);
        }
    })?;
    let model = mlp.predictor(&fitted, &prepared, fitted.training())?;
    match fitted.end {
        End::Stopped(_) => Ok((model, fitted.trace.rows)),
        End::Failed(error) => Err(Error::Failed {
            error,
            last: Box::new(model),
        }),
    }
}
