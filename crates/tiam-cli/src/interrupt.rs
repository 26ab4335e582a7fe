//! Handles Ctrl-C: the first stops training after the current iteration, the second ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::output;

/// The exit status shells expect of a program ended by Ctrl-C: 128 + SIGINT.
const KILLED: i32 = 130;

/// A flag that Ctrl-C sets, telling the user what happens now. Call it once; until then Ctrl-C ends the program as usual.
pub(crate) fn flag(message: &'static str) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    let installed = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(KILLED);
        }
        output::message(message);
    });
    if let Err(error) = installed {
        output::message(&format!(
            "warning: Ctrl-C will end the program without saving: {error}"
        ));
    }
    flag
}
