//! The holdline command as its users meet it: arguments in, text and an exit code out.

#[cfg(test)]
mod authoring;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod desk;
mod eval;
#[cfg(test)]
mod help;
#[cfg(test)]
mod history;
#[cfg(test)]
mod input;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod look;
#[cfg(test)]
mod lsp;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod run;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod testing;
