//! Sparse matrices in compressed-row form.

use super::super::npy::{Archive, Array};
use crate::error::Result;

/// A matrix of `rows x columns`; row `r` has the entries `indptr[r]..indptr[r + 1]`.
#[derive(Debug, Clone)]
pub(super) struct Csr {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) indptr: Vec<usize>,
    pub(super) indices: Vec<usize>,
    pub(super) values: Vec<f64>,
}

impl Csr {
    /// Reads and checks the four arrays whose names begin with `prefix`.
    pub(super) fn read(archive: &mut Archive<'_>, prefix: &str) -> Result<Self> {
        let [shape, indptr, indices, data] =
            ["shape", "indptr", "indices", "data"].map(|name| format!("{prefix}_{name}"));
        let shape = archive.array(&shape)?;
        let wrong_shape = || {
            let n = shape.len();
            shape.fault(format!("{n} elements, where rows and columns are needed"))
        };
        // Looked at first: the shape of a forged file may have very many elements.
        if shape.len() != 2 {
            return Err(wrong_shape());
        }
        let [rows, columns] = shape.indices()?[..] else {
            return Err(wrong_shape());
        };
        let pointers = archive.array(&indptr)?;
        let indices = archive.array(&indices)?;
        let data = archive.array(&data)?;
        for array in [&pointers, &indices, &data] {
            array.check_rank(1)?;
        }
        let indptr = pointers.indices()?;
        let n = indptr.len();
        if n.checked_sub(1) != Some(rows) {
            let needed = "one more than rows is needed";
            return Err(pointers.fault(format!("{n} elements for {rows} rows; {needed}")));
        }
        check_monotone(&pointers, &indptr, indices.len())?;
        let values = data.doubles()?;
        if data.len() != indices.len() {
            let (n, needed) = (data.len(), indices.len());
            let reason = format!("{n} elements, but {prefix}_indices has {needed}");
            return Err(data.fault(reason));
        }
        let index_values = indices.indices()?;
        if let Some(at) = index_values.iter().position(|&i| i >= columns) {
            let i = index_values[at];
            let reason = format!("element {at} is {i}, but the matrix has {columns} columns");
            return Err(indices.fault(reason));
        }
        Ok(Self {
            rows,
            columns,
            indptr,
            indices: index_values,
            values,
        })
    }

    /// A dense matrix with its zeros left out.
    pub(super) fn from_dense(array: &Array<'_>) -> Result<Self> {
        array.check_rank(2)?;
        let (rows, columns) = (array.shape[0], array.shape[1]);
        if columns == 0 {
            return Err(array.fault("the matrix has no columns"));
        }
        let dense = array.doubles()?;
        // No more than the elements, which are within the limit.
        let n_entries = dense.iter().filter(|x| x.abs() > 0.0).count();
        let mut csr = Self {
            rows,
            columns,
            indptr: Vec::with_capacity(rows + 1),
            indices: Vec::with_capacity(n_entries),
            values: Vec::with_capacity(n_entries),
        };
        csr.indptr.push(0);
        for row in 0..rows {
            for column in 0..columns {
                let value = dense[array.position(row, column)];
                if value.abs() > 0.0 {
                    csr.indices.push(column);
                    csr.values.push(value);
                }
            }
            csr.indptr.push(csr.indices.len());
        }
        Ok(csr)
    }

    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Column and value of each entry of a row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> {
        let range = self.indptr[row]..self.indptr[row + 1];
        let columns = self.indices[range.clone()].iter().copied();
        columns.zip(self.values[range].iter().copied())
    }
}

fn check_monotone(array: &Array<'_>, indptr: &[usize], n_entries: usize) -> Result<()> {
    if indptr.first() != Some(&0) {
        return Err(array.fault("element 0 is not 0"));
    }
    if let Some(at) = indptr.windows(2).position(|pair| pair[0] > pair[1]) {
        let (before, after, next) = (indptr[at], indptr[at + 1], at + 1);
        let reason = format!("element {next} is {after}, below element {at}, which is {before}");
        return Err(array.fault(reason));
    }
    match indptr.last() {
        Some(&last) if last == n_entries => Ok(()),
        last => Err(array.fault(format!(
            "the last element is {last:?}, but there are {n_entries} entries"
        ))),
    }
}
