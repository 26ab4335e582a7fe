//! The average of what several processes have trained apart, and the rounding of what they send for it.

use std::sync::Arc;

use super::curvature::LayerCurvature;
use super::step::StochasticBlocks;
use crate::compute::{Numbers, Reduction, Shards, owned};
use crate::prox::LossSum;
use crate::real::Real;

/// Puts together what several processes have trained apart (ours; local steps are known from federated averaging).
///
/// All processes start from the same [`StochasticBlocks`]. Each takes steps on samples of its own, without a word to the others; then every number of the
/// state becomes its mean over the processes, by a fixed tree, so that all have the same bits again. The mean of equal numbers is that number, to the bit where the
/// number of processes is a power of two, else up to rounding.
///
/// Rounded to bf16, a process sends how far W has moved since the last average, and Δ; curvature and losses are always sent whole.
#[derive(Debug)]
pub struct ProcessAverage<T> {
    processes: Arc<dyn Reduction>,
    is_rounded: bool,
    /// What W is sent as the distance to: its last average where that is rounded, else 0.
    origin: Vec<T>,
    /// A sum for each process; it fills its own.
    sums: Vec<Vec<T>>,
    received: Vec<T>,
}

impl<T: Real> ProcessAverage<T> {
    /// Among these processes; `is_rounded` to send 16 bits a parameter.
    pub fn new(processes: Arc<dyn Reduction>, is_rounded: bool) -> Self {
        let size = processes.size();
        Self {
            processes,
            is_rounded,
            origin: Vec::new(),
            sums: (0..size).map(|_| Vec::new()).collect(),
            received: Vec::new(),
        }
    }

    /// How many processes there are.
    pub fn n_processes(&self) -> usize {
        self.processes.size()
    }

    /// This process's part of a batch that all of them have: a run of its own, of all the same length or one more.
    pub fn own<'i>(&self, batch: &'i [usize]) -> &'i [usize] {
        &batch[owned(&*self.processes, batch.len())]
    }

    /// Before the first step: the processes have the same blocks.
    pub fn start(&mut self, blocks: &StochasticBlocks<T>) {
        self.origin.clone_from(&blocks.current);
        if !self.is_rounded {
            self.origin.fill(T::zero());
        }
    }

    /// W and Δ ← their means over the processes; called by all of them after the same number of steps. At an epoch's end, with λ, the same of the running averages
    /// of the iterates, on which no step depends, and of the curvature, whose solves are made anew: then all have the same state.
    /// [`StochasticBlocks::look_ahead`] comes next.
    pub fn average(&mut self, blocks: &mut StochasticBlocks<T>, end: Option<f64>) {
        T::average_processes(self, blocks, end)
    }

    pub(crate) fn average_generic(&mut self, blocks: &mut StochasticBlocks<T>, end: Option<f64>) {
        let StochasticBlocks {
            current,
            change,
            average,
            curvature,
            ..
        } = blocks;
        let n = current.len();
        let own = &mut self.sums[self.processes.rank()];
        own.clear();
        own.extend(current.iter().zip(&self.origin).map(|(w, o)| *w - *o));
        own.extend_from_slice(change);
        if end.is_some() {
            own.extend(average.iter().zip(&self.origin).map(|(w, o)| *w - *o));
        }
        let is_rounded = self.is_rounded;
        let len = self.mean(is_rounded);
        let mean = &self.sums[0][..len];
        let (moved, rest) = mean.split_at(n);
        let (changed, averaged) = rest.split_at(n);
        let place = |to: &mut [T], origin: &[T], mean: &[T]| {
            for ((to, origin), mean) in to.iter_mut().zip(origin).zip(mean) {
                *to = *origin + *mean;
            }
        };
        place(average, &self.origin, averaged);
        place(current, &self.origin, moved);
        change.copy_from_slice(changed);
        if is_rounded {
            self.origin.copy_from_slice(current);
        }
        let Some(damping) = end else {
            return;
        };
        let own = &mut self.sums[self.processes.rank()];
        own.clear();
        for (average, trace) in curvature.iter_mut().filter_map(LayerCurvature::averages) {
            own.extend_from_slice(average);
            own.push(T::from_f64(*trace));
        }
        let len = self.mean(false);
        let mut means = self.sums[0][..len].iter();
        for layer in curvature {
            if let Some((average, trace)) = layer.averages() {
                average
                    .iter_mut()
                    .zip(&mut means)
                    .for_each(|(a, mean)| *a = *mean);
                *trace = means.next().map_or(f64::NAN, |mean| (*mean).to_f64());
            }
            layer.refresh(damping);
        }
    }

    /// The mean over the processes of what each holds in its sum, the same bits in all of them: in the first sum, so many entries.
    fn mean(&mut self, is_rounded: bool) -> usize {
        let (processes, rank) = (&*self.processes, self.processes.rank());
        let len = self.sums[rank].len();
        let rounded = Rounded(processes);
        let mut totals = vec![Some(()); self.sums.len()];
        Shards {
            reduction: if is_rounded { &rounded } else { processes },
            totals: &mut totals,
            sums: &mut self.sums,
            len,
            received: &mut self.received,
        }
        .put_together();
        #[allow(clippy::cast_precision_loss, reason = "a number of processes")]
        let n = T::from_f64(self.sums.len() as f64);
        self.sums[0][..len].iter_mut().for_each(|x| *x /= n);
        len
    }

    /// The sum of the processes' losses, the same in all of them.
    pub fn total(&mut self, own: LossSum) -> LossSum {
        let rank = self.processes.rank();
        let own = |process| (process == rank).then_some(own);
        let mut totals: Vec<_> = (0..self.sums.len()).map(own).collect();
        Shards::<_, T> {
            reduction: &*self.processes,
            totals: &mut totals,
            sums: &mut [],
            len: 0,
            received: &mut self.received,
        }
        .put_together()
    }
}

/// Processes to which numbers go in 16 bits.
#[derive(Debug)]
struct Rounded<'a>(&'a dyn Reduction);

impl Reduction for Rounded<'_> {
    fn rank(&self) -> usize {
        self.0.rank()
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn send(&self, to: usize, numbers: Numbers<'_>) {
        self.0.send(to, Numbers::Bf16(&mut narrow(&numbers)));
    }

    fn receive(&self, from: usize, numbers: Numbers<'_>) {
        let mut bits = narrow(&numbers);
        self.0.receive(from, Numbers::Bf16(&mut bits));
        widen(numbers, &bits);
    }

    /// The sender takes what it has rounded, as the others do.
    fn broadcast(&self, root: usize, numbers: Numbers<'_>) {
        let mut bits = narrow(&numbers);
        self.0.broadcast(root, Numbers::Bf16(&mut bits));
        widen(numbers, &bits);
    }
}

fn narrow(numbers: &Numbers<'_>) -> Vec<u16> {
    match numbers {
        Numbers::Bf16(bits) => bits.to_vec(),
        Numbers::F32(x) => x.iter().copied().map(to_bf16).collect(),
        #[allow(clippy::cast_possible_truncation, reason = "rounded once more")]
        Numbers::F64(x) => x.iter().map(|x| to_bf16(*x as f32)).collect(),
    }
}

fn widen(numbers: Numbers<'_>, bits: &[u16]) {
    let wide = bits.iter().copied().map(from_bf16);
    match numbers {
        Numbers::Bf16(own) => own.copy_from_slice(bits),
        Numbers::F32(x) => x.iter_mut().zip(wide).for_each(|(x, y)| *x = y),
        Numbers::F64(x) => x.iter_mut().zip(wide).for_each(|(x, y)| *x = y.into()),
    }
}

/// The bits of the bf16 nearest to `x`, of two as near the one with an even last bit; NaN stays NaN.
///
/// ```
/// use tiam_linalg::{from_bf16, to_bf16};
/// assert_eq!(from_bf16(to_bf16(-1.5)), -1.5);
/// assert_eq!(from_bf16(to_bf16(0.1)), 0.10009765625); // seven bits after the point
/// ```
pub fn to_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    let upper = |bits: u32| (bits >> 16) as u16;
    match x.is_nan() {
        // Its last bits may be all there is of it.
        true => upper(bits) | 0x40,
        false => upper(bits + 0x7fff + (bits >> 16 & 1)),
    }
}

/// The number with these bits of a bf16.
pub fn from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}
