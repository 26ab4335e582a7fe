//! The processes that a launcher such as mpirun has started with this one, to train one network together.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tiam_linalg::{Numbers, Reduction};
use tiam_models::RunIdentity;
use tiam_mpi::{Launch, Session};

use crate::error::CliError;
use crate::output;

/// The first process says what is wrong with all; what is wrong with another one alone is then still to be said.
const FIRST_SPEAKS: Duration = Duration::from_secs(2);

/// The other processes of a training, where there are some.
pub(crate) type Others = Option<Arc<dyn Reduction>>;

/// Calls `train` with the other processes; an error in one ends them all.
pub(crate) fn together(
    train: impl FnOnce(&Others) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let Some(session) = Session::start()? else {
        return train(&None);
    };
    let Err(error) = train(&Some(session.reduction())) else {
        return Ok(());
    };
    tell(&error);
    session.abort(error.exit_status())
}

/// Refuses what one process does.
pub(crate) fn refuse(command: &str) -> Result<(), CliError> {
    match Launch::found() {
        None => Ok(()),
        Some(_) => Err(CliError::Usage(format!(
            "tiam {command} is for one process; several train one network (tiam train)"
        ))),
    }
}

/// True in the one process that prints, and writes files.
pub(crate) fn is_first() -> bool {
    Launch::found().is_none_or(|launch| launch.rank == 0)
}

/// Lets the first process say what ends all of them.
pub(crate) fn wait_for_first() {
    if !is_first() {
        thread::sleep(FIRST_SPEAKS);
    }
}

/// Says what ends this process.
pub(crate) fn tell(error: &CliError) {
    if matches!(error, CliError::ClosedPipe) {
        return;
    }
    wait_for_first();
    let of = match Launch::found() {
        Some(Launch { rank, .. }) if rank > 0 => format!("process {rank}: "),
        _ => String::new(),
    };
    output::last_words(&format!("{of}error: {}", error.in_words()));
}

/// Refuses to train with processes that read other data, were told otherwise, or round differently.
pub(crate) fn check_alike(
    reduction: &dyn Reduction,
    identity: RunIdentity,
) -> Result<(), CliError> {
    let identity = identity.parameter("vector instructions", vector_instructions());
    let failed = |error: serde_json::Error| CliError::Failed(error.to_string());
    let text = serde_json::to_vec(&identity).map_err(failed)?;
    let mut first: Vec<f64> = text.iter().copied().map(f64::from).collect();
    #[allow(clippy::cast_precision_loss, reason = "a text of some hundred bytes")]
    let mut len = [first.len() as f64];
    reduction.broadcast(0, Numbers::F64(&mut len));
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bytes, and how many"
    )]
    let text: Vec<u8> = {
        first.resize(len[0] as usize, 0.0);
        reduction.broadcast(0, Numbers::F64(&mut first));
        first.iter().map(|byte| *byte as u8).collect()
    };
    let first: RunIdentity = serde_json::from_slice(&text).map_err(failed)?;
    match first.difference(&identity) {
        None => Ok(()),
        Some(difference) => Err(CliError::Usage(format!(
            "the processes do not train the same: {difference}"
        ))),
    }
}

/// What kernels are compiled for, as far as this processor knows it: sums round by it.
fn vector_instructions() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return "AVX2";
        }
    }
    std::env::consts::ARCH
}
