//! What a test sets up: companies with their people, prospects, senders, campaigns with steps.

use chrono::Weekday;

use super::super::super::ast::{FixtureDecl, Piece, Span, TestLine, Word};
use super::super::super::script_diagnostic as tell;
use super::super::super::{diagnostic as say, literal};
use super::super::Checker;
use super::cast::{CampaignPlan, Cast, Sort};
use crate::model::{
    Campaign, Company, Delay, Hours, Prospect, Sender, Step, StepTiming, Weekdays, check_key,
};

const COMPANY: &[&str] = &["tags", "stage", "domains", "name"];
const PROSPECT: &[&str] = &["zone", "company", "tags", "field", "address"];
const SENDER: &[&str] = &["limit", "zone", "gap"];
const CAMPAIGN: &[&str] = &["senders", "step", "enroll", "tags", "zone"];

/// A setting and its values; without a name, what comes before the first one.
type Setting<'a> = (Option<&'a Word>, Vec<&'a Word>);

/// The settings of a line. A name in quotes is a value; commas mean nothing here.
fn settings<'a>(line: &'a TestLine, names: &[&str]) -> Vec<Setting<'a>> {
    let mut all: Vec<Setting<'a>> = vec![(None, Vec::new())];
    for piece in &line.pieces {
        match piece {
            Piece::Word(word) if names.contains(&word.text.as_str()) => {
                all.push((Some(word), Vec::new()));
            }
            Piece::Word(word) | Piece::Text(word) => {
                if let Some((_, values)) = all.last_mut() {
                    values.push(word);
                }
            }
            Piece::Comma(_) | Piece::Arrow(_) => {}
        }
    }
    all
}

fn texts(values: &[&Word]) -> Vec<String> {
    values.iter().map(|word| word.text.clone()).collect()
}

impl Checker<'_> {
    /// What a fixture is about: its sort and its key, entered among the names.
    pub(super) fn fixture_head<'a>(
        &mut self,
        cast: &mut Cast,
        decl: &'a FixtureDecl,
    ) -> Option<(Sort, &'a Word)> {
        let first = decl.head.first()?;
        let Some(sort) = Sort::named(&first.text) else {
            let nearest = self.nearest(&first.text, Sort::ALL.map(Sort::name));
            self.say(tell::bad_fixture(first.at, &first.text, nearest));
            return None;
        };
        let [_, key] = decl.head.as_slice() else {
            let found = decl.head.iter().map(|word| word.text.as_str()).collect::<Vec<_>>();
            self.say(tell::bad_fixture(first.at, &found.join(" "), None));
            return None;
        };
        if let Err(why) = check_key(&key.text) {
            self.say(tell::bad_setting(key.at, "a key", &format!("`{}`: {why}", key.text)));
            return None;
        }
        if !cast.enter(sort, &key.text) {
            self.say(say::duplicate_attribute(key.at, sort.name(), &key.text));
            return None;
        }
        Some((sort, key))
    }

    /// What is inside a fixture. The names of all fixtures are known by now.
    pub(super) fn fixture(
        &mut self,
        cast: &mut Cast,
        decl: &FixtureDecl,
        (sort, key): (Sort, &Word),
    ) {
        let (key, at) = (key.text.clone(), key.at);
        match sort {
            Sort::Company => self.company(cast, decl, Company { key, ..Company::default() }, at),
            Sort::Prospect => {
                self.prospect(cast, decl, Prospect { key, ..Prospect::default() }, at);
            }
            Sort::Sender => self.sender(cast, decl, Sender { key, ..Sender::default() }, at),
            Sort::Campaign => {
                let campaign = Campaign { key, ..Campaign::default() };
                let mut plan = CampaignPlan { campaign, enrolled: None, at: Some(at) };
                self.campaign(cast, decl, &mut plan);
                cast.campaigns.push(plan);
            }
        }
    }

    fn company(&mut self, cast: &mut Cast, decl: &FixtureDecl, mut company: Company, at: Span) {
        let mut members: Vec<&Word> = Vec::new();
        for (name, values) in decl.lines.iter().flat_map(|line| settings(line, COMPANY)) {
            match name.map(|name| (name.text.as_str(), name)) {
                None => members.extend(values),
                Some(("tags", _)) => {
                    company.tags.get_or_insert_default().extend(texts(&values));
                }
                Some(("domains", _)) => company.domains.extend(texts(&values)),
                Some(("stage", name)) => company.stage = self.one(name, &values),
                Some((_, name)) => company.name = self.one(name, &values),
            }
        }
        let key = company.key.clone();
        company.domains.iter().for_each(|domain| cast.enter_domain(&format!("@{domain}")));
        cast.companies.push((at, company));
        for member in members {
            if literal::address(&member.text).is_some() || cast.has(Sort::Prospect, &member.text) {
                let prospect = cast.prospect(&member.text, member.at);
                prospect.into_iter().for_each(|it| it.company = Some(key.clone()));
            } else {
                self.no_such(member, Sort::Company, COMPANY);
            }
        }
    }

    fn no_such(&mut self, word: &Word, sort: Sort, names: &[&str]) {
        let nearest = self.nearest(&word.text, names.iter().copied());
        self.say(tell::unknown_setting(word.at, sort.name(), &word.text, nearest, names));
    }

    /// The one value of a setting; says so if there is none, or more.
    fn one(&mut self, name: &Word, values: &[&Word]) -> Option<String> {
        match values {
            [value] => return Some(value.text.clone()),
            [] => self.say(say::missing_value(name.at, &name.text)),
            [_, second, ..] => {
                let expected = format!("one value behind `{}`", name.text);
                self.say(tell::bad_setting(second.at, &expected, &format!("`{}`", second.text)));
            }
        }
        None
    }

    fn zone(&mut self, cast: &mut Cast, name: &Word, values: &[&Word]) -> Option<String> {
        let zone = self.one(name, values)?;
        cast.zones.extend(values.iter().copied().cloned());
        Some(zone)
    }

    /// Says so of what comes before the first setting.
    fn nothing_before(&mut self, values: &[&Word], sort: Sort, names: &[&str]) {
        if let Some(word) = values.first() {
            self.no_such(word, sort, names);
        }
    }

    fn prospect(&mut self, cast: &mut Cast, decl: &FixtureDecl, mut prospect: Prospect, at: Span) {
        for (name, values) in decl.lines.iter().flat_map(|line| settings(line, PROSPECT)) {
            let Some(name) = name else {
                self.nothing_before(&values, Sort::Prospect, PROSPECT);
                continue;
            };
            match name.text.as_str() {
                "zone" => prospect.zone = self.zone(cast, name, &values),
                "tags" => prospect.tags.get_or_insert_default().extend(texts(&values)),
                "address" => {
                    prospect.address = self.one(name, &values);
                    prospect.address.iter().for_each(|address| cast.enter_domain(address));
                }
                "company" => {
                    prospect.company = self.one(name, &values);
                    prospect.company.iter().for_each(|company| {
                        cast.enter(Sort::Company, company);
                    });
                }
                _ => match values.as_slice() {
                    [field, value] => {
                        let pair = (field.text.clone(), value.text.clone());
                        prospect.fields.get_or_insert_default().push(pair);
                    }
                    _ => {
                        let found = format!("{} words", values.len());
                        self.say(tell::bad_setting(name.at, "a field and its text", &found));
                    }
                },
            }
        }
        // The company that has it among its people comes before or after: what both say holds.
        if let Some(known) = cast.prospect(&prospect.key, at) {
            let company = prospect.company.or(known.company.take());
            *known = Prospect { company, ..prospect };
        }
    }

    fn sender(&mut self, cast: &mut Cast, decl: &FixtureDecl, mut sender: Sender, at: Span) {
        for (name, values) in decl.lines.iter().flat_map(|line| settings(line, SENDER)) {
            let Some(name) = name else {
                self.nothing_before(&values, Sort::Sender, SENDER);
                continue;
            };
            if name.text == "zone" {
                sender.zone = self.zone(cast, name, &values);
                continue;
            }
            let Some(text) = self.one(name, &values) else {
                continue;
            };
            let at = values.first().map_or(name.at, |value| value.at);
            let (limit, gap) = (text.parse().ok(), literal::duration_ms(&text));
            if name.text == "limit" {
                if limit.is_none() {
                    self.say(tell::bad_setting(
                        at,
                        "a number of sends a day",
                        &format!("`{text}`"),
                    ));
                }
                sender.limit_per_day = limit;
            } else {
                if gap.is_none() {
                    let expected = "a duration such as `5m`";
                    self.say(tell::bad_setting(at, expected, &format!("`{text}`")));
                }
                sender.gap_ms = gap;
            }
        }
        cast.senders.push((at, sender));
    }

    fn campaign(&mut self, cast: &mut Cast, decl: &FixtureDecl, plan: &mut CampaignPlan) {
        for (name, values) in decl.lines.iter().flat_map(|line| settings(line, CAMPAIGN)) {
            let Some(name) = name else {
                self.nothing_before(&values, Sort::Campaign, CAMPAIGN);
                continue;
            };
            match name.text.as_str() {
                "zone" => plan.campaign.zone = self.zone(cast, name, &values),
                "tags" => plan.campaign.tags.get_or_insert_default().extend(texts(&values)),
                "step" => plan.campaign.steps.extend(self.step(&values)),
                "senders" => {
                    let unknown = values.iter().find(|it| !cast.has(Sort::Sender, &it.text));
                    if let Some(word) = unknown {
                        self.say(tell::unknown_subject(word.at, &word.text, None));
                    }
                    plan.campaign.senders.extend(texts(&values));
                }
                _ => {
                    let enrolled = plan.enrolled.get_or_insert_default();
                    for word in values {
                        if cast.has(Sort::Prospect, &word.text)
                            || literal::address(&word.text).is_some()
                        {
                            cast.prospect(&word.text, word.at);
                            enrolled.push(word.clone());
                        } else {
                            self.say(tell::unknown_subject(word.at, &word.text, None));
                        }
                    }
                }
            }
        }
    }

    /// `follow-up after 3d on mon-fri between 09:00-17:00`
    fn step(&mut self, values: &[&Word]) -> Option<Step> {
        let mut step = Step::default();
        let mut values = values.iter().peekable();
        let is_clause = |word: &Word| ["after", "on", "between"].contains(&word.text.as_str());
        if let Some(name) = values.next_if(|word| !is_clause(word)) {
            step.name.clone_from(&name.text);
        }
        while let Some(clause) = values.next() {
            let mut inside: Vec<&Word> = Vec::new();
            while let Some(word) = values.next_if(|word| !is_clause(word)) {
                inside.push(word);
            }
            let StepTiming { delay, weekdays, hours, .. } = &mut step.timing;
            let (read, expected) = match clause.text.as_str() {
                "after" => {
                    let expected = "`3d`, `3 days` or `3 business days`";
                    (delay_of(&inside).map(|it| *delay = it), expected)
                }
                "on" => {
                    (weekdays_of(&inside).map(|it| *weekdays = it), "weekdays such as `mon-fri`")
                }
                "between" => {
                    (hours_of(&inside).map(|it| *hours = it), "hours such as `09:00-17:00`")
                }
                _ => (None, "`after`, `on` or `between`"),
            };
            if read.is_none() {
                let at = inside.first().map_or(clause.at, |word| word.at);
                let found = inside.first().map_or(clause.text.as_str(), |word| word.text.as_str());
                self.say(tell::bad_setting(at, expected, &format!("`{found}`")));
                return None;
            }
        }
        Some(step)
    }
}

/// `3d` is elapsed time; `3 days` and `3 business days` are of the calendar.
fn delay_of(words: &[&Word]) -> Option<Delay> {
    let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    match words.as_slice() {
        [one] => literal::duration_ms(one).map(Delay::ElapsedMs),
        [number, "day" | "days"] => number.parse().ok().map(Delay::Days),
        [number, "business", "day" | "days"] => number.parse().ok().map(Delay::BusinessDays),
        _ => None,
    }
}

/// `mon-fri`, `mon wed fri`, or both.
fn weekdays_of(words: &[&Word]) -> Option<Weekdays> {
    let mut days: Vec<Weekday> = Vec::new();
    for word in words {
        match word.text.split_once('-') {
            None => days.push(word.text.parse().ok()?),
            Some((first, last)) => {
                let (mut day, last): (Weekday, Weekday) = (first.parse().ok()?, last.parse().ok()?);
                days.push(day);
                while day != last {
                    day = day.succ();
                    days.push(day);
                }
            }
        }
    }
    Weekdays::new(days)
}

/// `09:00-17:00`, `9-17`, `09:00 - 17:00` or `09:00 and 17:00`
fn hours_of(words: &[&Word]) -> Option<Hours> {
    let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let (from, to) = match words.as_slice() {
        [both] => both.split_once('-')?,
        [from, "-" | "and" | "to", to] => (*from, *to),
        _ => return None,
    };
    Hours::new(minute(from)?, minute(to)?)
}

/// The minute of the day; `24:00` is its end, and `9` is 09:00.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':').unwrap_or((text, "0"));
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour <= 24 && minute < 60).then(|| hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::minute;

    #[test]
    fn a_day_ends_at_24() {
        assert_eq!((minute("09:30"), minute("24:00")), (Some(570), Some(1440)));
        assert_eq!((minute("25:00"), minute("nine"), minute("09:60")), (None, None, None));
        assert_eq!(minute("9"), Some(540));
    }
}
