//! What the state still knows of who was forgotten.

use crate::engine::State;
use crate::json::read_command;
use crate::model::{Command, Outcome};

fn command(body: &str) -> Command {
    read_command(format!(r#"{{"at":"2026-03-02T08:00:00Z",{body}}}"#).as_bytes()).unwrap()
}

fn tell(state: &mut State, body: &str) {
    let mut command = state.erasing(command(body));
    let outcome = state.apply(&mut command).outcome;
    assert!(!matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
}

#[test]
fn commands_of_before_are_known_to_name_who_is_forgotten() {
    let mut state = State::new();
    let put = |key: &str| format!(r#""do":"put-prospect","key":"{key}""#);
    for key in ["ann@acme.io", "bob@acme.io"] {
        tell(&mut state, &put(key));
    }
    // A stop outlives the person, so a hash of the name does, too.
    tell(&mut state, r#""do":"stop","prospect":"ann@acme.io","by":"tom""#);
    assert_eq!(state.last_erased(), 0);
    let of_ann = command(&put("ann@acme.io"));
    assert_eq!(state.names_forgotten(1, &of_ann), (0, false), "nobody is forgotten yet");
    tell(&mut state, r#""do":"forget","prospect":"ann@acme.io""#);
    let last = state.sequence();
    assert_eq!((state.last_erased(), state.snapshot().last_erased()), (last, last));
    assert_eq!(state.names_forgotten(1, &of_ann), (1, true));
    assert_eq!(state.names_forgotten(last, &of_ann), (1, true));
    assert_eq!(state.names_forgotten(last + 1, &of_ann), (1, false), "who came back is new");
    assert_eq!(state.names_forgotten(1, &command(&put("bob@acme.io"))), (1, false));
    assert_eq!(state.names_forgotten(1, &command(r#""do":"advance""#)), (0, false));
    let elsewhere = of_ann.workspace("other");
    assert_eq!(state.names_forgotten(1, &elsewhere), (0, false));
}
