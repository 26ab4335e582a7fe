//! Tests of the crate's public behaviour, one module a subject.
#![allow(clippy::float_cmp, clippy::unwrap_used, clippy::result_large_err)]

mod common;
mod compare;
mod contracts;
mod driver;
mod properties;
mod rates;
mod steps;
mod stepwise;
mod stopping;
mod trace;
