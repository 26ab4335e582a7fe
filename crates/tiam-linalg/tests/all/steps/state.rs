//! A block's state written down and put back goes on to the bit.

use super::tape::Tape;
use crate::common::hidden::Setting;
use crate::common::{LeastSquares, inertia, random};
use tiam_linalg::Activation::Elu;
use tiam_linalg::{
    BiasBlock, Compute, Inertia, Matrix, PreactivationBlock, Prediction, Solver, WeightBlock,
};

const STEPS: [Inertia; 2] = [
    Inertia {
        start: 0.5,
        gradient: 0.4,
        correction: 0.2,
    },
    Inertia {
        start: 0.3,
        gradient: 0.6,
        correction: 0.1,
    },
];

fn weights(p: &LeastSquares, solver: Solver, compute: &mut Compute<f64>) -> WeightBlock<f64> {
    let start = random(p.z.n_rows(), p.a.n_rows(), 31);
    let mut block = WeightBlock::new(start, p.a.n_cols(), solver);
    block.refresh_product(&p.a, compute);
    block
}

/// Steps of a block; everything seen of it, as text that has every bit.
fn go_on(
    block: &mut WeightBlock<f64>,
    p: &LeastSquares,
    n_steps: usize,
    compute: &mut Compute<f64>,
) -> String {
    let mut seen = format!(
        "{:?} {:?} {}",
        block.weights(),
        block.previous(),
        block.theta()
    );
    for k in 0..n_steps {
        let report = block.propose(&p.problem(), STEPS[k % 2], compute);
        block.accept(&p.a, compute);
        let penalty = block.penalty(0.3, 0.0);
        seen += &format!(
            "{report:?} {:?} {:?} {penalty}",
            block.weights(),
            block.product()
        );
    }
    seen + &format!("{:?} {:?}", block.previous(), block.solver())
}

#[test]
fn weights_put_back_go_on_as_they_would_have() {
    let solvers = [
        Solver::Backtracking,
        Solver::UnitBacktracking,
        Solver::Gram,
        Solver::Dual,
        Solver::Cholesky,
        Solver::DualCholesky,
        Solver::CG,
    ];
    for solver in solvers {
        for (n_in, n) in [(4, 12), (12, 4)] {
            let p = LeastSquares::random(3, n_in, n, 60);
            for n_before in [0, 1, 3] {
                let mut compute = Compute::new(1).unwrap();
                let mut first = weights(&p, solver, &mut compute);
                go_on(&mut first, &p, n_before, &mut compute);
                let mut tape = Tape::default();
                first.visit_state("w", &p.a, &mut tape, &mut compute);
                let mut second = weights(&p, solver, &mut compute);
                let mut back = tape.rewound();
                second.visit_state("w", &p.a, &mut back, &mut compute);
                assert!(back.is_at_its_end(), "{solver:?}");
                let mut again = Tape::default();
                second.visit_state("w", &p.a, &mut again, &mut compute);
                assert_eq!(tape.names(), again.names());
                let expected = go_on(&mut first, &p, 3, &mut compute);
                assert_eq!(
                    go_on(&mut second, &p, 3, &mut compute),
                    expected,
                    "{solver:?}"
                );
            }
        }
    }
}

/// A product handed over by the layer below leaves the previous one unknown: it is not written down, and is made anew.
#[test]
fn weights_whose_inputs_have_changed_are_put_back_without_the_previous_product() {
    let mut p = LeastSquares::random(3, 4, 12, 61);
    let mut compute = Compute::new(1).unwrap();
    let mut first = weights(&p, Solver::Backtracking, &mut compute);
    go_on(&mut first, &p, 2, &mut compute);
    let mut known = Tape::default();
    first.visit_state("w", &p.a, &mut known, &mut compute);
    assert!(known.names().contains(&"w.previous_product"));
    p.a = random(4, 12, 62);
    first.inputs_changed();
    first.refresh_product(&p.a, &mut compute);
    let mut tape = Tape::default();
    first.visit_state("w", &p.a, &mut tape, &mut compute);
    assert!(!tape.names().contains(&"w.previous_product"));
    let mut second = weights(&p, Solver::Backtracking, &mut compute);
    second.visit_state("w", &p.a, &mut tape.rewound(), &mut compute);
    let expected = go_on(&mut first, &p, 3, &mut compute);
    assert_eq!(go_on(&mut second, &p, 3, &mut compute), expected);
}

#[test]
fn activations_put_back_go_on_as_they_would_have() {
    let s = Setting::random(Elu, (5, 4, 20), 63);
    let mut compute = Compute::new(1).unwrap();
    let (mut next, mut first) = s.blocks(Solver::Backtracking, &mut compute);
    for step in STEPS {
        first.propose(s.next(&next), s.band(), step, &mut compute);
        first.accept(&mut next);
    }
    let mut tape = Tape::default();
    first.visit_state("a", &mut tape);
    let (_, mut second) = s.blocks(Solver::Backtracking, &mut compute);
    let mut back = tape.rewound();
    second.visit_state("a", &mut back);
    assert!(back.is_at_its_end());
    assert!((first.tau() - 1.0).abs() > 0.1 && first.violation() > 0.0);
    assert!((second.tau() - first.tau()).abs() <= 0.0);
    assert!((second.violation() - first.violation()).abs() <= 0.0);
    for step in STEPS {
        let reports = [&mut first, &mut second]
            .map(|block| block.propose(s.next(&next), s.band(), step, &mut compute));
        assert_eq!(reports[0], reports[1]);
        let mut other = s.blocks(Solver::Backtracking, &mut compute).0;
        second.accept(&mut other);
        first.accept(&mut next);
        assert_eq!(
            (first.values(), next.product()),
            (second.values(), other.product())
        );
    }
}

#[test]
fn biases_and_preactivations_put_back_go_on_as_they_would_have() {
    let (product, z): (Matrix<f64>, Matrix<f64>) = (random(3, 20, 64), random(3, 20, 65));
    let bias = random::<f64>(3, 1, 66).into_vec();
    let prediction = Prediction {
        product: &product,
        bias: &bias,
        rho: 0.7,
    };
    let mut compute = Compute::new(1).unwrap();
    let mut b = BiasBlock::new(bias.clone());
    let mut hidden = PreactivationBlock::new(z.clone());
    let mut step = |b: &mut BiasBlock<f64>, hidden: &mut PreactivationBlock<f64>| {
        let p = inertia(0.6, 0.2, 0.3);
        b.propose(&product, &z, 0.7, p, &mut compute);
        b.accept();
        hidden.propose_hidden(prediction, &z, Elu, 0.4, p, &mut compute);
        hidden.accept();
        (b.values().to_vec(), hidden.values().clone())
    };
    step(&mut b, &mut hidden);
    let mut tape = Tape::default();
    b.visit_state("b", &mut tape);
    hidden.visit_state("z", &mut tape);
    let names = ["b.current", "b.previous", "z.current", "z.previous"];
    assert_eq!(tape.names(), names);
    let mut other_b = BiasBlock::new(vec![0.0; 3]);
    let mut other_hidden = PreactivationBlock::new(Matrix::zeros(3, 20));
    let mut back = tape.rewound();
    other_b.visit_state("b", &mut back);
    other_hidden.visit_state("z", &mut back);
    assert!(back.is_at_its_end());
    for _ in 0..2 {
        assert_eq!(
            step(&mut other_b, &mut other_hidden),
            step(&mut b, &mut hidden)
        );
    }
}
