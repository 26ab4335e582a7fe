//! The network of the comparison in burn, on its flex backend: samples as rows, gathered by `select`, Adam.

#[path = "../../common/mod.rs"]
mod common;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig, Relu};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};
use common::{Course, N_INPUTS, Options, Part, Result, Shuffler, mnist};

/// Test samples evaluated at once.
const EVALUATED: usize = 2000;

#[derive(Module, Debug)]
struct Mlp {
    hidden: Vec<Linear>,
    activation: Relu,
    output: Linear,
}

impl Mlp {
    fn new(sizes: &[usize], device: &Device) -> Self {
        let layer = |ends: &[usize]| LinearConfig::new(ends[0], ends[1]).init(device);
        let mut layers: Vec<Linear> = sizes.windows(2).map(layer).collect();
        let output = layers.pop().expect("at least one layer");
        Self {
            hidden: layers,
            activation: Relu::new(),
            output,
        }
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let mut x = inputs;
        for layer in &self.hidden {
            x = self.activation.forward(layer.forward(x));
        }
        self.output.forward(x)
    }
}

fn tensors(part: &Part, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let labels: Vec<i32> = part.labels.iter().map(|&label| label.into()).collect();
    let images = TensorData::new(part.images.clone(), [part.len(), N_INPUTS]);
    (
        Tensor::from_data(images, device),
        Tensor::from_data(TensorData::new(labels, [part.len()]), device),
    )
}

fn correct(model: &Mlp, images: &Tensor<2>, labels: &[u8]) -> usize {
    let model = model.valid();
    let mut right = 0;
    for (chunk, start) in labels.chunks(EVALUATED).zip((0..).step_by(EVALUATED)) {
        let rows = images.clone().slice([start..start + chunk.len()]);
        let found = model.forward(rows).argmax(1).into_data();
        let equal = found
            .iter::<i64>()
            .zip(chunk)
            .filter(|(a, b)| *a == i64::from(**b));
        right += equal.count();
    }
    right
}

fn main() -> Result<()> {
    let options = Options::from_command_line()?;
    let (train, test) = mnist(&options.mnist, options.standardised)?;
    let n = train.len();
    let plain = Device::flex();
    let device = plain.clone().autodiff();
    device.seed(options.seed);
    let (images, labels) = tensors(&train, &device);
    let (test_images, _) = tensors(&test, &plain);
    let mut model = Mlp::new(&options.layers(), &device);
    // burn's own default is 1e-5; all peers have Adam's 1e-8.
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let criterion = CrossEntropyLossConfig::new().init(&device);
    let mut shuffler = Shuffler::new(options.seed);
    let mut course = Course::new();
    for _ in 0..options.epochs {
        let train = |model: &mut Mlp| {
            let order: Vec<i32> = shuffler.order(n).iter().map(|&i| i as i32).collect();
            let mut steps = 0;
            for rows in order.chunks(options.batch) {
                let batch = TensorData::new(rows.to_vec(), [rows.len()]);
                let batch = Tensor::<1, Int>::from_data(batch, &device);
                let outputs = model.forward(images.clone().select(0, batch.clone()));
                let loss = criterion.forward(outputs, labels.clone().select(0, batch));
                let gradients = GradientsParams::from_grads(loss.backward(), model);
                *model = optimizer.step(options.learning_rate, model.clone(), gradients);
                steps += 1;
            }
            Ok(steps)
        };
        course.epoch(test.len(), &mut model, train, |model| {
            Ok(correct(model, &test_images, &test.labels))
        })?;
    }
    course.print();
    Ok(())
}
