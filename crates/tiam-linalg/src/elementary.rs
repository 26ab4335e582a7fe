//! Exponential and logarithm without branches, so that loops over them vectorise.
//!
//! The standard library's `exp` is a call into libm per element. The three functions here are straight-line
//! arithmetic on the value and on its bits; they inline, and a loop over them becomes SIMD code for whatever instruction
//! set the loop is compiled for. Called plainly that is the build's baseline (SSE2 on a plain x86-64 build); this crate compiles
//! its loops for several levels and chooses at run time through `pulp`, those of [`map_entries`](crate::map_entries) too.
//!
//! **Inlining.** A loop runs at the wider level only if it is inlined into the function that `pulp` compiles for that level.
//! A closure handed to `Arch::dispatch` is called from one place per level, so LLVM may leave a large one outside, compiled for
//! the baseline. Give `dispatch` a struct that implements `pulp::WithSimd` with an `#[inline(always)]` method instead; this
//! crate does so through the macro `dispatch_kernel`.
//!
//! **Same bits everywhere.** No fused multiply-add is used, so scalar, SSE2, AVX2, AVX-512 and other processors give the same result.
//!
//! Method: Cody and Waite, *Software Manual for the Elementary Functions* (1980), for the reduction x = n ln 2 + r and Taylor's
//! polynomial for e^r; for the logarithm the polynomial of FreeBSD's `e_log.c` / `e_logf.c` (Sun Microsystems, 1993).
//! None of it is from the TIAM paper.
//!
//! | function | largest error in `f32`, ulp | `f64`: largest distance from the standard library's | elements/ns, `f32` / `f64` | libm |
//! |---|---|---|---|---|
//! | [`Elementary::fast_exp`] | 1.02 | 1 ulp | 2.2 / 0.68 | 0.34 / 0.19 |
//! | [`Elementary::fast_exp_m1`] | 1.6 | 2 ulp | 1.8 / 0.62 | 0.08 / 0.09 |
//! | [`Elementary::fast_ln_1p`] | 0.85 | 1 ulp | 1.5 / 0.62 | 0.11 / 0.12 |
//!
//! Errors: over the grids of `tests/elementary.rs`. Speeds: slices of 4,096 in cache, one core of an AMD EPYC with AVX-512, plain
//! build, Rust 1.95.

/// Runs a block compiled for the widest instruction set of the machine: `dispatch_kernel!(<T: Real> (x: &'a mut [T]) -> () { ... })`.
///
/// The arguments are variables of the same names in the surrounding function. The block is inlined always, which a closure is not.
macro_rules! dispatch_kernel {
    (<$t:ident: $bound:path> ($($arg:ident: $ty:ty),+ $(,)?) -> $ret:ty $body:block) => {{
        struct Kernel<'a, $t: $bound> {
            $($arg: $ty,)+
            lifetime: std::marker::PhantomData<&'a $t>,
        }
        impl<'a, $t: $bound> pulp::WithSimd for Kernel<'a, $t> {
            type Output = $ret;
            #[inline(always)]
            fn with_simd<S: pulp::Simd>(self, _simd: S) -> $ret {
                let Self { $($arg,)+ .. } = self;
                $body
            }
        }
        pulp::Arch::new().dispatch(Kernel::<'_, $t> { $($arg,)+ lifetime: std::marker::PhantomData })
    }};
}
pub(crate) use dispatch_kernel;

/// Elementary functions of `f32` and `f64` as straight-line code. All are inlined always.
///
/// ```
/// use tiam_linalg::elementary::Elementary;
/// assert!((1.0_f64.fast_exp() - std::f64::consts::E).abs() < 1e-15);
/// assert!((1e-10_f64.fast_exp_m1() - 1.000_000_000_05e-10).abs() < 1e-25);
/// assert!(((-0.5_f64).fast_ln_1p() + std::f64::consts::LN_2).abs() < 1e-15);
/// ```
pub trait Elementary: Copy + Send + Sync + 'static {
    /// e^x, to within 2 ulp; a subnormal result is rounded once more. Overflows to +∞, underflows to 0, NaN gives NaN.
    #[must_use]
    fn fast_exp(self) -> Self;
    /// e^x − 1, to within 3 ulp of the result also near 0 (ELU). Tends to −1; overflows to +∞; NaN gives NaN; −0 gives +0.
    #[must_use]
    fn fast_exp_m1(self) -> Self;
    /// ln(1 + x), to within 2 ulp of the result also near 0 (ELU's inverse on (−1, 0]). −1 gives −∞, below it NaN; −0 gives ±0.
    #[must_use]
    fn fast_ln_1p(self) -> Self;
}

/// Horner's rule from the highest coefficient, written last.
#[inline(always)]
fn horner<T: Copy + std::ops::Mul<Output = T> + std::ops::Add<Output = T>, const N: usize>(
    x: T,
    coefficients: &[T; N],
) -> T {
    let mut acc = coefficients[N - 1];
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        acc = acc * x + coefficients[i];
    }
    acc
}

/// x = n ln 2 + r with |r| ≤ ln 2 / 2 and n = a + b: gives r, 2^a, 2^b, 2^−b.
macro_rules! reduction {
    ($t:ident) => {
        #[inline(always)]
        pub(super) fn reduce(x: $t) -> ($t, $t, $t, $t) {
            let power = |biased: $t| $t::from_bits(biased.to_bits() << MANTISSA_BITS);
            let n = (x * std::$t::consts::LOG2_E + MAGIC) - MAGIC;
            let r = (x - n * LN2_HIGH) - n * LN2_LOW;
            let biased_a = n * 0.5 + MAGIC;
            let b = n - (biased_a - MAGIC);
            (r, power(biased_a), power(MAGIC + b), power(MAGIC - b))
        }
    };
}

macro_rules! elementary {
    ($t:ident, $consts:ident) => {
        impl Elementary for $t {
            #[inline(always)]
            fn fast_exp(self) -> Self {
                let x = if self > $consts::EXP_MAX {
                    $consts::EXP_MAX
                } else {
                    self
                };
                let x = if x < $consts::EXP_MIN {
                    $consts::EXP_MIN
                } else {
                    x
                };
                let (r, scale_a, scale_b, _) = $consts::reduce(x);
                let y = 1.0 + (r + r * r * horner(r, &$consts::EXP_TAYLOR));
                // Two factors: one power of two alone cannot reach a subnormal result, nor overflow properly.
                y * scale_a * scale_b
            }

            #[inline(always)]
            fn fast_exp_m1(self) -> Self {
                let x = if self > $consts::EXP_MAX {
                    $consts::EXP_MAX
                } else {
                    self
                };
                let x = if x < $consts::EXP_M1_MIN {
                    $consts::EXP_M1_MIN
                } else {
                    x
                };
                let (r, scale_a, scale_b, inverse_b) = $consts::reduce(x);
                let q = r + r * r * horner(r, &$consts::EXP_TAYLOR);
                // 2^(a+b) (1 + q) − 1, arranged so that neither overflows early nor loses q.
                (q * scale_a + (scale_a - inverse_b)) * scale_b
            }

            #[inline(always)]
            fn fast_ln_1p(self) -> Self {
                let u = 1.0 + self;
                let back = u - 1.0;
                let lost = (1.0 - (u - back)) + (self - back);
                // u = 2^k m, m in [√½, √2): shift the bits so that the exponent steps at √½ instead of 1.
                let bits = u.to_bits();
                let biased = bits
                    .wrapping_sub($consts::SQRT_HALF_BITS)
                    .wrapping_add($consts::ONE_BITS);
                let k_bits = biased >> $consts::MANTISSA_BITS;
                let k = $t::from_bits(k_bits | $consts::MAGIC_INT_BITS) - $consts::MAGIC_INT;
                let m_bits = bits
                    .wrapping_sub(k_bits << $consts::MANTISSA_BITS)
                    .wrapping_add($consts::ONE_BITS);
                let f = $t::from_bits(m_bits) - 1.0;
                let half_sq = 0.5 * f * f;
                let s = f / (2.0 + f);
                let z = s * s;
                let tail = z * horner(z, &$consts::LN_POLY);
                let low = lost / u + k * $consts::LN2_LOW;
                let y = k * $consts::LN2_HIGH - ((half_sq - (s * (half_sq + tail) + low)) - f);
                let edge = if u < 0.0 { $t::NAN } else { $t::NEG_INFINITY };
                let y = if u > 0.0 { y } else { edge };
                if u < $t::INFINITY { y } else { self }
            }
        }
    };
}

#[allow(
    clippy::excessive_precision,
    reason = "as published; the compiler rounds"
)]
mod single {
    pub(super) const MANTISSA_BITS: u32 = 23;
    /// Past ln(largest) = 88.72; the result still overflows.
    pub(super) const EXP_MAX: f32 = 90.0;
    /// Past ln(smallest subnormal / 2) = −103.97; the result still underflows.
    pub(super) const EXP_MIN: f32 = -105.0;
    /// e^x below half an ulp of 1.
    pub(super) const EXP_M1_MIN: f32 = -20.0;
    /// ln 2 to 15 bits: times an exponent of 8 bits it is exact.
    pub(super) const LN2_HIGH: f32 = 0.693_145_75;
    /// The rest of it.
    pub(super) const LN2_LOW: f32 = 1.428_606_765_330_187_045e-6;
    /// Adding 1.5·2²³ rounds to an integer; the 127 puts the exponent's bias into the low bits.
    const MAGIC: f32 = 12_582_912.0 + 127.0;
    /// 1/2!, 1/3!, ..., 1/7!: what is left out is under 6e-9 for |r| ≤ ln 2 / 2.
    pub(super) const EXP_TAYLOR: [f32; 6] = [
        0.5,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5040.0,
    ];
    pub(super) const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    pub(super) const ONE_BITS: u32 = 0x3f80_0000;
    /// 2²³: its low bits hold an integer.
    pub(super) const MAGIC_INT_BITS: u32 = 0x4b00_0000;
    pub(super) const MAGIC_INT: f32 = 8_388_608.0 + 127.0;
    pub(super) const LN_POLY: [f32; 4] = [
        0.666_666_626_93,
        0.400_009_721_52,
        0.284_987_866_88,
        0.242_790_788_41,
    ];

    reduction!(f32);
}

#[allow(
    clippy::excessive_precision,
    reason = "as published; the compiler rounds"
)]
mod double {
    pub(super) const MANTISSA_BITS: u32 = 52;
    /// Past ln(largest) = 709.78; the result still overflows.
    pub(super) const EXP_MAX: f64 = 711.0;
    /// Past ln(smallest subnormal / 2) = −745.13; the result still underflows.
    pub(super) const EXP_MIN: f64 = -747.0;
    /// e^x below half an ulp of 1.
    pub(super) const EXP_M1_MIN: f64 = -40.0;
    /// ln 2 to 32 bits: times an exponent of 11 bits it is exact.
    pub(super) const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-1;
    /// The rest of it.
    pub(super) const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;
    /// Adding 1.5·2⁵² rounds to an integer; the 1023 puts the exponent's bias into the low bits.
    const MAGIC: f64 = 6_755_399_441_055_744.0 + 1023.0;
    /// 1/2!, 1/3!, ..., 1/13!: what is left out is under 5e-18 for |r| ≤ ln 2 / 2.
    pub(super) const EXP_TAYLOR: [f64; 12] = [
        0.5,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5040.0,
        1.0 / 40_320.0,
        1.0 / 362_880.0,
        1.0 / 3_628_800.0,
        1.0 / 39_916_800.0,
        1.0 / 479_001_600.0,
        1.0 / 6_227_020_800.0,
    ];
    pub(super) const SQRT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
    pub(super) const ONE_BITS: u64 = 0x3ff0_0000_0000_0000;
    /// 2⁵²: its low bits hold an integer.
    pub(super) const MAGIC_INT_BITS: u64 = 0x4330_0000_0000_0000;
    pub(super) const MAGIC_INT: f64 = 4_503_599_627_370_496.0 + 1023.0;
    pub(super) const LN_POLY: [f64; 7] = [
        6.666_666_666_666_735_130e-1,
        3.999_999_999_940_941_908e-1,
        2.857_142_874_366_239_149e-1,
        2.222_219_843_214_978_396e-1,
        1.818_357_216_161_805_012e-1,
        1.531_383_769_920_937_332e-1,
        1.479_819_860_511_658_591e-1,
    ];

    reduction!(f64);
}

elementary!(f32, single);
elementary!(f64, double);
