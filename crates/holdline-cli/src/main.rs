//! The holdline command.
fn main() {}
