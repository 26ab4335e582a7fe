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
#[path = "../tests/unit/state.rs"]
mod tests;
