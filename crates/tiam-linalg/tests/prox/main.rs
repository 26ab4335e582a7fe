//! Proximal maps, projections and losses against slow twins that read like the equations.

mod closed_forms;
mod loss;
mod panics;
mod softmax_prox;
mod twins;
