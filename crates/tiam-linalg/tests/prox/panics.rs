//! Documented panics.

use tiam_linalg::prox::{
    cross_entropy, project_ball, project_interval_scalar, prox_cross_entropy, soft_threshold,
};

macro_rules! panics {
    ($($name:ident: $message:literal => $call:expr;)*) => {$(
        #[test]
        #[should_panic(expected = $message)]
        fn $name() {
            let _ = $call;
        }
    )*};
}
panics! {
    label_out_of_range_panics: "label" => prox_cross_entropy(&mut [0.0; 2], &[0.0; 2], &[2], 2, 1.0, &mut [0.0; 999]);
    zero_rho_panics: "rho" => prox_cross_entropy(&mut [0.0; 2], &[0.0; 2], &[1], 2, 0.0, &mut [0.0; 999]);
    nan_rho_panics: "rho" => prox_cross_entropy(&mut [0.0; 2], &[0.0; 2], &[1], 2, f64::NAN, &mut [0.0; 999]);
    short_scratch_panics: "scratch" => prox_cross_entropy(&mut [0.0; 2], &[0.0; 2], &[1], 2, 1.0, &mut [0.0; 9]);
    no_classes_panics: "n_classes" => cross_entropy(&[0.0; 0], &[], 0);
    shape_mismatch_panics: "per label" => cross_entropy(&[0.0; 5], &[0, 1], 2);
    negative_threshold_panics: "threshold" => soft_threshold(&mut [1.0], -1.0);
    nan_radius_panics: "radius" => project_ball(&mut [1.0], f64::NAN);
    empty_interval_panics: "empty" => project_interval_scalar(&mut [1.0], 2.0, 1.0);
}
