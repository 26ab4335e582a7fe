//! Block steps: every number they report against twins that read like the equations, and at the sizes where passes are cut.

mod activations;
mod bands;
mod bias;
mod exact;
mod forms;
mod overflow;
mod preactivations;
mod state;
mod tape;
mod weights;
