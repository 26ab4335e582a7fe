//! A session of MPI: from its start to its end, and what its processes tell each other.

use std::panic;
use std::sync::Arc;

use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Destination, Root, Source};
use mpi::{Rank, Threading};
use tiam_linalg::{Numbers, Reduction};

use crate::{Launch, MpiError};

/// The status of processes that a panic ends.
const PANICKED: i32 = 101;

/// Entries of one message at most: MPI counts them in 32 bits.
const MESSAGE: usize = 1 << 28;

/// The processes of a run. The library is shut down when this is dropped, by every process, once all are done.
pub struct Session {
    world: World,
    _universe: Universe,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Session").field(&self.world).finish()
    }
}

impl Session {
    /// Finds the other processes; `None` for a process alone, which has no need of the library. From here on a panic in one process ends
    /// all of them, where the others would wait for ever.
    ///
    /// # Errors
    /// [`MpiError::Start`], [`MpiError::OtherLauncher`].
    pub fn start() -> Result<Option<Self>, MpiError> {
        let Some(Launch { size, .. }) = Launch::found() else {
            return Ok(None);
        };
        let refused = |reason| MpiError::Start { reason };
        // Calls come from the thread that runs a step: the caller's, or one of the pool's while the caller waits.
        let started = mpi::initialize_with_threading(Threading::Serialized);
        let (universe, threading) = started.ok_or(refused("it has been started before"))?;
        if threading < Threading::Serialized {
            return Err(refused("it knows no calls from more than one thread"));
        }
        let communicator = SimpleCommunicator::world();
        let number = |n: Rank| usize::try_from(n).unwrap_or(0);
        let world = World {
            rank: number(communicator.rank()),
            size: number(communicator.size()),
        };
        if world.size != size {
            let (launched, found) = (size, world.size);
            return Err(MpiError::OtherLauncher { launched, found });
        }
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            tell(panicked);
            eprintln!("process {} ends all {size}", world.rank);
            SimpleCommunicator::world().abort(PANICKED)
        }));
        Ok(Some(Self {
            world,
            _universe: universe,
        }))
    }

    /// The way to the other processes.
    pub fn reduction(&self) -> Arc<dyn Reduction> {
        Arc::new(self.world)
    }

    /// Ends all processes with this status.
    pub fn abort(&self, status: u8) -> ! {
        SimpleCommunicator::world().abort(status.into())
    }
}

/// All processes. The communicator is the library's own, and so named anew for each message: its type may not change threads.
#[derive(Clone, Copy, Debug)]
struct World {
    rank: usize,
    size: usize,
}

/// A process's number as MPI has it.
fn number(rank: usize) -> Rank {
    Rank::try_from(rank).unwrap_or(Rank::MAX)
}

/// Passes the numbers on in messages that are not too long.
macro_rules! in_messages {
    ($numbers:ident, $message:ident => $pass:expr) => {
        match $numbers {
            Numbers::F32(x) => x.chunks_mut(MESSAGE).for_each(|$message| $pass),
            Numbers::F64(x) => x.chunks_mut(MESSAGE).for_each(|$message| $pass),
            Numbers::Bf16(x) => x.chunks_mut(MESSAGE).for_each(|$message| $pass),
        }
    };
}

impl Reduction for World {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn send(&self, to: usize, numbers: Numbers<'_>) {
        let world = SimpleCommunicator::world();
        let to = world.process_at_rank(number(to));
        in_messages!(numbers, message => to.send(&*message));
    }

    fn receive(&self, from: usize, numbers: Numbers<'_>) {
        let world = SimpleCommunicator::world();
        let from = world.process_at_rank(number(from));
        in_messages!(numbers, message => {
            from.receive_into(message);
        });
    }

    fn broadcast(&self, root: usize, numbers: Numbers<'_>) {
        let world = SimpleCommunicator::world();
        let root = world.process_at_rank(number(root));
        in_messages!(numbers, message => root.broadcast_into(message));
    }
}
