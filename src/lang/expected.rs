//! What the grammar expected, in the words of people. It knows the names of the grammar's rules.

/// The rules of the grammar by name, as a phrase; rules that say nothing to people are left out.
pub(super) fn words(rules: impl IntoIterator<Item = String>) -> String {
    let mut words: Vec<String> = rules.into_iter().filter_map(|rule| spoken(&rule)).collect();
    words.sort_by_key(|word| (word.starts_with('`'), word.clone()));
    words.dedup();
    match words.split_last() {
        None => "something else".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

fn spoken(rule: &str) -> Option<String> {
    let word = match rule {
        "word" | "path" | "target" => "a name",
        "counted" => "an event",
        "string" => "a text in quotes",
        "operand" | "any_of" | "all_of" | "negation" | "comparison" => "a value",
        "moment" | "number_like" => "a value",
        "group" => "`(`",
        "operator" => "an operator",
        "list" => "a list",
        "kind" | "list_of" => "a type",
        "open_brace" => "`{`",
        "close_paren" => "`)`",
        "close_bracket" => "`]`",
        "comma" => "`,`",
        "EOI" => "the end",
        _ => {
            let keyword = rule.strip_prefix("k_")?;
            return Some(format!("`{}`", keyword.replace('_', "-")));
        }
    };
    Some(word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn expectations_are_named_once_and_in_order() {
        let rules = ["k_or", "close_paren", "k_and", "k_or", "negator"].map(str::to_owned);
        assert_eq!(words(rules), "`)`, `and` or `or`");
        assert_eq!(words(["any_of", "k_day_after"].map(str::to_owned)), "a value or `day-after`");
        assert_eq!(words([]), "something else");
    }
}
