//! Graph data sets: node features averaged over neighbours, so that a plain network can learn from them.

mod csr;
mod hops;

use super::{
    Head, Reader,
    npy::{Archive, array_error},
};
use crate::{
    ColumnEncoding, Dataset, Features, LoadParams, Scalar, Split, Targets,
    error::{DataError, Result},
    params::params,
    rng::Random,
    source::{Source, Zip},
};
use csr::Csr;

/// What the names of the arrays of a sparse matrix begin with.
const ADJACENCY: &str = "adj";
const ATTRIBUTES: &str = "attr";
const DENSE_ATTRIBUTES: &str = "attr_matrix";
const LABELS: &str = "labels";
/// Training, validation and test nodes.
const SPLIT: [&str; 3] = ["train_idx", "val_idx", "test_idx"];
/// Maximum number of classes; an array with more distinct values is not taken for labels.
const MAX_CLASSES: usize = 1 << 16;
const MAX_HOPS: usize = 64;
/// The arrays that must be there.
const NEEDS: &str = "a graph needs adj_indices, adj_indptr, adj_shape, labels, and attr_data, attr_indices, attr_indptr, \
    attr_shape or attr_matrix";

/// The nodes that get a row of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GraphRows {
    /// Those of the split: first the training nodes, then validation, then test, each in the order of the file.
    /// [`Dataset::split`] counts these rows; [`Dataset::sample_ids`] gives the node of each.
    #[default]
    SplitOnly,
    /// All, in order: row `i` is node `i`. (Citeseer with four hops takes 490 MB in double precision.)
    All,
}

params! {
    /// How to read a graph.
    ///
    /// A graph is a zip of NumPy arrays as the gnn-benchmark collection has them: the adjacency matrix in compressed rows
    /// (`adj_data`, `adj_indices`, `adj_indptr`, `adj_shape`), the node features likewise (`attr_...`) or dense
    /// (`attr_matrix`), `labels`, and, optionally, the split (`train_idx`, `val_idx`, `test_idx`). Elements may be of any
    /// plain numeric type.
    ///
    /// The features of a node are `[Â^hops X, ..., Â X, X]` with `Â = D^(-1/2) (A + I) D^(-1/2)`, `A` the adjacency made
    /// symmetric and binary, `D` the degrees of `A + I`. Nothing is scaled besides.
    ///
    /// | name | default | range | meaning | source |
    /// |---|---|---|---|---|
    /// | `hops` | 4 | 0 to 64 | highest power of `Â` | mDLAM (arXiv:1811.04187) |
    /// | `rows` | [`GraphRows::SplitOnly`] | | nodes that get a row | ours, to save memory |
    /// | `train_per_class` | 20 | from 1 | training nodes drawn from each class if the file gives no split | Planetoid |
    /// | `validation` | 500 | | validation nodes drawn | Planetoid |
    /// | `test` | 1000 | | test nodes drawn | Planetoid |
    /// | `seed` | 0 | | of the draw | ours |
    /// | `redraw` | false | | draws the split even where the file gives one | ours |
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct GraphParams {
        /// Highest power of the normalised adjacency.
        hops: usize = 4, set usize;
        /// Which nodes get a row of features.
        rows: GraphRows = GraphRows::SplitOnly, set GraphRows;
        /// Training nodes drawn from each class if the file gives no split.
        train_per_class: usize = 20;
        /// Validation nodes drawn if the file gives no split.
        validation: usize = 500;
        /// Test nodes drawn if the file gives no split.
        test: usize = 1000;
        /// Seed of the draw.
        seed: u64 = 0, set u64;
        /// Draws the split even where the file gives one.
        redraw: bool = false, set bool;
    }
}

impl GraphParams {
    /// Sets what is drawn if the file gives no split.
    #[must_use]
    pub fn draw(mut self, train_per_class: usize, validation: usize, test: usize) -> Self {
        (self.train_per_class, self.validation, self.test) = (train_per_class, validation, test);
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.hops > MAX_HOPS {
            let allowed = format!("0 to {MAX_HOPS}");
            return Err(DataError::parameter("hops", self.hops, allowed));
        }
        if self.train_per_class == 0 {
            return Err(DataError::parameter("train_per_class", 0, "at least 1"));
        }
        Ok(())
    }
}

/// A zip of NumPy arrays that describe a graph.
pub(super) struct GraphNpz;

impl Reader for GraphNpz {
    const KNOWN_AS: &'static str = "graph npz";

    fn recognises(head: &Head) -> bool {
        head.zip == Zip::Graph
    }

    fn read<T: Scalar>(
        sources: &[Source],
        params: &LoadParams,
        _: Option<&ColumnEncoding>,
    ) -> Result<Dataset<T>> {
        let source = &sources[0];
        let params = &params.graph;
        let mut archive = Archive::open(source, NEEDS)?;
        let adjacency = Csr::read(&mut archive, ADJACENCY)?;
        let n = adjacency.rows;
        if n == 0 || adjacency.columns != n {
            let columns = adjacency.columns;
            let reason =
                format!("{n} rows and {columns} columns; a square matrix with nodes is needed");
            return Err(array_error(source, "adj_shape", reason));
        }
        let normalised = hops::normalised(&adjacency, source)?;
        drop(adjacency);
        let attributes = read_attributes(&mut archive, source, n)?;
        let (labels, n_classes) = read_labels(&mut archive, n)?;
        let given = match params.redraw {
            true => None,
            false => read_split(&mut archive, source, n)?,
        };
        let split = given.map_or_else(|| draw_split(&labels, n_classes, params), Ok)?;
        let (nodes, split) = match params.rows {
            GraphRows::All => ((0..n).collect(), split),
            GraphRows::SplitOnly => in_split_order(&split)?,
        };
        let values = hops::hop_features(&normalised, &attributes, params.hops, &nodes, source)?;
        let width = attributes.columns * (params.hops + 1);

        let labels = nodes.iter().map(|&node| labels[node]).collect();
        let features = Features::new(nodes.len(), width, values)?;
        let words = format!(
            "graph {}, {n} nodes, {} hops",
            source.path.display(),
            params.hops
        );
        Dataset::new(features, Targets::numbered(labels, n_classes))?
            .with_source(words)
            .with_split(split)?
            .with_sample_ids(nodes)
    }
}

fn read_attributes(archive: &mut Archive<'_>, source: &Source, n: usize) -> Result<Csr> {
    let (attributes, array) = if !archive.has("attr_data") && archive.has(DENSE_ATTRIBUTES) {
        let dense = archive.array(DENSE_ATTRIBUTES)?;
        (Csr::from_dense(&dense)?, DENSE_ATTRIBUTES)
    } else {
        (Csr::read(archive, ATTRIBUTES)?, "attr_shape")
    };
    let (rows, columns) = (attributes.rows, attributes.columns);
    if rows == n && columns > 0 {
        return Ok(attributes);
    }
    let reason = format!("{rows} rows and {columns} columns; {n} rows, one a node, are needed");
    Err(array_error(source, array, reason))
}

/// Class numbers, and how many classes there are: labels keep their number, and classes are 0 to the largest.
fn read_labels(archive: &mut Archive<'_>, n: usize) -> Result<(Vec<u32>, usize)> {
    let array = archive.array(LABELS)?;
    array.check_rank(1)?;
    let labels = array.indices()?;
    if labels.len() != n {
        return Err(array.fault(format!("{} elements for {n} nodes", labels.len())));
    }
    if let Some(at) = labels.iter().position(|&label| label >= MAX_CLASSES) {
        let label = labels[at];
        let needed = format!("class numbers below {MAX_CLASSES} are needed");
        return Err(array.fault(format!("element {at} is {label}; {needed}")));
    }
    let n_classes = labels.iter().max().map_or(0, |largest| largest + 1);
    Ok((labels.into_iter().map(|l| l as u32).collect(), n_classes))
}

/// The split of the file, if there is one: all three arrays or none.
fn read_split(archive: &mut Archive<'_>, source: &Source, n: usize) -> Result<Option<Split>> {
    if !SPLIT.iter().any(|name| archive.has(name)) {
        return Ok(None);
    }
    let mut seen: Vec<Option<&str>> = vec![None; n];
    let mut parts = [vec![], vec![], vec![]];
    for (name, part) in SPLIT.into_iter().zip(&mut parts) {
        let array = archive.array(name)?;
        array.check_rank(1)?;
        *part = array.indices()?;
        for (at, &node) in part.iter().enumerate() {
            let reason = match seen.get_mut(node) {
                Some(free @ None) => {
                    *free = Some(name);
                    continue;
                }
                Some(Some(before)) => format!("which is already in {before}"),
                None => format!("but there are {n} nodes"),
            };
            return Err(array.fault(format!("element {at} is {node}, {reason}")));
        }
    }
    let [train, validation, test] = parts;
    if train.is_empty() {
        let reason = "there are no training nodes";
        return Err(array_error(source, SPLIT[0], reason));
    }
    Split::new(train, validation, test).map(Some)
}

/// Draws the training nodes class by class, then validation and test from the rest. Classes without nodes are skipped.
fn draw_split(labels: &[u32], n_classes: usize, params: &GraphParams) -> Result<Split> {
    let mut random = Random::new(params.seed);
    let mut nodes: Vec<usize> = (0..labels.len()).collect();
    random.shuffle(&mut nodes);
    let mut taken = vec![0; n_classes];
    let (mut train, mut rest) = (Vec::new(), Vec::new());
    for node in nodes {
        match taken.get_mut(labels[node] as usize) {
            Some(count) if *count < params.train_per_class => {
                *count += 1;
                train.push(node);
            }
            _ => rest.push(node),
        }
    }
    let needed = params.train_per_class;
    let too_small = |(_, n): &(usize, &usize)| (1..needed).contains(*n);
    if let Some((class, available)) = taken.iter().enumerate().find(too_small) {
        let allowed = format!("at most {available}, the samples of class {class}");
        return Err(DataError::parameter("train_per_class", needed, allowed));
    }
    let held_out = params.validation.saturating_add(params.test);
    if held_out > rest.len() {
        let n = rest.len();
        let allowed = format!("at most {n}, the nodes left beside the training nodes");
        return Err(DataError::parameter("validation + test", held_out, allowed));
    }
    rest.truncate(held_out);
    let mut test = rest.split_off(params.validation);
    for part in [&mut train, &mut rest, &mut test] {
        part.sort_unstable();
    }
    Split::new(train, rest, test)
}

/// The nodes of a split one after the other, and the split of these rows.
fn in_split_order(split: &Split) -> Result<(Vec<usize>, Split)> {
    let nodes = [split.train(), split.validation(), split.test()].concat();
    let n_train = split.train().len();
    let first_test = n_train + split.validation().len();
    let rows = |from: usize, to: usize| (from..to).collect();
    let split = Split::new(
        rows(0, n_train),
        rows(n_train, first_test),
        rows(first_test, nodes.len()),
    )?;
    Ok((nodes, split))
}
