//! The machine: processor, threads and memory of the process.

use std::fs;

use super::record::Machine;

/// This machine, with the number of worker threads used.
pub fn machine(threads: usize) -> Machine {
    Machine {
        processor: processor(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        threads,
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// The processor's name where the system tells it (Linux), else its architecture.
fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line
        .and_then(|line| line.split_once(':'))
        .map(|(_, name)| name.trim());
    name.unwrap_or(std::env::consts::ARCH).to_owned()
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
