//! The steps, kernels and choices of the crate, against naive twins and identities.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blocks;
mod choice;
mod common;
mod dense;
mod elementary;
mod forms;
mod network;
mod processes;
mod prox;
mod steps;
mod stochastic;
mod threads;
mod weights;
