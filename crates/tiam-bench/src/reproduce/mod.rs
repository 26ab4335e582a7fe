//! The experiments of the paper and what they leave.

mod experiments;
mod library;
mod machine;
mod record;
mod session;
mod training;
mod write;

pub use experiments::{Experiment, Size};
pub use library::{DataName, DataSet, Library};
pub use machine::{machine, memory, peak_memory, reset_peak_memory};
pub use record::{Curve, Machine, Record};
pub use session::{Finding, NotRun, Progress, Session, Task};
