//! The binary `tiam`.

fn main() -> std::process::ExitCode {
    tiam_cli::main()
}
