//! What fails, and in which words.

use super::fails;

#[test]
fn another_status_is_told_with_its_cause() {
    fails(
        "0d bounce a@acme.io class soft => a@acme.io active",
        &["H0318: expected a@acme.io active, found paused by soft until Thu 5 Mar 2026 00:00 \
           (fired on this bounce: soft)"],
    );
}
