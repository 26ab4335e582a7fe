//! SplitMix64 (G. Steele, D. Lea, C. Flood, 2014): small, and the same everywhere.

/// What its state grows by: 2⁶⁴ over the golden ratio, odd.
pub(crate) const GROWTH: u64 = 0x9e37_79b9_7f4a_7c15;

/// Its output function: every bit of the state changes half of the bits.
pub(crate) fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
