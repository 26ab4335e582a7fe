//! Visitors that write the state of a run to tensors and read it back.

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tiam_linalg::StateVisitor;

use crate::store::{Stored, from_bytes, to_bytes};

/// A run counts on from what it reads, so that there must be room above; 2^53, up to which doubles hold every whole number.
const LARGEST_COUNT: f64 = 9_007_199_254_740_992.0;

/// Numbers on their way into a file.
pub(super) struct Tensor {
    pub(super) name: String,
    dtype: Dtype,
    length: usize,
    pub(super) bytes: Vec<u8>,
}

impl Tensor {
    pub(super) fn view(&self) -> Result<(&str, TensorView<'_>), SafeTensorError> {
        let view = TensorView::new(self.dtype, vec![self.length], &self.bytes)?;
        Ok((&self.name, view))
    }
}

/// What is wrong with an iterate, if anything is.
fn not_finite<S: Stored>(name: &str, values: &[S]) -> Option<String> {
    let at = values.iter().position(|x| !x.is_finite())?;
    Some(format!("entry {at} of {name} is {}", values[at]))
}

/// Writes down what it sees.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) tensors: Vec<Tensor>,
    /// The first entry of an iterate that is not finite: a state with one is not to take a good one's place.
    pub(super) error: Option<String>,
}

impl Writer {
    fn put<S: Stored>(&mut self, name: &str, values: &[S]) {
        self.tensors.push(Tensor {
            name: name.to_owned(),
            dtype: S::DTYPE,
            length: values.len(),
            bytes: to_bytes(values),
        });
    }

    fn put_finite<S: Stored>(&mut self, name: &str, values: &[S]) {
        if self.error.is_none() {
            self.error = not_finite(name, values);
        }
        self.put(name, values);
    }
}

impl<T: Stored> StateVisitor<T> for Writer {
    fn values(&mut self, name: &str, values: &mut [T]) {
        self.put_finite(name, values);
    }

    fn numbers(&mut self, name: &str, numbers: &mut [f64]) {
        self.put(name, numbers);
    }
}

/// Puts back what was written; after the first error it changes nothing more.
pub(super) struct Reader<'a> {
    tensors: &'a SafeTensors<'a>,
    seen: usize,
    error: Option<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(tensors: &'a SafeTensors<'a>) -> Self {
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

    /// The values under this name, as many as these.
    fn take<S: Stored>(&mut self, name: &str, length: usize) -> Option<Vec<S>> {
        if self.error.is_some() {
            return None;
        }
        self.seen += 1;
        let found = self.tensors.tensor(name).map_err(|e| e.to_string());
        let values = found.and_then(|view| {
            if view.dtype() != S::DTYPE || view.shape() != [length] {
                let (dtype, shape) = (view.dtype(), view.shape());
                return Err(format!("{name} is {dtype:?} {shape:?}, not [{length}]"));
            }
            from_bytes::<S>(view.data()).ok_or_else(|| format!("{name} is cut short"))
        });
        values.map_err(|error| self.error = Some(error)).ok()
    }

    /// As [`Reader::take`]; a run saves no iterate that is not finite.
    fn take_finite<T: Stored>(&mut self, name: &str, length: usize) -> Option<Vec<T>> {
        let values = self.take::<T>(name, length)?;
        self.error = not_finite(name, &values);
        self.error.is_none().then_some(values)
    }
}

impl<T: Stored> StateVisitor<T> for Reader<'_> {
    fn values(&mut self, name: &str, values: &mut [T]) {
        if let Some(stored) = self.take_finite(name, values.len()) {
            values.copy_from_slice(&stored);
        }
    }

    fn numbers(&mut self, name: &str, numbers: &mut [f64]) {
        if let Some(stored) = self.take::<f64>(name, numbers.len()) {
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
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "found to be a count"
    )]
    fn count(&mut self, name: &str, count: &mut usize) {
        let Some(&[stored]) = self.take::<f64>(name, 1).as_deref() else {
            return;
        };
        if (0.0..=LARGEST_COUNT).contains(&stored) && stored.fract().abs() <= 0.0 {
            *count = stored as usize;
        } else {
            self.error = Some(format!("{name} is {stored}, not a count"));
        }
    }
}
