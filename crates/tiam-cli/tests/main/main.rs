//! Tests of the command `tiam`, run as a user runs it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod book;
mod common;
mod compare;
mod config;
mod effort;
mod export;
mod formats;
#[cfg(unix)]
mod interrupt;
mod methods;
mod odd_tables;
mod refusals;
mod reproduce;
#[cfg(unix)]
mod resume;
mod stream;
mod train;
mod use_models;
mod verify;
