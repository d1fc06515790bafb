//! Who a test is about: what it sets up, whom its lines bring in, and what a word names.

use std::collections::{HashMap, HashSet};

use super::super::super::ast::{Span, Word};
use super::super::super::literal;
use super::super::super::nearest::nearest;
use super::super::super::script_diagnostic as tell;
use super::super::Checker;
use super::words::Words;
use crate::model::{Action, Campaign, Company, HoldTarget, Prospect, Sender, Step, StepTiming};

/// What a key may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Prospect,
    Company,
    Campaign,
    Sender,
}

impl Sort {
    pub const ALL: [Self; 4] = [Self::Prospect, Self::Company, Self::Campaign, Self::Sender];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Prospect => "prospect",
            Self::Company => "company",
            Self::Campaign => "campaign",
            Self::Sender => "sender",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name() == name)
    }

    /// What an event is about by its name: `sender.connected` is about a sender.
    pub fn of_event(name: &str) -> Option<Self> {
        name.split_once('.').and_then(|(first, _)| Self::named(first))
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Someone or something that a line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Of(Sort, String),
    Workspace,
}

impl Subject {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Of(sort, _) => sort.name(),
            Self::Workspace => "workspace",
        }
    }

    /// What a person's pause of it covers.
    pub fn target(self, campaign: Option<String>) -> HoldTarget {
        match (self, campaign) {
            (Self::Of(Sort::Prospect, prospect), Some(campaign)) => {
                HoldTarget::Enrollment { campaign, prospect }
            }
            (Self::Of(Sort::Company, company), Some(campaign)) => {
                HoldTarget::CompanyInCampaign { company, campaign }
            }
            (Self::Of(Sort::Prospect, key), None) => HoldTarget::Prospect(key),
            (Self::Of(Sort::Company, key), None) => HoldTarget::Company(key),
            (Self::Of(Sort::Campaign, key), _) => HoldTarget::Campaign(key),
            (Self::Of(Sort::Sender, key), _) => HoldTarget::Sender(key),
            (Self::Workspace, _) => HoldTarget::Workspace,
        }
    }
}

/// The sender and the campaign of a test that sets up none.
const DEFAULT_SENDER: &str = "sender@ours.example";
const DEFAULT_CAMPAIGN: &str = "campaign";
/// Two steps that are far off, so that nothing goes out unless a test says what should.
const FAR_OFF_MS: u64 = 3_650 * 86_400_000;

/// A campaign that a test sets up.
#[derive(Debug, Default)]
pub(super) struct CampaignPlan {
    pub campaign: Campaign,
    /// Who is in it from the start; none means everybody.
    pub enrolled: Option<Vec<Word>>,
    pub at: Option<Span>,
}

/// Everyone and everything that a test knows.
#[derive(Debug, Default)]
pub(super) struct Cast {
    sorts: HashMap<String, u8>,
    pub companies: Vec<(Span, Company)>,
    /// Those that are there from the start, set up or named by a line.
    prospects: Vec<(Span, Prospect)>,
    /// Where each of them is, by key.
    places: HashMap<String, usize>,
    pub senders: Vec<(Span, Sender)>,
    pub campaigns: Vec<CampaignPlan>,
    /// Domains, and those above them, of all addresses: what a derived company may be called.
    domains: HashSet<String>,
    /// Who joins a campaign by a line: not in it from the start.
    pub joins: HashSet<(String, String)>,
    /// The ids of events so far.
    pub ids: HashSet<String>,
    pub zones: Vec<Word>,
}

impl Cast {
    /// Enters a key. False if it was there already.
    pub fn enter(&mut self, sort: Sort, key: &str) -> bool {
        let known = self.sorts.entry(key.to_owned()).or_default();
        let new = *known & sort.bit() == 0;
        *known |= sort.bit();
        if sort == Sort::Prospect {
            self.enter_domain(key);
        }
        new
    }

    pub fn enter_domain(&mut self, address: &str) {
        let mut domain = address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        while let Some(found) = domain.filter(|domain| domain.contains('.')) {
            domain = found.split_once('.').map(|(_, above)| above.to_owned());
            self.domains.insert(found);
        }
    }

    pub fn has(&self, sort: Sort, key: &str) -> bool {
        self.sorts.get(key).is_some_and(|sorts| sorts & sort.bit() != 0)
    }

    pub fn knows(&self, key: &str) -> bool {
        self.sorts.contains_key(key) || self.domains.contains(key)
    }

    /// A prospect that is there from the start, made if it is new.
    pub fn prospect(&mut self, key: &str, at: Span) -> Option<&mut Prospect> {
        let next = self.prospects.len();
        let place = *self.places.entry(key.to_owned()).or_insert(next);
        if place == next {
            self.enter(Sort::Prospect, key);
            let prospect = Prospect { key: key.to_owned(), ..Prospect::default() };
            self.prospects.push((at, prospect));
        }
        self.prospects.get_mut(place).map(|(_, prospect)| prospect)
    }

    /// The campaigns that take everybody.
    pub fn open_campaigns(&self) -> impl Iterator<Item = &str> {
        let open = self.campaigns.iter().filter(|plan| plan.enrolled.is_none());
        open.map(|plan| plan.campaign.key.as_str())
    }

    /// Adds the sender and the campaign that a test does not set up itself.
    pub fn complete(&mut self, at: Span) {
        if self.campaigns.is_empty() {
            self.enter(Sort::Campaign, DEFAULT_CAMPAIGN);
            let key = DEFAULT_CAMPAIGN.to_owned();
            let campaign = Campaign { key, ..Campaign::default() };
            self.campaigns.push(CampaignPlan { campaign, ..CampaignPlan::default() });
        }
        if self.senders.is_empty() {
            self.enter(Sort::Sender, DEFAULT_SENDER);
            let key = DEFAULT_SENDER.to_owned();
            self.senders.push((at, Sender { key, ..Sender::default() }));
        }
        let all: Vec<String> = self.senders.iter().map(|(_, sender)| sender.key.clone()).collect();
        for plan in &mut self.campaigns {
            if plan.campaign.senders.is_empty() {
                plan.campaign.senders.clone_from(&all);
            }
            if plan.campaign.steps.is_empty() {
                let delay = crate::model::Delay::ElapsedMs(FAR_OFF_MS);
                let timing = StepTiming { delay, ..StepTiming::default() };
                let step = |name: &str| Step { name: name.to_owned(), timing };
                plan.campaign.steps = vec![step("first"), step("second")];
            }
        }
    }

    /// What the engine is told before the first line.
    pub fn setup(self, at: Span) -> Vec<(Span, Action)> {
        let Self { companies, prospects, senders, campaigns, joins, .. } = self;
        let mut setup: Vec<(Span, Action)> = Vec::new();
        let everybody: Vec<(Span, String)> =
            prospects.iter().map(|(at, prospect)| (*at, prospect.key.clone())).collect();
        setup.extend(companies.into_iter().map(|(at, it)| (at, Action::PutCompany(it))));
        setup.extend(prospects.into_iter().map(|(at, it)| (at, Action::PutProspect(it))));
        setup.extend(senders.into_iter().map(|(at, it)| (at, Action::PutSender(it))));
        for CampaignPlan { campaign, enrolled, at: own } in campaigns {
            let key = campaign.key.clone();
            setup.push((own.unwrap_or(at), Action::PutCampaign(campaign)));
            let enrolled: Vec<(Span, String)> = match enrolled {
                Some(words) => words.into_iter().map(|word| (word.at, word.text)).collect(),
                None => everybody.clone(),
            };
            for (at, prospect) in enrolled {
                if !joins.contains(&(key.clone(), prospect.clone())) {
                    setup.push((at, Action::Enroll { campaign: key.clone(), prospect }));
                }
            }
        }
        setup
    }
}

impl Checker<'_> {
    /// Whom the next words name: a key, or a key behind `prospect`, `company`, `campaign` or
    /// `sender`. Says so if they name nobody. An address that nobody has yet is a new prospect.
    pub(super) fn subject(
        &mut self,
        cast: &mut Cast,
        words: &mut Words<'_>,
        rather: Option<Sort>,
    ) -> Option<(Subject, Span)> {
        let first = words.value()?;
        let sort = Sort::named(&first.text).filter(|_| !cast.knows(&first.text));
        let (word, sort) = match sort {
            Some(sort) => (self.behind(words, (&first.text, first.at))?, Some(sort)),
            None if first.text == "workspace" && !cast.knows("workspace") => {
                return Some((Subject::Workspace, first.at));
            }
            None => (first, None),
        };
        self.resolve(cast, word, sort, rather)
    }

    fn resolve(
        &mut self,
        cast: &mut Cast,
        word: &Word,
        only: Option<Sort>,
        rather: Option<Sort>,
    ) -> Option<(Subject, Span)> {
        let key = word.text.as_str();
        let fits = |sort: &Sort| only.is_none_or(|only| only == *sort) && cast.has(*sort, key);
        let found: Vec<Sort> = Sort::ALL.into_iter().filter(fits).collect();
        let wanted = rather.filter(|sort| found.contains(sort));
        if found.len() > 1 && wanted.is_none() {
            let names: Vec<&str> = found.iter().map(|sort| sort.name()).collect();
            self.say(tell::ambiguous_subject(word.at, key, &names));
            return None;
        }
        let sort = wanted.or(found.first().copied());
        let may_be = |sort: Sort| match only {
            Some(only) => only == sort,
            None => rather != Some(Sort::Sender) && rather != Some(Sort::Campaign),
        };
        let sort = sort.or_else(|| {
            if may_be(Sort::Prospect) && literal::address(key).is_some() {
                cast.prospect(key, word.at);
                return Some(Sort::Prospect);
            }
            (may_be(Sort::Company) && cast.domains.contains(key)).then_some(Sort::Company)
        });
        if sort.is_none() {
            let near = if self.may_help() {
                let mut names: Vec<&str> = cast.sorts.keys().map(String::as_str).collect();
                // The map has no order, and of two names that are equally near the first is taken.
                names.sort_unstable();
                nearest(key, names)
            } else {
                None
            };
            self.say(tell::unknown_subject(word.at, key, near));
        }
        Some((Subject::Of(sort?, key.to_owned()), word.at))
    }

    /// The campaign behind `in`, if there is one. None inside if it is not known: said already.
    pub(super) fn in_campaign(
        &mut self,
        cast: &mut Cast,
        words: &mut Words<'_>,
    ) -> Option<Option<String>> {
        let at = words.take("in")?;
        let campaign = self.behind(words, ("in", at)).and_then(|word| {
            let sort = Some(Sort::Campaign);
            self.resolve(cast, word, sort, sort)
        });
        Some(match campaign {
            Some((Subject::Of(_, key), _)) => Some(key),
            _ => None,
        })
    }
}
