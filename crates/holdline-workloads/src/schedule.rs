//! What is sent and from where: campaigns, their steps, and senders with a limit.

/// How many campaigns there are.
pub const CAMPAIGNS: u32 = 20;
/// How many senders there are where timelines are placed: 250 for each campaign.
pub const SENDERS: u32 = 5_000;
/// The most that a sender sends in a day. There is no gap between its sends.
pub const LIMIT_PER_DAY: u32 = 1_000;
/// How many days after the one before each step is due, the first after the enrolment.
pub const STEP_DAYS: [u32; 5] = [0, 3, 4, 7, 14];
/// The hours of the day in which a step may go out, Monday to Friday, where its person is.
pub const HOURS: std::ops::Range<u32> = 9..17;
/// By how much a step is put off at random at most.
pub const JITTER_MS: u32 = 3_600_000;
/// When people are put there and enrolled: Monday, 2 March 2026, 08:00 UTC, which is 09:00 where
/// they are.
pub const START_MS: i64 = 1_772_438_400_000;
/// How long a claimed send may take.
pub const LEASE_MS: u64 = 600_000;
/// The most sends of a claim.
pub const CLAIM: u32 = 100;

/// The key of a campaign.
#[must_use]
pub fn campaign(number: u32) -> String {
    format!("campaign-{number}")
}

/// The campaign that a person is enrolled in.
#[must_use]
pub const fn campaign_of(person: u32) -> u32 {
    person % CAMPAIGNS
}

/// The key of a sender.
#[must_use]
pub fn sender(number: u32) -> String {
    format!("sender-{number}@ours.example")
}

/// The senders of a campaign, where there are so many in all: each has its own, as long as there
/// are as many as campaigns.
pub fn senders_of(campaign: u32, senders: u32) -> impl Iterator<Item = u32> {
    let shared = senders.clamp(1, CAMPAIGNS);
    (0..senders).filter(move |sender| sender % shared == campaign % shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_campaign_has_senders_of_its_own() {
        let mut all: Vec<u32> = (0..CAMPAIGNS).flat_map(|it| senders_of(it, SENDERS)).collect();
        assert_eq!(senders_of(7, SENDERS).count(), 250);
        all.sort_unstable();
        assert_eq!(all, (0..SENDERS).collect::<Vec<_>>());
    }

    #[test]
    fn few_senders_are_shared_so_that_no_campaign_is_without() {
        assert!((0..CAMPAIGNS).all(|it| senders_of(it, 3).count() == 1));
    }
}
