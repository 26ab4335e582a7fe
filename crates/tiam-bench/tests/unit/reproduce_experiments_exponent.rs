use super::*;

#[test]
fn a_power_law_gives_its_power() {
    let points: Vec<(f64, f64)> = (1..9)
        .map(|i| (f64::from(i), 3.0 * f64::from(i).powf(1.5)))
        .collect();
    let found = exponent(&points).unwrap();
    assert!((found.slope - 1.5).abs() < 1e-12 && found.std_error < 1e-12 && found.n == 8);
}

#[test]
fn the_standard_error_matches_a_worked_regression() {
    // ln y = 1, 3, 2, 5 at ln x = 0..4: slope 1.1, s² = 1.35, Sxx = 5.
    let points: Vec<(f64, f64)> = [1.0f64, 3.0, 2.0, 5.0]
        .iter()
        .zip([0.0f64, 1.0, 2.0, 3.0])
        .map(|(y, x)| (x.exp(), y.exp()))
        .collect();
    let found = exponent(&points).unwrap();
    assert!((found.slope - 1.1).abs() < 1e-13);
    assert!((found.std_error - (1.35f64 / 5.0).sqrt()).abs() < 1e-13);
}

#[test]
fn fixed_costs_bend_all_points_but_hardly_the_upper_half() {
    let points: Vec<(f64, f64)> = (0..8)
        .map(|i| 2f64.powi(i))
        .map(|x| (x, 20.0 + x * x))
        .collect();
    let (all, upper) = (
        exponent(&points).unwrap(),
        exponent(&upper_half(&points)).unwrap(),
    );
    assert_eq!((all.n, upper.n), (8, 4));
    assert!(all.slope < upper.slope && (upper.slope - 2.0).abs() < 0.1);
}

#[test]
fn nothing_to_fit_gives_nothing() {
    assert_eq!(exponent(&[]), None);
    assert_eq!(exponent(&[(1.0, 2.0)]), None);
    assert_eq!(exponent(&[(1.0, 2.0), (1.0, 3.0), (2.0, f64::NAN)]), None);
}
