//! Columns most of whose entries are 0, and the products with them.

mod combine;
mod lists;

pub(crate) use combine::{Padded, Start, add_transposed, combine, transpose};
pub(crate) use lists::{AnyPicked, ByRow, Columns, add_gram, with_picked};

use crate::compute::{Compute, n_shards_of};
use crate::matrix::Matrix;
use crate::product::RowRange;
use crate::real::Real;

/// What reading an entry takes the time of.
const READ_FLOPS: usize = 30;

/// A matrix of which only the entries that are not 0 are kept, column after column; a column is a sample.
///
/// An entry takes three bytes, of pixels say, or of categories: its row in two, and which of at most 256 values it has in one. With more than
/// 65,535 rows, or more values, it takes four bytes and those of the value.
///
/// ```
/// use tiam_linalg::{Compute, Matrix, SparseMatrix};
/// let dense = Matrix::from_vec(3, 2, vec![0.0, 2.0, 0.0, 1.0, 0.0, 3.0])?;
/// let sparse = SparseMatrix::from_dense(&dense, &mut Compute::new(1)?);
/// assert_eq!((sparse.n_rows(), sparse.n_cols(), sparse.n_entries()), (3, 2, 3));
/// assert_eq!(sparse.to_dense(), dense);
/// # Ok::<(), tiam_linalg::LinalgError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SparseMatrix<T> {
    n_rows: usize,
    /// Where each column's entries start, and where the last one's end.
    starts: Vec<usize>,
    entries: Entries<T>,
}

/// Rows, ascending within a column, and values.
#[derive(Clone, Debug, PartialEq)]
enum Entries<T> {
    Coded {
        rows: Vec<u16>,
        codes: Vec<u8>,
        table: Box<Codes<T>>,
    },
    Plain {
        rows: Vec<u32>,
        values: Vec<T>,
    },
}

impl<T: Real> Entries<T> {
    fn plain() -> Self {
        Self::Plain {
            rows: Vec::new(),
            values: Vec::new(),
        }
    }

    /// These and then those, without a table.
    fn plain_and(self, later: Self) -> Self {
        let each = |entries| match entries {
            Self::Plain { rows, values } => (rows, values),
            Self::Coded { rows, codes, table } => {
                let values = codes.iter().map(|code| table.values[usize::from(*code)]);
                (rows.into_iter().map(u32::from).collect(), values.collect())
            }
        };
        let ((mut rows, mut values), later) = (each(self), each(later));
        rows.extend(later.0);
        values.extend(later.1);
        Self::Plain { rows, values }
    }
}

impl<T: Real> SparseMatrix<T> {
    /// A matrix without columns.
    ///
    /// # Panics
    /// For 2³² rows or more.
    pub fn new(n_rows: usize) -> Self {
        assert!(u32::try_from(n_rows).is_ok(), "sparse matrix: rows");
        let entries = match u16::try_from(n_rows) {
            Ok(_) => Entries::Coded {
                rows: Vec::new(),
                codes: Vec::new(),
                table: Box::default(),
            },
            Err(_) => Entries::plain(),
        };
        Self {
            n_rows,
            starts: vec![0],
            entries,
        }
    }

    /// The entries of a dense matrix, its columns shared out between workers.
    pub fn from_dense(dense: &Matrix<T>, compute: &mut Compute<T>) -> Self {
        let (n_rows, n_cols) = (dense.n_rows(), dense.n_cols());
        let n = n_shards_of(1, n_cols, READ_FLOPS * n_rows);
        let mut parts: Vec<_> = (0..n).map(|_| Self::new(n_rows)).collect();
        let columns = RowRange {
            start: 0,
            len: n_cols,
        };
        compute.sweep(columns, &mut parts, &|_, part, columns: RowRange| {
            for j in columns.start..columns.start + columns.len {
                part.push(dense.col(j));
            }
        });
        let whole = parts.into_iter().reduce(Self::followed_by);
        whole.unwrap_or_else(|| Self::new(n_rows))
    }

    /// These columns and then those.
    fn followed_by(mut self, later: Self) -> Self {
        let before = self.n_entries();
        self.starts
            .extend(later.starts[1..].iter().map(|end| before + end));
        self.entries = match (self.entries, later.entries) {
            (
                Entries::Coded {
                    mut rows,
                    mut codes,
                    mut table,
                },
                Entries::Coded {
                    rows: others,
                    codes: their,
                    table: theirs,
                },
            ) => {
                let known: Option<Vec<u8>> = theirs.values[..theirs.n]
                    .iter()
                    .map(|x| table.code(*x))
                    .collect();
                match known {
                    Some(known) => {
                        rows.extend(others);
                        codes.extend(their.iter().map(|code| known[usize::from(*code)]));
                        Entries::Coded { rows, codes, table }
                    }
                    None => {
                        let theirs = Entries::Coded {
                            rows: others,
                            codes: their,
                            table: theirs,
                        };
                        Entries::Coded { rows, codes, table }.plain_and(theirs)
                    }
                }
            }
            (ours, theirs) => ours.plain_and(theirs),
        };
        self
    }

    /// Adds a column; its zeros are left out.
    ///
    /// # Panics
    /// When its length is not the number of rows.
    pub fn push(&mut self, column: &[T]) {
        assert_eq!(column.len(), self.n_rows, "sparse matrix: rows of a column");
        let mut rest = nonzero(column);
        if let Entries::Coded { rows, codes, table } = &mut self.entries {
            let unknown = rest.find(|(i, x)| match table.code(*x) {
                Some(code) => {
                    rows.push(small(*i));
                    codes.push(code);
                    false
                }
                None => true,
            });
            if let Some((i, x)) = unknown {
                let own = std::mem::replace(&mut self.entries, Entries::plain());
                let last = Entries::Plain {
                    rows: vec![small(i)],
                    values: vec![x],
                };
                self.entries = own.plain_and(last);
            }
        }
        if let Entries::Plain { rows, values } = &mut self.entries {
            for (i, x) in rest {
                rows.push(small(i));
                values.push(x);
            }
        }
        self.starts.push(self.n_entries());
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Number of columns.
    pub fn n_cols(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of entries that are not 0.
    pub fn n_entries(&self) -> usize {
        match &self.entries {
            Entries::Coded { rows, .. } => rows.len(),
            Entries::Plain { rows, .. } => rows.len(),
        }
    }

    /// The same matrix with its zeros.
    pub fn to_dense(&self) -> Matrix<T> {
        let mut dense = Matrix::zeros(self.n_rows, self.n_cols());
        let all: Vec<usize> = (0..self.n_cols()).collect();
        with_picked!(self.picked(&all), columns => {
            for j in all.iter().copied() {
                let column = dense.col_mut(j);
                columns.list(j).for_each(|(i, x)| column[i] = x);
            }
        });
        dense
    }
}

/// The entries that are not 0, with their numbers.
fn nonzero<T: Real>(column: &[T]) -> impl Iterator<Item = (usize, T)> + '_ {
    // Most pieces of an image are 0 throughout.
    const PIECE: usize = 16;
    let pieces = column.chunks(PIECE).enumerate();
    let some =
        pieces.filter(|(_, piece)| piece.iter().fold(false, |some, x| some | (*x != T::zero())));
    let each = some.flat_map(|(at, piece)| (at * PIECE..).zip(piece.iter().copied()));
    each.filter(|(_, x)| *x != T::zero())
}

/// A row that fits its type.
fn small<R: TryFrom<usize> + Default>(row: usize) -> R {
    R::try_from(row).unwrap_or_default()
}

/// At most 256 values, and where to find a value's number.
#[derive(Clone, Debug)]
struct Codes<T> {
    values: [T; 256],
    n: usize,
    /// Numbers by a hash of the value, one more than there are; 0 where there is none.
    places: [u16; PLACES],
}

/// Places for 256 values, so many that they seldom collide.
const PLACES: usize = 2048;

impl<T: Real> Default for Codes<T> {
    fn default() -> Self {
        Self {
            values: [T::zero(); 256],
            n: 0,
            places: [0; PLACES],
        }
    }
}

impl<T: PartialEq> PartialEq for Codes<T> {
    fn eq(&self, other: &Self) -> bool {
        self.values[..self.n] == other.values[..other.n]
    }
}

impl<T: Real> Codes<T> {
    /// The value's number, a new one if need be; none when all are given to others.
    fn code(&mut self, value: T) -> Option<u8> {
        let bits = value.to_f64().to_bits();
        #[allow(
            clippy::cast_possible_truncation,
            reason = "the upper bits of the product"
        )]
        let mut place = (bits.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 53) as usize;
        loop {
            match self.places[place] {
                0 => {
                    let code = u8::try_from(self.n).ok()?;
                    self.values[self.n] = value;
                    self.n += 1;
                    self.places[place] = u16::from(code) + 1;
                    return Some(code);
                }
                n if self.values[usize::from(n) - 1] == value => return u8::try_from(n - 1).ok(),
                _ => place = (place + 1) % PLACES,
            }
        }
    }
}

/// A network's inputs, n_0 x N.
#[derive(Clone, Copy, Debug)]
pub enum Inputs<'a, T> {
    /// Every entry.
    Dense(&'a Matrix<T>),
    /// Those that are not 0.
    Sparse(&'a SparseMatrix<T>),
}

impl<T: Real> Inputs<'_, T> {
    /// n_0.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Dense(inputs) => inputs.n_rows(),
            Self::Sparse(inputs) => inputs.n_rows(),
        }
    }

    pub(crate) fn is_sparse(&self) -> bool {
        matches!(self, Self::Sparse(_))
    }

    /// N.
    pub fn n_cols(&self) -> usize {
        match self {
            Self::Dense(inputs) => inputs.n_cols(),
            Self::Sparse(inputs) => inputs.n_cols(),
        }
    }
}

impl<'a, T> From<&'a Matrix<T>> for Inputs<'a, T> {
    fn from(inputs: &'a Matrix<T>) -> Self {
        Self::Dense(inputs)
    }
}

impl<'a, T> From<&'a SparseMatrix<T>> for Inputs<'a, T> {
    fn from(inputs: &'a SparseMatrix<T>) -> Self {
        Self::Sparse(inputs)
    }
}
