//! Training on tables that need not fit into memory.

mod shares;

use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::thread;

use tiam_data::{
    ColumnEncoding, ColumnKind, Dataset, GraphParams, RowStore, ScalingFit, ScalingKind, Targets,
};
use tiam_models::{ModelError, SampleStream, Samples};

use crate::encoding::{Encoding, affine};
use crate::error::{Error, Result};
use crate::fitting::{Holdout, Prepared};
use crate::giveaway;
use crate::mlp::Mlp;
use crate::preset::Preset;
use crate::scalar::{Precision, Scalar};
use crate::table::{DataKind, Table};
use shares::{Part, Shares, mixed};

/// Most bytes of the features of a part that is held in memory.
const PART_BYTES: usize = 128 << 20;
/// Part of the rows, at most, that codes of categories are learnt from: those rows are not trained on.
const CODED_SHARE: f64 = 0.2;

tiam_models::parameters! {
    /// How a table is [streamed](Table::streamed): what is in memory at a time.
    ///
    /// | parameter | default | meaning |
    /// |---|---|---|
    /// | `cache` | the folder of the data | where the file of numbers is kept, see [`RowStore`] |
    /// | `pool_blocks` | 128 | blocks of up to a megabyte, or 16,384 rows, that are in memory together |
    /// | `sample_rows` | 200,000 | most rows of each part that is in memory as a whole, and no more than 128 MiB of it |
    ///
    /// **Order.** Each epoch takes the blocks in an order of its own, `pool_blocks` at a time, and shuffles the rows of such a pool; a table of no more
    /// blocks is shuffled as a whole. The next pool is read while training goes on, so that two are in memory.
    ///
    /// **In memory as a whole** are the test part and the validation part, of at most `sample_rows` each however large a fraction is asked
    /// for, and as many rows of the training part: a sample, on which the figures of the training part are measured, and from which medians for
    /// missing numbers and codes of categories are learnt (codes: from at most a fifth of the rows, which are then left out of training). Rows are
    /// drawn by their number and the seed, not by class. Columns, categories, classes and scalings are those of all rows. Where the sample would be
    /// the whole training part, training goes on in memory, as without streaming.
    ///
    /// ```
    /// use tiam::{Mlp, Streaming, Table};
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("iris.csv");
    /// # std::fs::write(&path, include_str!("../data/iris.csv"))?;
    /// let table = Table::read(path)?.label("species").streamed(Streaming::default().sample_rows(100));
    /// let model = Mlp::default().hidden([16]).fit(&table)?;
    /// assert_eq!(model.predict_row(&["5.1", "3.5", "1.4", "0.2"])?.class(), Some("setosa"));
    /// assert!(folder.path().join("iris.csv.tiam-rows").is_file());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, Debug, PartialEq)]
    pub struct Streaming {
        /// Sets the folder of the file of numbers.
        cache: Option<PathBuf> = None, into;
        /// Sets the number of blocks that are in memory together and shuffled, from 1.
        pool_blocks: usize = 128;
        /// Sets the most rows of a part that is in memory as a whole, from 1.
        sample_rows: usize = 200_000;
    }
}

/// The training part of a table, read in pools of blocks.
#[derive(Debug)]
struct Stream {
    store: RowStore,
    /// What the columns become, as learnt from the sample.
    columns: ColumnEncoding,
    encoding: Encoding,
    shares: Shares,
    /// Whether the sample is trained on.
    with_sample: bool,
    pool_blocks: usize,
    n_samples: usize,
    source: String,
}

impl Stream {
    fn is_trained_on(&self, row: u64) -> bool {
        match self.shares.part(row) {
            Part::Rest => true,
            Part::Sample => self.with_sample,
            Part::Test | Part::Validation => false,
        }
    }

    /// The training rows of some blocks, in the units of their columns.
    fn rows<T: Scalar>(&self, blocks: &[usize]) -> Result<Dataset<T>> {
        let part = |row| self.is_trained_on(row).then_some(0);
        let mut data = self.store.deal(blocks, 1, part)?.remove(0);
        data.fill_with(self.columns.clone());
        Ok(data)
    }

    /// The scalings of all training rows in place of those of the sample.
    fn scale<T: Scalar>(&mut self, kind: ScalingKind) -> Result<()> {
        let (mut inputs, mut outputs) = (ScalingFit::default(), ScalingFit::default());
        for block in 0..self.store.n_blocks() {
            let data = self.rows::<T>(&[block])?;
            inputs.add(data.features())?;
            if let Targets::Values(values) = data.targets() {
                outputs.add(values)?;
            }
        }
        for (scaling, fit, kind) in [
            (&mut self.encoding.input_scaling, inputs, kind),
            (
                &mut self.encoding.output_scaling,
                outputs,
                ScalingKind::Standard,
            ),
        ] {
            if scaling.is_some() {
                *scaling = Some(affine(&fit.finish(kind)?)?);
            }
        }
        Ok(())
    }

    /// The pools of an epoch, each in the order in which its blocks lie in the file.
    fn pools(&self, epoch: usize) -> Vec<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.store.n_blocks()).collect();
        let seed = mixed(self.shares.seed, !(epoch as u64));
        order.sort_by_key(|block| mixed(seed, *block as u64));
        let (n, n_pools) = (order.len(), order.len().div_ceil(self.pool_blocks).max(1));
        let pool = |k: usize| {
            let mut pool = order[k * n / n_pools..(k + 1) * n / n_pools].to_vec();
            pool.sort_unstable();
            pool
        };
        (0..n_pools).map(pool).collect()
    }

    fn samples<T: Scalar>(&self, blocks: &[usize]) -> Result<Option<Samples<T>>> {
        let data = Some(self.rows::<T>(blocks)?).filter(|data| data.n_samples() > 0);
        data.map(|data| self.encoding.samples(data, &self.source))
            .transpose()
    }
}

impl<T: Scalar> SampleStream<T> for Stream {
    fn n_samples(&self) -> usize {
        self.n_samples
    }

    fn portions(
        &self,
        epoch: usize,
        each: &mut dyn FnMut(&Samples<T>) -> bool,
    ) -> Result<(), ModelError> {
        thread::scope(|scope| {
            // Without room, so that the reader is one pool ahead and no more.
            let (sender, receiver) = sync_channel(0);
            scope.spawn(move || {
                for pool in self.pools(epoch) {
                    if sender.send(self.samples(&pool)).is_err() {
                        return;
                    }
                }
            });
            for read in receiver {
                let samples = read.map_err(|error| ModelError::Unread {
                    reason: error.to_string(),
                })?;
                if samples.is_some_and(|samples| !each(&samples)) {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// As many rows as fit into a part that is in memory.
fn most_rows(streaming: &Streaming, n_features: usize) -> usize {
    let bytes = n_features.max(1).saturating_mul(size_of::<f32>());
    streaming.sample_rows.min(PART_BYTES / bytes).max(1)
}

impl Mlp {
    /// [`prepare`](Self::prepare) of a table whose rows are streamed.
    pub(crate) fn prepare_stream<T: Scalar>(
        &self,
        table: &Table,
        streaming: &Streaming,
        holdout: &Holdout,
    ) -> Result<Prepared<T>> {
        let (source, name) = (table.to_string(), table.name());
        self.check_streamed::<T>(table, streaming)?;
        let params = table.load_params();
        let paths = table.files().unwrap_or_default();
        let store = RowStore::open(paths, params, streaming.cache.as_deref())?;
        let columns = store.encoding();
        let has_codes = columns.columns().iter().any(
            |column| matches!(&column.kind, ColumnKind::Categorical(of) if of.codes.is_some()),
        );
        #[allow(clippy::cast_precision_loss, reason = "numbers of rows")]
        let most = most_rows(streaming, columns.n_features()) as f64 / store.n_rows() as f64;
        let test_fraction = match holdout {
            Holdout::Fraction(fraction) => Some(*fraction),
            Holdout::Nothing | Holdout::Test(_) => None,
        };
        let (shares, is_all) = self.shares(test_fraction.unwrap_or(0.0), most, has_codes)?;
        let blocks: Vec<usize> = (0..store.n_blocks()).collect();
        let parts = store.deal::<T>(&blocks, 3, |row| match shares.part(row) {
            Part::Test => Some(0),
            Part::Validation => Some(1),
            Part::Sample => Some(2),
            Part::Rest => None,
        })?;
        let Ok([mut test, mut validation, mut train]) = <[Dataset<T>; 3]>::try_from(parts) else {
            return Err(table.streamed_error());
        };
        if train.n_samples() == 0 {
            return Err(Error::NoSamples { data: source });
        }
        train.learn_columns(self.seed);
        let learnt = train.encoding().cloned();
        let columns = learnt.clone().unwrap_or_else(|| store.encoding().clone());
        test.fill_with(columns.clone());
        validation.fill_with(columns.clone());
        let mut reading = store.reading().clone();
        reading.warnings.extend(giveaway::warnings(&train));
        reading.notes.push(opened(&store));
        let scaling = self.scaling.unwrap_or(Preset::of(DataKind::Table).scaling);
        let label = params.table.label.to_string();
        let encoding = Encoding::fit(&train, scaling, &source, &label)?;
        let mut stream = Stream {
            columns: columns.clone(),
            encoding,
            shares,
            with_sample: !has_codes,
            pool_blocks: streaming.pool_blocks,
            n_samples: 0,
            source: source.clone(),
            store,
        };
        if !is_all {
            let rows = 0..stream.store.n_rows();
            stream.n_samples = rows.filter(|row| stream.is_trained_on(*row)).count();
            stream.scale::<T>(scaling)?;
            reading.notes.push(streamed(
                stream.n_samples,
                [train.n_samples(), test.n_samples(), validation.n_samples()],
            ));
        }
        let encoding = stream.encoding.clone();
        let mut test_reading = None;
        let mut test_source = source.clone();
        if let Holdout::Test(table) = holdout {
            test_source = table.to_string();
            test = Table::clone(table).into_data(learnt.as_ref())?;
            test_reading = test.reading().cloned();
        }
        let some = |data: Dataset<T>, source: &str| {
            let some = Some(data).filter(|data| data.n_samples() > 0);
            some.map(|data| encoding.samples(data, source)).transpose()
        };
        Ok(Prepared {
            train: encoding.samples(train, &source)?,
            weights: None,
            validation: some(validation, &source)?,
            test: some(test, &test_source)?,
            kind: DataKind::Table,
            scaling,
            test_fraction,
            reading: Some(reading),
            test_reading,
            name,
            stream: (!is_all).then(|| Box::new(stream) as Box<dyn SampleStream<T>>),
            graph: GraphParams::default(),
            from: None,
            encoding,
        })
    }

    /// The parts of the rows, each at most such a part of all; and whether the sample is all of the training part.
    fn shares(&self, test: f64, most: f64, has_codes: bool) -> Result<(Shares, bool)> {
        let validation = self.validation_part(DataKind::Table)?;
        for (name, fraction) in [("test_fraction", test), ("validation_fraction", validation)] {
            if !(0.0..1.0).contains(&fraction) {
                return Err(ModelError::parameter(name, fraction, "in [0, 1)").into());
            }
        }
        let test = test.min(most);
        let validation = (validation * (1.0 - test)).min(most);
        let is_all = most >= 1.0 - test - validation;
        let sample = match (is_all, has_codes) {
            (true, _) => 1.0,
            (false, true) => most.min(CODED_SHARE),
            (false, false) => most,
        };
        let seed = self.seed;
        let shares = Shares {
            seed,
            test,
            validation,
            sample,
        };
        Ok((shares, is_all))
    }

    /// Refuses what streaming has no use for.
    fn check_streamed<T: Scalar>(&self, table: &Table, streaming: &Streaming) -> Result<()> {
        let refused =
            |name, value: &str, allowed| Err(ModelError::parameter(name, value, allowed).into());
        if table.files().is_none() {
            return Err(Error::NotATable {
                data: table.to_string(),
                asked: "streaming",
            });
        }
        if T::PRECISION != Precision::F32 {
            return refused("precision", "f64", "f32 where rows are streamed");
        }
        if self.goes_on() {
            return refused("from", "a model", "none where rows are streamed");
        }
        let method = self.method_for(DataKind::Table);
        if !method.by_batches() {
            let allowed = "stochastic where rows are streamed: the others need all samples at once";
            return refused("method", method.name(), allowed);
        }
        for (name, value) in [
            ("pool_blocks", streaming.pool_blocks),
            ("sample_rows", streaming.sample_rows),
        ] {
            if value == 0 {
                return refused(name, "0", "at least 1");
            }
        }
        Ok(())
    }
}

/// Where the rows come from, in words.
fn opened(store: &RowStore) -> String {
    let (path, n) = (store.path().display(), store.n_rows());
    match store.made_because() {
        Some(reason) => format!("the data were converted to {path}, {n} rows, as {reason}"),
        None => format!("rows are read from {path}, {n} rows"),
    }
}

/// What is in memory and what is not, in words.
fn streamed(n: usize, [sample, test, validation]: [usize; 3]) -> String {
    let validation = match validation {
        0 => String::new(),
        n => format!(", {n} for validation"),
    };
    format!(
        "{n} rows are streamed; in memory are {test} for testing{validation} and a sample of {sample}, from which medians for missing numbers are learnt"
    )
}
