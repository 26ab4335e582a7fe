//! Proximal maps, projections and losses against slow twins that read like the equations.

mod closed_forms;
mod loss;
mod losses;
mod panics;
mod slabs;
mod softmax_prox;
mod twins;
