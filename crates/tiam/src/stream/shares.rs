//! The parts of the rows of a streamed table.

use crate::mix::{GROWTH, mix};

/// What a row is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    Test,
    Validation,
    /// It is learnt from, and in memory; whether it is trained on, too, is for the stream to say.
    Sample,
    Rest,
}

/// The parts of the rows, drawn by the numbers of the rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    pub(super) seed: u64,
    pub(super) test: f64,
    pub(super) validation: f64,
    pub(super) sample: f64,
}

impl Shares {
    pub(super) fn part(&self, row: u64) -> Part {
        let mut at = uniform(mixed(self.seed, row));
        for (part, share) in [
            (Part::Test, self.test),
            (Part::Validation, self.validation),
            (Part::Sample, self.sample),
        ] {
            if at < share {
                return part;
            }
            at -= share;
        }
        Part::Rest
    }
}

/// SplitMix64's output function of both numbers.
pub(super) fn mixed(seed: u64, number: u64) -> u64 {
    let start = mix(seed.wrapping_add(GROWTH));
    mix(number.wrapping_add(1).wrapping_mul(GROWTH) ^ start)
}

/// In [0, 1).
#[allow(clippy::cast_precision_loss, reason = "53 bits")]
fn uniform(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
