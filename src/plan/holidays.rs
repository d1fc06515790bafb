//! Public holidays: which dates a country's calendar closes.
//!
//! A calendar is rules, not a table of dates, so that a plan years ahead meets its holidays, too.
//! The rules are in `holidays.txt` with their sources, because the crates for this hold tables of a
//! few years, or were generated once from another language's package and not kept up.
//!
//! A holiday on a weekend stays on its own date beside its substitute: who sends on Saturdays
//! should not send on Christmas Day because the Monday is free as well.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{LazyLock, OnceLock};

use chrono::{Datelike, Days, Month, NaiveDate, Weekday};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use strsim::osa_distance;

/// The rules as they are written.
pub(super) const TEXT: &str = include_str!("holidays.txt");

/// The first line of the rules.
const VERSION: &str = "2026-11";

/// The years that the rules are for. A plan outside of them meets no holidays.
const FIRST_YEAR: i32 = 1970;
const LAST_YEAR: i32 = 2099;

/// Every calendar, in the order of the file.
static TABLES: LazyLock<Vec<Table>> = LazyLock::new(|| tables(TEXT));

/// A calendar of public holidays, for the years 1970 to 2099.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Calendar(u8);

/// A name that is not one of a calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown holiday calendar `{name}`")]
pub struct UnknownCalendar {
    /// The name as it was given.
    pub name: String,
}

/// A calendar's rules, and its days once somebody has asked.
struct Table {
    name: &'static str,
    rules: Vec<Rule>,
    days: OnceLock<Vec<(NaiveDate, &'static str)>>,
}

/// A line of the file.
#[derive(Debug)]
pub(super) struct Rule {
    /// The name of the calendar.
    pub(super) calendar: &'static str,
    day: Day,
    observed: Observed,
    from: i32,
    to: i32,
    name: &'static str,
    /// The name on the day that stands in for it.
    substitute: String,
}

/// On which day of a year a holiday is.
#[derive(Clone, Copy, Debug)]
enum Day {
    Once(NaiveDate),
    Fixed { month: u32, day: u32 },
    Nth { nth: u8, weekday: Weekday, month: u32 },
    Last { weekday: Weekday, month: u32 },
    From { weekday: Weekday, month: u32, day: u32 },
    Easter(i32),
}

/// What becomes of a holiday on a weekend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Observed {
    AsItFalls,
    /// Also on the Friday before or the Monday after.
    Nearest,
    /// Also on the next weekday that is free.
    Next,
    /// Of a Sunday: on the Saturday before instead.
    Saturday,
}

impl Calendar {
    /// The calendar of this name, such as `us` or `gb-eng`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|calendar| calendar.name() == name)
    }

    /// The calendar whose name is nearest to this one, for a "did you mean"; none if nothing is.
    ///
    /// A country counts for its parts and a part for its country: `gb` is near `gb-eng`, and
    /// `de-by` is near `de`.
    #[must_use]
    pub fn nearest(name: &str) -> Option<&'static str> {
        const LONGEST: usize = 32;
        if name.len() > LONGEST {
            return None;
        }
        let mut wanted = name.trim().to_ascii_lowercase().replace(['_', ' '], "-");
        // The one code that people write and ISO 3166 does not have.
        if let Some(rest) = wanted.strip_prefix("uk") {
            wanted = format!("gb{rest}");
        }
        let country = |name: &str| name.split('-').next().unwrap_or_default().to_owned();
        // Of two letters one alone says nothing.
        let allowed = wanted.chars().count() / 3;
        Self::all()
            .filter_map(|calendar| {
                let known = calendar.name();
                let apart = osa_distance(&wanted, known);
                let is_part = country(&wanted) == country(known)
                    || known.split('-').any(|part| part == wanted);
                (is_part || apart <= allowed).then_some((apart, known))
            })
            .min()
            .map(|(_, name)| name)
    }

    /// Every calendar.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=u8::MAX).zip(TABLES.iter()).map(|(index, _)| Self(index))
    }

    /// The calendar's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.table().map_or("", |table| table.name)
    }

    /// The name of the holiday on a date, if it is one.
    ///
    /// Of two on one date it is the one that the data name first. A substitute says that it is one:
    /// `Christmas Day (observed)`.
    #[must_use]
    pub fn holiday(self, date: NaiveDate) -> Option<&'static str> {
        let days = self.days();
        let at = days.binary_search_by_key(&date, |(date, _)| *date).ok()?;
        days.get(at).map(|(_, name)| *name)
    }

    /// The holidays of a year by date, one for each date.
    ///
    /// A substitute belongs to the year it is in: New Year's Day of 2022 is observed in 2021.
    #[must_use]
    pub fn of_year(self, year: i32) -> Vec<(NaiveDate, &'static str)> {
        let days = self.days();
        let begin = days.partition_point(|(date, _)| date.year() < year);
        days.iter().skip(begin).take_while(|(date, _)| date.year() == year).copied().collect()
    }

    /// Every date on which it has a holiday, in order.
    pub fn dates(self) -> impl Iterator<Item = NaiveDate> {
        self.days().iter().map(|(date, _)| *date)
    }

    /// The version of the rules that are built in, such as `2026-11`.
    #[must_use]
    pub const fn data_version() -> &'static str {
        VERSION
    }

    fn table(self) -> Option<&'static Table> {
        TABLES.get(usize::from(self.0))
    }

    fn days(self) -> &'static [(NaiveDate, &'static str)] {
        self.table().map_or(&[], |table| table.days.get_or_init(|| days_of(&table.rules)))
    }
}

impl Rule {
    /// Reads a line: calendar, day, observed, years and name, with bars between them.
    pub(super) fn read(line: &'static str) -> Option<Self> {
        let mut fields = line.split('|').map(str::trim);
        let mut field = || fields.next().filter(|field| !field.is_empty());
        let calendar = field()?;
        let day = Day::read(field()?)?;
        let (observed, note) = match field()? {
            "-" => (Observed::AsItFalls, ""),
            "us" => (Observed::Nearest, " (observed)"),
            "next" => (Observed::Next, " (substitute day)"),
            "saturday" => (Observed::Saturday, ""),
            _ => return None,
        };
        let (from, to) = years(field()?)?;
        let name = field()?;
        let substitute = format!("{name}{note}");
        let is_whole = fields.next().is_none() && from <= to;
        is_whole.then_some(Self { calendar, day, observed, from, to, name, substitute })
    }

    /// Its dates by the calendar, before any is observed elsewhere.
    ///
    /// The year after the last is looked at for what is observed in the last.
    fn dates(&self) -> impl Iterator<Item = NaiveDate> {
        let years = self.from.max(FIRST_YEAR)..=self.to.min(LAST_YEAR + 1);
        years.filter_map(|year| {
            let date = self.day.in_year(year)?;
            match (self.observed, date.weekday()) {
                (Observed::Saturday, Weekday::Sun) => date.pred_opt(),
                _ => Some(date),
            }
        })
    }

    /// The first day that may stand in for a date of it.
    fn stand_in(&self, date: NaiveDate) -> Option<NaiveDate> {
        match (self.observed, date.weekday()) {
            (Observed::Nearest, Weekday::Sat) => date.pred_opt(),
            (Observed::Nearest | Observed::Next, Weekday::Sun) => date.succ_opt(),
            (Observed::Next, Weekday::Sat) => date.checked_add_days(Days::new(2)),
            _ => None,
        }
    }
}

impl Day {
    fn read(text: &str) -> Option<Self> {
        if let Some(days) = text.strip_prefix("easter") {
            let days = if days.is_empty() { 0 } else { days.parse().ok()? };
            return Some(Self::Easter(days));
        }
        let mut words = text.split(' ');
        let found = match (words.next()?, words.next(), words.next()) {
            (date, None, None) => match date.parse() {
                Ok(date) => Self::Once(date),
                Err(_) => month_day(date).map(|(month, day)| Self::Fixed { month, day })?,
            },
            (weekday, Some("from"), Some(date)) => {
                let (month, day) = month_day(date)?;
                Self::From { weekday: weekday.parse().ok()?, month, day }
            }
            (which, Some(weekday), Some(month)) => {
                let weekday = weekday.parse().ok()?;
                let month = month_number(month)?;
                match which {
                    "1st" => Self::Nth { nth: 1, weekday, month },
                    "2nd" => Self::Nth { nth: 2, weekday, month },
                    "3rd" => Self::Nth { nth: 3, weekday, month },
                    "4th" => Self::Nth { nth: 4, weekday, month },
                    "last" => Self::Last { weekday, month },
                    _ => return None,
                }
            }
            _ => return None,
        };
        words.next().is_none().then_some(found)
    }

    fn in_year(self, year: i32) -> Option<NaiveDate> {
        let on_or_after = |date: NaiveDate, weekday: Weekday| {
            let ahead = weekday.days_since(date.weekday());
            date.checked_add_days(Days::new(ahead.into()))
        };
        match self {
            Self::Once(date) => (date.year() == year).then_some(date),
            Self::Fixed { month, day } => NaiveDate::from_ymd_opt(year, month, day),
            Self::Nth { nth, weekday, month } => {
                NaiveDate::from_weekday_of_month_opt(year, month, weekday, nth)
            }
            Self::Last { weekday, month } => [5, 4]
                .into_iter()
                .find_map(|nth| NaiveDate::from_weekday_of_month_opt(year, month, weekday, nth)),
            Self::From { weekday, month, day } => {
                on_or_after(NaiveDate::from_ymd_opt(year, month, day)?, weekday)
            }
            Self::Easter(days) => shifted(easter(year)?, days),
        }
    }
}

/// Easter Sunday of a Gregorian year, by J.-M. Oudin's form of the computus.
pub(super) fn easter(year: i32) -> Option<NaiveDate> {
    let golden = year.rem_euclid(19);
    let century = year.div_euclid(100);
    let epact = (century - century / 4 - (8 * century + 13) / 25 + 19 * golden + 15) % 30;
    let late = epact / 28 * (1 - epact / 28 * (29 / (epact + 1)) * ((21 - golden) / 11));
    let full_moon = epact - late;
    let weekday = (year + year / 4 + full_moon + 2 - century + century / 4) % 7;
    shifted(NaiveDate::from_ymd_opt(year, 3, 28)?, full_moon - weekday)
}

/// The date so many days later, or earlier.
fn shifted(date: NaiveDate, days: i32) -> Option<NaiveDate> {
    date.checked_add_signed(chrono::TimeDelta::days(days.into()))
}

/// `MM-DD`, of any year.
fn month_day(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (month_number(month)?, day.parse().ok()?);
    // A leap year has every date.
    NaiveDate::from_ymd_opt(2000, month, day).map(|_| (month, day))
}

fn month_number(text: &str) -> Option<u32> {
    let month = Month::try_from(text.parse::<u8>().ok()?).ok()?;
    Some(month.number_from_month())
}

/// `-`, `1986-`, `-1977`, `1973-1977` or `2012`.
fn years(text: &str) -> Option<(i32, i32)> {
    let year = |text: &str, open: i32| match text {
        "" => Some(open),
        _ => text.parse().ok().filter(|year| (FIRST_YEAR..=LAST_YEAR).contains(year)),
    };
    match text.split_once('-') {
        Some((from, to)) => Some((year(from, i32::MIN)?, year(to, i32::MAX)?)),
        None => year(text, FIRST_YEAR).map(|year| (year, year)),
    }
}

/// The lines of the file that are rules.
pub(super) fn rule_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The calendars of the file. A line that cannot be read would be left out; a test reads them all.
fn tables(text: &'static str) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for rule in rule_lines(text).filter_map(Rule::read) {
        match tables.iter_mut().find(|table| table.name == rule.calendar) {
            Some(table) => table.rules.push(rule),
            None => {
                tables.push(Table { name: rule.calendar, rules: vec![rule], days: OnceLock::new() })
            }
        }
    }
    tables
}

/// Every holiday that rules make, by date: first where each falls, then what stands in for those.
fn days_of(rules: &'static [Rule]) -> Vec<(NaiveDate, &'static str)> {
    let mut days = BTreeMap::new();
    let mut moved = Vec::new();
    for rule in rules {
        for date in rule.dates() {
            days.entry(date).or_insert(rule.name);
            moved.extend(rule.stand_in(date).map(|day| (date, day, rule)));
        }
    }
    moved.sort_by_key(|(date, ..)| *date);
    for (_, first, rule) in moved {
        let mut free = Some(first);
        if rule.observed == Observed::Next {
            free = first.iter_days().find(|day| {
                !days.contains_key(day) && !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
            });
        }
        if let Some(day) = free {
            days.entry(day).or_insert(rule.substitute.as_str());
        }
    }
    days.into_iter().filter(|(date, _)| (FIRST_YEAR..=LAST_YEAR).contains(&date.year())).collect()
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Calendar {
    type Err = UnknownCalendar;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::named(name).ok_or_else(|| UnknownCalendar { name: name.to_owned() })
    }
}

/// Its name, for people and machines alike: numbers would change with the data.
impl Serialize for Calendar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Calendar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
