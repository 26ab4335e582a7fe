//! Texts that people or other programs write.

use tiam_bench::BenchError;
use tiam_bench::reproduce::Peers;

use super::{folder, write};

/// Training samples of the run that a configuration is asked about.
const N_SAMPLES: usize = 1000;

/// A configuration. What is read is recorded as a configuration that says the same.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(recorded) = tiam_cli::rewritten(text, N_SAMPLES) {
        assert_eq!(
            tiam_cli::rewritten(&recorded, N_SAMPLES).as_ref(),
            Ok(&recorded)
        );
    }
}

/// What `peers/run.py` measured. What is read can be shown.
pub fn peers(bytes: &[u8]) {
    let folder = folder();
    let path = write(&folder, "p", bytes);
    match Peers::read(&path) {
        Ok(peers) => {
            for detail in [false, true] {
                drop(peers.section(detail));
            }
            for (name, svg) in peers.pictures() {
                assert!(!name.contains('/') && svg.starts_with("<svg"), "{name}");
            }
        }
        Err(BenchError::Io { .. } | BenchError::Peers { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}
