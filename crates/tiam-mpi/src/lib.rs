//! Several processes that train one network over MPI.
//!
//! `mpirun -n 4 tiam train …` starts four processes. [`Session::start`] finds the others; its [`Reduction`](tiam_linalg::Reduction), handed
//! to training, shares out the samples. The result has the same bits on any number of processes.
//!
//! With the feature `mpi` the crate binds to the MPI library that `mpicc` finds (Open MPI is the one it is tested with). Without it there
//! are no bindings, and a start by `mpirun` is refused.
//!
//! ```
//! // Started by hand, there is one process, and no need for MPI.
//! assert!(tiam_mpi::Session::start()?.is_none());
//! # Ok::<(), tiam_mpi::MpiError>(())
//! ```

mod launch;
#[cfg(feature = "mpi")]
mod session;
#[cfg(not(feature = "mpi"))]
mod without;

use thiserror::Error;

pub use launch::Launch;
#[cfg(feature = "mpi")]
pub use session::Session;
#[cfg(not(feature = "mpi"))]
pub use without::Session;

/// Why several processes cannot train together.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum MpiError {
    /// The program has been built without the feature `mpi`.
    #[error(
        "this program is built without MPI, and would train {size} times the same; build it with --features mpi, or start it once"
    )]
    NotBuilt {
        /// Processes started.
        size: usize,
    },
    /// The library has been started before, or knows no calls from more than one thread.
    #[error("MPI does not start: {reason}")]
    Start {
        /// What is missing.
        reason: &'static str,
    },
    /// The launcher started more processes than the library finds: it is of another MPI.
    #[error(
        "the launcher started {launched} processes, but the MPI library finds {found}: take the mpirun of the library that this program was built with"
    )]
    OtherLauncher {
        /// Processes started.
        launched: usize,
        /// Processes that the library finds.
        found: usize,
    },
}
