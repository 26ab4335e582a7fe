//! Triple-inertial block alternating minimisation: coefficients, schedules, driver, trace, comparisons and rate fits. This crate knows no
//! matrix and no network; `tiam-models` trains networks with it.
//!
//! An objective F(u_1, ..., u_n) that is hard to minimise in all blocks at once is often easy in each. Alternating
//! minimisation visits the blocks in turn. The triple-inertial step (paper) of a block u with own objective φ,
//! step size 1/θ and constraint or simple term g is
//!
//! ```text
//! ũ = uᵏ + p1 (uᵏ − uᵏ⁻¹)                       where the step starts
//! û = uᵏ + p2 (uᵏ − uᵏ⁻¹)                       where the gradient is taken
//! ū = argmin_u ⟨∇φ(û), u⟩ + θ/2 ‖u − ũ‖² + g(u)   the step
//! uᵏ⁺¹ = ū + p3 (ū − uᵏ)                        the correction beyond it
//! ```
//!
//! p = (0, 0, 0) is plain alternation, p1 = p2 with p3 = 0 Nesterov's scheme, p2 = p3 = 0 heavy ball. "paper" is C. Yan,
//! J. Xu, Q. Wang, Z. Peng, *A Triple-Inertial Accelerated Alternating Optimization Method for Deep Learning Training*,
//! [arXiv:2503.08489v2](https://arxiv.org/abs/2503.08489v2); "ours" marks what this project settled by itself.
//!
//! # Who owns what
//!
//! A [`BlockProblem`] owns its numbers and computes candidates; a [`Driver`] owns the order, the [`Schedule`], the [`Guard`]
//! and its restarts, the [`Stopping`] rules, the [`Observer`]s (which may hold a rule of your own, [`stop_when`]) and the
//! [`Trace`]. A run ends with an [`Outcome`], which carries its [`StopReason`], or with a [`Failure`], which carries the last
//! finite iterate. [`Driver::start`] gives a [`Run`] to be done step by step, [`Driver::resume`] continues one, and
//! [`compare`] runs several configurations.
//!
//! A [`Block`] holds the numbers of a block and does its step: [`Block::propose_with`] by a gradient, [`Block::propose_prox`]
//! by a gradient and a proximal map, [`Block::propose_exact`] by a minimiser.
//!
//! # A problem of your own
//!
//! F(x, y) = Σ d_i (½ x_i² + ½ y_i² + ½ x_i y_i) − Σ x_i: two blocks, pulled apart, with stiff and soft directions. The least
//! value is −Σ 1/(1.5 d_i).
//!
//! ```
//! use tiam_core::{Block, BlockChange, BlockProblem, Driver, DriverParams, Inertia, StopReason, Stopping};
//!
//! struct Springs {
//!     stiffness: Vec<f64>,
//!     blocks: [Block<f64>; 2],
//! }
//!
//! impl BlockProblem for Springs {
//!     type Measures = ();
//!     fn n_blocks(&self) -> usize {
//!         2
//!     }
//!     fn block_name(&self, block: usize) -> String {
//!         ["x", "y"][block].into()
//!     }
//!     fn propose(&mut self, block: usize, inertia: Inertia) -> BlockChange {
//!         let [x, y] = &mut self.blocks;
//!         let (block, other, pull) = if block == 0 { (x, y.current(), 1.0) } else { (y, x.current(), 0.0) };
//!         let d = &self.stiffness;
//!         block.propose_with(inertia, 1.0, |at, gradient| {
//!             for i in 0..d.len() {
//!                 gradient[i] = d[i] * (at[i] + other[i] / 2.0) - pull;
//!             }
//!         });
//!         let phi = |u: &[f64]| -> f64 {
//!             (0..d.len()).map(|i| d[i] * u[i] * (u[i] + other[i]) / 2.0 - pull * u[i]).sum()
//!         };
//!         BlockChange::between(phi(block.current()), phi(block.candidate()))
//!     }
//!     fn accept(&mut self, block: usize) {
//!         self.blocks[block].accept();
//!     }
//!     fn objective(&mut self) -> f64 {
//!         let (x, y) = (self.blocks[0].current(), self.blocks[1].current());
//!         let term = |i: usize| self.stiffness[i] * (x[i] * x[i] + y[i] * y[i] + x[i] * y[i]) / 2.0 - x[i];
//!         (0..x.len()).map(term).sum()
//!     }
//!     fn measures(&mut self) {}
//! }
//!
//! let iterations = |inertia| {
//!     let problem = Springs {
//!         stiffness: vec![1.0, 0.1, 0.01],
//!         blocks: [Block::new(vec![0.0; 3]), Block::new(vec![0.0; 3])],
//!     };
//!     let stopping = Stopping::default().max_iterations(5000).target_objective(-74.0 + 1e-6);
//!     let config = DriverParams::default().inertia(inertia).stopping(stopping).check()?;
//!     let outcome = Driver::new(config).run(problem).map_err(|failure| failure.error)?;
//!     assert_eq!(outcome.reason, StopReason::TargetObjective);
//!     Ok::<usize, tiam_core::CoreError>(outcome.iterations)
//! };
//! let (plain, inertial) = (iterations(Inertia::NONE)?, iterations(DriverParams::INERTIA)?);
//! assert!(plain > 1700 && inertial < 100, "{plain} {inertial}");
//! # Ok::<(), tiam_core::CoreError>(())
//! ```
//!
//! # How fast was it?
//!
//! [`Trace::fit_rates`] fits a linear (C qᵏ) and a sublinear (C k⁻ᵖ) law to the gap above the limit, which may be known or
//! estimated, and tells the rate with its confidence interval, R², and which law fits better. [`Trace::write_csv`] writes the
//! rows as a table.
//!
//! # Notation
//!
//! | paper | here | meaning |
//! |---|---|---|
//! | p1 | [`Inertia::start`] | first inertia, start of the step |
//! | p2 | [`Inertia::gradient`] | second inertia, point of the gradient |
//! | p3 | [`Inertia::correction`] | third inertia, correction |
//! | uᵏ, uᵏ⁻¹ | `current`, `previous` | values of a block |
//! | uᵏ⁺¹ | `candidate`, until accepted | new value of a block |
//! | φ | `before`, [`BlockChange::after`] | a block's own objective |
//! | θ, τ | 1 / `step_size` | bound of a block's curvature |
//! | g | `prox`, by its proximal map | constraint or simple term of a block |
//! | F, F* | `objective`, [`Limit`] | objective and its limit |
//! | k | `iteration` | closures and `begin_iteration` count from 0; a trace row tells how many are done |

mod block;
mod compare;
mod driver;
mod error;
mod inertia;
mod observer;
mod outcome;
mod params;
mod problem;
mod rate;
mod regress;
mod run;
mod scalar;
mod schedule;
mod stopping;
pub mod student;
mod trace;

pub use block::Block;
pub use compare::{ComparedRun, Comparison, compare};
pub use driver::Driver;
pub use error::CoreError;
pub use inertia::{Inertia, correct, extrapolate};
pub use observer::{EachIteration, Observer, StopWhen, each_iteration, stop_when};
pub use outcome::{Failure, Outcome};
pub use params::{DriverConfig, DriverParams, Guard, Order, OrderFn};
pub use problem::{BlockChange, BlockProblem};
pub use rate::{DecayLaw, Limit, MIN_RATE_POINTS, RateFit, RateReport, fit_rates};
pub use run::Run;
pub use scalar::Scalar;
pub use schedule::{Schedule, ScheduleFn, ScheduleSteps};
pub use stopping::{StopReason, Stopping};
pub use trace::{Trace, TraceRow};

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
