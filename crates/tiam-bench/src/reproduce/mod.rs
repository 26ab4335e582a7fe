//! The experiments of the paper, with their records and reports.

mod claims;
mod experiments;
mod library;
mod machine;
mod peers;
mod record;
mod results;
mod selection;
mod session;
mod training;
pub mod write;

pub use claims::Claim;
pub use experiments::{Experiment, Size};
pub use library::{DataName, DataSet, Library};
pub use machine::{Ballast, machine, memory, peak_memory, reset_peak_memory};
pub use peers::{DEFAULT_PEERS, Peers};
pub use record::{Curve, Machine, Record};
pub use results::write_results;
pub use session::{Finding, NotRun, Progress, Session, Task};
