//! Update rules of the gradient methods.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use tiam_linalg::{Real, StateVisitor};
use tiam_models::Network;

use super::samt::{self, StepSizes};

/// How a gradient g becomes a step, entry by entry; η is the learning rate, t counts steps from 1, all sums start at 0.
///
/// | rule | step | η by default | source |
/// |---|---|---|---|
/// | gradient descent | w ← w − η g | 0.1 | η ours |
/// | momentum | v ← m v + g, w ← w − η v | 0.01 | Polyak 1964, in PyTorch's form; η ours |
/// | Adagrad | s ← s + g², w ← w − η g / (√s + ε), s starting at `initial` | 0.01 | Duchi, Hazan & Singer 2011; values PyTorch's |
/// | Adadelta | s ← ϱ s + (1 − ϱ) g², d = g √(u + ε) / √(s + ε), u ← ϱ u + (1 − ϱ) d², w ← w − η d | 1 | Zeiler 2012, with PyTorch's η |
/// | SAMT | layer after layer w ← w − η s g, every s trained | 0.1 | Yan, Xu, Peng & Wang 2025; all but its idea, and η, ours |
/// | Adam | m ← β1 m + (1 − β1) g, v ← β2 v + (1 − β2) g², w ← w − η m/(1 − β1ᵗ) / (√(v/(1 − β2ᵗ)) + ε) | 0.001 | Kingma & Ba 2015 |
///
/// ```
/// use tiam_bench::methods::GradientRule;
/// assert!((GradientRule::adam().learning_rate() - 0.001).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum GradientRule {
    /// Plain steps along the negative gradient.
    GradientDescent,
    /// Heavy ball.
    Momentum {
        /// m, in [0, 1).
        momentum: f64,
    },
    /// Steps that shrink with the gradients seen.
    Adagrad {
        /// ε, above 0.
        epsilon: f64,
        /// Where s starts, at least 0.
        initial: f64,
    },
    /// Steps in the units of the parameters.
    Adadelta {
        /// ϱ, in [0, 1).
        decay: f64,
        /// ε, above 0.
        epsilon: f64,
    },
    /// Moving averages of gradient and square, their start corrected for.
    Adam {
        /// β1, in [0, 1).
        beta1: f64,
        /// β2, in [0, 1).
        beta2: f64,
        /// ε, above 0.
        epsilon: f64,
    },
    /// Steps block after block, with trained step sizes.
    Samt {
        /// What shares a step size.
        sizes: StepSizes,
        /// β, at least 0.
        meta_rate: f64,
    },
}

impl GradientRule {
    /// m = 0.9: the usual value; the paper names none.
    #[must_use]
    pub fn momentum() -> Self {
        Self::Momentum { momentum: 0.9 }
    }

    /// ε = 1e-10 and s starting at 0: PyTorch's.
    #[must_use]
    pub fn adagrad() -> Self {
        let (epsilon, initial) = (1e-10, 0.0);
        Self::Adagrad { epsilon, initial }
    }

    /// ϱ = 0.9 and ε = 1e-6: PyTorch's; the paper's ϱ is 0.95.
    #[must_use]
    pub fn adadelta() -> Self {
        let (decay, epsilon) = (0.9, 1e-6);
        Self::Adadelta { decay, epsilon }
    }

    /// β1 = 0.9, β2 = 0.999 and ε = 1e-8: the paper's.
    #[must_use]
    pub fn adam() -> Self {
        let (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8);
        Self::Adam {
            beta1,
            beta2,
            epsilon,
        }
    }

    /// A step size a row and β = 0.1: ours, by the validation parts of digits and MNIST.
    #[must_use]
    pub fn samt() -> Self {
        let (sizes, meta_rate) = (StepSizes::default(), 0.1);
        Self::Samt { sizes, meta_rate }
    }

    /// η by default.
    #[must_use]
    pub fn learning_rate(self) -> f64 {
        match self {
            Self::GradientDescent | Self::Samt { .. } => 0.1,
            Self::Momentum { .. } | Self::Adagrad { .. } => 0.01,
            Self::Adadelta { .. } => 1.0,
            Self::Adam { .. } => 0.001,
        }
    }

    /// Layers that a step takes: all at once, or one after another.
    pub(super) fn blocks(
        self,
        n_layers: usize,
    ) -> impl Iterator<Item = Range<usize>> + Clone + use<> {
        let len = match self {
            Self::Samt { .. } => 1,
            _ => n_layers,
        };
        (0..n_layers).step_by(len).map(move |l| l..l + len)
    }
}

/// The state of a rule: up to two numbers a parameter, layer after layer, and the number of steps done.
#[derive(Clone, Debug)]
pub(super) struct Memory<T> {
    sums: [Vec<T>; 2],
    steps: i32,
}

impl<T: Real> Memory<T> {
    pub(super) fn new(rule: GradientRule, network: &Network<T>) -> Self {
        let n_parameters = network.architecture().n_parameters();
        let all = |start: f64| vec![T::from_f64(start); n_parameters];
        let sums = match rule {
            GradientRule::GradientDescent => [vec![], vec![]],
            GradientRule::Momentum { .. } => [all(0.0), vec![]],
            GradientRule::Adagrad { initial, .. } => [all(initial), vec![]],
            GradientRule::Adadelta { .. } | GradientRule::Adam { .. } => [all(0.0), all(0.0)],
            GradientRule::Samt { sizes, .. } => samt::memory(sizes, network),
        };
        Self { sums, steps: 0 }
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        for (to, from) in self.sums.iter_mut().zip(&other.sums) {
            to.copy_from_slice(from);
        }
        self.steps = other.steps;
    }

    pub(super) fn visit_state(&mut self, visitor: &mut dyn StateVisitor<T>) {
        for (sums, name) in self.sums.iter_mut().zip(["memory.first", "memory.second"]) {
            visitor.values(name, sums);
        }
        let mut steps = usize::try_from(self.steps).unwrap_or_default();
        visitor.count("memory.steps", &mut steps);
        self.steps = i32::try_from(steps).unwrap_or(i32::MAX);
    }

    /// Counts a step of one layer: d of the step before, s of all layers, and whether this step is the first.
    pub(super) fn of_blocks(&mut self) -> (&mut [T], &mut [T], bool) {
        let is_first = self.steps == 0;
        self.steps = self.steps.saturating_add(1);
        let [direction, factors] = &mut self.sums;
        (direction, factors, is_first)
    }

    /// Counts a step; its slices then come in the order of the parameters.
    pub(super) fn begin_step(&mut self) -> MemorySlices<'_, T> {
        self.steps = self.steps.saturating_add(1);
        let [first, second] = &mut self.sums;
        MemorySlices {
            rest: [first, second],
            step: self.steps,
        }
    }
}

/// The sums of the parameters that are still to be stepped.
pub(super) struct MemorySlices<'a, T> {
    rest: [&'a mut [T]; 2],
    step: i32,
}

impl<'a, T> MemorySlices<'a, T> {
    /// The sums of the next `len` parameters; empty where the rule keeps none.
    fn take(&mut self, len: usize) -> [&'a mut [T]; 2] {
        self.rest.each_mut().map(|rest| {
            let all = std::mem::take(rest);
            let (head, tail) = all.split_at_mut(len.min(all.len()));
            *rest = tail;
            head
        })
    }
}

/// The gradient of a slice of parameters: g = `scale` · `sum` + `decay` · w.
#[derive(Clone, Copy)]
pub(super) struct Slope<'a, T> {
    pub(super) sum: &'a [T],
    pub(super) scale: T,
    pub(super) decay: T,
}

impl<T: Real> Slope<'_, T> {
    /// g of entry i, which is `w`.
    #[inline(always)]
    pub(super) fn at(&self, i: usize, w: T) -> T {
        self.scale * self.sum[i] + self.decay * w
    }
}

impl GradientRule {
    /// Steps the next parameters `w` in place. Two to ten operations an entry.
    pub(super) fn step<T: Real>(
        self,
        w: &mut [T],
        slope: Slope<'_, T>,
        learning_rate: f64,
        memory: &mut MemorySlices<'_, T>,
    ) {
        let [first, second] = memory.take(w.len());
        let Slope { sum, scale, decay } = slope;
        let rate = T::from_f64(learning_rate);
        let entries = w.iter_mut().zip(sum);
        match self {
            // SAMT has steps of its own.
            Self::GradientDescent | Self::Samt { .. } => {
                for (w, sum) in entries {
                    *w -= rate * (scale * *sum + decay * *w);
                }
            }
            Self::Momentum { momentum } => {
                let momentum = T::from_f64(momentum);
                for ((w, sum), v) in entries.zip(first) {
                    *v = momentum * *v + (scale * *sum + decay * *w);
                    *w -= rate * *v;
                }
            }
            Self::Adagrad { epsilon, .. } => {
                let epsilon = T::from_f64(epsilon);
                for ((w, sum), s) in entries.zip(first) {
                    let g = scale * *sum + decay * *w;
                    *s += g * g;
                    *w -= rate * g / (s.sqrt() + epsilon);
                }
            }
            Self::Adadelta {
                decay: kept,
                epsilon,
            } => {
                let [kept, new, epsilon] = [kept, 1.0 - kept, epsilon].map(T::from_f64);
                for (((w, sum), s), u) in entries.zip(first).zip(second) {
                    let g = scale * *sum + decay * *w;
                    *s = kept * *s + new * g * g;
                    let d = g * ((*u + epsilon) / (*s + epsilon)).sqrt();
                    *u = kept * *u + new * d * d;
                    *w -= rate * d;
                }
            }
            Self::Adam {
                beta1,
                beta2,
                epsilon,
            } => {
                let t = memory.step;
                let rate = T::from_f64(learning_rate / (1.0 - beta1.powi(t)));
                let corrected = T::from_f64(1.0 / (1.0 - beta2.powi(t)));
                let [b1, new1] = [beta1, 1.0 - beta1].map(T::from_f64);
                let [b2, new2, epsilon] = [beta2, 1.0 - beta2, epsilon].map(T::from_f64);
                for (((w, sum), m), v) in entries.zip(first).zip(second) {
                    let g = scale * *sum + decay * *w;
                    *m = b1 * *m + new1 * g;
                    *v = b2 * *v + new2 * g * g;
                    *w -= rate * *m / ((corrected * *v).sqrt() + epsilon);
                }
            }
        }
    }
}
