//! What a form is predicted to take, against the tables of `choose_weights` and `activations_choice`.

use tiam_linalg::{
    Accuracy, BlockShape, ProductSpeed, Solver, activations_choice, choose_weights, weights_choice,
};

use crate::{SOLVE, SPEED, STEP, shape};

/// A form's flops: passes cost nothing at this speed.
const PRODUCTS_ONLY: ProductSpeed = ProductSpeed {
    flops: 1.0,
    entries: f64::INFINITY,
};

/// Its passes over entries: products cost nothing.
const PASSES_ONLY: ProductSpeed = ProductSpeed {
    flops: f64::INFINITY,
    entries: 1.0,
};

const CG: Solver = Solver::ConjugateGradient {
    max_iterations: 60,
    rel_tolerance: 1e-3,
};

fn assert_near(found: f64, expected: f64, what: &str) {
    assert!(
        (found / expected - 1.0).abs() < 1e-12,
        "{what}: {found} for {expected}"
    );
}

#[test]
fn a_w_steps_flops_are_those_of_the_table() {
    // Forty in a hundred steps are done again; what fixed inputs allow to keep is shared by a hundred iterations. Five iterations of
    // conjugate gradients a decade.
    let (again, cg) = (1.4, 15.0);
    for inputs_fixed in [true, false] {
        let kept = if inputs_fixed { 100.0 } else { 1.0 };
        let flops = |solver, (m, k, n)| {
            let choice = weights_choice(solver, shape(m, k, n, inputs_fixed), PRODUCTS_ONLY);
            assert_eq!(choice.solver, solver);
            choice.predicted_seconds
        };
        let many_samples = (20, 50, 4000);
        let (m, k, n) = (20.0, 50.0, 4000.0);
        let plain = again * 4.0 * m * k * n;
        assert_near(flops(Solver::Backtracking, many_samples), plain, "plain");
        let factor = (k * k * n + k * k * k / 3.0) / kept;
        let solves = plain + again * 4.0 * m * k * k + factor;
        assert_near(flops(Solver::Cholesky, many_samples), solves, "Cholesky");
        let iterated = plain + again * cg * 2.0 * m * k * k + k * k * n / kept;
        assert_near(flops(CG, many_samples), iterated, "conjugate gradients");
        if inputs_fixed {
            let gram = 4.0 * m * k * n + (1.0 + again) * 2.0 * m * k * k + k * k * n / kept;
            assert_near(flops(Solver::Gram, many_samples), gram, "Gram");
        }

        let many_features = (20, 3000, 100);
        let (m, k, n) = (20.0, 3000.0, 100.0);
        let factor = (2.0 * k * n * n + n * n * n / 3.0) / kept;
        let solves = again * (12.0 * m * k * n + 2.0 * m * n * n) + factor;
        assert_near(
            flops(Solver::Cholesky, many_features),
            solves,
            "Cholesky over samples",
        );
        let iterated = again * (4.0 + 4.0 * cg) * m * k * n;
        assert_near(
            flops(CG, many_features),
            iterated,
            "conjugate gradients over samples",
        );
        if inputs_fixed {
            let dual = again * 2.0 * m * n * n + 2.0 * k * n * n / kept;
            assert_near(flops(Solver::Dual, many_features), dual, "dual");
            let solves = again * 10.0 * m * n * n + factor;
            assert_near(
                flops(Solver::DualCholesky, many_features),
                solves,
                "dual Cholesky",
            );
        }
    }
}

#[test]
fn an_a_steps_flops_are_three_products_and_its_solve() {
    let (m, k, n) = (20.0, 50.0, 4000.0);
    let flops = |solver| {
        activations_choice(solver, shape(20, 50, 4000, false), PRODUCTS_ONLY).predicted_seconds
    };
    let products = |solve: f64| 1.4 * (6.0 * m * k * n + solve);
    assert_near(
        flops(Solver::Backtracking),
        products(3.0 * m * k * n),
        "plain",
    );
    let solve = 4.0 * k * k * n + 2.0 * k * k * m + k * k * k / 3.0;
    assert_near(flops(Solver::Cholesky), products(solve), "Cholesky");
    assert_near(
        flops(CG),
        products(60.0 * 2.0 * k * k * n),
        "conjugate gradients",
    );
}

#[test]
fn as_many_features_as_samples_are_solved_for_over_features() {
    let (m, k) = (20.0, 300.0);
    let flops = |solver| {
        let choice = weights_choice(solver, shape(20, 300, 300, false), PRODUCTS_ONLY);
        choice.predicted_seconds
    };
    let products = 1.4 * 4.0 * m * k * k;
    let solves = 1.4 * 4.0 * m * k * k + k * k * k + k * k * k / 3.0;
    assert_near(flops(Solver::Cholesky), products + solves, "Cholesky");
    let iterated = 1.4 * 15.0 * 2.0 * m * k * k + k * k * k;
    assert_near(flops(CG), products + iterated, "conjugate gradients");
}

#[test]
fn conjugate_gradients_are_expected_for_one_decade_to_fifteen() {
    let flops = |rel_tolerance| {
        let solver = Solver::ConjugateGradient {
            max_iterations: 7,
            rel_tolerance,
        };
        weights_choice(solver, shape(20, 300, 100, false), PRODUCTS_ONLY).predicted_seconds
    };
    let expected = |iterations: f64| 1.4 * (4.0 + 4.0 * iterations) * 20.0 * 300.0 * 100.0;
    for (rel_tolerance, iterations) in [
        (0.9, 5.0),
        (0.1, 5.0),
        (1e-2, 10.0),
        (1e-15, 75.0),
        (0.0, 75.0),
    ] {
        assert_near(flops(rel_tolerance), expected(iterations), "iterations");
    }
}

#[test]
fn a_w_steps_passes_are_those_of_the_table() {
    let (p, i) = (1.4, 15.0);
    let passes = |solver, (m, k, n)| {
        let choice = weights_choice(solver, shape(m, k, n, true), PASSES_ONLY);
        assert_eq!(choice.solver, solver);
        choice.predicted_seconds
    };
    let (long, wide) = ((20, 50, 4000), (20, 3000, 100));
    // Over matrices of the size of W, over those of W a.
    let table = [
        (Solver::Backtracking, long, 4.0 * p + 4.0, 7.0 * p + 4.0),
        (Solver::Gram, long, 10.0 * p + 4.0, 5.0),
        (Solver::Dual, wide, 0.0, 20.0 * p + 10.0),
        (Solver::Cholesky, long, 16.0 * p + 4.0, 11.0),
        (Solver::Cholesky, wide, 20.0 * p + 4.0, 10.0),
        (Solver::DualCholesky, wide, 0.0, 35.0 * p + 10.0),
        (CG, long, p * (10.0 + 12.0 * i), 11.0),
        (CG, wide, p * (10.0 + 12.0 * i), 11.0),
    ];
    for (solver, (m, k, n), over_w, over_wa) in table {
        let expected = over_w * (m * k) as f64 + over_wa * (m * n) as f64;
        assert_near(passes(solver, (m, k, n)), expected, solver.name());
    }
}

#[test]
fn an_a_steps_passes_are_over_a() {
    for solver in [Solver::Backtracking, Solver::Cholesky, CG] {
        let choice = activations_choice(solver, shape(20, 50, 4000, false), PASSES_ONLY);
        let expected = 1.4 * 16.0 * 50.0 * 4000.0;
        assert_near(choice.predicted_seconds, expected, solver.name());
    }
}

#[test]
fn a_predictions_seconds_are_those_of_its_products_and_its_passes() {
    let shape = shape(20, 50, 4000, true);
    let seconds = |speed| weights_choice(Solver::Gram, shape, speed).predicted_seconds;
    let (flops, entries) = (seconds(PRODUCTS_ONLY), seconds(PASSES_ONLY));
    let both = ProductSpeed {
        flops: 3.0,
        entries: 5.0,
    };
    assert_near(seconds(both), flops / 3.0 + entries / 5.0, "both");
}

#[test]
fn threads_share_what_is_worth_sharing() {
    // Below six million flops a step stays on one thread; each share of that size is worth another one.
    const WORTH: f64 = 6e6;
    let seconds = |n_samples, threads| {
        let shape = BlockShape {
            threads,
            ..shape(20, 50, n_samples, false)
        };
        weights_choice(Solver::Backtracking, shape, SPEED).predicted_seconds
    };
    for n_samples in [1, 100, 1000, 3000, 100_000] {
        let flops = 1.4 * 4.0 * 20.0 * 50.0 * f64::from(n_samples);
        let one = seconds(n_samples as usize, 1);
        assert_near(seconds(n_samples as usize, 0), one, "none is one");
        for threads in [2, 3, 8] {
            let sharing = f64::from(threads).min(1.0 + flops / WORTH);
            let expected = one / sharing;
            assert_near(
                seconds(n_samples as usize, threads as usize),
                expected,
                "shared",
            );
        }
    }
}

/// Of the two forms that apply, at speeds between products that cost nothing and passes that cost nothing.
#[test]
fn another_form_must_be_a_tenth_cheaper_than_the_plain_one() {
    let shape = shape(10, 400, 300, true);
    let (mut a_little_cheaper, mut a_little_dearer) = (0, 0);
    for step in 0..400 {
        let speed = ProductSpeed {
            flops: 1e8 * 1.03_f64.powi(step),
            entries: 1e9,
        };
        let seconds = |solver| weights_choice(solver, shape, speed).predicted_seconds;
        let (plain, dual) = (seconds(Solver::Backtracking), seconds(Solver::Dual));
        let (cheaper, ratio) = (dual < 0.9 * plain, dual / plain);
        a_little_cheaper += i32::from(ratio > 0.9 && ratio < 1.0);
        a_little_dearer += i32::from(ratio > 1.0 && ratio < 1.0 / 0.9);
        let chosen = choose_weights(STEP, shape, speed);
        let (solver, expected) = match cheaper {
            true => (Solver::Dual, dual),
            false => (Solver::Backtracking, plain),
        };
        assert_eq!(chosen.solver, solver, "{ratio}");
        assert_near(chosen.predicted_seconds, expected, "what was chosen");
    }
    assert!(a_little_cheaper > 0 && a_little_dearer > 0);
}

#[test]
fn where_nothing_costs_anything_the_plain_form_stays() {
    let free = ProductSpeed {
        flops: f64::INFINITY,
        entries: f64::INFINITY,
    };
    let shape = shape(10, 400, 300, true);
    let plain = choose_weights(STEP, shape, free);
    assert_eq!(
        (plain.solver, plain.predicted_seconds > 0.0),
        (Solver::Backtracking, false)
    );
    assert_eq!(choose_weights(SOLVE, shape, free).solver, Solver::Cholesky);
}

/// Both others are a tenth cheaper than the plain form: the cheaper of them counts, whichever comes first.
#[test]
fn the_cheapest_form_is_chosen() {
    let mut seen = Vec::new();
    for (m, k, n) in [
        (100, 400, 300),
        (100, 7165, 140),
        (2, 5000, 6000),
        (50, 900, 1000),
    ] {
        for inputs_fixed in [true, false] {
            let shape = shape(m, k, n, inputs_fixed);
            let accuracy = Accuracy::RelResidual(1e-1);
            let cg = Solver::ConjugateGradient {
                max_iterations: 20,
                rel_tolerance: 1e-1,
            };
            let choices = [Solver::DualCholesky, cg].map(|s| weights_choice(s, shape, SPEED));
            let plain = weights_choice(Solver::Cholesky, shape, SPEED);
            let limit = 0.9 * plain.predicted_seconds;
            let cheapest = choices
                .into_iter()
                .filter(|choice| choice.predicted_seconds < limit)
                .min_by(|a, b| a.predicted_seconds.total_cmp(&b.predicted_seconds))
                .unwrap_or(plain);
            let chosen = choose_weights(accuracy, shape, SPEED);
            assert_eq!(chosen, cheapest, "{shape:?}");
            seen.push(chosen.solver.name());
        }
    }
    for name in ["cholesky", "dual_cholesky", "cg"] {
        assert!(seen.contains(&name), "{name}: {seen:?}");
    }
}
