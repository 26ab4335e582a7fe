//! Trains the network once, saved on the way, and returns it also when training fails.

use tiam::{Fitted, Mlp, Prepared, Scalar};
use tiam_models::Session;

use crate::error::CliError;
use crate::interrupt;
use crate::progress::Progress;
use crate::resume::{Resumed, Saving};
use crate::settings::Settings;

/// Checks all parameters, then trains.
pub(crate) fn fit<T: Scalar>(
    settings: &Settings,
    mlp: &Mlp,
    prepared: &Prepared<T>,
    saving: &Saving,
    resumed: Option<&Resumed>,
) -> Result<Fitted<T>, CliError> {
    let network = mlp.network(prepared)?;
    match resumed {
        Some(resumed) => resumed.check(settings, prepared, &network)?,
        None => saving.set_aside()?,
    }
    let mut saver = saving.checkpointer(settings, prepared, &network, resumed)?;
    let session = Session {
        checkpoints: saver.as_mut(),
        resume: resumed.map(|resumed| &resumed.checkpoint),
    };
    let stopping = settings.stopping()?.interrupt(interrupt::flag(
        "interrupted: finishing this iteration, then saving (again to kill)",
    ));
    let mlp = mlp.clone().stopping(stopping);
    let (iterations, unit) = settings.length(prepared.train.n_samples());
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
