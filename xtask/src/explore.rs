//! Every state of two workers, a person and an engine that crashes, within bounds that are wider
//! than a test's.

use std::time::Instant;

use holdline::testing::explore::{Bounds, Flaw, explore};

use crate::Failure;

/// `explore [BOUND N]…`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let bounds = read(arguments)?;
    println!("{bounds:?}");
    let from = Instant::now();
    match explore(bounds, Flaw::None) {
        Ok(explored) => {
            println!(
                "{} states, all there are; {} of the engine, {} moves, the furthest {} moves away",
                explored.states, explored.engines, explored.moves, explored.depth
            );
            println!(
                "in {:.1} s; none left after an acknowledged hold, none twice, none lost",
                from.elapsed().as_secs_f64()
            );
            Ok(())
        }
        Err(found) => Err(Failure::Failed(format!(
            "{:?}, after:\n  {}",
            found.breach,
            found.moves.join("\n  ")
        ))),
    }
}

fn read(arguments: &[String]) -> Result<Bounds, Failure> {
    let mut bounds = Bounds { crashes: 1, on_the_way: 2, ..Bounds::SMALL };
    for pair in arguments.chunks(2) {
        let number = |most: u8| {
            let number = pair.get(1).and_then(|text| text.parse::<u8>().ok());
            number.filter(|number| *number <= most).ok_or_else(|| {
                let name = pair.first().map_or("", String::as_str);
                Failure::Usage(format!("expected a number up to {most} behind `{name}`"))
            })
        };
        match pair.first().map_or("", String::as_str) {
            "steps" => bounds.steps = number(3)?.into(),
            "holds" => bounds.holds = number(2)?.into(),
            "lifts" => bounds.lifts = number(2)?,
            "leases" => bounds.leases = number(3)?,
            "crashes" => bounds.crashes = number(3)?,
            "losses" => bounds.losses = number(3)?,
            "on-the-way" => bounds.on_the_way = number(3)?.into(),
            other => {
                let names = "steps, holds, lifts, leases, crashes, losses or on-the-way";
                return Err(Failure::Usage(format!("expected {names}, found `{other}`")));
            }
        }
    }
    Ok(bounds)
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::Failure;

    #[test]
    fn bounds_are_said_by_their_names() {
        let said =
            |words: &[&str]| read(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        let bounds = said(&["holds", "2", "crashes", "0"]).unwrap();
        assert_eq!((bounds.holds, bounds.crashes, bounds.losses), (2, 0, 1));
        for wrong in [&["holds"][..], &["holds", "9"], &["hold", "1"]] {
            assert!(matches!(said(wrong), Err(Failure::Usage(_))), "{wrong:?}");
        }
    }
}
