//! Parameters of the driver.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::check;
use crate::{CoreError, Inertia, Schedule, Stopping};

/// Whether a step that raises its block's own objective is repeated without inertia.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Repeats a step with [`Inertia::NONE`] unless it [improves](crate::BlockChange::improves), and counts a restart. The repeated
    /// step is accepted if it is finite, even if it raises the objective (a constraint that moved may force that). A step
    /// without inertia is counted and repeated like any other.
    #[default]
    On,
    /// Every finite candidate is accepted.
    Off,
}

/// A user's order: the closure gets the iteration (0 for the first) and the blocks 0, 1, ..., and rearranges, drops or repeats them.
pub type OrderFn = dyn Fn(usize, &mut Vec<usize>) + Send + Sync;

/// The order in which an iteration visits the blocks.
///
/// ```
/// use tiam_core::Order;
/// let there_and_back = Order::custom(|k, blocks| if k % 2 == 1 { blocks.reverse() });
/// assert_eq!(format!("{there_and_back:?}"), "custom");
/// ```
#[derive(Clone, Default)]
pub enum Order {
    /// 0, 1, ..., n − 1.
    #[default]
    Forward,
    /// n − 1, ..., 1, 0.
    Backward,
    /// A closure. If it names a block that does not exist, the run ends with [`CoreError::Order`].
    Custom(Arc<OrderFn>),
}

impl Order {
    /// A closure that rearranges the blocks 0, 1, ... for an iteration (0 for the first).
    pub fn custom(f: impl Fn(usize, &mut Vec<usize>) + Send + Sync + 'static) -> Self {
        Self::Custom(Arc::new(f))
    }

    /// Fills `blocks` for iteration `k`.
    pub(crate) fn fill(
        &self,
        k: usize,
        n_blocks: usize,
        blocks: &mut Vec<usize>,
    ) -> Result<(), CoreError> {
        blocks.clear();
        blocks.extend(0..n_blocks);
        match self {
            Self::Forward => {}
            Self::Backward => blocks.reverse(),
            Self::Custom(f) => f(k, blocks),
        }
        match blocks.iter().find(|&&block| block >= n_blocks) {
            Some(&block) => Err(CoreError::Order {
                iteration: k + 1,
                block,
                n_blocks,
            }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forward => "forward",
            Self::Backward => "backward",
            Self::Custom(_) => "custom",
        })
    }
}

/// Parameters of a driver, not yet checked.
///
/// | name | symbol | default | range | source |
/// |---|---|---|---|---|
/// | `inertia` | p1, p2, p3 | 0.95, 0.95, 0.3 | [0, 1] each | paper; the values are ours: with the guard, the fastest on real data |
/// | `schedule` | | constant | | paper |
/// | `guard` | | on | | ours, because these coefficients diverge without |
/// | `order` | | forward | | ours; paper: the order of its layers |
/// | `stopping` | | 100 iterations | see [`Stopping`] | ours |
/// | `divergence_factor` | | 10⁶ | ≥ 1, infinity allowed | ours: F above it times max(abs F₀, 1) is divergence |
///
/// ```
/// use tiam_core::{DriverParams, Guard, Inertia, Schedule, Stopping};
/// let config = DriverParams::default()
///     .inertia(Inertia::new(0.7, 0.7, 0.3)?)
///     .schedule(Schedule::Fista)
///     .guard(Guard::Off)
///     .stopping(Stopping::default().max_iterations(20))
///     .check()?;
/// assert_eq!(config.params().stopping.max_iterations, 20);
/// # Ok::<(), tiam_core::CoreError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DriverParams {
    /// Base coefficients, which the schedule scales.
    pub inertia: Inertia,
    /// Schedule that scales the coefficients.
    pub schedule: Schedule,
    /// Whether steps that raise their block's objective are repeated.
    pub guard: Guard,
    /// The order of the blocks.
    pub order: Order,
    /// Stopping rules.
    pub stopping: Stopping,
    /// The run has diverged when F exceeds this times max(|F₀|, 1).
    pub divergence_factor: f64,
}

impl Default for DriverParams {
    fn default() -> Self {
        Self {
            inertia: Self::INERTIA,
            schedule: Schedule::default(),
            guard: Guard::default(),
            order: Order::default(),
            stopping: Stopping::default(),
            divergence_factor: Self::DIVERGENCE_FACTOR,
        }
    }
}

impl DriverParams {
    /// The default coefficients.
    pub const INERTIA: Inertia = Inertia {
        start: 0.95,
        gradient: 0.95,
        correction: 0.3,
    };
    /// The default of `divergence_factor`.
    pub const DIVERGENCE_FACTOR: f64 = 1e6;

    /// Sets the base coefficients.
    #[must_use]
    pub fn inertia(mut self, inertia: Inertia) -> Self {
        self.inertia = inertia;
        self
    }

    /// Sets the schedule.
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Sets the guard.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    /// Sets the order.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Sets the stopping rules.
    #[must_use]
    pub fn stopping(mut self, stopping: Stopping) -> Self {
        self.stopping = stopping;
        self
    }

    /// Sets the divergence factor.
    #[must_use]
    pub fn divergence_factor(mut self, factor: f64) -> Self {
        self.divergence_factor = factor;
        self
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`CoreError::Parameter`] with the first value outside its range.
    pub fn check(self) -> Result<DriverConfig, CoreError> {
        self.inertia.check()?;
        self.stopping.check()?;
        let factor = self.divergence_factor;
        check("divergence_factor", factor, factor >= 1.0, "a number >= 1")?;
        Ok(DriverConfig { params: self })
    }
}

/// Checked [`DriverParams`]. `default()` holds the defaults.
#[derive(Clone, Debug, Default)]
pub struct DriverConfig {
    params: DriverParams,
}

impl DriverConfig {
    /// The values.
    #[must_use]
    pub fn params(&self) -> &DriverParams {
        &self.params
    }
}
