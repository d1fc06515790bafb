//! Reading lines as `holdline apply` takes them, and writing what it answers. One thread.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use holdline::json::{read_command, write_outcome};
use holdline::{Action, Outcome};

use crate::{key, param, state, tell};

/// The attributes of the events, of a hundred: as the workloads have them.
fn event(number: usize) -> (&'static str, &'static str) {
    match number * 37 % 100 {
        0..55 => ("open", ""),
        55..75 => ("click", r#","url":"https://ours.example/a""#),
        75..85 => ("reply", r#","kind":"human""#),
        85..91 => ("bounce", r#","class":"soft""#),
        91..95 => ("mark", r#","as":"interested","scope":"prospect""#),
        95..98 => ("opt-out", ""),
        _ => ("inbound", ""),
    }
}

/// Of a hundred lines 70 events, 10 enrolments, 9 looks, 9 reports and 2 claims.
fn line(number: usize) -> String {
    let at = format!("2026-03-02T08:{:02}:{:02}Z", number / 60_000 % 60, number / 1_000 % 60);
    let person = key(number * 7_919 % 1_000_000);
    match number % 100 {
        0..70 => {
            let (kind, attributes) = event(number);
            let id = (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            let about = format!(r#""id":"{id:032x}","source":"mail","prospect":"{person}""#);
            let event = format!(r#"{{"type":"{kind}",{about}{attributes}}}"#);
            format!(r#"{{"do":"record","at":"{at}","event":{event}}}"#)
        }
        70..80 => {
            format!(r#"{{"do":"enroll","at":"{at}","campaign":"c","prospect":"{person}"}}"#)
        }
        80..89 => format!(r#"{{"do":"confirm","at":"{at}","token":"1-{number}-17"}}"#),
        89..98 => format!(r#"{{"do":"sent","at":"{at}","token":"1-{number}-17"}}"#),
        _ => format!(r#"{{"do":"claim","at":"{at}","limit":100,"lease":"5m"}}"#),
    }
}

pub fn lines(c: &mut Criterion) {
    let lines: Vec<String> = (0..param(1_000, 100_000)).map(line).collect();
    let mut group = c.benchmark_group("json");
    group.throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("read lines", |b| {
        b.iter(|| {
            for line in &lines {
                let command = read_command(line.as_bytes());
                assert!(black_box(command).is_ok(), "{line}");
            }
        });
    });
    // What the events and enrolments among them are answered with.
    let mut state = state(1_000);
    let outcomes: Vec<Outcome> = lines
        .iter()
        .filter_map(|line| read_command(line.as_bytes()).ok())
        .filter_map(|command| match command.action {
            Action::Record(mut event) => {
                let person = event
                    .id
                    .bytes()
                    .fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte));
                event.subject.prospect = Some(key(person % 1_000));
                Some(tell(&mut state, command.at, Action::Record(event)))
            }
            _ => None,
        })
        .collect();
    group.throughput(Throughput::Elements(outcomes.len() as u64));
    group.bench_function("write outcomes of events", |b| {
        b.iter(|| {
            for outcome in &outcomes {
                assert!(black_box(write_outcome(outcome)).ends_with('}'));
            }
        });
    });
    group.finish();
}
