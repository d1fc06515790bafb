//! Servers and programs that stores need: found or installed, started for a run, and ended with it.

mod install;
mod npm;
mod postgres;
mod process;
mod redis;

pub use self::npm::Node;
pub use self::postgres::PostgresServer;
pub use self::process::Running;
pub use self::redis::RedisServer;
