//! The experiments of the paper and what they leave.

mod markup;
pub mod number;
pub mod palette;
pub mod plot;
mod record;
pub mod report;
pub mod table;
pub mod write;

pub use record::{Curve, Machine, Record};
