//! The data sets of the experiments; each is read once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tiam::{Encoding, ScalingKind};
use tiam_data::{Dataset, LoadParams, Split, digits, load};
use tiam_models::Samples;

use super::session::Session;
use crate::error::BenchError;

/// A data set of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataName {
    /// The embedded digits: 1,797 samples of 8x8 pixels.
    Digits,
    /// Cora, five hops of its features (7,165).
    Cora,
    /// Citeseer.
    Citeseer,
    /// PubMed.
    Pubmed,
    /// Coauthor-CS.
    CoauthorCs,
    /// MNIST.
    Mnist,
}

impl DataName {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Cora,
        Self::Citeseer,
        Self::Pubmed,
        Self::CoauthorCs,
        Self::Mnist,
        Self::Digits,
    ];

    /// Name in files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Cora => "cora",
            Self::Citeseer => "citeseer",
            Self::Pubmed => "pubmed",
            Self::CoauthorCs => "coauthor-cs",
            Self::Mnist => "mnist",
        }
    }

    /// What the data folder may call it.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Self::Digits => &[],
            Self::Cora => &["cora.npz"],
            Self::Citeseer => &["citeseer.npz"],
            Self::Pubmed => &["pubmed.npz"],
            Self::CoauthorCs => &["coauthor-cs.npz", "ms_academic_cs.npz"],
            Self::Mnist => &["mnist"],
        }
    }

    /// True for graphs: few samples, thousands of features.
    pub fn is_graph(self) -> bool {
        !matches!(self, Self::Digits | Self::Mnist)
    }
}

/// One data set, ready for training.
///
/// | | training and test part | part that a search trains on, and validates on |
/// |---|---|---|
/// | graphs | the public split, or one drawn | the training part; the split's validation part |
/// | digits | 80 % and 20 %, by class, standardised on the training part | 75 % and 25 % of the training part |
/// | MNIST | 60,000 and 10,000 | 6,000 and 2,000 of the training part, by class |
#[derive(Debug)]
pub struct DataSet {
    /// Which.
    pub name: DataName,
    /// Training part.
    pub train: Rc<Samples<f32>>,
    /// Test part; no choice looks at it.
    pub test: Samples<f32>,
    /// What a search of parameters trains on.
    pub search_train: Rc<Samples<f32>>,
    /// What a search of parameters is judged by.
    pub validation: Samples<f32>,
}

/// Seed of the splits that are drawn; the same for all runs, whose own seeds draw the weights.
const SPLIT_SEED: u64 = 0;

/// The data sets at hand.
#[derive(Debug)]
pub struct Library {
    folder: Option<PathBuf>,
    read: BTreeMap<DataName, Rc<DataSet>>,
}

impl Library {
    /// Data from this folder; without one, the embedded digits alone.
    pub fn new(folder: Option<&Path>) -> Self {
        Self {
            folder: folder.map(Path::to_owned),
            read: BTreeMap::new(),
        }
    }

    /// A data set, or `None` where its files are not at hand.
    ///
    /// # Errors
    /// [`BenchError::Data`] for files that cannot be read.
    pub fn get(&mut self, name: DataName) -> Result<Option<Rc<DataSet>>, BenchError> {
        if let Some(known) = self.read.get(&name) {
            return Ok(Some(Rc::clone(known)));
        }
        let data = match (name, self.path(name)) {
            (DataName::Digits, _) => digits::<f32>()?,
            (_, Some(path)) => load(path, &LoadParams::default())?,
            (_, None) => return Ok(None),
        };
        let set = Rc::new(prepare(name, data)?);
        self.read.insert(name, Rc::clone(&set));
        Ok(Some(set))
    }

    /// A data set for an experiment; where it is not at hand, the session notes that it is not run.
    ///
    /// # Errors
    /// As [`Library::get`].
    pub fn available(
        &mut self,
        name: DataName,
        experiment: &str,
        session: &mut Session<'_>,
    ) -> Result<Option<Rc<DataSet>>, BenchError> {
        let found = self.get(name)?;
        if found.is_none() {
            session.skip(experiment, name.name(), self.missing(name));
        }
        Ok(found)
    }

    /// Why a data set is not there.
    fn missing(&self, name: DataName) -> String {
        let files = name.files().join(" or ");
        match &self.folder {
            None => format!("no data folder was given (--data); it would hold {files}"),
            Some(folder) => format!("{} holds no {files}", folder.display()),
        }
    }

    fn path(&self, name: DataName) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        let mut paths = name.files().iter().map(|file| folder.join(file));
        paths.find(|path| path.exists())
    }
}

fn prepare(name: DataName, data: Dataset<f32>) -> Result<DataSet, BenchError> {
    let split = match data.split() {
        Some(split) => split.clone(),
        None => data.make_split(0.0, 0.2, SPLIT_SEED)?,
    };
    let parts = data.into_parts(&split)?;
    let scaling = match name {
        DataName::Digits => ScalingKind::Standard,
        _ => ScalingKind::None,
    };
    let encoding = Encoding::fit(&parts.train, scaling, name.name(), "last")?;
    let samples = |data: Dataset<f32>| encoding.samples(data, name.name());
    let (search_train, validation) = if name.is_graph() {
        (None, parts.validation)
    } else {
        let search = search_split(name, &parts.train)?;
        let train = samples(parts.train.subset(search.train())?)?;
        (Some(train), parts.train.subset(search.validation())?)
    };
    let train = Rc::new(samples(parts.train)?);
    Ok(DataSet {
        name,
        search_train: search_train.map_or_else(|| Rc::clone(&train), Rc::new),
        train,
        test: samples(parts.test)?,
        validation: samples(validation)?,
    })
}

/// Parts of the training part.
fn search_split(name: DataName, train: &Dataset<f32>) -> Result<Split, BenchError> {
    Ok(match name {
        // A tenth is kept for training, a thirtieth for validation; the rest ("test" here) is left alone.
        DataName::Mnist => train.make_split(1.0 / 30.0, 13.0 / 15.0, SPLIT_SEED)?,
        _ => train.make_split(0.25, 0.0, SPLIT_SEED)?,
    })
}
