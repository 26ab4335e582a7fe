//! Work in progress.

mod block;
mod driver;
mod error;
mod float;
mod inertia;
mod observer;
mod outcome;
mod params;
mod problem;
mod run;
mod schedule;
mod stopping;
mod trace;

pub use block::Block;
pub use driver::Driver;
pub use error::CoreError;
pub use float::Float;
pub use inertia::{Inertia, correct, extrapolate};
pub use observer::{EachIteration, Observer, each_iteration};
pub use outcome::{Failure, Outcome};
pub use params::{DriverConfig, DriverParams, Guard, Order, OrderFn};
pub use problem::{BlockChange, BlockProblem};
pub use run::Run;
pub use schedule::{Schedule, ScheduleFn, ScheduleSteps};
pub use stopping::{StopReason, Stopping};
pub use trace::{Trace, TraceRow};
