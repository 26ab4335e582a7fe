use super::*;

/// A 25th of the highest at the start, half way between at half the rise, the highest after three tenths, a 10,000th of the start at the end.
#[test]
fn a_cycle_rises_and_falls_to_nearly_nothing() {
    let params = GradientParams::default().learning_rate(0.01).one_cycle(10);
    for (epochs, rate) in [
        (0.0, 4e-4),
        (1.5, 5.2e-3),
        (3.0, 0.01),
        (10.0, 4e-8),
        (12.0, 4e-8),
    ] {
        let found = params.rate_after(epochs);
        assert!((found / rate - 1.0).abs() < 1e-12, "{epochs}: {found}");
    }
    assert!(params.rate_after(6.5) < params.rate_after(6.4));
    let constant = GradientParams::default().learning_rate(0.01);
    assert!((constant.rate_after(7.0) - 0.01).abs() < 1e-15);
    assert!(params.one_cycle(0).check().is_err());
}
