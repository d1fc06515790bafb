//! Holdline: an embedded engine for outreach timelines.

pub mod model;

pub mod lang;

pub mod plan;
