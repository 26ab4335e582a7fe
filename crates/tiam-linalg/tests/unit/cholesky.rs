use super::Factor;
use crate::matrix::Matrix;

fn diagonal(entries: [f64; 3]) -> Matrix<f64> {
    Matrix::from_fn(3, 3, |i, j| if i == j { entries[i] } else { 0.0 })
}

#[test]
fn the_ridge_grows_a_hundredfold_until_there_is_a_factor_and_is_returned() {
    let mut factor = Factor::new(3);
    let definite = diagonal([2.0, 1.0, 4.0]);
    for ridge in [0.0, 0.5] {
        let used = factor.factor(&definite, 3.0, ridge);
        assert!((used - ridge).abs() < 1e-300);
        let mut x = [12.0, 6.0, 24.0];
        factor.solve_columns(&mut x);
        for (x, d) in x.iter().zip([2.0, 1.0, 4.0]) {
            assert!((x - 6.0 * d / (3.0 * d + ridge)).abs() < 4e-15);
        }
    }
    // 3 · −1000 + 0.5 · 100² is the first diagonal above 0.
    let used = factor.factor(&diagonal([2.0, -1000.0, 4.0]), 3.0, 0.5);
    assert!((used - 5000.0).abs() < 1e-9);
    let mut x = [0.0, 2000.0, 0.0];
    factor.solve_columns(&mut x);
    assert!((x[1] - 1.0).abs() < 1e-12);
}

#[test]
fn without_a_factor_every_solution_is_nan() {
    let mut factor = Factor::new(3);
    factor.factor(&diagonal([1.0, f64::NAN, 1.0]), 1.0, 0.5);
    let mut x = Matrix::from_fn(2, 3, |_, _| 1.0);
    factor.solve_right(&mut x);
    assert!(x.as_slice().iter().all(|x| x.is_nan()));
    factor.factor(&diagonal([1.0; 3]), 1.0, 1.0);
    let mut x = Matrix::from_fn(2, 3, |i, j| (i + 2 * j) as f64);
    factor.solve_right(&mut x);
    let twin = Matrix::from_fn(2, 3, |i, j| (i + 2 * j) as f64 / 2.0);
    let pairs = x.as_slice().iter().zip(twin.as_slice());
    assert!(pairs.map(|(x, y)| (x - y).abs()).fold(0.0, f64::max) < 1e-15);
}
