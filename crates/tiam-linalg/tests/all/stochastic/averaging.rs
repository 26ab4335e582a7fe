//! What processes that train apart average, and the rounding of what they send.

use std::sync::Arc;

use tiam_core::Scalar;
use tiam_linalg::{
    AffineLayer, CurvatureForm, ProcessAverage, Real, StateVisitor, StochasticBlocks, from_bf16,
    to_bf16,
};

use crate::common::channels::in_processes;
use crate::common::random;

/// What a value is set to, by its name and place.
type Setting<'f> = &'f dyn Fn(&str, usize) -> f64;

/// The values of a state, by name.
type Seen = Vec<(String, Vec<f64>)>;

/// Sets every value of a state by its name and place, and keeps what was there.
struct Values<'f> {
    set: Option<Setting<'f>>,
    seen: Seen,
}

impl<T: Real> StateVisitor<T> for Values<'_> {
    fn values(&mut self, name: &str, values: &mut [T]) {
        // Solves follow from the averages.
        let set = self.set.filter(|_| !name.ends_with("solve"));
        for (i, x) in values.iter_mut().enumerate() {
            *x = set.map_or(*x, |set| T::from_f64(set(name, i)));
        }
        let seen = values.iter().map(|x| Scalar::to_f64(*x)).collect();
        self.seen.push((name.to_owned(), seen));
    }

    fn numbers(&mut self, name: &str, numbers: &mut [f64]) {
        if let (Some(set), true) = (self.set, name.ends_with("trace")) {
            // As the curvature sends it.
            numbers[0] = T::from_f64(set(name, 0)).to_f64();
        }
        self.seen.push((name.to_owned(), numbers.to_vec()));
    }
}

/// The states before and after, in each of so many processes; `set` says what each holds.
fn averaged<T: Real>(
    size: usize,
    is_rounded: bool,
    set: impl Fn(usize, &str, usize) -> f64 + Sync,
) -> Vec<[Seen; 2]> {
    let (w, v) = (random::<T>(6, 40, 1), random::<T>(3, 6, 2));
    in_processes(size, |process| {
        let layer = |weights, bias| AffineLayer { weights, bias };
        let zeros = [T::zero(); 6];
        let layers = [layer(&w, &zeros[..]), layer(&v, &zeros[..3])];
        let form = |l| CurvatureForm::automatic([40, 6][l], 4);
        let mut normals = (1..).map(|i| f64::from(i).sin());
        let mut blocks = StochasticBlocks::new(&layers, &form, &mut || normals.next().unwrap());
        let rank = tiam_linalg::Reduction::rank(&process);
        let mut average = ProcessAverage::new(Arc::new(process), is_rounded);
        average.start(&blocks);
        let set = |name: &str, i| set(rank, name, i);
        let mut before = Values {
            set: Some(&set),
            seen: Vec::new(),
        };
        blocks.visit_state(&mut before);
        average.average(&mut blocks, Some(0.1));
        let mut after = Values {
            set: None,
            seen: Vec::new(),
        };
        blocks.visit_state(&mut after);
        [before.seen, after.seen]
    })
}

/// A number that depends on everything, between -1 and 1; curvature is positive definite.
fn number(rank: usize, name: &str, i: usize) -> f64 {
    if name.starts_with("curvature_2.average") {
        let is_diagonal = i.is_multiple_of(8);
        return if is_diagonal { 1.0 + rank as f64 } else { 0.0 };
    }
    if name.ends_with("trace") {
        return 7.0 + rank as f64;
    }
    ((1 + rank) as f64 * 0.7 + i as f64 * 1.3 + name.len() as f64).sin()
}

fn is_of_solve(name: &str) -> bool {
    name.ends_with("solve") || name.ends_with("damping")
}

#[test]
fn the_average_of_equal_states_is_that_state() {
    let same = |_: usize, name: &str, i: usize| number(0, name, i);
    for size in [2, 4, 8] {
        for [before, after] in averaged::<f32>(size, false, same) {
            for ((name, before), (_, after)) in before.iter().zip(&after) {
                let same = before
                    .iter()
                    .zip(after)
                    .all(|(b, a)| b.to_bits() == a.to_bits());
                assert!(same || is_of_solve(name), "{name} in {size}");
            }
        }
    }
    for [before, after] in averaged::<f64>(3, false, same) {
        for ((name, before), (_, after)) in before.iter().zip(&after) {
            for (b, a) in before.iter().zip(after) {
                let near = (b - a).abs() <= 2.0 * f64::EPSILON * b.abs();
                assert!(near || is_of_solve(name), "{name}");
            }
        }
    }
}

#[test]
fn every_process_has_the_mean_and_the_same_bits() {
    for (size, is_rounded) in [(2, false), (3, false), (5, false), (3, true), (4, true)] {
        let states = averaged::<f32>(size, is_rounded, number);
        for [_, after] in &states {
            assert_eq!(after, &states[0][1], "{size}");
        }
        let (w, v) = (random::<f32>(6, 40, 1), random::<f32>(3, 6, 2));
        let largest = w
            .as_slice()
            .iter()
            .chain(v.as_slice())
            .fold(1.0, |m: f32, x| m.max(x.abs()));
        for (at, (name, mean)) in states[0][1].iter().enumerate() {
            if is_of_solve(name) || name.ends_with("updates") || name.ends_with("filled") {
                continue;
            }
            for (i, mean) in mean.iter().enumerate() {
                let sum: f64 = states.iter().map(|[before, _]| before[at].1[i]).sum();
                // The sum is rounded on each of at most three levels, and as it goes to all.
                let sent = is_rounded && !name.starts_with("curvature");
                let unit = if sent { 2f64.powi(-9) } else { 2f64.powi(-24) };
                let error = (mean - sum / size as f64).abs();
                let bound = 6.0 * unit * (f64::from(largest) + 8.0);
                assert!(error <= bound, "{name} {i}: {error:e} of {size}");
            }
        }
    }
}

#[test]
fn what_is_rounded_differs_from_what_is_not() {
    let exact = averaged::<f32>(2, false, number);
    let rounded = averaged::<f32>(2, true, number);
    for (at, is_alike) in [(0, false), (1, false), (2, false), (5, true)] {
        let (name, exact) = &exact[0][1][at];
        assert_eq!(exact == &rounded[0][1][at].1, is_alike, "{name}");
    }
}

#[test]
fn bf16_is_the_nearest_and_of_two_the_even_one() {
    let upper = |bits: u16| f64::from(from_bf16(bits));
    for bits in 0..=u16::MAX {
        let x = from_bf16(bits);
        if x.is_nan() {
            assert!(from_bf16(to_bf16(x)).is_nan());
            continue;
        }
        assert_eq!(to_bf16(x), bits);
        if x.is_infinite() {
            continue;
        }
        // Between this number and the next one away from 0; beyond the largest is what infinity stands for here.
        let next = match from_bf16(bits + 1).is_infinite() {
            true => 2f64.powi(128).copysign(x.into()),
            false => upper(bits + 1),
        };
        for low in [
            1,
            0x7fff,
            0x8000,
            0x8001,
            0xffff,
            u32::from(bits) % 0xffff + 1,
        ] {
            let between = f32::from_bits(u32::from(bits) << 16 | low & 0xffff);
            let (below, above) = (
                (f64::from(between) - upper(bits)).abs(),
                (next - f64::from(between)).abs(),
            );
            let expected = match below.total_cmp(&above) {
                std::cmp::Ordering::Less => bits,
                std::cmp::Ordering::Greater => bits + 1,
                std::cmp::Ordering::Equal => bits + bits % 2,
            };
            assert_eq!(to_bf16(between), expected, "{bits:x} {low:x}");
        }
    }
    // The bits that say it is no number may be cut off.
    assert!(from_bf16(to_bf16(f32::from_bits(0x7f80_0001))).is_nan());
}
