use super::*;

#[test]
fn slope_error_matches_a_worked_regression() {
    // y = 1, 3, 2, 5 on x = 0..4: slope 1.1, intercept 1.1, RSS 2.7, s² = 1.35, Sxx = 5.
    let x = [0.0, 1.0, 2.0, 3.0];
    let gaps: Vec<f64> = [1.0f64, 3.0, 2.0, 5.0].iter().map(|y| y.exp()).collect();
    let line = fit_line(&x, &gaps);
    assert!((line.slope - 1.1).abs() < 1e-14 && (line.intercept - 1.1).abs() < 1e-14);
    assert!((line.residual_sq - 2.7).abs() < 1e-13);
    assert!((line.slope_error(&x, None) - (1.35f64 / 5.0).sqrt()).abs() < 1e-14);
    assert!((line.r_squared() - (1.0 - 2.7 / 8.75)).abs() < 1e-14);
}
