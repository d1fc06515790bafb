//! What passes.

use super::{bundle, check, failures, passes};
use crate::lang::render;

#[test]
fn the_example_of_the_manual_passes() {
    let found = failures(
        "rule company-bouncing {
  on bounce  when count(bounce at company in 7d) >= 3  pause company for 14d
}

test \"third bounce in seven days pauses the company\" {
  company acme { a@acme.io b@acme.io c@acme.io d@acme.io }
  0d  bounce a@acme.io class soft   => acme active
  2d  bounce b@acme.io class soft   => acme active
  6d  bounce c@acme.io class soft   => acme paused by company-bouncing until 20d
  20d                               => acme active
}",
    );
    assert_eq!(found, []);
}

#[test]
fn statuses_causes_and_ends() {
    passes("0d reply a@acme.io kind human => a@acme.io paused by answered until open");
    passes("0d bounce a@acme.io class soft => a@acme.io paused by soft until 3d\n3d => quiet");
    passes("0d bounce a@acme.io class soft => a@acme.io paused until 2026-03-05");
    passes("0d bounce a@acme.io class soft => a@acme.io paused until 2026-03-05 00:00");
    passes("0d bounce a@acme.io class hard => a@acme.io stopped by hard");
    passes(
        "0d reply a@acme.io kind human
         1d bounce a@acme.io class soft => a@acme.io paused by soft, answered until open",
    );
    passes(
        "0d bounce a@acme.io class soft => a@acme.io paused by soft, b@acme.io active
           => b@acme.io active
         0d => b@acme.io active",
    );
    passes("0d reply a@acme.io kind auto => ignored by machine => ignored, a@acme.io active");
    passes("0d opt-out a@acme.io => quiet");
    // What must not be is so if no rule fires, too, and whatever else holds it.
    passes("0d opt-out a@acme.io => a@acme.io not paused, acme.io not stopped");
    passes(
        "0d reply a@acme.io kind human intent positive
           => acme.io paused by silenced, acme.io not stopped, a@acme.io not stopped",
    );
}

#[test]
fn companies_are_held_as_such_or_by_all_their_people() {
    passes(
        "company acme { a@acme.io, b@acme.io  tags vip  stage trial }
         0d reply a@acme.io kind human intent positive
           => acme paused by silenced, b@acme.io paused by silenced
           => a@acme.io paused by answered, silenced",
    );
    passes(
        "company acme { a@acme.io b@acme.io }
         0d bounce a@acme.io class soft => acme active
         1d bounce b@acme.io class hard => acme paused by soft, hard
         3d => acme active",
    );
    // A company that is derived from an address, and someone who joins it later.
    passes(
        "0d reply a@acme.io kind human intent positive => acme.io paused by silenced
         4d add c@acme.io to acme.io => c@acme.io paused by silenced",
    );
}

#[test]
fn campaigns_senders_and_everything() {
    passes(
        "campaign spring { }
         0d campaign.archived spring => spring paused by archived, a@acme.io paused by archived",
    );
    passes(
        "sender ann@ours.example { }
         0d sender.disconnected ann@ours.example => ann@ours.example paused by off
           => a@acme.io paused by off
         1d sender.connected ann@ours.example => ann@ours.example active, a@acme.io active
         2d pause workspace until 4d reason \"holidays\" => workspace paused by person until 4d
         3d => a@acme.io paused by person
         4d => workspace active",
    );
    passes(
        "campaign spring { enroll a@acme.io b@acme.io }  campaign autumn { enroll a@acme.io }
         0d pause a@acme.io in spring
           => a@acme.io in spring paused by person, a@acme.io in autumn active
         1d resume a@acme.io in spring => a@acme.io active
         2d enroll b@acme.io in autumn
         3d bounce b@acme.io in autumn class soft => b@acme.io paused by soft",
    );
}

#[test]
fn what_is_due_goes_out() {
    passes(
        "start 2026-03-02 08:00 Europe/Berlin
         sender ann@ours.example { limit 100  gap 1m }
         campaign spring {
           senders ann@ours.example
           step intro between 09:00-17:00
           step follow-up after 3d on mon-fri between 09:00 and 17:00
         }
         0d => a@acme.io next 0d 09:00, quiet
         0d 12:00 => a@acme.io next 2026-03-05 09:00
         2026-03-05 10:00 => a@acme.io finished, a@acme.io next none, spring finished",
    );
    // A hold keeps it from going out, and what is held has no next send.
    passes(
        "campaign spring { step intro after 1d  step follow-up after 3 days }
         0d bounce a@acme.io class soft => a@acme.io next none
         2d => a@acme.io next none
         3d => a@acme.io next 2026-03-08
         9d => a@acme.io finished",
    );
    // What is due at the time of a line goes out after what happens on it.
    passes(
        "campaign spring { step intro after 1d }
         1d bounce a@acme.io class hard => a@acme.io stopped
         2d => a@acme.io stopped, quiet",
    );
}

#[test]
fn events_are_named_late_and_taken_back() {
    passes(
        "0d reply a@acme.io kind human id first => a@acme.io paused
         1d reply a@acme.io kind human id first => quiet
         2d retract first => a@acme.io active
         3d reply a@acme.io kind human happened 2d => a@acme.io paused",
    );
    passes(
        "0d bounce a@acme.io class hard id x
         1d retract x => a@acme.io stopped
         2d retract x reason \"not theirs\" => a@acme.io active",
    );
}

#[test]
fn facts_and_values_of_every_type() {
    let text = "
event deal { worth: number  open: bool  due: date  at: instant  tags: list of text
  to: address  site: domain  cover: scope  wait: duration }
rule deal {
  on deal
  where deal.worth >= 100 and deal.open and deal.due is 2026-03-05
  where deal.at is 2026-03-05T08:00:00Z and \"a b\" in deal.tags and \"c\" in deal.tags
  where deal.to is \"a@b.io\" and deal.site is \"b.io\" and deal.wait is 3d
  where prospect.zone is known and prospect.zone is \"Asia/Tokyo\"
  where prospect.field(\"industry\") is known
  where prospect.field(\"industry\") is \"tin toys\" and \"vip\" in prospect.tags
  where \"gold\" in company.tags and company.stage is known and company.stage is \"trial\"
  where \"cold\" in campaign.tags and campaign.key is known and campaign.key is \"spring\"
  pause deal.cover
}
test \"all of it\" {
  start 2026-03-02 09:00 Europe/Berlin
  company acme { ann  tags gold  stage trial  domains acme.io }
  prospect ann { address ann@acme.io  zone Asia/Tokyo  field industry \"tin toys\"  tags vip }
  campaign spring { tags cold }
  0d deal ann in spring worth 100 open true due 3d at 2026-03-05 09:00 tags \"a b\", c
     to a@b.io site b.io cover company in campaign wait 3d
}
";
    // A line ends where it ends: the attributes stand on one.
    let text =
        text.replace("c\n     to", "c to").replace("3d\n}", "3d => acme in spring paused\n}");
    let bundle = bundle(&text);
    let found = check(&bundle);
    let shown = render(&found, &bundle, false);
    assert!(found.iter().all(|it| it.code.0 == 321), "{shown}");
    assert_eq!(shown, "");
}
