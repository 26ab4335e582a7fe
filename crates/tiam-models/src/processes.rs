//! What the processes of one run decide together: when it stops, when it is saved, and what they cannot share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tiam_core::{DriverConfig, Observer, StopReason, TraceRow};
use tiam_linalg::{Numbers, Reduction};

use crate::error::Result;
use crate::measures::NetworkMeasures;

/// What process 0 says.
pub(crate) fn first_says(reduction: &dyn Reduction, yes: bool) -> bool {
    let mut said = [f64::from(u8::from(yes))];
    reduction.broadcast(0, Numbers::F64(&mut said));
    said[0] > 0.0
}

/// The rules that look at a clock or a flag, which may differ between processes: the first one's count.
pub(crate) struct Together {
    reduction: Arc<dyn Reduction>,
    interrupt: Option<Arc<AtomicBool>>,
    time_limit: Option<Duration>,
}

impl Together {
    /// Takes these rules out of the driver's.
    pub(crate) fn of(
        driver: DriverConfig,
        reduction: Arc<dyn Reduction>,
    ) -> Result<(DriverConfig, Self)> {
        let mut params = driver.params().clone();
        let together = Self {
            reduction,
            interrupt: params.stopping.interrupt.take(),
            time_limit: params.stopping.time_limit.take(),
        };
        Ok((params.check()?, together))
    }
}

impl Observer<NetworkMeasures> for Together {
    fn stop(&mut self, row: &TraceRow<NetworkMeasures>) -> Option<StopReason> {
        let flag = self.interrupt.as_ref();
        let interrupted = flag.is_some_and(|flag| flag.load(Ordering::Relaxed));
        let limit = self.time_limit;
        let passed = limit.is_some_and(|limit| row.seconds >= limit.as_secs_f64());
        let rules = [
            (interrupted, StopReason::Interrupted),
            (passed, StopReason::TimeLimit),
        ];
        rules
            .into_iter()
            .find_map(|(holds, reason)| first_says(&*self.reduction, holds).then_some(reason))
    }
}
