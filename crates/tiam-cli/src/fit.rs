//! Trains the network once, saved on the way, and returns it also when training fails.

use tiam::{Fitted, Mlp, Prepared, Scalar};
use tiam_models::Session;

use crate::error::CliError;
use crate::interrupt;
use crate::processes::{Others, check_alike, is_first};
use crate::progress::Progress;
use crate::resume::{Resumed, Saving, identity};
use crate::settings::Settings;

/// A run: how it is saved, from where it goes on, and the processes that take part.
#[derive(Clone, Copy)]
pub(crate) struct Run<'a> {
    pub(crate) saving: &'a Saving,
    pub(crate) resumed: Option<&'a Resumed>,
    pub(crate) others: &'a Others,
}

/// Checks all parameters, then trains.
pub(crate) fn fit<T: Scalar>(
    settings: &Settings,
    mlp: &Mlp,
    prepared: &Prepared<T>,
    Run {
        saving,
        resumed,
        others,
    }: Run<'_>,
) -> Result<Fitted<T>, CliError> {
    let network = mlp.network(prepared)?;
    if let Some(reduction) = others {
        check_alike(&**reduction, identity(settings, prepared, &network))?;
    }
    match resumed {
        Some(resumed) => resumed.check(settings, prepared, &network)?,
        None if is_first() => saving.set_aside()?,
        None => {}
    }
    let mut saver = match is_first() {
        true => saving.checkpointer(settings, prepared, &network, resumed)?,
        false => None,
    };
    let session = Session {
        checkpoints: saver.as_mut(),
        resume: resumed.map(|resumed| &resumed.checkpoint),
    };
    let stopping = settings.stopping()?.interrupt(interrupt::flag(
        "interrupted: finishing this iteration, then saving (again to kill)",
    ));
    let mlp = mlp.clone().stopping(stopping);
    let (iterations, unit) = settings.length(prepared.n_train());
    let mut progress = Progress::new(iterations, unit, settings.quiet);
    let fitted = mlp.train(
        network,
        prepared,
        settings.trace_test,
        session,
        &mut |row| {
            progress.show(row);
        },
    );
    progress.finish();
    Ok(fitted?)
}
