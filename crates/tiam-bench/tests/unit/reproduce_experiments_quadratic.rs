use super::*;

const NAMED: [[f64; 3]; 8] = [
    [0.0, 0.0, 0.0],
    [0.9, 0.9, 0.0],
    [0.9, 0.0, 0.0],
    [0.5, 0.5, 0.3],
    [0.7, 0.7, 0.3],
    [0.7, 0.7, 0.0],
    [0.95, 0.95, 0.3],
    [0.9, 0.9, 0.3],
];

fn inertia([p1, p2, p3]: [f64; 3]) -> Inertia {
    Inertia::new(p1, p2, p3).unwrap()
}

fn run(kappa: f64, n_blocks: usize, inertia: Inertia) -> (f64, Measured) {
    let d = curvatures(kappa, 50);
    let theory = theoretical_rate(&d, n_blocks, inertia);
    let stopping = Stopping::default().max_iterations(200_000);
    let problem = Quadratic::new(d, n_blocks);
    (
        theory,
        measure(problem, inertia, Guard::Off, stopping).unwrap(),
    )
}

/// ln q within 3 % of the theory's: ripples of complex roots bend the fit by that much over the window of twelve decades.
const TOLERANCE: f64 = 0.03;

#[test]
fn the_measured_rate_is_the_theoretical_one() {
    for n_blocks in [1, 2] {
        for kappa in [10.0, 100.0, 1000.0] {
            for p in NAMED {
                let (theory, found) = run(kappa, n_blocks, inertia(p));
                if theory >= 1.0 {
                    assert_eq!(found.reason, "diverged", "{n_blocks} {kappa} {p:?}");
                    continue;
                }
                let fit = found.fit.unwrap();
                let off = fit.rate.ln() / theory.ln() - 1.0;
                assert!(off.abs() < TOLERANCE, "{n_blocks} {kappa} {p:?}: {off}");
            }
        }
    }
}

#[test]
fn real_roots_are_measured_to_three_digits() {
    // Plain alternation has the root 1 − s, and the sweep of two blocks a real one as well: no ripple, and what is left of the
    // next direction in the tail is below 2e-4 of ln q.
    for n_blocks in [1, 2] {
        for kappa in [10.0, 100.0] {
            let (theory, found) = run(kappa, n_blocks, Inertia::NONE);
            let off = found.fit.unwrap().rate.ln() / theory.ln() - 1.0;
            assert!(off.abs() < 3e-4, "{n_blocks} {kappa}: {off}");
        }
    }
    let theory = theoretical_rate(&[1.0, 0.1], 1, Inertia::NONE);
    assert!((theory - 0.81).abs() < 1e-15);
}

#[test]
fn repeated_squaring_finds_the_roots_of_one_block() {
    for p in NAMED {
        for s in [1.0, 0.3, 0.01, 1e-3] {
            let (a, b, _) = recurrence(inertia(p), s);
            let roots = root_radius(a, b);
            let squared = spectral_radius(vec![vec![a, b], vec![1.0, 0.0]]);
            assert!(
                (roots - squared).abs() < 1e-10,
                "{p:?} {s}: {roots} {squared}"
            );
        }
    }
}

#[test]
fn one_driver_sweep_is_the_map() {
    let (p, s) = (inertia([0.6, 0.4, 0.3]), 0.37);
    let problem = || Quadratic::new(vec![s], 2);
    let mut state = vec![problem().blocks[0].current()[0]; 2];
    state.extend([0.0, 0.0]);
    let map = sweep_map(p, s);
    let mut problem = problem();
    for _ in 0..5 {
        for block in 0..2 {
            problem.propose(block, p);
            problem.accept(block);
        }
        state = map
            .iter()
            .map(|row| row.iter().zip(&state).map(|(m, x)| m * x).sum())
            .collect();
        let found = [0, 1].map(|b: usize| problem.blocks[b].current()[0]);
        assert!((found[0] - state[0]).abs() < 1e-14 && (found[1] - state[2]).abs() < 1e-14);
    }
}

#[test]
fn growth_sees_through_ripples() {
    let rippled = |q: f64| -> Vec<f64> {
        (0..4000)
            .map(|k| q.powi(k) * (0.01 + (0.3 * f64::from(k)).cos().powi(2)))
            .collect()
    };
    for q in [0.99, 1.0, 1.01] {
        assert!((growth(&rippled(q)).unwrap() - q).abs() < 1e-4);
    }
    assert_eq!(growth(&[1.0, 0.5]), None);
}
