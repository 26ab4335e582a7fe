#![allow(clippy::float_cmp, reason = "these numbers are exact")]

use super::*;

/// Notes what it sees, under its name, and puts another number there.
struct Swap {
    seen: Vec<(String, f64)>,
    put: f64,
}

impl StateVisitor<f64> for Swap {
    fn values(&mut self, _: &str, _: &mut [f64]) {}
    fn numbers(&mut self, name: &str, numbers: &mut [f64]) {
        for number in numbers {
            self.seen.push((name.to_owned(), *number));
            *number = self.put;
        }
    }
}

/// What a visitor sees of a value, and what the value is once `put` was put in its place.
fn swapped<V>(
    put: f64,
    mut value: V,
    visit: fn(&mut Swap, &str, &mut V),
) -> (Vec<(String, f64)>, V) {
    let mut visitor = Swap {
        seen: Vec::new(),
        put,
    };
    visit(&mut visitor, "name", &mut value);
    (visitor.seen, value)
}

fn one(number: f64) -> Vec<(String, f64)> {
    vec![("name".to_owned(), number)]
}

#[test]
fn a_number_a_count_and_a_flag_are_seen_and_put_back() {
    assert_eq!(swapped(2.5, 0.5, Swap::number), (one(0.5), 2.5));
    assert_eq!(swapped(7.0, 3, Swap::count), (one(3.0), 7));
    assert_eq!(swapped(0.0, 3, Swap::count), (one(3.0), 0));
    assert_eq!(swapped(0.0, true, Swap::flag), (one(1.0), false));
    assert_eq!(swapped(1.0, false, Swap::flag), (one(0.0), true));
}

#[test]
fn a_damaged_count_saturates() {
    assert_eq!(swapped(-1.0, 3, Swap::count).1, 0);
    assert_eq!(swapped(f64::NAN, 3, Swap::count).1, 0);
    assert_eq!(swapped(1e300, 3, Swap::count).1, usize::MAX);
}

#[test]
fn a_missing_number_is_nan_to_the_visitor() {
    let visit = Swap::optional;
    assert_eq!(swapped(2.0, Some(0.5), visit), (one(0.5), Some(2.0)));
    assert_eq!(swapped(f64::NAN, Some(0.5), visit), (one(0.5), None));
    let (seen, value) = swapped(-4.0, None, visit);
    assert!(seen.len() == 1 && seen[0].1.is_nan());
    assert_eq!(value, Some(-4.0));
}
