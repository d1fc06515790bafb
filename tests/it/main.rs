//! The integration tests.

#[cfg(test)]
mod apply;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod bad_store;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod durable;
#[cfg(test)]
mod editors;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod explore;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod history;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod language;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod race;
#[cfg(test)]
mod restoring;
#[cfg(test)]
mod resuming;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod year;
