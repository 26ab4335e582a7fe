//! Tests of the methods, of the experiments' files and of the comparison with other programs.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bcd;
mod common;
mod descent;
mod dladmm;
mod gradient;
mod gradient_rules;
mod peers;
mod properties;
mod session;
mod splitting;
mod write;
