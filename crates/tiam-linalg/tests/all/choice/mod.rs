//! Which form is chosen, at a speed that is given.

use tiam_linalg::{
    Accuracy, BlockShape, Solver, activations_choice, choose_weights, weights_choice,
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
        let choice = choose_weights(STEP, shape);
        assert_eq!(choice.solver, expected, "{name}: {choice:?}");
        assert!(choice.flops > 0.0 && !choice.reason.is_empty());
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
        let choice = choose_weights(SOLVE, shape);
        assert_eq!(choice.solver.name(), expected, "{name}: {choice:?}");
    }
}

#[test]
fn a_form_that_does_not_apply_becomes_the_plain_one_of_the_same_step() {
    let fixed = shape(5, 20, 30, true);
    let changing = shape(5, 20, 30, false);
    let proximal = BlockShape { l1: true, ..fixed };
    let wide = shape(5, 30, 20, true);
    let too_large = shape(5, 20, 60_000, true);
    let too_wide = shape(5, 30_000, 10, true);
    let table = [
        (Solver::Gram, fixed, Solver::Gram),
        (Solver::Gram, changing, Solver::Backtracking),
        (Solver::Gram, too_wide, Solver::Backtracking),
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
            weights_choice(asked, shape).solver,
            expected,
            "{asked:?} {shape:?}"
        );
    }
}

#[test]
fn a_form_that_is_chosen_and_one_asked_for_are_told_alike() {
    let shape = shape(100, 7165, 140, true);
    let chosen = choose_weights(STEP, shape);
    let asked = weights_choice(Solver::Dual, shape);
    assert_eq!(chosen, asked);
    assert!(chosen.reason.contains("7165") && chosen.reason.contains("140"));
}

#[test]
fn the_a_steps_have_no_gram_and_no_dual_form() {
    let shape = shape(100, 100, 60_000, false);
    let solver = |solver| activations_choice(solver, shape).solver;
    for plain in [Solver::AUTO, Solver::Gram, Solver::Dual] {
        assert_eq!(solver(plain), Solver::Backtracking);
    }
    let solved = Solver::Auto { accuracy: SOLVE };
    assert_eq!(solver(solved), Solver::Cholesky);
    assert_eq!(solver(Solver::DualCholesky), Solver::Cholesky);
    assert_eq!(solver(Solver::CG), Solver::CG);
}

#[test]
fn the_tolerance_sets_how_many_conjugate_gradients_are_allowed() {
    // So many features and samples that no factor pays; four times the expected five a decade.
    let large = shape(2, 30_000, 30_000, false);
    for (tolerance, allowed) in [(1e-1, 20), (1e-3, 60), (1e-6, 120)] {
        let choice = choose_weights(Accuracy::RelResidual(tolerance), large);
        let expected = Solver::ConjugateGradient {
            max_iterations: allowed,
            rel_tolerance: tolerance,
        };
        assert_eq!(choice.solver, expected, "{tolerance}");
    }
}

#[test]
fn a_reason_names_what_decided() {
    let reason = |solver, shape| weights_choice(solver, shape).reason;
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

#[test]
fn every_form_gives_its_own_reason() {
    let reason = |solver, shape| weights_choice(solver, shape).reason;
    let (long, wide) = (shape(20, 50, 4000, true), shape(20, 3000, 90, true));
    assert!(reason(Solver::DualCholesky, wide).contains("one factor of 90 x 90, W in the span"));
    // Of the smaller size of the two.
    assert!(reason(Solver::Cholesky, wide).contains("one factor of 90 x 90, kept"));
    assert!(reason(Solver::CG, long).contains("at most 10 products"));
    let reasons = [
        Solver::Backtracking,
        Solver::Gram,
        Solver::Cholesky,
        Solver::CG,
    ]
    .map(|solver| reason(solver, long));
    for (i, one) in reasons.iter().enumerate() {
        assert!(!one.is_empty() && !reasons[..i].contains(one), "{one}");
    }

    let reason = |solver| activations_choice(solver, shape(20, 50, 4000, false)).reason;
    assert!(reason(Solver::Cholesky).contains("one factor of 50 x 50"));
    assert!(reason(Solver::CG).contains("products with a 50 x 50 matrix"));
    assert!(reason(Solver::Backtracking).contains("the band clamps every trial"));
    assert_eq!(reason(Solver::Gram), reason(Solver::Backtracking));
}

#[test]
fn l1_leaves_the_gradient_step_alone() {
    let lasso = BlockShape {
        l1: true,
        ..shape(20, 3000, 90, true)
    };
    for accuracy in [STEP, SOLVE] {
        assert_eq!(choose_weights(accuracy, lasso).solver, Solver::Backtracking);
    }
    for solver in [
        Solver::Gram,
        Solver::Dual,
        Solver::DualCholesky,
        Solver::Cholesky,
        Solver::CG,
    ] {
        assert_eq!(weights_choice(solver, lasso).solver, Solver::Backtracking);
    }
    let unit = Solver::UnitBacktracking;
    assert_eq!(weights_choice(unit, lasso).solver, unit);
}
