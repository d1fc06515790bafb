//! The benchmark of stores: `cargo run --release -p holdline-peers -- bench`.

mod bench;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let bench::Cli::Bench(arguments) = bench::Cli::parse();
    match bench::run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
