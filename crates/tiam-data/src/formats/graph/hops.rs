//! Hop features: powers of the normalised adjacency times the node features.

use super::csr::Csr;
use crate::{Scalar, error::Result, source::Source};

/// Feature columns with an entry worked on at a time: two blocks of `n_nodes x 64` doubles stay in the second-level cache for graphs
/// of a few thousand nodes, and the memory needed is small beside the result.
const BLOCK: usize = 64;

/// The normalised adjacency `Â = D^(-1/2) (A + I) D^(-1/2)`, `D` the degrees of `A + I`. `A` is `max(adjacency, adjacencyᵀ)` with ones
/// for all entries that are not 0; self-loops count once.
pub(super) fn normalised(adjacency: &Csr, source: &Source) -> Result<Csr> {
    let n = adjacency.rows;
    let mut edges: Vec<(usize, usize)> =
        source.reserve(2 * adjacency.len() + n, "the edges of the graph")?;
    edges.extend((0..n).map(|i| (i, i)));
    for i in 0..n {
        for (j, value) in adjacency.row(i) {
            if i != j && value.abs() > 0.0 {
                edges.push((i, j));
                edges.push((j, i));
            }
        }
    }
    edges.sort_unstable();
    edges.dedup();
    let mut indptr = Vec::with_capacity(n + 1);
    indptr.push(0);
    for row in edges.chunk_by(|a, b| a.0 == b.0) {
        indptr.push(indptr[indptr.len() - 1] + row.len());
    }
    let degree = |i: usize| (indptr[i + 1] - indptr[i]) as f64;
    let weight = |&(i, j): &(usize, usize)| 1.0 / (degree(i) * degree(j)).sqrt();
    let values = edges.iter().map(weight).collect();
    Ok(Csr {
        rows: n,
        columns: n,
        indices: edges.iter().map(|edge| edge.1).collect(),
        indptr,
        values,
    })
}

/// `to = matrix from` for a block of `width` columns, row-major.
fn multiply(matrix: &Csr, to: &mut [f64], from: &[f64], width: usize) {
    to.fill(0.0);
    for (i, out) in to.chunks_exact_mut(width).enumerate() {
        for (j, weight) in matrix.row(i) {
            for (o, x) in out.iter_mut().zip(&from[j * width..(j + 1) * width]) {
                *o += weight * x;
            }
        }
    }
}

/// `[Â^hops X, ..., Â X, X]` for the given nodes: one row a node, `(hops + 1) * X.columns` values each.
///
/// Sums are in double precision, neighbours in ascending
/// order, so the result does not depend on which nodes are asked for. Columns without an entry stay 0 and cost nothing
/// but their place.
pub(super) fn hop_features<T: Scalar>(
    adjacency: &Csr,
    attributes: &Csr,
    hops: usize,
    nodes: &[usize],
    source: &Source,
) -> Result<Vec<T>> {
    let (n, columns) = (attributes.rows, attributes.columns);
    let row_width = columns.saturating_mul(hops + 1);
    let count = nodes.len().saturating_mul(row_width);
    let mut values = source.reserve(count, "the hop features")?;
    values.resize(count, T::zero());
    let mut entries: Vec<(usize, usize, f64)> =
        source.reserve(attributes.len(), "the entries of the node features")?;
    entries.extend((0..n).flat_map(|i| attributes.row(i).map(move |(column, x)| (column, i, x))));
    // Stable: what a row says twice of a column is added in the order of the file.
    entries.sort_by_key(|&(column, ..)| column);
    let filled: Vec<_> = entries.chunk_by(|a, b| a.0 == b.0).collect();
    let widest = BLOCK.min(filled.len());
    let mut block = source.reserve(n.saturating_mul(widest), "the features worked on")?;
    block.resize(n * widest, 0.0);
    let mut next = block.clone();
    for filled in filled.chunks(BLOCK) {
        let width = filled.len();
        let (block, next) = (&mut block[..n * width], &mut next[..n * width]);
        block.fill(0.0);
        for (at, column) in filled.iter().enumerate() {
            for &(_, i, value) in *column {
                block[i * width + at] += value;
            }
        }
        for hop in 0..=hops {
            let to = (hops - hop) * columns;
            for (row, &node) in values.chunks_exact_mut(row_width).zip(nodes) {
                let from = &block[node * width..(node + 1) * width];
                for (column, x) in filled.iter().zip(from) {
                    row[to + column[0].0] = T::from_f64(*x);
                }
            }
            if hop < hops {
                multiply(adjacency, next, block, width);
                block.swap_with_slice(next);
            }
        }
    }
    Ok(values)
}
