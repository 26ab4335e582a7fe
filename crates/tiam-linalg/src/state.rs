//! The visitor of a run's state, which saves or restores every number of it.

/// A visitor of every number on which the rest of a run depends: it saves the number or puts a saved one in its place.
///
/// The same walk serves both ways: a visitor that writes reads the numbers, one that restores overwrites them, so the two cannot come to
/// differ. Names are unique within a walk; their order and the shapes follow from what the problem was made of.
///
/// ```
/// use tiam_linalg::{BiasBlock, StateVisitor};
/// /// Counts what it sees.
/// struct Count(usize);
/// impl StateVisitor<f64> for Count {
///     fn values(&mut self, _: &str, values: &mut [f64]) { self.0 += values.len(); }
///     fn numbers(&mut self, _: &str, numbers: &mut [f64]) { self.0 += numbers.len(); }
/// }
/// let mut count = Count(0);
/// BiasBlock::new(vec![0.5; 3]).visit_state("b_1", &mut count);
/// assert_eq!(count.0, 6); // Current and previous value.
/// ```
pub trait StateVisitor<T> {
    /// Values of the run's scalar type, as many as there are.
    fn values(&mut self, name: &str, values: &mut [T]);

    /// Numbers in double precision, as many as there are. NaN is allowed here, and stands for what is not there.
    fn numbers(&mut self, name: &str, numbers: &mut [f64]);

    /// One such number.
    fn number(&mut self, name: &str, number: &mut f64) {
        self.numbers(name, std::slice::from_mut(number));
    }

    /// One that is finite and above 0, such as a penalty; what restores it may refuse others.
    fn positive(&mut self, name: &str, number: &mut f64) {
        self.number(name, number);
    }

    /// A number of things.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are below 2^53; a damaged one saturates"
    )]
    fn count(&mut self, name: &str, count: &mut usize) {
        let mut number = *count as f64;
        self.number(name, &mut number);
        *count = number as usize;
    }

    /// Yes or no.
    fn flag(&mut self, name: &str, flag: &mut bool) {
        let mut count = usize::from(*flag);
        self.count(name, &mut count);
        *flag = count > 0;
    }

    /// A finite number that may be missing.
    fn optional(&mut self, name: &str, number: &mut Option<f64>) {
        let mut stored = number.unwrap_or(f64::NAN);
        self.number(name, &mut stored);
        *number = Some(stored).filter(|x| !x.is_nan());
    }
}

#[cfg(test)]
mod tests {
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
}
