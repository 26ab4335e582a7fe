use super::*;
use proptest::prelude::*;

fn on_grid(h: impl Entry, a: f64, c: f64, s: f64) -> (f64, f64) {
    let value = |u: f64| s * (a - h.apply(u)).powi(2) + (u - c).powi(2);
    let grid = (-40_000..=40_000).map(|i| f64::from(i) * 5e-4);
    let least = grid.map(value).fold(f64::INFINITY, f64::min);
    (value(h.minimise(a, c, s)), least)
}

proptest! {
    #[test]
    fn no_point_of_a_grid_is_better(a in -6.0..8.0_f64, c in -8.0..8.0_f64, log_s in -3.0..2.0_f64) {
        let s = 10f64.powf(log_s);
        for (found, least) in [
            on_grid(Relu, a, c, s), on_grid(LeakyRelu, a, c, s), on_grid(Elu, a, c, s), on_grid(Identity, a, c, s),
        ] {
            prop_assert!(found <= least + 1e-12 * (1.0 + least), "{found} against {least}");
        }
    }
}

#[test]
fn relu_compares_both_sides() {
    // c = 1, a = -2, s = 1: u = 0 costs 5, nothing above is better; c = -1, a = 3: 0 + 9 + 0 against 1 + 4 + 4 at u = 1.
    assert!(Relu.minimise(-2.0_f64, 1.0, 1.0).abs() < 1e-15);
    assert!((Relu.minimise(3.0_f64, -1.0, 1.0) - 1.0).abs() < 1e-15);
    assert!((Relu.minimise(1.0_f64, -1.0, 1.0) + 1.0).abs() < 1e-15);
}

#[test]
fn a_value_that_is_not_finite_stays_so() {
    assert!(Elu.minimise(f64::NAN, 0.0, 1.0).is_nan());
    assert!(Elu.minimise(0.0, f64::INFINITY, 1.0).is_nan());
}
