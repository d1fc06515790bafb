//! Who is written to: people by number, so many at each company.

/// People at one company: a million people are at fifty thousand companies.
pub const PEOPLE_PER_COMPANY: u32 = 20;
/// The zone that everybody is in.
pub const ZONE: &str = "Europe/Berlin";

/// The key of a person, which is the address, too.
#[must_use]
pub fn key(person: u32) -> String {
    format!("person-{person}@{}", company(person / PEOPLE_PER_COMPANY))
}

/// The key of a company, which is the domain of its people's addresses.
#[must_use]
pub fn company(number: u32) -> String {
    format!("company-{number}.example")
}

/// How many companies so many people are at.
#[must_use]
pub const fn companies(people: u32) -> u32 {
    people.div_ceil(PEOPLE_PER_COMPANY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_people_are_at_fifty_thousand_companies() {
        assert_eq!(companies(1_000_000), 50_000);
        assert_eq!(key(19), "person-19@company-0.example");
        assert_eq!(key(20), "person-20@company-1.example");
        assert_eq!(companies(21), 2);
    }
}
