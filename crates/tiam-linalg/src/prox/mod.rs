//! Proximal maps and losses, on contiguous slabs.
//!
//! prox_{g/θ}(v) = argmin_u g(u) + θ/2 ‖u − v‖². These are the pieces of a block step that are not products: the last layer's
//! loss ([`prox_cross_entropy`], [`prox_squared`]).
//!
//! A slab holds whole samples one after the other: sample i of `n_classes` values is `z[i * n_classes..(i + 1) * n_classes]`, a range of columns
//! of a column-major `n_classes` x `n_samples` matrix. Every function is sequential, allocates nothing, chooses its instruction
//! set at run time, and treats each sample by itself: **a sample's result has the same bits whichever slab it is in**, so slabs may be cut
//! anywhere between threads. Sums are accumulated in `f64`.
//!
//! | symbol | name here | meaning |
//! |---|---|---|
//! | z | `z` | logits of the last layer |
//! | c | `center` | the point the penalty pulls to |
//! | ρ | `rho` | penalty (θ of the proximal map) |
//! | y | `labels` | class of each sample |
//! | p | | softmax of z |
//!
//! Source: the step is section 3 of the TIAM paper (arXiv:2503.08489v2); it leaves open how the softmax proximal map is computed, that is ours.

pub(crate) mod cross_entropy;
mod global_start;
mod layout;
mod newton;
pub(crate) mod simple;
pub(crate) mod softmax_prox;

pub use cross_entropy::{LossSum, cross_entropy, softmax_in_place};
pub use simple::{l1_norm, prox_squared, squared_loss};
pub use softmax_prox::{ProxReport, prox_cross_entropy, prox_cross_entropy_scratch_len};

/// The larger of two; NaN if either is (`f64::max` drops it).
fn max_or_nan(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}
