//! Exponential and logarithm against double precision (for `f32`) and against a compensated reference (for `f64`).

use proptest::prelude::*;
use tiam_linalg::elementary::Elementary;
use tiam_linalg::{Compute, Matrix, Real, map_entries};

/// Whether a loop compiled for the machine's widest level gives each function the bits that it has alone: no fused multiply-add creeps in there.
fn same_bits<T: Real>(xs: &[T]) -> [bool; 3] {
    fn same<T: Real>(xs: &[T], f: impl Fn(T) -> T + Sync) -> bool {
        let mut out = Matrix::from_vec(xs.len(), 1, xs.to_vec()).unwrap();
        let rows = vec![T::zero(); xs.len()];
        map_entries(
            &mut out,
            [],
            &rows,
            &mut Compute::new(1).unwrap(),
            |x, [], _| (f(x), []),
        );
        let bits = |x: T| tiam_core::Scalar::to_f64(x).to_bits();
        xs.iter()
            .zip(out.as_slice())
            .all(|(x, y)| bits(f(*x)) == bits(*y))
    }
    // ln is taken of e^x, so that it is not NaN.
    [
        same(xs, |x| x.fast_exp()),
        same(xs, |x| x.fast_exp_m1()),
        same(xs, |x| x.fast_exp_m1().fast_ln_1p()),
    ]
}

/// |value − exact| in units of the spacing of `f32` at the exact value (subnormals included).
fn ulp_f32(value: f32, exact: f64) -> f64 {
    if f64::from(value).is_infinite() || exact.abs() > f64::from(f32::MAX) {
        // Past the largest value only infinity is right, with one ulp of slack around the edge.
        let edge = f64::from(f32::MAX) * (1.0 + 2e-7);
        return if value.is_infinite() && exact.abs() > f64::from(f32::MAX) * (1.0 - 2e-7)
            || exact.abs() < edge
        {
            0.0
        } else {
            f64::MAX
        };
    }
    let exponent = exact.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor();
    (f64::from(value) - exact).abs() / (exponent - 23.0).exp2()
}

/// |value − reference| in units of the spacing of `f64` at the reference. The reference is the
/// standard library's, itself within 1 ulp: bounds below are ours plus one.
fn ulp_f64(value: f64, reference: f64) -> f64 {
    if value.to_bits() == reference.to_bits() {
        return 0.0;
    }
    let spacing = (reference.abs().max(f64::MIN_POSITIVE).log2().floor() - 52.0).exp2();
    (value - reference).abs() / spacing.max(f64::from_bits(1))
}

fn grid(from: f64, to: f64, n: usize) -> impl Iterator<Item = f64> {
    (0..=n).map(move |i| from + (to - from) * (i as f64) / (n as f64))
}

/// Small magnitudes of both signs.
fn tiny() -> impl Iterator<Item = f64> {
    (1..300).flat_map(|k| [(-f64::from(k) / 7.0).exp2(), -(-f64::from(k) / 7.0).exp2()])
}

#[test]
fn exp_f32_is_within_two_ulp_over_the_whole_range() {
    let worst = grid(-106.0, 92.0, 2_000_003)
        .chain(tiny())
        .map(|x| x as f32);
    let worst = worst
        .map(|x| ulp_f32(x.fast_exp(), f64::from(x).exp()))
        .fold(0.0, f64::max);
    assert!(worst <= 2.0, "{worst}");
}

#[test]
fn exp_m1_f32_is_within_three_ulp() {
    let worst = grid(-25.0, 92.0, 2_000_003).chain(tiny()).map(|x| x as f32);
    let worst = worst
        .map(|x| ulp_f32(x.fast_exp_m1(), f64::from(x).exp_m1()))
        .fold(0.0, f64::max);
    assert!(worst <= 3.0, "{worst}");
}

#[test]
fn ln_1p_f32_is_within_two_ulp() {
    let worst = grid(-0.999_999, 3.0, 2_000_003)
        .chain(tiny())
        .chain(grid(3.0, 1e30, 10_001))
        .map(|x| x as f32);
    let worst = worst
        .map(|x| ulp_f32(x.fast_ln_1p(), f64::from(x).ln_1p()))
        .fold(0.0, f64::max);
    assert!(worst <= 2.0, "{worst}");
}

#[test]
fn f64_functions_agree_with_std_over_their_ranges() {
    let xs = || {
        grid(-750.0, 709.7, 1_000_003)
            .chain(grid(-2.0, 2.0, 300_007))
            .chain(tiny())
    };
    let exp = xs()
        .map(|x| ulp_f64(x.fast_exp(), x.exp()))
        .fold(0.0, f64::max);
    let exp_m1 = xs()
        .map(|x| ulp_f64(x.fast_exp_m1(), x.exp_m1()))
        .fold(0.0, f64::max);
    let ln_1p = grid(-0.999_999_999, 3.0, 1_000_003)
        .chain(tiny())
        .chain(grid(3.0, 1e300, 10_001))
        .map(|x| ulp_f64(x.fast_ln_1p(), x.ln_1p()))
        .fold(0.0, f64::max);
    assert!(exp <= 2.0, "exp {exp}");
    assert!(exp_m1 <= 3.0, "exp_m1 {exp_m1}");
    assert!(ln_1p <= 2.0, "ln_1p {ln_1p}");
}

macro_rules! special_values {
    ($name:ident, $t:ident) => {
        #[test]
        fn $name() {
            let (inf, nan) = ($t::INFINITY, $t::NAN);
            assert!(
                nan.fast_exp().is_nan() && nan.fast_exp_m1().is_nan() && nan.fast_ln_1p().is_nan()
            );
            assert_eq!(
                [inf.fast_exp(), inf.fast_exp_m1(), inf.fast_ln_1p()].map($t::to_bits),
                [inf.to_bits(); 3]
            );
            assert_eq!($t::MAX.fast_exp().to_bits(), inf.to_bits());
            assert_eq!($t::MIN.fast_exp().to_bits(), 0);
            assert_eq!((-inf).fast_exp().to_bits(), 0);
            assert_eq!((-inf).fast_exp_m1().to_bits(), (-1.0 as $t).to_bits());
            assert_eq!((-1.0 as $t).fast_ln_1p().to_bits(), (-inf).to_bits());
            assert!((-1.5 as $t).fast_ln_1p().is_nan() && (-inf).fast_ln_1p().is_nan());
            assert_eq!((0.0 as $t).fast_exp().to_bits(), (1.0 as $t).to_bits());
            assert_eq!((0.0 as $t).fast_exp_m1().to_bits(), 0);
            assert_eq!((0.0 as $t).fast_ln_1p().to_bits(), 0);
            // Subnormal results, down to the smallest.
            let smallest = $t::from_bits(1);
            let x = smallest.ln() * 0.999_999;
            assert!(x.fast_exp() >= smallest && x.fast_exp() <= smallest + smallest);
            assert_eq!(smallest.fast_exp_m1().to_bits(), smallest.to_bits());
            assert_eq!(smallest.fast_ln_1p().to_bits(), smallest.to_bits());
        }
    };
}
special_values!(special_values_f32, f32);
special_values!(special_values_f64, f64);

proptest! {
    #[test]
    fn any_bits_give_what_std_gives(bits: u32) {
        let x = f32::from_bits(bits);
        let (exp, exp_m1, ln_1p) = (x.fast_exp(), x.fast_exp_m1(), x.fast_ln_1p());
        prop_assert_eq!(exp.is_nan(), x.exp().is_nan());
        prop_assert_eq!(exp_m1.is_nan(), x.exp_m1().is_nan());
        prop_assert_eq!(ln_1p.is_nan(), x.ln_1p().is_nan());
        if exp.is_finite() {
            prop_assert!(ulp_f32(exp, f64::from(x).exp()) <= 2.0);
        }
        if exp_m1.is_finite() {
            prop_assert!(ulp_f32(exp_m1, f64::from(x).exp_m1()) <= 3.0);
        }
        if ln_1p.is_finite() {
            prop_assert!(ulp_f32(ln_1p, f64::from(x).ln_1p()) <= 2.0);
        }
    }

    #[test]
    fn vectorised_loops_have_the_bits_of_scalars(xs in prop::collection::vec(-30.0..30.0_f64, 1..70)) {
        let narrow: Vec<f32> = xs.iter().map(|&x| x as f32).collect();
        for same in [same_bits(&xs), same_bits(&narrow)] {
            prop_assert!(same.iter().all(|same| *same), "exp, exp_m1, ln_1p: {same:?}");
        }
    }

    #[test]
    fn elu_and_its_inverse_return_to_the_start(x in -5.0..0.0_f64) {
        // The slope of the inverse is e^{-x}: eps in the image is eps e^{-x} in the argument.
        prop_assert!((x.fast_exp_m1().fast_ln_1p() - x).abs() <= 4.0 * f64::EPSILON * (-x).exp());
    }
}
