//! The network of the comparison in candle: samples as rows, gathered by `index_select`, Adam.

#[path = "../../common/mod.rs"]
mod common;

use candle_core::{D, DType, Device, Tensor};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap, linear, loss};
use common::{Course, N_INPUTS, Options, Part, Result, Shuffler, mnist};

/// Test samples evaluated at once.
const EVALUATED: usize = 2000;

struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    fn new(sizes: &[usize], variables: &VarBuilder<'_>) -> Result<Self> {
        let layer = |(n, ends): (usize, &[usize])| {
            linear(ends[0], ends[1], variables.pp(format!("layer{n}")))
        };
        let layers = sizes.windows(2).enumerate().map(layer);
        Ok(Self {
            layers: layers.collect::<candle_core::Result<_>>()?,
        })
    }
}

impl Module for Mlp {
    fn forward(&self, inputs: &Tensor) -> candle_core::Result<Tensor> {
        let (last, hidden) = self.layers.split_last().expect("at least one layer");
        let mut x = inputs.clone();
        for layer in hidden {
            x = layer.forward(&x)?.relu()?;
        }
        last.forward(&x)
    }
}

fn tensors(part: &Part) -> Result<(Tensor, Tensor)> {
    let labels: Vec<u32> = part.labels.iter().map(|&label| label.into()).collect();
    let images = Tensor::from_slice(&part.images, (part.len(), N_INPUTS), &Device::Cpu)?;
    Ok((images, Tensor::from_vec(labels, part.len(), &Device::Cpu)?))
}

fn correct(model: &Mlp, images: &Tensor, labels: &Tensor) -> Result<usize> {
    let mut right = 0;
    for start in (0..labels.dim(0)?).step_by(EVALUATED) {
        let n = EVALUATED.min(labels.dim(0)? - start);
        let found = model
            .forward(&images.narrow(0, start, n)?)?
            .argmax(D::Minus1)?;
        let equal = found.eq(&labels.narrow(0, start, n)?)?;
        right += equal.to_dtype(DType::U32)?.sum_all()?.to_scalar::<u32>()? as usize;
    }
    Ok(right)
}

fn main() -> Result<()> {
    let options = Options::from_command_line()?;
    let (train, test) = mnist(&options.mnist, options.standardised)?;
    let n = train.len();
    let (images, labels) = tensors(&train)?;
    let (test_images, test_labels) = tensors(&test)?;
    let variables = VarMap::new();
    let builder = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let mut model = Mlp::new(&options.layers(), &builder)?;
    // AdamW without decay of the weights is Adam.
    let params = ParamsAdamW {
        lr: options.learning_rate,
        weight_decay: 0.0,
        ..ParamsAdamW::default()
    };
    let mut optimizer = AdamW::new(variables.all_vars(), params)?;
    let mut shuffler = Shuffler::new(options.seed);
    let mut course = Course::new();
    for _ in 0..options.epochs {
        // Inside candle's own pool, whose threads stay awake between the products.
        let train = |model: &mut Mlp| {
            let steps = Device::Cpu.with_context(|| {
                let order = Tensor::from_vec(shuffler.order(n), n, &Device::Cpu)?;
                for start in (0..n).step_by(options.batch) {
                    let batch = order.narrow(0, start, options.batch.min(n - start))?;
                    let outputs = model.forward(&images.index_select(&batch, 0)?)?;
                    let loss = loss::cross_entropy(&outputs, &labels.index_select(&batch, 0)?)?;
                    optimizer.backward_step(&loss)?;
                }
                candle_core::Result::Ok(n.div_ceil(options.batch))
            })?;
            Ok(steps)
        };
        course.epoch(test.len(), &mut model, train, |model| {
            correct(model, &test_images, &test_labels)
        })?;
    }
    course.print();
    Ok(())
}
