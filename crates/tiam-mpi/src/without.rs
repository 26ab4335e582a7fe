//! The stand-in for a session in programs that are built without MPI.

use std::convert::Infallible;
use std::sync::Arc;

use tiam_linalg::Reduction;

use crate::{Launch, MpiError};

/// The processes of a run; without the feature `mpi` there are none.
#[derive(Debug)]
pub struct Session(Infallible);

impl Session {
    /// Finds the other processes; `None` for a process alone.
    ///
    /// # Errors
    /// [`MpiError::NotBuilt`] where there are others.
    pub fn start() -> Result<Option<Self>, MpiError> {
        match Launch::found() {
            None => Ok(None),
            Some(Launch { size, .. }) => Err(MpiError::NotBuilt { size }),
        }
    }

    /// The way to the other processes.
    pub fn reduction(&self) -> Arc<dyn Reduction> {
        match self.0 {}
    }

    /// Ends all processes with this status.
    pub fn abort(&self, _: u8) -> ! {
        match self.0 {}
    }
}
