//! The machine: processor and threads; memory is the front door's.

use std::fs;
use std::hash::{DefaultHasher, Hasher};

use super::record::Machine;

pub use tiam::machine::{Ballast, memory, peak_memory, reset_peak_memory};

/// This machine, with the number of worker threads used.
pub fn machine(threads: usize) -> Machine {
    Machine {
        processor: processor(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        threads,
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// A fingerprint of the running program's file; empty where it cannot be read.
pub(super) fn build() -> String {
    let read = std::env::current_exe().and_then(fs::read);
    let fingerprint = |bytes: Vec<u8>| {
        let mut hasher = DefaultHasher::new();
        hasher.write(&bytes);
        format!("{:016x}", hasher.finish())
    };
    read.map(fingerprint).unwrap_or_default()
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
