//! Documented panics.

use tiam_linalg::prox::{
    cross_entropy, prox_cross_entropy, prox_squared, softmax_in_place, squared_loss,
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
    loss_label_out_of_range_panics: "label" => cross_entropy(&[0.0; 4], &[0, 2], 2);
    center_of_another_length_panics: "same length" => prox_cross_entropy(&mut [0.0; 2], &[0.0; 3], &[1], 2, 1.0, &mut [0.0; 999]);
    prox_shape_mismatch_panics: "per label" => prox_cross_entropy(&mut [0.0; 3], &[0.0; 3], &[1], 2, 1.0, &mut [0.0; 999]);
    prox_without_classes_panics: "n_classes" => prox_cross_entropy(&mut [0.0; 0], &[], &[], 0, 1.0, &mut [0.0; 999]);
    infinite_rho_panics: "rho" => prox_cross_entropy(&mut [0.0; 2], &[0.0; 2], &[1], 2, f64::INFINITY, &mut [0.0; 999]);
    softmax_of_a_part_of_a_sample_panics: "must divide" => softmax_in_place(&mut [0.0; 5], 2);
    softmax_without_classes_panics: "must divide" => softmax_in_place(&mut [0.0; 0], 0);
    squared_zero_rho_panics: "rho" => prox_squared(&mut [0.0], &[0.0], &[0.0], 0.0);
    squared_infinite_rho_panics: "rho" => prox_squared(&mut [0.0], &[0.0], &[0.0], f64::INFINITY);
    squared_center_of_another_length_panics: "same length" => prox_squared(&mut [0.0], &[0.0; 2], &[0.0], 1.0);
    squared_target_of_another_length_panics: "same length" => prox_squared(&mut [0.0], &[0.0], &[0.0; 2], 1.0);
    squared_loss_of_other_lengths_panics: "same length" => squared_loss(&[0.0], &[0.0; 2]);
}
