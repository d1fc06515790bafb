//! The engine's threads in one order after the other, chosen by shuttle at each lock and each
//! channel: in a build of its own, in which there are no other threads.

use crate::Failure;
use crate::step::{Step, run_all};

/// `orders [ORDERS]`: so many of each scenario.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let step = match arguments {
        [] => step(),
        [orders] if orders.parse::<usize>().is_ok_and(|orders| orders > 0) => {
            step().with("HOLDLINE_ORDERS", orders)
        }
        _ => {
            let found = arguments.join(" ");
            return Err(Failure::Usage(format!("`orders` takes [ORDERS], found `{found}`")));
        }
    };
    run_all(&[step])
}

/// As many as take some seconds.
pub(crate) fn step() -> Step {
    let tests = "test --profile checked --package holdline --lib --target-dir target/orders";
    Step::cargo("orders", &format!("{tests} -- orders::"))
        .with("RUSTFLAGS", "--cfg holdline_orders")
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::Failure;

    #[test]
    fn how_many_is_a_number_that_is_not_zero() {
        for wrong in [&["many"][..], &["0"], &["1", "2"]] {
            let wrong: Vec<String> = wrong.iter().map(|&word| word.to_owned()).collect();
            assert!(matches!(run(&wrong), Err(Failure::Usage(_))), "{wrong:?}");
        }
    }
}
