//! The tests that cross the crates, in one program: their slow ones run beside each other. Allocations are counted in one of their own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod corpus;
mod extremes;
mod golden;
mod graphs;
mod supply;
