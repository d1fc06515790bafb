//! What every journal does: run against the one in memory, which says what is right, and the one in
//! files.

use crate::engine::port::{Frame, Journal, JournalError, Sync};

type Kept = (u64, u64, Vec<u8>);

pub(super) fn frame(first_seq: u64, last_seq: u64, payload: &[u8]) -> Frame<'_> {
    Frame { first_seq, last_seq, payload }
}

pub(super) fn all(journal: &mut dyn Journal, from: u64) -> Result<Vec<Kept>, JournalError> {
    let mut found = Vec::new();
    journal.read(from, &mut |frame| {
        found.push((frame.first_seq, frame.last_seq, frame.payload.to_vec()));
        Ok(())
    })?;
    Ok(found)
}

/// Runs the suite; `fresh` makes an empty journal each time.
pub(super) fn journal<J: Journal>(mut fresh: impl FnMut() -> J) {
    appends_and_reads(&mut fresh());
    fences(&mut fresh());
    stops_reading(&mut fresh());
    trims(&mut fresh());
    closes(&mut fresh());
}

fn appends_and_reads(journal: &mut dyn Journal) {
    assert_eq!((journal.first_seq(), journal.last_seq()), (1, 0));
    assert_eq!(all(journal, 0), Ok(vec![]));
    journal.append(&[frame(1, 1, b"one")], Sync::Level).unwrap();
    let group = [frame(2, 4, b""), frame(5, 5, &[7; 3000])];
    journal.append(&group, Sync::Now).unwrap();
    journal.append(&[], Sync::Now).unwrap();
    journal.sync().unwrap();
    assert_eq!((journal.first_seq(), journal.last_seq()), (1, 5));
    assert_eq!(journal.sync_due(), None);
    let (one, two) = ((1, 1, b"one".to_vec()), (2, 4, vec![]));
    let three = (5, 5, vec![7; 3000]);
    let whole = vec![one, two.clone(), three.clone()];
    assert_eq!(all(journal, 0), Ok(whole.clone()));
    assert_eq!(all(journal, 1), Ok(whole));
    // Whole frames, also when the number asked for is inside one.
    for from in 2..=4 {
        assert_eq!(all(journal, from), Ok(vec![two.clone(), three.clone()]));
    }
    assert_eq!(all(journal, 5), Ok(vec![three]));
    assert_eq!(all(journal, 6), Ok(vec![]));
    assert_eq!(all(journal, u64::MAX), Ok(vec![]));
}

fn fences(journal: &mut dyn Journal) {
    let refusals: [(&[Frame<'_>], JournalError); 4] = [
        (&[frame(2, 2, b"x")], JournalError::Fenced { next: 1, found: 2 }),
        (&[frame(0, 0, b"x")], JournalError::Fenced { next: 1, found: 0 }),
        (&[frame(1, 3, b"x"), frame(3, 3, b"y")], JournalError::Fenced { next: 4, found: 3 }),
        (
            &[frame(1, 0, b"x")],
            JournalError::Refused {
                what: "expected a last sequence number of at least 1, found 0".to_owned(),
            },
        ),
    ];
    for (group, refusal) in refusals {
        assert_eq!(journal.append(group, Sync::Level), Err(refusal));
        assert_eq!(all(journal, 0), Ok(vec![]), "nothing was written");
    }
    journal.append(&[frame(1, 9, b"x")], Sync::Level).unwrap();
    let again = journal.append(&[frame(1, 9, b"x")], Sync::Level);
    assert_eq!(again, Err(JournalError::Fenced { next: 10, found: 1 }));
    journal.append(&[frame(10, u64::MAX, b"y")], Sync::Level).unwrap();
    let beyond = journal.append(&[frame(0, 0, b"z")], Sync::Level);
    assert!(matches!(beyond, Err(JournalError::Refused { .. })));
    assert_eq!(journal.last_seq(), u64::MAX);
}

fn stops_reading(journal: &mut dyn Journal) {
    journal.append(&[frame(1, 1, b"a"), frame(2, 2, b"b")], Sync::Level).unwrap();
    let enough = JournalError::Stopped { what: "enough".to_owned() };
    let mut seen = 0;
    let stopped = journal.read(1, &mut |_| {
        seen += 1;
        Err(enough.clone())
    });
    assert_eq!((stopped, seen), (Err(enough), 1));
    journal.append(&[frame(3, 3, b"c")], Sync::Level).unwrap();
}

fn trims(journal: &mut dyn Journal) {
    for seq in 1..=40 {
        let payload = [u8::try_from(seq).unwrap(); 100];
        journal.append(&[frame(seq, seq, &payload)], Sync::Level).unwrap();
    }
    journal.trim(0).unwrap();
    assert_eq!(journal.first_seq(), 1);
    journal.trim(30).unwrap();
    let first = journal.first_seq();
    assert!((2..=30).contains(&first), "begins at {first}");
    assert_eq!(all(journal, first).unwrap().len() as u64, 41 - first);
    for from in [0, 1, first - 1] {
        let asked = from.max(1);
        let trimmed = JournalError::Trimmed { from: asked, first };
        assert_eq!(all(journal, from), Err(trimmed));
    }
    journal.trim(41).unwrap();
    assert_eq!(journal.last_seq(), 40);
    journal.append(&[frame(41, 41, b"on")], Sync::Level).unwrap();
    assert_eq!(all(journal, 41), Ok(vec![(41, 41, b"on".to_vec())]));
}

fn closes(journal: &mut dyn Journal) {
    journal.append(&[frame(1, 1, b"a")], Sync::Level).unwrap();
    journal.close().unwrap();
    let closed = Err(JournalError::Closed);
    assert_eq!(journal.append(&[frame(2, 2, b"b")], Sync::Level), closed);
    assert_eq!(journal.sync(), closed);
    assert_eq!(journal.trim(1), closed);
    assert_eq!(all(journal, 1), Err(JournalError::Closed));
    assert_eq!(journal.close(), closed);
}
