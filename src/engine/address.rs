//! Which company an address speaks for: the registrable domain, unless anybody can have one there.

use std::sync::LazyLock;

/// Providers that give addresses to anybody, with the commonest of their national domains: sorted,
/// one a line.
const FREE_MAIL: &str = include_str!("free-mail.txt");

/// The version of the public suffix list in use: the release of the crate that carries it.
pub const SUFFIX_VERSION: &str = "psl 2.1.247";

/// The domain of an address, in lower case; none if it is not one.
pub(crate) fn domain_of(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let domain = domain.trim_end_matches('.');
    let plausible = !local.is_empty()
        && !domain.is_empty()
        && !domain.starts_with('.')
        && !domain.contains(char::is_whitespace);
    plausible.then(|| domain.to_lowercase())
}

/// The company key that a domain stands for: its registrable part under the public suffix list.
/// None for free mail and for what is a public suffix itself.
pub(crate) fn company_domain(domain: &str) -> Option<&str> {
    let registrable = psl::domain_str(domain)?;
    (!is_free_mail(registrable) && !is_free_mail(domain)).then_some(registrable)
}

/// Whether anybody can have an address there.
pub(crate) fn is_free_mail(domain: &str) -> bool {
    static SORTED: LazyLock<Vec<&str>> = LazyLock::new(|| FREE_MAIL.lines().collect());
    SORTED.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{FREE_MAIL, SUFFIX_VERSION, company_domain, domain_of};

    #[test]
    fn g13_one_company_and_gmail_is_none() {
        let company = |address: &str| {
            domain_of(address).and_then(|domain| company_domain(&domain).map(str::to_owned))
        };
        assert_eq!(company("ann@acme.io").as_deref(), Some("acme.io"));
        assert_eq!(company("bob@mail.ACME.io").as_deref(), Some("acme.io"));
        assert_eq!(company("a@shop.acme.co.uk").as_deref(), Some("acme.co.uk"));
        assert_eq!(company("a@gmail.com"), None);
        assert_eq!(company("a@GMail.com."), None);
        assert_eq!(company("a@co.uk"), None);
        assert_eq!(company("nobody"), None);
        assert_eq!(company("@acme.io"), None);
    }

    #[test]
    fn the_version_is_the_one_in_use() {
        let lock = include_str!("../../Cargo.lock");
        let (name, version) = SUFFIX_VERSION.split_once(' ').unwrap();
        let entry = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&entry), "say the version that Cargo.lock has");
    }

    #[test]
    fn the_list_is_sorted_and_without_repeats() {
        let lines: Vec<&str> = FREE_MAIL.lines().collect();
        assert!(lines.windows(2).all(|pair| pair[0] < pair[1]), "sort the list");
        assert!(lines.len() > 50);
    }
}
