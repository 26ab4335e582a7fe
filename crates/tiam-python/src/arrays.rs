//! Arrays of Python, read and written through the buffer protocol.

use pyo3::buffer::{Element, PyBuffer};
use pyo3::prelude::*;
use pyo3::types::PySlice;
use tiam::Features;

/// Bytes that are converted at a time.
const BLOCK: usize = 1 << 22;

/// The rows of a matrix: an array of NumPy, or what has a shape and gives arrays for slices. One copy is made; of numbers of another type a few
/// rows at a time are converted beside it.
pub(crate) fn rows<T: tiam::Scalar + Element>(array: &Bound<'_, PyAny>) -> PyResult<Features<T>> {
    let (n, width): (usize, usize) = array.getattr("shape")?.extract()?;
    let values = match PyBuffer::<T>::get(array) {
        Ok(buffer) => buffer.to_vec(array.py())?,
        Err(_) => converted(array, n, width)?,
    };
    Features::new(n, width, values).map_err(crate::error::refused)
}

fn converted<T: tiam::Scalar + Element>(
    array: &Bound<'_, PyAny>,
    n: usize,
    width: usize,
) -> PyResult<Vec<T>> {
    let py = array.py();
    let mut values = vec![T::zero(); n * width];
    let at_once = (BLOCK / size_of::<T>() / width.max(1)).max(1);
    let dtype = match size_of::<T>() {
        4 => "float32",
        _ => "float64",
    };
    for (first, block) in (0..n)
        .step_by(at_once)
        .zip(values.chunks_mut(at_once * width))
    {
        let last = (first + at_once).min(n);
        let rows = array.get_item(PySlice::new(py, first.cast_signed(), last.cast_signed(), 1))?;
        let rows = rows.call_method1("astype", (dtype, "C"))?;
        PyBuffer::<T>::get(&rows)?.copy_to_slice(py, block)?;
    }
    Ok(values)
}

/// The numbers of an array.
pub(crate) fn vector<E: Element>(array: &Bound<'_, PyAny>) -> PyResult<Vec<E>> {
    PyBuffer::<E>::get(array)?.to_vec(array.py())
}

/// Copies values into an array of the same size.
pub(crate) fn fill<E: Element>(array: &Bound<'_, PyAny>, values: &[E]) -> PyResult<()> {
    PyBuffer::<E>::get(array)?.copy_from_slice(array.py(), values)
}
