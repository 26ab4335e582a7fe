//! Which form is chosen, at a speed that is given.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use tiam_linalg::{
    Accuracy, BlockShape, ProductSpeed, Solver, activations_choice, choose_weights, weights_choice,
};

/// A core of today.
const SPEED: ProductSpeed = ProductSpeed {
    flops: 1e11,
    entries: 4e9,
};
const STEP: Accuracy = Accuracy::GradientStep;
const SOLVE: Accuracy = Accuracy::RelResidual(1e-3);

fn shape(n_out: usize, n_in: usize, n_samples: usize, inputs_fixed: bool) -> BlockShape {
    BlockShape {
        n_out,
        n_in,
        n_samples,
        inputs_fixed,
        l1: false,
        threads: 1,
    }
}

#[test]
fn the_gradient_steps_form_follows_the_shape() {
    let fixed = |m, k, n| shape(m, k, n, true);
    let table = [
        ("Cora", fixed(100, 7165, 140), Solver::Dual),
        ("MNIST", fixed(100, 784, 60_000), Solver::Gram),
        ("digits", fixed(64, 64, 1437), Solver::Gram),
        ("square", fixed(100, 1000, 1000), Solver::Dual),
        ("one sample", fixed(3, 50, 1), Solver::Dual),
        (
            "outputs too few to pay for a aᵀ",
            fixed(10, 1_500, 60_000),
            Solver::Backtracking,
        ),
        ("huge both", fixed(100, 30_000, 7_000), Solver::Dual),
        (
            "hidden layer",
            shape(100, 100, 60_000, false),
            Solver::Backtracking,
        ),
        (
            "hidden layer of Cora",
            shape(100, 100, 140, false),
            Solver::Backtracking,
        ),
    ];
    for (name, shape, expected) in table {
        let choice = choose_weights(STEP, shape, SPEED);
        assert_eq!(choice.solver, expected, "{name}: {choice:?}");
        assert!(choice.predicted_seconds > 0.0 && !choice.reason.is_empty());
    }
}

#[test]
fn a_solves_form_follows_the_shape() {
    let table = [
        ("Cora", shape(100, 7165, 140, true), "dual_cholesky"),
        ("MNIST", shape(100, 784, 60_000, true), "cholesky"),
        ("hidden layer", shape(100, 100, 60_000, false), "cholesky"),
        (
            "features too many to factor anew",
            shape(10, 5_000, 6_000, false),
            "cg",
        ),
    ];
    for (name, shape, expected) in table {
        let choice = choose_weights(SOLVE, shape, SPEED);
        assert_eq!(choice.solver.name(), expected, "{name}: {choice:?}");
    }
}

#[test]
fn the_speed_decides_between_products_and_passes() {
    // Few outputs: the dual form's passes over n_out x N weigh against the plain form's products.
    let shape = shape(10, 400, 300, true);
    let slow_products = ProductSpeed {
        flops: 1e8,
        entries: 1e10,
    };
    let slow_passes = ProductSpeed {
        flops: 1e13,
        entries: 1e8,
    };
    assert_eq!(
        choose_weights(STEP, shape, slow_products).solver,
        Solver::Dual
    );
    assert_eq!(
        choose_weights(STEP, shape, slow_passes).solver,
        Solver::Backtracking
    );
}

#[test]
fn a_form_that_does_not_apply_becomes_the_plain_one_of_the_same_step() {
    let fixed = shape(5, 20, 30, true);
    let changing = shape(5, 20, 30, false);
    let proximal = BlockShape { l1: true, ..fixed };
    let wide = shape(5, 30, 20, true);
    let too_large = shape(5, 20, 60_000, true);
    let table = [
        (Solver::Gram, fixed, Solver::Gram),
        (Solver::Gram, changing, Solver::Backtracking),
        (Solver::Dual, wide, Solver::Dual),
        (Solver::DualCholesky, wide, Solver::DualCholesky),
        // More samples than features: the span's inner products would cancel.
        (Solver::Dual, fixed, Solver::Backtracking),
        (Solver::DualCholesky, fixed, Solver::Cholesky),
        (Solver::Dual, changing, Solver::Backtracking),
        (Solver::Dual, proximal, Solver::Backtracking),
        (Solver::Dual, too_large, Solver::Backtracking),
        (Solver::DualCholesky, changing, Solver::Cholesky),
        (Solver::DualCholesky, proximal, Solver::Backtracking),
        (Solver::Cholesky, proximal, Solver::Backtracking),
        (Solver::UnitBacktracking, changing, Solver::UnitBacktracking),
        (Solver::CG, changing, Solver::CG),
        (Solver::AUTO, proximal, Solver::Backtracking),
    ];
    for (asked, shape, expected) in table {
        assert_eq!(
            weights_choice(asked, shape, SPEED).solver,
            expected,
            "{asked:?} {shape:?}"
        );
    }
}

#[test]
fn a_reason_depends_on_shape_and_form_alone() {
    let shape = shape(100, 7165, 140, true);
    let chosen = choose_weights(STEP, shape, SPEED);
    let asked = weights_choice(
        Solver::Dual,
        shape,
        ProductSpeed {
            flops: 1e9,
            entries: 1e9,
        },
    );
    assert_eq!(chosen.reason, asked.reason);
    assert!(chosen.reason.contains("7165") && chosen.reason.contains("140"));
}

#[test]
fn the_a_steps_have_no_gram_and_no_dual_form() {
    let shape = shape(100, 100, 60_000, false);
    let solver = |solver| activations_choice(solver, shape, SPEED).solver;
    for plain in [Solver::AUTO, Solver::Gram, Solver::Dual] {
        assert_eq!(solver(plain), Solver::Backtracking);
    }
    let solved = Solver::Auto { accuracy: SOLVE };
    assert_eq!(solver(solved), Solver::Cholesky);
    assert_eq!(solver(Solver::DualCholesky), Solver::Cholesky);
    assert_eq!(solver(Solver::CG), Solver::CG);
}

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
fn passes_are_over_matrices_of_the_size_of_w_and_of_w_a() {
    let passes = |solver, (m, k, n)| {
        let choice = weights_choice(solver, shape(m, k, n, true), PASSES_ONLY);
        assert_eq!(choice.solver, solver);
        choice.predicted_seconds
    };
    let many_samples = [Solver::Backtracking, Solver::Cholesky, Solver::Gram, CG];
    let many_features = [
        Solver::Backtracking,
        Solver::Cholesky,
        Solver::Dual,
        Solver::DualCholesky,
        CG,
    ];
    let of_samples = many_samples.map(|solver| (solver, (20, 50, 4000))).to_vec();
    let of_features = many_features
        .map(|solver| (solver, (20, 3000, 100)))
        .to_vec();
    for (solver, (m, k, n)) in [of_samples, of_features].concat() {
        let once = passes(solver, (m, k, n));
        let name = solver.name();
        assert_near(passes(solver, (2 * m, k, n)), 2.0 * once, name);
        // Both sizes are products with n_out: what twice k and what twice N adds is what was there.
        let (wider, longer) = (
            passes(solver, (m, 2 * k, n)) - once,
            passes(solver, (m, k, n + n / 2)) - once,
        );
        assert_near(wider + 2.0 * longer, once, name);
        assert!(
            wider >= 0.0 && longer >= (m * n) as f64,
            "{name}: every step passes over W a"
        );
        // The dual forms hold no W.
        let dual = matches!(solver, Solver::Dual | Solver::DualCholesky);
        assert_eq!(wider <= 0.0, dual, "{name}");
    }
}

#[test]
fn the_tolerance_sets_how_many_conjugate_gradients_are_allowed() {
    // So many features and samples that no factor pays; four times the expected five a decade.
    let large = shape(2, 30_000, 30_000, false);
    for (tolerance, allowed) in [(1e-1, 20), (1e-3, 60), (1e-6, 120)] {
        let choice = choose_weights(Accuracy::RelResidual(tolerance), large, SPEED);
        let expected = Solver::ConjugateGradient {
            max_iterations: allowed,
            rel_tolerance: tolerance,
        };
        assert_eq!(choice.solver, expected, "{tolerance}");
    }
}

#[test]
fn a_reason_names_what_decided() {
    let reason = |solver, shape| weights_choice(solver, shape, SPEED).reason;
    let lasso = BlockShape {
        l1: true,
        ..shape(20, 50, 4000, true)
    };
    assert!(reason(Solver::Gram, lasso).contains("λ > 0"));
    assert!(reason(Solver::Backtracking, shape(20, 50, 4000, true)).contains("20 x 50 x 4000"));
    assert!(reason(Solver::Backtracking, shape(20, 50, 4000, false)).contains("the inputs change"));
    // Of 4000 samples of 50 features: products with 50 x 50 in place of 50 x 4000.
    assert!(reason(Solver::Gram, shape(20, 50, 4000, true)).contains("1.250 %"));
    assert!(reason(Solver::Dual, shape(20, 3000, 90, true)).contains("1.500 %"));
    assert!(reason(Solver::Cholesky, shape(20, 50, 4000, true)).contains("50 x 50, kept"));
    assert!(reason(Solver::Cholesky, shape(20, 50, 4000, false)).contains("made anew"));
}
