//! Update rules of the gradient methods.

use serde::{Deserialize, Serialize};
use tiam_linalg::{Real, StateVisitor};

/// How a gradient g becomes a step, entry by entry; η is the learning rate, t counts steps from 1, all sums start at 0.
///
/// | rule | step | η by default | source |
/// |---|---|---|---|
/// | gradient descent | w ← w − η g | 0.1 | η ours |
/// | momentum | v ← m v + g, w ← w − η v | 0.01 | Polyak 1964, in PyTorch's form; η ours |
/// | Adagrad | s ← s + g², w ← w − η g / (√s + ε), s starting at `initial` | 0.01 | Duchi, Hazan & Singer 2011; values PyTorch's |
/// | Adadelta | s ← ϱ s + (1 − ϱ) g², d = g √(u + ε) / √(s + ε), u ← ϱ u + (1 − ϱ) d², w ← w − η d | 1 | Zeiler 2012, with PyTorch's η |
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

    /// η by default.
    #[must_use]
    pub fn learning_rate(self) -> f64 {
        match self {
            Self::GradientDescent => 0.1,
            Self::Momentum { .. } | Self::Adagrad { .. } => 0.01,
            Self::Adadelta { .. } => 1.0,
            Self::Adam { .. } => 0.001,
        }
    }

    /// Where the sums kept for each parameter start.
    fn sums_start(self) -> [Option<f64>; 2] {
        match self {
            Self::GradientDescent => [None, None],
            Self::Momentum { .. } => [Some(0.0), None],
            Self::Adagrad { initial, .. } => [Some(initial), None],
            Self::Adadelta { .. } | Self::Adam { .. } => [Some(0.0), Some(0.0)],
        }
    }
}

/// The state of a rule: up to two numbers a parameter, layer after layer, and the number of steps done.
#[derive(Clone, Debug)]
pub(super) struct Memory<T> {
    sums: [Vec<T>; 2],
    steps: i32,
}

impl<T: Real> Memory<T> {
    pub(super) fn new(rule: GradientRule, n_parameters: usize) -> Self {
        let vec = |start: f64| vec![T::from_f64(start); n_parameters];
        Self {
            sums: rule.sums_start().map(|s| s.map(vec).unwrap_or_default()),
            steps: 0,
        }
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
            Self::GradientDescent => {
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
