//! A network's forward pass and its gradient.

mod backward;
mod forward;
