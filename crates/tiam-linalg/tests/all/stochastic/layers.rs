//! Several layers and many batches against the step written out, and one thread against several.

use tiam_linalg::Activation::Elu;
use tiam_linalg::{
    Compute, CurvatureForm, CurvatureRule, Inertia, Matrix, Monotone, SpdFactor, StochasticBlocks,
    StochasticStep,
};

use super::{Setting, assert_close, augmented, second_moments};
use crate::common::{map, multiply};

const RIDGE: f64 = 0.02;
const STEP: StochasticStep = StochasticStep {
    length: 0.3,
    inertia: Inertia {
        start: 0.5,
        gradient: 0.4,
        correction: 0.1,
    },
    averaging: 0.7,
};

/// The step as the equations have it, a layer the matrix [W b].
struct Twin {
    now: Vec<Matrix<f64>>,
    before: Vec<Matrix<f64>>,
    /// Ā_l.
    curvature: Vec<Matrix<f64>>,
    updates: f64,
    gain: f64,
}

fn combine(x: &Matrix<f64>, y: &Matrix<f64>, f: impl Fn(f64, f64) -> f64) -> Matrix<f64> {
    Matrix::from_fn(x.n_rows(), x.n_cols(), |i, j| f(x[(i, j)], y[(i, j)]))
}

fn with_ones(a: &Matrix<f64>) -> Matrix<f64> {
    let all: Vec<usize> = (0..a.n_cols()).collect();
    augmented(a, &all)
}

impl Twin {
    fn new(setting: &Setting) -> Self {
        let layers = setting.weights.iter().zip(&setting.biases);
        let now: Vec<_> = layers
            .map(|(w, b)| {
                let entry = |i, j| if j < w.n_cols() { w[(i, j)] } else { b[i] };
                Matrix::from_fn(w.n_rows(), w.n_cols() + 1, entry)
            })
            .collect();
        let zeros = |w: &Matrix<f64>| Matrix::zeros(w.n_cols(), w.n_cols());
        Self {
            before: now.clone(),
            curvature: now.iter().map(zeros).collect(),
            now,
            updates: 0.0,
            gain: 0.0,
        }
    }

    fn step(
        &mut self,
        setting: &Setting,
        classes: bool,
        indices: &[usize],
        rule: CurvatureRule,
        forms: &[CurvatureForm],
    ) {
        let (p, n_layers) = (STEP.inertia, self.now.len());
        let ahead: Vec<_> = self
            .now
            .iter()
            .zip(&self.before)
            .map(|(now, before)| combine(now, before, |x, y| x + p.gradient * (x - y)))
            .collect();
        let (mut a, mut z) = (vec![augmented(&setting.inputs, indices)], Vec::new());
        for w in &ahead {
            z.push(multiply(w, &a[a.len() - 1]));
            a.push(with_ones(&map(&z[z.len() - 1], |z| Elu.apply(z))));
        }
        let mut e = Matrix::from_fn(z[n_layers - 1].n_rows(), indices.len(), |i, j| {
            let (z, sample) = (z[n_layers - 1].col(j), indices[j]);
            if classes {
                let total: f64 = z.iter().map(|z| z.exp()).sum();
                f64::from(u8::from(setting.labels[sample] as usize == i)) - z[i].exp() / total
            } else {
                setting.values[(i, sample)] - z[i]
            }
        });
        self.updates += 1.0;
        self.gain = 0.0;
        let mut next = Vec::new();
        for l in (0..n_layers).rev() {
            let (w, n) = (&ahead[l], ahead[l].n_cols());
            let product = multiply(&e, &a[l].transposed());
            let g = Matrix::from_fn(w.n_rows(), n, |i, j| {
                let decay = if j + 1 < n { RIDGE * w[(i, j)] } else { 0.0 };
                product[(i, j)] / indices.len() as f64 - decay
            });
            let weight = (1.0 / self.updates).max(1.0 - rule.retain);
            let moments = second_moments(&a[l]);
            self.curvature[l] = combine(&self.curvature[l], &moments, |average, new| {
                average + weight * (new - average)
            });
            let d = direction(&g, &self.curvature[l], rule, forms[l]);
            self.gain += g
                .as_slice()
                .iter()
                .zip(d.as_slice())
                .map(|(g, d)| g * d)
                .sum::<f64>();
            let (now, before) = (&self.now[l], &self.before[l]);
            let bar = combine(now, &combine(now, before, |x, y| x - y), |x, change| {
                x + p.start * change
            });
            let bar = combine(&bar, &d, |x, d| x + STEP.length * d);
            next.push(combine(&bar, now, |bar, x| bar + p.correction * (bar - x)));
            if l > 0 {
                let back = multiply(&w.transposed(), &e);
                e = Matrix::from_fn(n - 1, indices.len(), |i, j| {
                    back[(i, j)] * Elu.derivative(z[l - 1][(i, j)])
                });
            }
        }
        next.reverse();
        self.before = std::mem::replace(&mut self.now, next);
    }
}

/// g (Ā + λ tr(Ā)/√n I)⁻¹, or g.
fn direction(
    g: &Matrix<f64>,
    curvature: &Matrix<f64>,
    rule: CurvatureRule,
    form: CurvatureForm,
) -> Matrix<f64> {
    let mut d = g.clone();
    if form != CurvatureForm::Identity {
        let n = curvature.n_rows();
        let trace: f64 = (0..n).map(|i| curvature[(i, i)]).sum();
        let mut factor = SpdFactor::new(n);
        let damping = rule.damping * trace / (n as f64).sqrt();
        factor.factor(curvature, 1.0, damping).unwrap();
        factor.solve_right(&mut d);
    }
    d
}

/// Weights column after column, then the biases, of every layer.
fn parameters(setting: &Setting, blocks: &StochasticBlocks<f64>) -> Vec<Vec<f64>> {
    let mut now: Vec<_> = setting
        .weights
        .iter()
        .zip(&setting.biases)
        .map(|(w, b)| (w.as_slice().to_vec(), b.clone()))
        .collect();
    blocks.write_current(now.iter_mut().map(|(w, b)| (&mut w[..], &mut b[..])));
    now.into_iter().map(|(w, b)| [w, b].concat()).collect()
}

fn blocks_of(setting: &Setting, forms: &[CurvatureForm]) -> StochasticBlocks<f64> {
    let mut draws = super::random(1, 100_000, 99).into_vec().into_iter();
    let mut draw = move || draws.next().unwrap();
    StochasticBlocks::new(&&setting.layers()[..], &|l| forms[l], &mut draw)
}

/// Thirty batches, in which the plain mean becomes an exponential one; compared after each.
fn follows_its_twin(forms: [CurvatureForm; 3], classes: bool, threads: usize, tolerance: f64) {
    let setting = Setting::random(&[5, 7, 4, 3], 400, 8);
    let (mut twin, mut blocks) = (Twin::new(&setting), blocks_of(&setting, &forms));
    let compute = &mut Compute::new(threads).unwrap();
    for k in 0..30 {
        let indices: Vec<usize> = (0..20 + k).map(|i| (i * 17 + k * 41) % 400).collect();
        // One rule in the plain mean's batches; a later one forgets faster.
        let rule = CurvatureRule {
            retain: if k < 15 { 0.9 } else { 0.6 },
            damping: 0.1 + 0.01 * k as f64,
        };
        twin.step(&setting, classes, &indices, rule, &forms);
        blocks.gradient(Elu, setting.batch(classes, &indices), true, compute);
        blocks.refresh_curvature(rule, compute);
        let gain = blocks.directions(RIDGE, compute);
        blocks.advance(STEP, compute);
        let wanted: Vec<_> = twin.now.iter().map(|w| w.as_slice().to_vec()).collect();
        assert_close(&parameters(&setting, &blocks), &wanted, tolerance);
        assert!(
            (gain - twin.gain).abs() <= tolerance * (1.0 + twin.gain),
            "{k}"
        );
    }
}

#[test]
fn every_layer_is_solved_with_the_average_of_its_own_inputs() {
    let (full, identity) = (CurvatureForm::Full, CurvatureForm::Identity);
    for classes in [true, false] {
        for threads in [1, 2] {
            follows_its_twin([full, full, full], classes, threads, 1e-11);
            follows_its_twin([full, identity, full], classes, threads, 1e-11);
        }
        // A sketch of full rank, of which no more than that is kept.
        let sketch = |rank| CurvatureForm::Sketch { rank };
        follows_its_twin([sketch(6), full, sketch(50)], classes, 2, 1e-6);
        follows_its_twin([identity, sketch(8), identity], classes, 1, 1e-6);
    }
}

/// Of a size at which samples, layers and units are shared out.
#[test]
fn workers_share_samples_layers_and_units() {
    let setting = Setting::random(&[300, 300, 3], 200, 6);
    let forms = [CurvatureForm::Full, CurvatureForm::Full];
    // The second batch is one shard: what the others left must not count again.
    let batches: [Vec<usize>; 3] = [(0..100).collect(), (5..7).collect(), (100..200).collect()];
    let run = |threads: usize| {
        let mut blocks = blocks_of(&setting, &forms);
        let compute = &mut Compute::new(threads).unwrap();
        let (mut gains, mut sums) = (Vec::new(), Vec::new());
        for indices in &batches {
            let sum = blocks.gradient(Elu, setting.batch(true, indices), true, compute);
            blocks.refresh_curvature(super::RULE, compute);
            gains.push(blocks.directions(RIDGE, compute));
            blocks.advance(STEP, compute);
            sums.push((sum.loss, sum.correct));
        }
        (parameters(&setting, &blocks), gains, sums)
    };
    let one = run(1);
    for threads in [2, 3] {
        assert!(one == run(threads), "{threads} threads");
    }
}
