use super::*;

#[test]
fn the_direct_solve_finds_a_worked_minimum() {
    // One input, two samples x = ∓1, y = ∓2, ρ = 1, μ = 1: c = ½, S = 2, T = 2, W = 1, F* = (½·8 − 2)/2 = 1.
    let x = Matrix::from_vec(1, 2, vec![-1.0, 1.0]).unwrap();
    let y = Matrix::from_vec(1, 2, vec![-2.0, 2.0]).unwrap();
    let samples = Samples::new(x, Target::Values(y)).unwrap();
    assert!((least_objective(&samples, 1.0, 1.0).unwrap() - 1.0).abs() < 1e-15);
    // An offset of the targets is the bias's business.
    let y = Matrix::from_vec(1, 2, vec![5.0, 9.0]).unwrap();
    let x = Matrix::from_vec(1, 2, vec![3.0, 5.0]).unwrap();
    let samples = Samples::new(x, Target::Values(y)).unwrap();
    assert!((least_objective(&samples, 1.0, 1.0).unwrap() - 1.0).abs() < 1e-14);
}
