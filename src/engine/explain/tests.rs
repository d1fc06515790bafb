//! How people are told that a hold ended.

use super::{Ended, ended};

#[test]
fn each_way_to_end_has_its_clause() {
    let by_person = |by: &str, reason: Option<&str>| Ended::Person {
        by: by.into(),
        reason: reason.map(Box::from),
    };
    let all = [
        (Ended::Expired, "its end came"),
        (Ended::Stillborn, "its end was past when it was placed"),
        (by_person("", None), "a person lifted it"),
        (by_person("", Some("back")), "a person lifted it: back"),
        (by_person("ann", None), "ann lifted it"),
        (by_person("ann", Some("back")), "ann lifted it: back"),
        (Ended::Rule { event: "e1".into() }, "a rule lifted it on event `e1`"),
        (Ended::Retracted { by: Some("ann".into()) }, "ann took its event back"),
        (Ended::Retracted { by: None }, "its event was taken back"),
    ];
    for (how, clause) in all {
        assert_eq!(ended(&how), clause);
    }
}
