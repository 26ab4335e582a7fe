//! Visitors that write the state of a run to tensors and read it back.

use tiam_linalg::{Real, StateVisitor};

use crate::tensors::{Tensor, Tensors, not_finite};

/// A run counts on from what it reads, so that there must be room above; 2^53, up to which doubles hold every whole number.
const LARGEST_COUNT: f64 = 9_007_199_254_740_992.0;

/// Writes down what it sees.
#[derive(Default)]
pub(super) struct Writer {
    tensors: Vec<Tensor>,
    /// The first entry of an iterate that is not finite: a state with one is not to take a good one's place.
    error: Option<String>,
}

impl Writer {
    /// The tensors seen; an error where an iterate was not finite.
    pub(super) fn finish(self) -> Result<Vec<Tensor>, String> {
        self.error.map_or(Ok(self.tensors), Err)
    }
}

impl<T: Real> StateVisitor<T> for Writer {
    fn values(&mut self, name: &str, values: &mut [T]) {
        if self.error.is_none() {
            self.error = not_finite(name, values);
        }
        self.tensors
            .push(Tensor::new(name, &[values.len()], values));
    }

    fn numbers(&mut self, name: &str, numbers: &mut [f64]) {
        self.tensors
            .push(Tensor::new(name, &[numbers.len()], numbers));
    }
}

/// Puts back what was written; after the first error it changes nothing more.
pub(super) struct Reader<'a> {
    tensors: &'a Tensors<'a>,
    seen: usize,
    error: Option<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(tensors: &'a Tensors<'a>) -> Self {
        Self {
            tensors,
            seen: 0,
            error: None,
        }
    }

    /// The first error, if there was one, or a tensor that nobody asked for.
    pub(super) fn finish(self) -> Result<(), String> {
        let (seen, held) = (self.seen, self.tensors.len());
        match self.error {
            Some(error) => Err(error),
            None if seen != held => Err(format!("{held} tensors where there should be {seen}")),
            None => Ok(()),
        }
    }

    /// Reads from the file, unless there was an error before.
    fn take<V>(&mut self, read: impl FnOnce(&Tensors<'_>) -> Result<V, String>) -> Option<V> {
        if self.error.is_some() {
            return None;
        }
        self.seen += 1;
        read(self.tensors)
            .map_err(|error| self.error = Some(error))
            .ok()
    }
}

impl<T: Real> StateVisitor<T> for Reader<'_> {
    /// A run saves no iterate that is not finite.
    fn values(&mut self, name: &str, values: &mut [T]) {
        if let Some(stored) = self.take(|file| file.finite::<T>(name, &[values.len()])) {
            values.copy_from_slice(&stored);
        }
    }

    fn numbers(&mut self, name: &str, numbers: &mut [f64]) {
        if let Some(stored) = self.take(|file| file.values::<f64>(name, &[numbers.len()])) {
            numbers.copy_from_slice(&stored);
        }
    }

    fn positive(&mut self, name: &str, number: &mut f64) {
        StateVisitor::<T>::number(self, name, number);
        // In the run's precision: a large one may overflow there, a small one vanish.
        let rounded = T::from_f64(*number).to_f64();
        if self.error.is_none() && !(rounded.is_finite() && rounded > 0.0) {
            self.error = Some(format!(
                "{name} is {number}, which is not above 0 or too large"
            ));
        }
    }

    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "found to be a count"
    )]
    fn count(&mut self, name: &str, count: &mut usize) {
        let mut stored = *count as f64;
        StateVisitor::<T>::number(self, name, &mut stored);
        if self.error.is_some() {
            return;
        }
        if (0.0..=LARGEST_COUNT).contains(&stored) && stored.fract().abs() <= 0.0 {
            *count = stored as usize;
        } else {
            self.error = Some(format!("{name} is {stored}, not a count"));
        }
    }
}
