//! What an editor is told: `¦` is where the cursor stands.

use proptest::prelude::*;

use super::super::{Outline, SymbolKind};
use super::bundle;
use super::robust::mutated;
use crate::model::{PolicyBundle, PolicyFile};

const HEAD: &str = "policy 1
domains free-mail = [\"gmail.com\", \"yahoo.com\"]
texts lost = [\"lost\"]
event demo { plan: text optional  scope: prospect | company  deep: scope }
rule human \"Someone answered\" { on reply where reply.kind is human pause prospect
  reason \"They wrote\" }
";

/// The text without the cursor, and where that was.
fn cursor(text: &str) -> (String, usize) {
    let at = text.find('¦').expect("a cursor");
    (text.replace('¦', ""), at)
}

fn candidates(text: &str) -> (Vec<String>, String) {
    let (text, at) = cursor(&format!("{HEAD}{text}"));
    let bundle = bundle(&text);
    let found = Outline::of(&bundle).candidates("test.rules", at).expect("the file");
    let replaced = text[found.at.from..found.at.to].to_owned();
    (found.all.into_iter().map(|it| it.text).collect(), replaced)
}

/// Expects all of the words, separated by `;`, and those behind `!` not.
#[track_caller]
fn offers(text: &str, expected: &str) {
    let (found, _) = candidates(text);
    for word in expected.split(';').map(str::trim).filter(|word| !word.is_empty()) {
        let (word, wanted) = word.strip_prefix('!').map_or((word, true), |word| (word, false));
        assert_eq!(found.iter().any(|it| it == word), wanted, "{word} at {text}: {found:?}");
    }
}

#[track_caller]
fn offers_nothing(text: &str) {
    let (found, _) = candidates(text);
    assert!(found.is_empty(), "at {text}: {found:?}");
}

#[test]
fn declarations_are_offered_where_one_may_begin() {
    offers("¦", "rule; event; include; test; invariant; domains; !where; !human");
    offers("ru¦", "rule");
    offers("@¦", "owner; !rule");
    offers("@owner(x) ¦", "rule; !event");
    offers_nothing("rule ¦");
    offers_nothing("rule x \"a ¦");
    offers_nothing("# ru¦");
    offers("domains d ¦", "from");
}

#[test]
fn clauses_are_offered_in_a_rule() {
    offers("rule x { ¦", "on; where; pause; reason; !rule; !and");
    offers("rule x { on reply ¦ }", "where; pause; !bounce");
    offers("rule x { on reply, ¦ }", "bounce; demo; !pause");
    offers("rule x { on ¦ pause prospect }", "reply; campaign.archived; demo; !pause");
    offers("rule x { on reply pause company ¦", "in campaign; for; until; resume; !prospect");
    offers("rule x { on reply pause prospect for 3d ¦", "else; max; resume; !in campaign");
    offers("rule x { on reply pause prospect until ¦", "day-after; reply.return-date; !reply.kind");
    offers("rule x { on reply pause prospect until day-after ¦", "reply.return-date; !manual");
    offers("rule x { on reply pause prospect until day-after reply.return-date else ¦", "manual");
    offers("rule x { on reply overrides ¦", "human; x; !reply");
    offers("rule x { on reply overrides human, ¦", "human");
    offers("rule x { on reply resume prospect from ¦", "human");
    offers("rule x { on reply pause prospect resume ¦", "keep; restart; prospect");
    offers("event e { plan: ¦", "text; number; list of text; !optional");
    offers("event e { plan: text ¦", "optional");
}

#[test]
fn scopes_are_offered_as_targets() {
    offers("rule x { on demo pause ¦", "company; workspace; demo.scope; demo.deep; !demo.plan");
    offers("rule x { on reply stop ¦", "company; company in campaign; !demo.scope");
    offers("rule x { on reply pause company in ¦", "campaign; !human");
}

#[test]
fn conditions_offer_what_can_be_read_and_what_it_may_be() {
    offers(
        "rule x { on reply where ¦",
        "reply.kind; prospect.domain; prospect.field(\"\"); not; !bounce.class; !human",
    );
    offers("rule x { where reply.¦ on reply", "reply.kind");
    offers("rule x { on reply where reply.kind ¦", "is; is not; in; and; pause");
    offers("rule x { on reply where reply.kind is ¦", "human; auto; not; known; !reply.kind");
    offers("rule x { on reply where reply.kind is not ¦", "human; !not");
    offers("rule x { on reply where reply.kind in [human, ¦", "auto; !reply.kind");
    offers("rule x { on reply where not (reply.kind is human or ¦", "reply.intent");
    offers("rule x { on reply except prospect.domain in ¦", "free-mail; !lost");
    offers("rule x { on reply where company.stage in ¦", "lost; !free-mail");
    offers("rule x { on reply where \"vip\" in ¦", "prospect.tags; company.tags; !lost");
    offers("rule x { on demo where demo.deep is ¦", "company; workspace");
    offers("rule x { on reply where reply.kind is human ¦", "and; or; except; pause");
    offers("rule x { on reply where prospect.field(\"a\") ¦", "is; starts with");
    offers("rule x { on reply where prospect.domain starts ¦", "with");
    let (_, replaced) = candidates("rule x { on reply where reply.ki¦nd is human pause prospect }");
    assert_eq!(replaced, "reply.kind");
}

#[test]
fn windows_offer_their_parts() {
    offers("rule x { on bounce when ¦", "count; rate; !bounce.class; !reply");
    offers("rule x { on bounce when count(¦", "distinct; bounce; demo; !bounce.class");
    offers("rule x { on bounce when count(bounce ¦", "where; at; in; !and");
    offers("rule x { on bounce when count(demo where ¦", "demo.plan; !bounce.class");
    offers("rule x { on bounce when count(bounce where bounce.class is ¦", "soft; hard");
    offers(
        "rule x { on bounce when count(bounce where bounce.class is soft ¦",
        "at; in; and; !pause",
    );
    offers("rule x { on bounce when count(bounce at ¦", "company; sender; !workspace");
    offers("rule x { on bounce when count(distinct prospect of ¦", "bounce; !prospect");
    offers("rule x { on bounce when rate(bounce per ¦", "sent");
    offers("rule x { on bounce when rate(bounce per sent at sender in 7d) >= 2% ¦", "of at least");
    offers("rule x { on bounce when count(bounce at company in 7d) >= 3 ¦", "and; pause; !at");
    offers("rule x { on bounce when count(bounce at company in 7d \n pause ¦", "company");
}

#[test]
fn invariants_and_tests_offer_their_words() {
    offers("invariant \"a\" { ¦", "never; always; !pause");
    offers("invariant \"a\" { never ¦", "pause; stop; !company");
    offers("invariant \"a\" { never pause ¦", "or; company; on");
    offers("invariant \"a\" { never pause company ¦", "in campaign; on; when; !for");
    offers("invariant \"a\" { never pause company on ¦", "reply");
    offers("invariant \"a\" { never pause company on reply when ¦", "reply.kind; prospect.domain");
    offers("test \"a\" {\n ¦", "company; start; !reply");
    offers("test \"a\" {\n 0d ¦", "reply; bounce; retract");
    offers("test \"a\" {\n 2d 09:30 ¦", "reply; bounce; retract");
    offers("test \"a\" {\n 2d pause acme ¦", "until; reason; !reply");
    offers("test \"a\" {\n company acme { ¦", "tags; domains; !zone");
    offers("test \"a\" {\n sender tom {\n  limit 3\n ¦", "gap; !tags");
    offers("test \"a\" {\n 0d bounce company acme in spring ¦", "class; id; !soft");
    offers("test \"a\" {\n 0d => a@acme.io in spring ¦", "paused; next");
    offers("test \"a\" {\n 0d => ¦", "quiet; ignored; !paused");
    offers("test \"a\" {\n 0d bounce a@acme.io ¦", "class; !soft");
    offers("test \"a\" {\n 0d bounce a@acme.io class ¦", "soft; hard");
    offers("test \"a\" {\n 0d => acme ¦", "active; paused");
    offers("test \"a\" {\n 0d => acme paused by ¦", "human");
    offers("test \"a\" {\n 0d => acme paused by human, ¦", "human");
    offers("test \"a\" {\n company acme { a@acme.io }\n ¦", "company; !reply");
    offers("test \"a\" {\n 0d => acme active\n ¦", "company; start");
}

#[test]
fn an_unfinished_rule_does_not_hide_the_next() {
    offers("rule x { on reply where ¦\nrule y { on bounce pause prospect }", "reply.kind");
    offers("rule x { on reply pause \nrule y { on bounce where ¦ }", "bounce.class; !reply.kind");
    offers("rule x { on reply overrides ¦\nrule y { on bounce pause prospect }", "human; y");
}

fn hover(text: &str) -> String {
    let (text, at) = cursor(&format!("{HEAD}{text}"));
    let bundle = bundle(&text);
    let note = Outline::of(&bundle).hover("test.rules", at);
    note.map_or_else(|| "nothing".to_owned(), |note| note.text)
}

#[track_caller]
fn says(text: &str, expected: &str) {
    let found = hover(text);
    assert!(found.contains(expected), "at {text}: {found}");
}

#[test]
fn words_are_explained() {
    says("rule x { on reply overrides hu¦man }", "rule `human`: Someone answered");
    says("rule x { on reply overrides hu¦man }", "on reply\npause prospect");
    says("rule x { on reply overrides hu¦man }", "> They wrote\n\ntest.rules:5");
    says("rule ¦x { on reply ignore }", "rule `x`");
    says("rule x { on rep¦ly ignore }", "kind: human | auto | out-of-office | unknown");
    says("rule x { on rep¦ly ignore }", "Someone answered. `from` is the address");
    says("rule x { on rep¦ly ignore }", "2 rules listen to it. Shipped with holdline.");
    says("rule x { on de¦mo ignore }", "1 rule listens to it. test.rules:4");
    says("rule x { on reply where reply.ki¦nd is human }", "reply.kind: human | auto");
    says("rule x { on reply where rep¦ly.kind is human }", "event reply {");
    says("rule x { on demo where demo.pl¦an is known }", "May be unknown");
    says("rule x { on reply where reply.intent¦ is known }", "Absent, it is `unknown`.");
    says("rule x { on reply where reply.kind is hum¦an }", "`human`: a value of `reply.kind`");
    says("rule x { on reply where reply.kind in [auto, hum¦an] }", "a value of `reply.kind`");
    says("rule x { on reply where company.st¦age is known }", "May be unknown.");
    says(
        "rule x { on reply pause comp¦any }",
        "scope `company`: the people of one company, in all",
    );
    says("rule x { on reply pause comp¦any in campaign }", "scope `company in campaign`");
    says("rule x { on demo pause demo.sc¦ope }", "demo.scope: prospect | company");
    says(
        "rule x { on reply except prospect.domain in free¦-mail }",
        "domains `free-mail`: 2 entries",
    );
    says("rule x { on reply ign¦ore }", "`ignore`: does nothing");
    says("rule x { on bounce when count(bou¦nce at company in 7d) >= 3 }", "event bounce {");
    says("rule x { on bounce when count(bounce at comp¦any in 7d) >= 3 }", "scope `company`");
    says("test \"a\" { 0d bounce a@acme.io cla¦ss soft }", "bounce.class: hard | soft | policy");
    says("test \"a\" { 0d bounce a@acme.io class so¦ft }", "`soft`: a value of `bounce.class`");
    says("test \"a\" { 0d => acme paused by hu¦man }", "Someone answered");
    assert_eq!(hover("rule x { on reply reason \"hum¦an\" }"), "nothing");
    assert_eq!(hover("rule x { on reply } # hum¦an"), "nothing");
    assert_eq!(hover("rule x { on nothing.at-¦all }"), "nothing");
}

#[test]
fn names_lead_to_where_they_are_declared() {
    let goes = |text: &str| {
        let (text, at) = cursor(&format!("{HEAD}{text}"));
        let bundle = bundle(&text);
        let outline = Outline::of(&bundle);
        outline.definition("test.rules", at).map(|it| match it.file.as_str() {
            "test.rules" => text[it.from..it.to].to_owned(),
            file => file.to_owned(),
        })
    };
    let expect = |text: &str, expected: &str| assert_eq!(goes(text).as_deref(), Some(expected));
    expect("rule x { on reply overrides ¦human }", "human");
    expect("rule x { on reply overrides human¦ }", "human");
    expect("rule x { on de¦mo where demo.plan is known }", "demo");
    expect("rule x { on demo where de¦mo.plan is known }", "demo");
    expect("rule x { on demo where demo.pl¦an is known }", "plan");
    expect("rule x { on reply except prospect.domain in ¦free-mail }", "free-mail");
    expect("rule x { on re¦ply }", "vocabulary.rules");
    assert_eq!(goes("rule x { on reply overrides nob¦ody }"), None);
    assert_eq!(goes("rule x { on reply pa¦use prospect }"), None);
}

#[test]
fn a_name_has_all_its_uses() {
    let (text, at) = cursor(
        "policy 1 rule a { on reply pause prospect overrides b }
         rule ¦b { on reply pause company }
         rule c { on sender.connected resume company from b }
         test \"t\" { 0d => x paused by b }",
    );
    let bundle = bundle(&text);
    let found = Outline::of(&bundle).references("test.rules", at);
    let mut places: Vec<_> = found.iter().map(|it| it.from).collect();
    assert_eq!(places.first(), Some(&at));
    places.sort_unstable();
    let expected: Vec<_> = text.match_indices(" b ").map(|(at, _)| at + 1).collect();
    assert_eq!(places, expected);
}

#[test]
fn names_hold_across_files() {
    let file = |name: &str, text: &str| PolicyFile { name: name.into(), text: text.into() };
    let main = "policy 1 include \"b.rules\" rule x { on reply overrides other \
                except prospect.domain in ours }";
    let files = vec![
        file("a.rules", main),
        file("b.rules", "domains ours from \"o.txt\" rule other { on reply pause company }"),
        file("o.txt", "acme.io\nacme.com\n"),
    ];
    let bundle = PolicyBundle { files };
    let outline = Outline::of(&bundle);
    let at = main.find("other").expect("a name");
    let found = outline.definition("a.rules", at).map(|it| it.file);
    assert_eq!(found.as_deref(), Some("b.rules"));
    let note = outline.hover("a.rules", main.len() - 4).map(|note| note.text);
    assert!(note.is_some_and(|text| text.contains("2 entries from a file")));
    let path = outline.path("a.rules", main.find("b.rules").expect("a path"));
    assert_eq!(path.as_deref(), Some("b.rules"));
    assert_eq!(outline.path("a.rules", at), None);
}

#[test]
fn declarations_are_listed() {
    let text = format!("{HEAD}@owner(x) rule y\ninvariant \"i \\\"q\\\"\" {{ }} test {{ }}");
    let bundle = bundle(&text);
    let found = Outline::of(&bundle).symbols("test.rules");
    let shown: Vec<_> = found
        .iter()
        .map(|it| (it.kind, it.name.as_str(), &text[it.name_at.from..it.name_at.to]))
        .collect();
    assert_eq!(
        shown,
        [
            (SymbolKind::List, "free-mail", "free-mail"),
            (SymbolKind::List, "lost", "lost"),
            (SymbolKind::Event, "demo", "demo"),
            (SymbolKind::Rule, "human", "human"),
            (SymbolKind::Rule, "y", "y"),
            (SymbolKind::Invariant, "i \"q\"", "invariant"),
            (SymbolKind::Test, "", "test"),
        ]
    );
    assert!(found.iter().any(|it| it.title.as_deref() == Some("Someone answered")));
    let rule = found.iter().find(|it| it.name == "y").expect("a rule");
    assert_eq!(&text[rule.whole.from..rule.whole.to], "@owner(x) rule y");
}

/// Asks everything at a place; every answer lies in the file.
fn asked(text: &str, offset: usize) {
    let bundle = bundle(text);
    let outline = Outline::of(&bundle);
    let inside = |at: super::super::Stretch| {
        assert!(at.file != "test.rules" || text.get(at.from..at.to).is_some(), "{at:?}");
    };
    for file in ["test.rules", "vocabulary.rules", "other.rules"] {
        outline.hover(file, offset).into_iter().for_each(|note| inside(note.at));
        outline.definition(file, offset).into_iter().for_each(inside);
        outline.candidates(file, offset).into_iter().for_each(|it| inside(it.at));
        outline.references(file, offset).into_iter().for_each(inside);
        assert_ne!(outline.path(file, offset).as_deref(), Some(""));
    }
    for symbol in outline.symbols("test.rules") {
        inside(symbol.whole);
        inside(symbol.name_at);
    }
}

#[test]
fn every_place_of_the_shipped_policy_has_an_answer() {
    let text = super::super::Policy::default_rules().files.remove(0).text;
    let bundle = bundle(&text);
    let outline = Outline::of(&bundle);
    for offset in (0..text.len() + 2).step_by(3) {
        let note = outline.hover("test.rules", offset);
        assert!(note.is_none_or(|note| !note.text.is_empty()));
        assert!(outline.candidates("test.rules", offset).is_some());
    }
    for rule in outline.symbols("test.rules").iter().filter(|it| it.kind == SymbolKind::Rule) {
        assert!(!outline.references("test.rules", rule.name_at.from).is_empty(), "{}", rule.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_place_of_a_broken_text_has_an_answer(
        text in mutated(),
        offsets in prop::collection::vec(0usize..9_000, 1..6),
    ) {
        offsets.into_iter().for_each(|offset| asked(&text, offset));
    }

    #[test]
    fn any_place_of_any_bytes_has_an_answer(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        offset in 0usize..400,
    ) {
        let text = String::from_utf8_lossy(&bytes);
        asked(&text, offset);
        asked(&format!("policy 1 rule r {{ on reply where {text}"), offset);
        asked(&format!("test \"t\" {{ {text}"), offset);
    }
}
