//! What the product must do, row by row, and the semantics behind the rows: each through JSON
//! lines, each expectation from the design.

mod bulk;
mod calendars;
mod campaigns;
mod changes;
mod company_pace;
mod elsewhere;
mod events;
mod forgetting;
mod holds;
mod lateness;
mod limits;
mod numbered;
mod people;
mod planned;
mod sending;
mod slots;
mod steps;
mod subjects;
mod time;
mod windows;
