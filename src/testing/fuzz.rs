//! What each fuzz target does with its bytes. The bodies are here so that tests run the committed
//! inputs through them without a fuzzer.

#[cfg(feature = "store")]
mod harm;
#[cfg(feature = "store")]
mod image;
mod lines;
#[cfg(feature = "store")]
mod segment;
#[cfg(feature = "store")]
mod sums;
#[cfg(feature = "store")]
mod values;

use super::differential;
use super::policies::{Case, World};
use crate::lang::{self, FormatError, Policy, Severity, gather, is_policy, render};
use crate::model::{Event, PolicyBundle, PolicyFile};

#[cfg(feature = "store")]
pub use self::harm::harm;
#[cfg(feature = "store")]
pub use self::image::{base, image, pages};
pub use self::lines::json;
#[cfg(feature = "store")]
pub use self::segment::segment;
#[cfg(feature = "store")]
pub use self::values::codec;

/// Whose the files are that are read.
#[cfg(feature = "store")]
const STORE: crate::store::StoreId = crate::store::StoreId([9; 16]);

/// A target's body; the error says what is wrong.
pub type Target = fn(&[u8]) -> Result<(), String>;

/// All targets by their names.
pub const TARGETS: &[(&str, Target)] = &[
    ("parse", parse),
    ("check", check),
    ("fmt", fmt),
    ("differential", differential),
    ("json", json),
    #[cfg(feature = "store")]
    ("codec", codec),
    #[cfg(feature = "store")]
    ("segment", segment),
    #[cfg(feature = "store")]
    ("image", image),
    #[cfg(feature = "store")]
    ("pages", pages),
    #[cfg(feature = "store")]
    ("base", base),
    #[cfg(feature = "store")]
    ("harm", harm),
];

/// The most bytes that are looked at: what grows with the square shows long before.
const MOST_BYTES: usize = 1 << 16;

/// Reads any bytes as the one file of a policy.
pub fn parse(bytes: &[u8]) -> Result<(), String> {
    let bytes = bytes.get(..MOST_BYTES).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes).into_owned();
    // Whatever the answer: that there is one is what is tried here.
    let _ = is_policy(&text);
    let main = PolicyFile { name: "main.rules".to_owned(), text };
    judge(&gather(main, |_| None))
}

/// Reads a text as several files, checks them, and evaluates an event of each type.
///
/// A line `=== name` begins a file; what stands before the first is `main.rules`.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    let bytes = bytes.get(..MOST_BYTES).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let mut files = vec![PolicyFile { name: "main.rules".to_owned(), text: String::new() }];
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("=== ") {
            files.push(PolicyFile { name: name.trim().to_owned(), text: String::new() });
        } else if let Some(file) = files.last_mut() {
            file.text.push_str(line);
        }
    }
    let main = files.remove(0);
    let read = |name: &str| {
        let found = files.iter().find(|file| file.name == name);
        found.map(|file| file.text.clone())
    };
    let bundle = gather(main, read);
    judge(&bundle)?;
    let Ok((policy, _)) = Policy::compile(&bundle) else {
        return Ok(());
    };
    let names: Vec<String> = policy.event_names().map(str::to_owned).collect();
    for name in names {
        if let Ok(typed) = policy.read(&Event::new(name, "e")) {
            policy.evaluate(&typed, &World::default(), &mut Vec::new());
            let _ = policy.explain(&typed, &World::default());
        }
    }
    Ok(())
}

/// Formats any bytes as rules: what comes out says the same, and is found fault with for the same.
pub fn fmt(bytes: &[u8]) -> Result<(), String> {
    let bytes = bytes.get(..MOST_BYTES).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes).into_owned();
    let file = |text: String| PolicyFile { name: "main.rules".to_owned(), text };
    let before = file(text);
    let after = match lang::format(&before) {
        Ok(text) => file(text),
        Err(FormatError::Unread(_)) => return Ok(()),
        Err(other) => return Err(other.to_string()),
    };
    let codes = |file: &PolicyFile| {
        let found = lang::check(&PolicyBundle { files: vec![file.clone()] });
        let mut codes: Vec<String> = found.iter().map(|it| it.code.to_string()).collect();
        codes.sort();
        codes
    };
    let (expected, found) = (codes(&before), codes(&after));
    if expected != found {
        return Err(format!("{}\nfound {found:?}, before it was {expected:?}", after.text));
    }
    Ok(())
}

/// Makes a policy and its events of the bytes, and compares the interpreter with the reference.
pub fn differential(bytes: &[u8]) -> Result<(), String> {
    let case = Case::of(bytes);
    differential::compare(&case).map(drop).map_err(|why| {
        let texts =
            case.bundle.files.iter().map(|file| format!("=== {}\n{}", file.name, file.text));
        format!("{}\n{why}", texts.collect::<String>())
    })
}

/// Checks a bundle: findings point into its files and can be shown, and a policy comes out exactly
/// where none is an error.
fn judge(bundle: &PolicyBundle) -> Result<(), String> {
    let found = lang::check(bundle);
    for it in &found {
        let file = bundle.files.iter().find(|file| file.name == it.file);
        let inside = file.is_some_and(|file| file.text.get(it.from_byte..it.to_byte).is_some());
        if !inside {
            return Err(format!("a finding points nowhere: {it:?}"));
        }
    }
    let few = found.get(..20).unwrap_or(&found);
    let shown = render(few, bundle, false);
    if shown.lines().count() < few.len() {
        return Err(format!("findings are not shown: {shown}"));
    }
    let wrong = found.iter().any(|it| it.severity == Severity::Error);
    if Policy::compile(bundle).is_ok() == wrong {
        return Err(format!("compiled and with an error, or neither: {found:#?}"));
    }
    Ok(())
}
