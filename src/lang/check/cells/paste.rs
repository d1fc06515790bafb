//! A cell as a `test` to paste: who is there, what happens, and what an invariant wants of it.

use std::fmt::Write as _;

use super::super::super::ast::Verb;
use super::super::super::ir::{Datum, EffectPlan, Measure, ScopePlan, Series, Source};
use super::super::Checked;
use super::super::invariants::Claim;
use super::space::{Part, Seen, kind_of};
use super::stage::{Stage, scope_of};
use super::words::{quoted, written};
use crate::model::{HoldKind, Scope};

/// The most events that a test repeats to fill a window.
const MOST_REPEATS: u32 = 20;

const SENDER: &str = "sender@ours.example";
/// What others at a company are called.
const OTHERS: [&str; MOST_REPEATS as usize] = [
    "bob", "cy", "dee", "eve", "fay", "gus", "hal", "ida", "jon", "kim", "lee", "mia", "ned",
    "oda", "pam", "quin", "ron", "sue", "tom", "uma",
];

/// Who and what a test is about, as far as the cell says.
#[derive(Default)]
struct Cast {
    address: Option<String>,
    domain: Option<String>,
    zone: Option<String>,
    fields: Vec<(String, String)>,
    prospect_tags: Vec<String>,
    company: Option<String>,
    stage: Option<String>,
    company_tags: Vec<String>,
    campaign: Option<String>,
    campaign_tags: Vec<String>,
    /// The attributes of the event.
    attributes: Vec<(u32, Datum)>,
    /// How often a window counts the event.
    repeats: u32,
    /// How many different prospects one counts.
    people: u32,
    /// Whether one counts several events of the same prospect.
    alone: bool,
    /// Whether the event is about somebody.
    person: bool,
    company_unknown: bool,
}

/// A test that fails until the claim holds in a cell; none if a test cannot say what is so there.
pub(super) fn test(
    checked: &Checked,
    stage: &Stage<'_>,
    claim: &Claim,
    done: Option<&EffectPlan>,
    cell: &[(usize, usize)],
) -> Option<String> {
    let mut cast = Cast::default();
    for (dimension, value) in cell {
        let dimension = stage.space.dimensions.get(*dimension)?;
        let value = dimension.values.get(*value)?;
        for (part, seen) in dimension.parts.iter().zip(&value.parts) {
            cast.enter(checked, stage, part, seen)?;
        }
    }
    cast.write(checked, stage, claim, done)
}

/// A word that can stand in a test without quotes.
fn plain(text: &str) -> Option<&str> {
    let apart = |c: char| c.is_whitespace() || c.is_control() || "{}\",#".contains(c);
    let fits = !text.is_empty() && !text.contains(apart) && !text.contains("=>");
    fits.then_some(text)
}

impl Cast {
    /// Takes over what a part is. None if a test cannot set it up.
    fn enter(
        &mut self,
        checked: &Checked,
        stage: &Stage<'_>,
        part: &Part,
        seen: &Seen,
    ) -> Option<()> {
        let (source, text) = match (part, seen) {
            (Part::Tag(source, tag), Seen::Tag(has)) => {
                if *has {
                    self.tag(source, tag);
                }
                return Some(());
            }
            (Part::Source(Source::Window(window)), Seen::Counted(counted)) => {
                let window = checked.windows.get(*window as usize)?;
                let series = checked.series.get(window.series as usize)?;
                let own = series.event == stage.event && series.filter.is_empty();
                return own.then(|| self.counted(series, counted.count))?;
            }
            (Part::Source(Source::CompanyKey), Seen::Unknown) => {
                self.company_unknown = true;
                return Some(());
            }
            // Whatever is not set up is unknown.
            (Part::Source(Source::ProspectAddress | Source::ProspectDomain), Seen::Unknown) => {
                return None;
            }
            (Part::Source(Source::CampaignKey | Source::Window(_)), Seen::Unknown) => return None,
            (Part::Source(_), Seen::Unknown) => return Some(()),
            (Part::Source(Source::Attribute(number)), Seen::Datum(datum)) => {
                self.attributes.push((*number, datum.clone()));
                return Some(());
            }
            (Part::Source(source), Seen::Datum(Datum::Text(text))) => (source, text.to_string()),
            _ => return None,
        };
        match source {
            Source::ProspectAddress => self.address = Some(text),
            Source::ProspectDomain => self.domain = Some(text),
            Source::ProspectZone => self.zone = Some(text),
            Source::ProspectField(name) => self.fields.push((name.to_string(), text)),
            Source::CompanyKey => self.company = Some(plain(&text)?.to_owned()),
            Source::CompanyStage => self.stage = Some(text),
            Source::CampaignKey => self.campaign = Some(plain(&text)?.to_owned()),
            _ => return None,
        }
        self.person |= !matches!(source, Source::CompanyStage | Source::CampaignKey);
        Some(())
    }

    /// Takes over how many a window counts. None if a test cannot have so many.
    fn counted(&mut self, series: &Series, count: u32) -> Option<()> {
        if !(1..=MOST_REPEATS).contains(&count) {
            return None;
        }
        let of_one = series.scope == Scope::Prospect && count > 1;
        let known = match series.measure {
            Measure::Events => &mut self.repeats,
            Measure::Prospects if !of_one => &mut self.people,
            _ => return None,
        };
        if *known > 1 && *known != count {
            return None;
        }
        *known = count;
        self.alone |= of_one;
        Some(())
    }

    /// The addresses that the events are about, the last one last; none if a test cannot say so.
    fn actors(&self, address: &str) -> Option<Vec<String>> {
        if self.people <= 1 {
            return Some(vec![address.to_owned(); self.repeats.max(1) as usize]);
        }
        let together = self.repeats <= 1 || self.repeats == self.people;
        if self.alone || self.company_unknown || !together {
            return None;
        }
        let (own, host) = address.rsplit_once('@')?;
        let others = OTHERS.iter().filter(|name| **name != own).take(self.people as usize - 1);
        let others = others.map(|name| format!("{name}@{host}"));
        Some(others.chain([address.to_owned()]).collect())
    }

    fn tag(&mut self, source: &Source, tag: &str) {
        match source {
            Source::ProspectTags => {
                self.person = true;
                self.prospect_tags.push(tag.to_owned());
            }
            Source::CompanyTags => self.company_tags.push(tag.to_owned()),
            Source::CampaignTags => self.campaign_tags.push(tag.to_owned()),
            Source::Attribute(number) => {
                let tag: Box<str> = tag.into();
                match self.attributes.iter_mut().find(|(own, _)| own == number) {
                    Some((_, Datum::List(list))) => {
                        *list = list.iter().cloned().chain([tag]).collect();
                    }
                    _ => self.attributes.push((*number, Datum::List([tag].into()))),
                }
            }
            _ => {}
        }
    }

    fn write(
        mut self,
        checked: &Checked,
        stage: &Stage<'_>,
        claim: &Claim,
        done: Option<&EffectPlan>,
    ) -> Option<String> {
        let event = checked.events.get(stage.event as usize)?;
        let domain = self.domain.take().unwrap_or_else(|| "acme.example".to_owned());
        let address = self.address.take().unwrap_or_else(|| format!("ann@{domain}"));
        let address = plain(&address)?;
        if self.company_unknown && (self.company.is_some() || self.stage.is_some()) {
            return None;
        }
        let company = self.company.clone().unwrap_or_else(|| {
            let host = address.rsplit_once('@').map_or(address, |(_, host)| host);
            host.split('.').next().unwrap_or(host).to_owned()
        });
        let company = plain(&company)?;
        let campaign = self.campaign.clone().unwrap_or_else(|| "spring".to_owned());
        let (subject, scope) = subject(&event.name, self.person, address, company, &campaign);
        let scope = match claim.scope.as_ref().or_else(|| done.and_then(scope_of)) {
            Some(plan) => self.scope(plan)?,
            None => scope,
        };
        let mut out =
            format!("test {} {{\n", quoted(claim.name.as_deref().unwrap_or("counterexample")));
        let actors = self.actors(address)?;
        if (self.people > 1 && subject != address) || (scope == Scope::Sender && subject != SENDER)
        {
            return None;
        }
        let mut people = actors.clone();
        people.reverse();
        people.dedup();
        self.fixtures(&mut out, (address, &people), company, &campaign, scope);
        let mut line = String::new();
        if self.names_campaign(scope) && subject != campaign {
            let _ = write!(line, " in {campaign}");
        }
        self.attributes(&mut line, checked, stage)?;
        let begin = format!("  0d  {} ", event.name);
        for other in actors.iter().take(actors.len() - 1) {
            let other = if subject == address { other } else { &subject };
            let _ = writeln!(out, "{begin}{other}{line}");
        }
        let who = match scope {
            Scope::Enrollment => format!("{address} in {campaign}"),
            Scope::Prospect => address.to_owned(),
            Scope::CompanyInCampaign => format!("{company} in {campaign}"),
            Scope::Company => company.to_owned(),
            Scope::Sender => SENDER.to_owned(),
            Scope::Campaign => campaign.clone(),
            Scope::Workspace => "workspace".to_owned(),
        };
        let wanted = match (claim.always, claim.verbs.first()?) {
            (true, Verb::Pause) => format!("{who} paused"),
            (true, Verb::Stop) => format!("{who} stopped"),
            (true, _) => "ignored".to_owned(),
            (false, _) => match done? {
                EffectPlan::Hold { kind: HoldKind::Stop, .. } => format!("{who} not stopped"),
                EffectPlan::Hold { .. } => format!("{who} not paused"),
                _ => return None,
            },
        };
        let _ = write!(out, "{begin}{subject}{line}  => {wanted}\n}}");
        Some(out)
    }

    /// The scope that an effect or a claim names.
    fn scope(&self, plan: &ScopePlan) -> Option<Scope> {
        let (number, scopes) = match plan {
            ScopePlan::Fixed(scope) => return Some(*scope),
            ScopePlan::Attribute(number, scopes) => (number, scopes),
        };
        let datum = self.attributes.iter().find(|(own, _)| own == number)?;
        match (&datum.1, scopes) {
            (Datum::Scope(scope), _) => Some(*scope),
            (Datum::Enum(value), Some(scopes)) => scopes.get(*value as usize).copied(),
            _ => None,
        }
    }

    /// The attributes of the event, as the cell has them; those that have to be there, anyhow.
    fn attributes(&self, line: &mut String, checked: &Checked, stage: &Stage<'_>) -> Option<()> {
        let event = checked.events.get(stage.event as usize)?;
        for (number, attribute) in (0..).zip(event.attributes.iter()) {
            let given = self.attributes.iter().find(|(own, _)| *own == number).map(|(_, it)| it);
            let kind = kind_of(checked, stage.event, &Source::Attribute(number));
            let value = match given {
                Some(datum) => value(&kind, datum)?,
                None if attribute.optional => continue,
                None => any(&kind)?,
            };
            let _ = write!(line, " {} {value}", attribute.name);
        }
        Some(())
    }

    /// Whether the test is about a campaign of its own.
    fn names_campaign(&self, scope: Scope) -> bool {
        let by_scope =
            matches!(scope, Scope::Enrollment | Scope::CompanyInCampaign | Scope::Campaign);
        by_scope || self.campaign.is_some() || !self.campaign_tags.is_empty()
    }

    fn fixtures(
        &self,
        out: &mut String,
        (address, people): (&str, &[String]),
        company: &str,
        campaign: &str,
        scope: Scope,
    ) {
        let tags = |tags: &[String]| {
            let all: Vec<String> = tags.iter().map(|tag| quoted(tag)).collect();
            if all.is_empty() { String::new() } else { format!(" tags {}", all.join(", ")) }
        };
        if !self.company_unknown {
            let stage = self.stage.as_ref().map(|it| format!("\n    stage {}", quoted(it)));
            let more = tags(&self.company_tags);
            let more = if more.is_empty() { more } else { format!("\n   {more}") };
            let stage = stage.unwrap_or_default();
            let people = people.join(" ");
            let _ = writeln!(out, "  company {company} {{ {people}{stage}{more} }}");
        }
        let mut prospect = tags(&self.prospect_tags);
        if let Some(zone) = &self.zone {
            let _ = write!(prospect, "\n    zone {}", quoted(zone));
        }
        for (name, text) in &self.fields {
            let _ = write!(prospect, "\n    field {} {}", quoted(name), quoted(text));
        }
        if !prospect.is_empty() {
            let _ = writeln!(out, "  prospect {address} {{{prospect} }}");
        }
        if matches!(scope, Scope::Sender) {
            let _ = writeln!(out, "  sender {SENDER} {{ }}");
        }
        if self.names_campaign(scope) {
            let _ = writeln!(out, "  campaign {campaign} {{{} }}", tags(&self.campaign_tags));
        }
    }
}

/// Whom the event of a test is about, and the scope of that.
fn subject(
    event: &str,
    person: bool,
    address: &str,
    company: &str,
    campaign: &str,
) -> (String, Scope) {
    match event.split_once('.').map(|(first, _)| first) {
        Some("campaign") => (campaign.to_owned(), Scope::Campaign),
        Some("sender") => (SENDER.to_owned(), Scope::Sender),
        Some("company") if !person => (company.to_owned(), Scope::Company),
        _ => (address.to_owned(), Scope::Prospect),
    }
}

/// A value as a test writes it.
fn value(kind: &super::super::super::ir::Kind, datum: &Datum) -> Option<String> {
    Some(match datum {
        Datum::Text(text) => match plain(text) {
            Some(text) => text.to_owned(),
            None => quoted(text),
        },
        Datum::List(list) if list.is_empty() => return None,
        Datum::List(list) => {
            let all: Vec<String> = list.iter().map(|text| quoted(text)).collect();
            all.join(", ")
        }
        _ => written(kind, datum),
    })
}

/// A value of a type, where any will do.
fn any(kind: &super::super::super::ir::Kind) -> Option<String> {
    use super::super::super::ir::Kind;
    Some(match kind {
        Kind::Text | Kind::TextList => "any".to_owned(),
        Kind::Number => "1".to_owned(),
        Kind::Bool => "true".to_owned(),
        Kind::Instant => "2026-01-15T09:00:00Z".to_owned(),
        Kind::Date => "2026-01-15".to_owned(),
        Kind::Duration => "1d".to_owned(),
        Kind::Domain => "acme.example".to_owned(),
        Kind::Address => "ann@acme.example".to_owned(),
        Kind::Scope => "prospect".to_owned(),
        Kind::Enum(values) => values.first()?.to_string(),
    })
}
