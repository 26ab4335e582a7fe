//! The number of this process and of all, as the launcher tells them in the environment.

use std::env;

/// Variables of Open MPI's mpirun, of MPICH's and Slurm's, and of Slurm with PMIx: the process's number, the number of processes.
const VARIABLES: [(&str, &str); 3] = [
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("PMI_RANK", "PMI_SIZE"),
    ("PMIX_RANK", "SLURM_NTASKS"),
];

/// This process among those that a launcher has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Its number, from 0.
    pub rank: usize,
    /// All of them, 2 or more.
    pub size: usize,
}

impl Launch {
    /// What the environment tells; `None` for a process alone. It asks no MPI library, and so costs nothing.
    pub fn found() -> Option<Self> {
        let number = |name| env::var(name).ok()?.parse::<usize>().ok();
        let mut known = VARIABLES.iter().filter_map(|(rank, size)| {
            let (rank, size) = (number(rank)?, number(size)?);
            (rank < size && size > 1).then_some(Self { rank, size })
        });
        known.next()
    }
}
