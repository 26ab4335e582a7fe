//! What this process takes of the machine: memory and processor time, where the system tells.

use std::fs;

/// Processor seconds of the process so far, all threads together; `None` where the system does not tell.
pub fn processor_seconds() -> Option<f64> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        #[allow(clippy::cast_precision_loss, reason = "seconds of a process")]
        Some(time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64)
    }
    #[cfg(not(unix))]
    None
}

/// The most memory the process has held since [`reset_peak_memory`], in bytes; `None` where the system does not tell it.
pub fn peak_memory() -> Option<u64> {
    status("VmHWM:")
}

/// The memory the process holds now, in bytes; `None` where the system does not tell it.
pub fn memory() -> Option<u64> {
    status("VmRSS:")
}

/// Starts the measurement of [`peak_memory`] afresh; false where the system cannot.
pub fn reset_peak_memory() -> bool {
    // Linux: 5 resets the peak resident set size.
    fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// Memory that earlier work freed and the allocator kept, taken while this lives: what is allocated meanwhile shows in
/// [`peak_memory`].
#[derive(Debug)]
pub struct Ballast {
    _blocks: Vec<Vec<u8>>,
}

/// Small enough that allocators serve it from what they kept.
const BLOCK: usize = 64 << 10;
/// Blocks between two looks at the memory held.
const ROUND: usize = 64;
/// Whatever the system tells, no more than this is taken.
const MOST_ROUNDS: usize = 1024;

impl Ballast {
    /// Takes blocks until new ones make the process grow by (nearly) their own size.
    pub fn take() -> Self {
        let mut blocks = Vec::new();
        for _ in 0..MOST_ROUNDS {
            let Some(before) = memory() else { break };
            // Ones, not zeros: pages that were never written are not held.
            blocks.extend((0..ROUND).map(|_| vec![1u8; BLOCK]));
            let grown = memory().map_or(0, |now| now.saturating_sub(before));
            if grown >= (BLOCK * ROUND) as u64 * 7 / 8 {
                break;
            }
        }
        Self { _blocks: blocks }
    }
}

fn status(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
