//! The experiments of the paper and what they leave.

mod experiments;
mod library;
mod machine;
mod markup;
pub mod number;
pub mod palette;
pub mod plot;
mod record;
pub mod report;
mod session;
pub mod table;
mod training;
pub mod write;

pub use experiments::{Experiment, Size};
pub use library::{DataName, DataSet, Library};
pub use machine::{Ballast, machine, memory, peak_memory, reset_peak_memory};
pub use record::{Curve, Machine, Record};
pub use session::{Finding, NotRun, Progress, Session, Task};
