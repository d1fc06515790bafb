//! The engines, a file for each. A file names the one foreign crate that it is about.

mod cedar;
mod cel;
mod holdline;
mod regorus;
mod rhai;
mod zen;

pub use cedar::Cedar;
pub use cel::Cel;
pub use holdline::{About, Holdline, bundle, compile};
pub use regorus::Regorus;
pub use rhai::Rhai;
pub use zen::Zen;
