use super::*;

#[test]
fn quantiles_are_those_of_the_printed_tables() {
    for (degrees, table) in [
        (0, 12.706),
        (1, 12.706),
        (2, 4.3027),
        (3, 3.1824),
        (4, 2.7764),
        (5, 2.5706),
        (10, 2.2281),
        (30, 2.0423),
        (120, 1.9799),
        (1_000_000, 1.96),
    ] {
        let t = quantile_975(degrees);
        assert!((t - table).abs() < 5e-4, "{degrees}: {t}");
    }
}

#[test]
fn tails_are_those_of_the_printed_tables() {
    // 10 %, 1 % and 0.1 % points, two-sided.
    for (degrees, points) in [
        (1, [6.3138, 63.657, 636.62]),
        (2, [2.9200, 9.9248, 31.599]),
        (7, [1.8946, 3.4995, 5.4079]),
        (40, [1.6839, 2.7045, 3.5510]),
    ] {
        for (t, tail) in points.into_iter().zip([0.1, 0.01, 0.001]) {
            let found = two_sided(t, degrees);
            assert!((found / tail - 1.0).abs() < 1e-3, "{degrees} {t}: {found}");
            assert!((two_sided(-t, degrees) - found).abs() < 1e-15);
        }
        assert!((two_sided(0.0, degrees) - 1.0).abs() < 1e-15);
        assert!(two_sided(1e9, degrees) < 1e-8);
    }
}
