//! One Newton step's pieces against dense linear algebra and against the rules that shorten it.

#![allow(clippy::float_cmp, reason = "these numbers are exact")]

use super::super::layout::{OneSample, SideBySide};
use super::*;
use crate::cholesky::Factor;
use crate::matrix::Matrix;

/// A tile's rows, and what lies in them: one sample after the other.
pub(in crate::prox) struct Rows {
    pub(in crate::prox) z: Vec<Row<f64>>,
    center: Vec<Row<f64>>,
    prob: Vec<Row<f64>>,
    step: Vec<Row<f64>>,
    label: Row<u32>,
    rho: f64,
}

impl Rows {
    pub(in crate::prox) fn new<L: Layout>(
        [z, center]: [&[f64]; 2],
        labels: &[u32],
        rho: f64,
    ) -> Self {
        let n_classes = z.len() / labels.len();
        let load = |values: &[f64]| {
            let mut rows = vec![[0.0; LANES]; L::n_rows(n_classes)];
            L::load(&mut rows, values, n_classes);
            rows
        };
        let mut label = [labels[0]; LANES];
        label[..labels.len()].copy_from_slice(labels);
        Self {
            z: load(z),
            center: load(center),
            prob: load(z),
            step: load(z),
            label,
            rho,
        }
    }

    pub(in crate::prox) fn tile(&mut self) -> Tile<'_, f64> {
        Tile {
            z: &mut self.z,
            center: &self.center,
            prob: &mut self.prob,
            step: &mut self.step,
            label: self.label,
            rho: self.rho,
        }
    }

    /// What lies in some rows, sample after sample.
    pub(in crate::prox) fn stored<L: Layout>(rows: &[Row<f64>], n_classes: usize) -> Vec<f64> {
        let mut values = vec![0.0; L::SAMPLES * n_classes];
        L::store(rows, &mut values, n_classes);
        values
    }
}

/// Numbers in [−size, size), no two alike.
pub(in crate::prox) fn numbers(n: usize, size: f64, seed: f64) -> Vec<f64> {
    let fraction = |i: usize| (i as f64 * 0.618_033_988_749_895 + seed).fract();
    (0..n).map(|i| size * (2.0 * fraction(i) - 1.0)).collect()
}

/// Gradient p − y + ρ (z − c), Newton step −H⁻¹ g by a factor of H = diag(p + ρ) − p pᵀ, and the loss.
fn dense(z: &[f64], center: &[f64], label: usize, rho: f64) -> (Vec<f64>, Vec<f64>, f64) {
    let n = z.len();
    let total: f64 = z.iter().map(|z| z.exp()).sum();
    let p: Vec<f64> = z.iter().map(|z| z.exp() / total).collect();
    let y = |j: usize| f64::from(u8::from(j == label));
    let g: Vec<f64> = (0..n)
        .map(|j| p[j] - y(j) + rho * (z[j] - center[j]))
        .collect();
    let hessian = Matrix::from_fn(n, n, |i, j| {
        if i == j {
            p[i] + rho - p[i] * p[i]
        } else {
            -p[i] * p[j]
        }
    });
    let mut factor = Factor::new(n);
    factor.factor(&hessian, 1.0, 0.0);
    let mut d: Vec<f64> = g.iter().map(|g| -g).collect();
    factor.solve_columns(&mut d);
    (g, d, total.ln() - z[label])
}

fn largest(x: impl Iterator<Item = f64>) -> f64 {
    x.fold(f64::NEG_INFINITY, f64::max)
}

fn a_step_is_newtons<L: Layout>(n_classes: usize, rho: f64) {
    let n = L::SAMPLES * n_classes;
    let (z, center) = (numbers(n, 2.0, 0.1), numbers(n, 3.0, 0.7));
    let labels: Vec<u32> = (0..L::SAMPLES as u32)
        .map(|s| (s * 5 + 1) % n_classes as u32)
        .collect();
    let mut rows = Rows::new::<L>([&z, &center], &labels, rho);
    let mut tile = rows.tile();
    let softmax = tile.exponentials::<L>();
    let gradient = tile.gradient::<L>(&softmax);
    let (fall, rise) = tile.direction::<L>(&gradient.correction);
    // What is not a class does not move, and is looked at.
    let padding = (n_classes < LANES * L::n_rows(n_classes) && L::SAMPLES == 1).then_some(0.0);
    let steps = Rows::stored::<L>(&rows.step, n_classes);
    for (sample, &label) in labels.iter().enumerate() {
        let at = sample * n_classes..(sample + 1) * n_classes;
        let (g, d, loss) = dense(&z[at.clone()], &center[at.clone()], label as usize, rho);
        // The dense factor's condition is (1 + ρ)/ρ.
        let tolerance = 1e-14 * n_classes as f64 * (1.0 + rho) / rho;
        let size = largest(d.iter().map(|d| d.abs()));
        for (found, wanted) in steps[at].iter().zip(&d) {
            assert!(
                (found - wanted).abs() <= tolerance * (1.0 + size),
                "{found} {wanted}"
            );
        }
        let residual = largest(g.iter().map(|g| g.abs()));
        assert!((gradient.residual[sample] - residual).abs() <= 1e-13 * (1.0 + residual));
        assert!((gradient.loss[sample] - loss).abs() <= 1e-13 * (1.0 + loss));
        assert!(
            (rise[sample] - largest(d.iter().copied().chain(padding))).abs()
                <= tolerance * (1.0 + size)
        );
        assert!(
            (fall[sample] - largest(d.iter().map(|d| -d).chain(padding))).abs()
                <= tolerance * (1.0 + size)
        );
    }
}

#[test]
fn a_step_is_newtons_by_a_dense_solve() {
    for rho in [0.02, 0.5, 3.0] {
        for n_classes in [1, 2, 3, 16, 17, 40] {
            a_step_is_newtons::<SideBySide>(n_classes, rho);
            a_step_is_newtons::<OneSample>(n_classes, rho);
        }
    }
}

/// Lanes of samples whose centers are 1 or less.
fn lanes() -> Lanes<f64> {
    let zeros = vec![0.0; 2 * LANES];
    let mut rows = Rows::new::<SideBySide>([&zeros, &zeros], &[0; LANES], 0.5);
    Lanes::new(&rows.tile(), LANES)
}

#[test]
fn a_step_is_shortened_by_its_range() {
    let quiet = f64::EPSILON.sqrt() / 2.0;
    // Fall, rise, and the factor on a first step and on one after a restart.
    let table = [
        (0.0, 0.0, 1.0, 1.0),
        (0.5, 0.5, 1.0, 1.0),
        (0.75, 0.5, 1.0, 2.25_f64.ln() / 1.25),
        (1.0, 1.0, 1.0, 3.0_f64.ln() / 2.0),
        (3.0, -1.0, 1.0, 3.0_f64.ln() / 2.0),
        (1.0, 2.0, 2.0 * 4.0_f64.ln() / 3.0, 4.0_f64.ln() / 3.0),
        (5.0, 4.0, 2.0 * 10.0_f64.ln() / 9.0, 10.0_f64.ln() / 9.0),
        (-1.0, 10.0, 2.0 * 10.0_f64.ln() / 9.0, 10.0_f64.ln() / 9.0),
    ];
    for (fall, rise, first, restarted) in table {
        for (again, wanted) in [(false, first), (true, restarted)] {
            let mut lanes = lanes();
            lanes.restarted[3] = again;
            let (factor, lost) = lanes.lengths(&[fall; LANES], &[rise; LANES], 0);
            assert!(
                (factor[3] - wanted.min(1.0)).abs() <= 4.0 * f64::EPSILON,
                "{fall} {rise}"
            );
            assert!(!lost.contains(&true));
            assert_eq!((lanes.steps[3], lanes.restarted[3]), (1, again));
            let short = fall.max(rise) <= quiet;
            assert_eq!(lanes.settled[3], short, "{fall} {rise}");
        }
    }
}

#[test]
fn a_step_is_the_last_up_to_the_shortest_worth_taking() {
    let quiet = f64::EPSILON.sqrt() / 2.0;
    for (fall, rise, last) in [
        (quiet, 0.0, true),
        (-quiet, quiet, true),
        (0.0, 1.001 * quiet, false),
        (1.001 * quiet, -quiet, false),
    ] {
        let mut lanes = lanes();
        lanes.lengths(&[fall; LANES], &[rise; LANES], 0);
        assert_eq!(lanes.settled, [last; LANES], "{fall} {rise}");
        // Once settled, always: the next steps may be larger than rounding.
        lanes.lengths(&[1.0; LANES], &[1.0; LANES], 1);
        assert_eq!(lanes.settled, [last; LANES]);
    }
}

#[test]
fn after_six_shortened_steps_a_lane_starts_anew_once() {
    let (long, short) = ([5.0; LANES], [0.25; LANES]);
    for (sweep, range, expected) in [
        (PATIENCE - 1, long, false),
        (PATIENCE, long, true),
        (PATIENCE + 1, long, true),
        (PATIENCE, short, false),
    ] {
        let mut lanes = lanes();
        lanes.done[1] = true;
        lanes.restarted[2] = true;
        let (factor, lost) = lanes.lengths(&range, &range, sweep);
        assert_eq!(
            (lost[0], lost[1], lost[2]),
            (expected, false, false),
            "{sweep}"
        );
        assert_eq!((lanes.restarted[0], lanes.restarted[1]), (expected, false));
        // A lane that is final or starts anew does not move, and takes no step.
        assert_eq!(
            (factor[0] > 0.0, factor[1], factor[2] > 0.0),
            (!expected, 0.0, true)
        );
        assert_eq!(lanes.steps[..3], [u32::from(!expected), 0, 1]);
        // It starts anew no second time.
        let (_, lost) = lanes.lengths(&range, &range, sweep + 1);
        assert_eq!(lost[0], !expected && range == long);
    }
}

#[test]
fn a_lane_is_final_once_settled_or_broken_or_given_up() {
    let gradient = |correction| Gradient {
        residual: [0.5; LANES],
        loss: [0.25; LANES],
        correction: [correction; LANES],
    };
    let mut lanes = lanes();
    assert!(!lanes.settle(&gradient(1.0), false));
    assert_eq!(lanes.done, [false; LANES]);
    lanes.settled[4] = true;
    assert!(!lanes.settle(&gradient(1.0), false));
    assert_eq!(
        (lanes.done[4], lanes.residual[4], lanes.loss[4]),
        (true, 0.5, 0.25)
    );
    assert_eq!(lanes.done.iter().filter(|done| **done).count(), 1);
    // All the others cannot go on; the one that was final keeps its result.
    assert!(lanes.settle(&gradient(f64::NAN), false));
    assert_eq!((lanes.residual[4], lanes.loss[4]), (0.5, 0.25));
    assert!(lanes.residual[5].is_nan() && lanes.loss[5].is_nan());
    let mut lanes = self::lanes();
    assert!(lanes.settle(&gradient(1.0), true));
    assert_eq!((lanes.residual, lanes.loss), ([0.5; LANES], [0.25; LANES]));
}

/// Steps until it starts anew, those of the start, and those from there on: all count, and only the lane's own.
#[test]
fn a_lanes_steps_include_those_of_its_new_start() {
    let (n_classes, rho) = (3, 1e-4);
    let center = numbers(n_classes * LANES, 3.0, 0.3);
    let mut z = center.clone();
    // Every fourth sample starts far away.
    let far = |lane: usize| lane.is_multiple_of(4);
    for lane in (0..LANES).filter(|lane| far(*lane)) {
        z[lane * n_classes] -= 3e4;
    }
    let labels: Vec<u32> = (0..LANES as u32).map(|lane| lane % 3).collect();
    let mut rows = Rows::new::<SideBySide>([&z, &center], &labels, rho);
    let mut lanes = Lanes::new(&rows.tile(), LANES);
    rows.tile().minimise::<SideBySide>(&mut lanes);

    let mut again = Rows::new::<SideBySide>([&z, &center], &labels, rho);
    let chosen = lanes.restarted;
    assert!(chosen.contains(&true) && chosen.contains(&false));
    let started = global_start::<SideBySide, f64>(&mut again.tile(), &chosen);
    let mut rest = Lanes::new(&again.tile(), LANES);
    rest.restarted = chosen;
    again.tile().minimise::<SideBySide>(&mut rest);
    for lane in 0..LANES {
        let before = if chosen[lane] { PATIENCE as u32 } else { 0 };
        let wanted = before + started.steps[lane] + rest.steps[lane];
        assert_eq!(lanes.steps[lane], wanted, "{lane}");
    }
}
