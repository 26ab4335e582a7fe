//! Argument check of the examples, which take no arguments.

/// Prints `about` and ends the process on `--help`; ends it with status 2 on any other argument.
pub(crate) fn check_no_arguments(about: &str) {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("-h" | "--help") => {
            println!("{about}\n\nThis example takes no arguments.");
            std::process::exit(0);
        }
        Some(other) => {
            eprintln!("error: unexpected argument {other:?}; this example takes no arguments");
            std::process::exit(2);
        }
    }
}
