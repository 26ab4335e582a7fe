#![allow(clippy::float_cmp, reason = "these numbers are exact")]

use super::*;

#[test]
fn a_scalar_type_has_its_name_its_spacing_and_rounds_to_nearest() {
    assert_eq!((f32::NAME, f64::NAME), ("f32", "f64"));
    assert_eq!((1.0 + f32::EPS).to_f64(), 1.0 + (-23.0_f64).exp2());
    assert_eq!((1.0 + f64::EPS).to_f64(), 1.0 + (-52.0_f64).exp2());
    // Half a spacing goes to the even neighbour, a little more up; too much is infinite.
    let spacing = (-23.0_f64).exp2();
    assert_eq!(f32::from_f64(1.0 + 0.5 * spacing), 1.0);
    assert_eq!(f32::from_f64(1.0 + 0.51 * spacing), 1.0 + f32::EPS);
    assert_eq!(f32::from_f64(1e40), f32::INFINITY);
    assert_eq!(f64::from_f64(0.1), 0.1);
    assert_eq!(0.1_f32.to_f64(), f64::from(0.1_f32));
    assert!(f32::from_f64(f64::NAN).is_nan());
}
