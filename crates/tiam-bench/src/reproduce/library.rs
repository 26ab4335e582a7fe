//! The data sets of the experiments, with public and drawn splits.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tiam::{Encoding, ScalingKind};
use tiam_data::{Dataset, GraphParams, LoadParams, Split, digits, load};
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

    /// True where everybody tests on the same split. Elsewhere one is drawn.
    pub fn has_public_split(self) -> bool {
        !matches!(self, Self::Digits | Self::CoauthorCs)
    }

    /// Samples of the training part, features with four hops, and classes: what the work of a run is estimated by before anything is read.
    pub(super) fn sizes(self) -> [usize; 3] {
        match self {
            Self::Digits => [1437, 64, 10],
            Self::Cora => [140, 7165, 7],
            Self::Citeseer => [120, 18_515, 6],
            Self::Pubmed => [60, 2500, 3],
            Self::CoauthorCs => [300, 34_025, 15],
            Self::Mnist => [60_000, 784, 10],
        }
    }
}

/// A data set with one of its splits; read when a run needs it, so that what is done already costs no reading.
#[derive(Debug)]
pub struct DataSet {
    /// Which.
    pub name: DataName,
    /// The seed of a drawn split; without one the public split, or the one drawn with seed 0 where there is none.
    pub split: Option<u64>,
    path: Option<PathBuf>,
    parts: OnceCell<Parts>,
}

/// Samples of a data set by their use.
///
/// | | training and test part | part that a search trains on, and validates on |
/// |---|---|---|
/// | graphs | the split's: 20 nodes a class, and 1,000 | the training part; the split's validation part, 500 nodes |
/// | digits | 80 % and 20 %, by class, standardised on the training part | 75 % and 25 % of the training part |
/// | MNIST | 60,000 and 10,000 | 6,000 and 2,000 of the training part, by class |
#[derive(Debug)]
pub struct Parts {
    /// Training part.
    pub train: Rc<Samples<f32>>,
    /// Test part; no choice looks at it.
    pub test: Samples<f32>,
    /// What a search of parameters trains on.
    pub search_train: Rc<Samples<f32>>,
    /// What a search of parameters is judged by.
    pub validation: Samples<f32>,
}

impl DataSet {
    /// What the split is called that is used where none is drawn for a run.
    pub(super) fn usual_split(&self) -> &'static str {
        match self.name.has_public_split() {
            true => "public",
            false => "usual",
        }
    }

    /// The samples, read at the first call.
    ///
    /// # Errors
    /// [`BenchError::Data`] for files that cannot be read.
    pub fn parts(&self) -> Result<&Parts, BenchError> {
        if let Some(parts) = self.parts.get() {
            return Ok(parts);
        }
        let graph = GraphParams::default()
            .redraw(self.split.is_some())
            .seed(self.split.unwrap_or_default());
        let data = match &self.path {
            Some(path) => load(path, &LoadParams::default().graph(graph))?,
            None => digits::<f32>()?,
        };
        let parts = prepare(self.name, data, self.split.unwrap_or_default())?;
        Ok(self.parts.get_or_init(|| parts))
    }
}

/// The data sets at hand.
#[derive(Debug)]
pub struct Library {
    folder: Option<PathBuf>,
    /// Those with their usual split; drawn ones are read for as long as they are used.
    usual: BTreeMap<DataName, Rc<DataSet>>,
}

impl Library {
    /// Data from this folder; without one, the embedded digits alone.
    pub fn new(folder: Option<&Path>) -> Self {
        Self {
            folder: folder.map(Path::to_owned),
            usual: BTreeMap::new(),
        }
    }

    /// A data set with its usual split, or `None` where its files are not at hand.
    pub fn get(&mut self, name: DataName) -> Option<Rc<DataSet>> {
        if let Some(known) = self.usual.get(&name) {
            return Some(Rc::clone(known));
        }
        let set = Rc::new(self.find(name, None)?);
        self.usual.insert(name, Rc::clone(&set));
        Some(set)
    }

    /// The same with the split that this seed draws.
    pub fn drawn(&self, name: DataName, split: u64) -> Option<DataSet> {
        self.find(name, Some(split))
    }

    fn find(&self, name: DataName, split: Option<u64>) -> Option<DataSet> {
        let path = match name {
            DataName::Digits => None,
            _ => Some(self.path(name)?),
        };
        Some(DataSet {
            name,
            split,
            path,
            parts: OnceCell::new(),
        })
    }

    /// A data set for an experiment; where it is not at hand, the session notes that it is not run. It is read while runs are only counted, so that a
    /// damaged file ends the session before its first run.
    ///
    /// # Errors
    /// As [`DataSet::parts`].
    pub fn available(
        &mut self,
        name: DataName,
        experiment: &str,
        session: &mut Session<'_>,
    ) -> Result<Option<Rc<DataSet>>, BenchError> {
        let found = self.get(name);
        match &found {
            None => session.skip(experiment, name.name(), self.missing(name)),
            Some(set) if session.planning() => {
                set.parts()?;
            }
            Some(_) => {}
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

fn prepare(name: DataName, data: Dataset<f32>, seed: u64) -> Result<Parts, BenchError> {
    let split = match data.split() {
        Some(split) => split.clone(),
        None => data.make_split(0.0, 0.2, seed)?,
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
        let search = search_split(name, &parts.train, seed)?;
        let train = samples(parts.train.subset(search.train())?)?;
        (Some(train), parts.train.subset(search.validation())?)
    };
    let train = Rc::new(samples(parts.train)?);
    Ok(Parts {
        search_train: search_train.map_or_else(|| Rc::clone(&train), Rc::new),
        train,
        test: samples(parts.test)?,
        validation: samples(validation)?,
    })
}

/// Parts of the training part.
fn search_split(name: DataName, train: &Dataset<f32>, seed: u64) -> Result<Split, BenchError> {
    Ok(match name {
        // A tenth is kept for training, a thirtieth for validation; the rest ("test" here) is left alone.
        DataName::Mnist => train.make_split(1.0 / 30.0, 13.0 / 15.0, seed)?,
        _ => train.make_split(0.25, 0.0, seed)?,
    })
}
