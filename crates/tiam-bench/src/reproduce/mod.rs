//! The experiments of the paper and what they leave.

mod record;

pub use record::{Curve, Machine, Record};
