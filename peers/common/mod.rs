//! What both Rust peers need and neither framework offers: the command line, MNIST's files, the order of the samples, the result.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flate2::read::GzDecoder;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Pixels of an image.
pub const N_INPUTS: usize = 784;
pub const N_CLASSES: usize = 10;

/// What the driver asks for.
pub struct Options {
    pub mnist: PathBuf,
    pub hidden: Vec<usize>,
    pub batch: usize,
    pub learning_rate: f64,
    pub epochs: usize,
    pub seed: u64,
    pub standardised: bool,
}

impl Options {
    /// From `--mnist DIR --hidden 100,100 --batch 128 --learning-rate 1e-3 --epochs 12 --seed 0 [--standardised]`.
    pub fn from_command_line() -> Result<Self> {
        let mut options = Self {
            mnist: PathBuf::new(),
            hidden: vec![100, 100],
            batch: 128,
            learning_rate: 1e-3,
            epochs: 12,
            seed: 0,
            standardised: false,
        };
        let mut words = std::env::args().skip(1);
        while let Some(flag) = words.next() {
            let mut value = || words.next().ok_or(format!("{flag} needs a value"));
            match flag.as_str() {
                "--mnist" => options.mnist = value()?.into(),
                "--hidden" => {
                    let sizes = value()?;
                    let sizes = sizes.split(',').map(str::parse);
                    options.hidden = sizes.collect::<std::result::Result<_, _>>()?;
                }
                "--batch" => options.batch = value()?.parse()?,
                "--learning-rate" => options.learning_rate = value()?.parse()?,
                "--epochs" => options.epochs = value()?.parse()?,
                "--seed" => options.seed = value()?.parse()?,
                "--standardised" => options.standardised = true,
                _ => return Err(format!("unknown option {flag}").into()),
            }
        }
        Ok(options)
    }

    /// Sizes of all layers, inputs and classes included.
    pub fn layers(&self) -> Vec<usize> {
        let ends = (std::iter::once(N_INPUTS), std::iter::once(N_CLASSES));
        ends.0
            .chain(self.hidden.iter().copied())
            .chain(ends.1)
            .collect()
    }
}

/// Images as rows, one after the other, and their classes.
pub struct Part {
    pub images: Vec<f32>,
    pub labels: Vec<u8>,
}

impl Part {
    pub fn len(&self) -> usize {
        self.labels.len()
    }
}

/// Training and test part; pixels in [0, 1], or with the training pixels' mean 0 and deviation 1.
pub fn mnist(folder: &Path, standardised: bool) -> Result<(Part, Part)> {
    let mut train = part(folder, "train")?;
    let mut test = part(folder, "t10k")?;
    if standardised {
        let count = train.images.len() as f64;
        let sum: f64 = train.images.iter().map(|&x| f64::from(x)).sum();
        let squares: f64 = train.images.iter().map(|&x| f64::from(x).powi(2)).sum();
        let mean = sum / count;
        let deviation = (squares / count - mean * mean).sqrt();
        for x in train.images.iter_mut().chain(&mut test.images) {
            *x = ((f64::from(*x) - mean) / deviation) as f32;
        }
    }
    Ok((train, test))
}

fn part(folder: &Path, name: &str) -> Result<Part> {
    let images = idx(folder, &format!("{name}-images-idx3-ubyte"), 16)?;
    let labels = idx(folder, &format!("{name}-labels-idx1-ubyte"), 8)?;
    if images.len() != labels.len() * N_INPUTS {
        return Err(format!(
            "{name}: {} pixels for {} labels",
            images.len(),
            labels.len()
        )
        .into());
    }
    let images = images.iter().map(|&x| f32::from(x) / 255.0).collect();
    Ok(Part { images, labels })
}

/// The bytes after the head of an IDX file, which may be compressed.
fn idx(folder: &Path, name: &str, head: usize) -> Result<Vec<u8>> {
    let plain = folder.join(name);
    let packed = folder.join(format!("{name}.gz"));
    let mut bytes = Vec::new();
    if plain.is_file() {
        File::open(&plain)?.read_to_end(&mut bytes)?;
    } else {
        let file = File::open(&packed).map_err(|error| format!("{}: {error}", packed.display()))?;
        GzDecoder::new(file).read_to_end(&mut bytes)?;
    }
    if bytes.len() < head {
        return Err(format!("{name} is too short").into());
    }
    Ok(bytes.split_off(head))
}

/// A generator of orders (splitmix64); it has to be quick and seeded, no more.
pub struct Shuffler(u64);

impl Shuffler {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// The numbers below `n` in a new order (Fisher and Yates).
    pub fn order(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for i in (1..n).rev() {
            let j = (u128::from(self.next()) * (i as u128 + 1)) >> 64;
            order.swap(i, j as usize);
        }
        order
    }
}

/// Training seconds and test accuracy after every epoch. The clock runs while training only.
pub struct Course {
    trained: Duration,
    steps: usize,
    points: Vec<(f64, f64)>,
}

impl Course {
    pub fn new() -> Self {
        Self {
            trained: Duration::ZERO,
            steps: 0,
            points: Vec::new(),
        }
    }

    /// One epoch: `train` returns its number of steps, `correct` the number of test samples that are right.
    pub fn epoch<M>(
        &mut self,
        n_test: usize,
        model: &mut M,
        train: impl FnOnce(&mut M) -> Result<usize>,
        correct: impl FnOnce(&M) -> Result<usize>,
    ) -> Result<()> {
        let begun = Instant::now();
        self.steps += train(model)?;
        self.trained += begun.elapsed();
        let accuracy = correct(model)? as f64 / n_test as f64;
        self.points.push((self.trained.as_secs_f64(), accuracy));
        Ok(())
    }

    /// One line of JSON, for the driver.
    pub fn print(&self) {
        let point = |(seconds, accuracy): &(f64, f64)| format!("[{seconds},{accuracy}]");
        let points: Vec<String> = self.points.iter().map(point).collect();
        println!(
            "{{\"curve\":[{}],\"steps\":{},\"seconds\":{}}}",
            points.join(","),
            self.steps,
            self.trained.as_secs_f64()
        );
    }
}
