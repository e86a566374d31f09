//! The text of the `cache:` section. Owns its keys, defaults and comments; must not know where it is put.

use crate::config::DEFAULT_PATH;

/// One key with its default and what it is for.
struct Key {
    name: &'static str,
    value: &'static str,
    comment: &'static str,
}

/// In the order in which they are written.
const KEYS: [Key; 14] = [
    key("enabled", "true", "false: always ask the API"),
    key("backend", "log", "sqlite and bolt (from the first proposal) are read as log, with one warning"),
    key("path", DEFAULT_PATH, "a directory"),
    key("manifest", ".github/pmu-cache.json", ""),
    key("branch", "null", "read the manifest from this remote branch instead of the working tree"),
    key("auto_sync", "true", "sync from the manifest on list and history commands"),
    key("auto_pull", "false", "git pull --ff-only (or fetch, with branch) first"),
    key("auto_pull_interval", "300", "seconds between pulls"),
    key("max_age", "null", "seconds after which status calls it stale"),
    key("history", "git", "none: begin with the present"),
    key("release_labels", "[release, branch, patch]", "an issue is a tracker if it has one of the labels"),
    key("release_titles", "[\"Release: \", \"Branch: \", \"Patch: \"]", "and its title begins with one of these"),
    key("microsprint_labels", "[microsprint]", ""),
    key("microsprint_titles", "[\"Microsprint: \"]", ""),
];

/// Where comments begin, counted from the key: those of most keys, and those of lists.
const COMMENT_COLUMN: usize = 33;
const LIST_COMMENT_COLUMN: usize = 54;

const fn key(name: &'static str, value: &'static str, comment: &'static str) -> Key {
    Key { name, value, comment }
}

/// The names of all keys.
pub fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|key| key.name)
}

/// The lines of the keys that `is_wanted`, without line breaks, indented by `indent`.
pub fn lines(indent: &str, branch: Option<&str>, is_wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let line = |key: &Key| {
        let value = match branch {
            Some(branch) if key.name == "branch" => scalar(branch),
            _ => key.value.to_owned(),
        };
        let entry = format!("{}: {value}", key.name);
        match key.comment {
            "" => format!("{indent}{entry}"),
            comment => {
                let column = if key.value.starts_with('[') { LIST_COMMENT_COLUMN } else { COMMENT_COLUMN };
                format!("{indent}{entry:<width$}# {comment}", width = column.max(entry.len() + 1))
            }
        }
    };
    KEYS.iter().filter(|key| is_wanted(key.name)).map(line).collect()
}

/// The whole section, indented by `indent`, its own keys by two more.
pub fn whole(indent: &str, branch: Option<&str>) -> Vec<String> {
    let head = format!("{indent}cache:");
    std::iter::once(head).chain(lines(&format!("{indent}  "), branch, &|_| true)).collect()
}

/// A text as a YAML scalar: as it is where every reader takes it for that text, else in single quotes. It is one line.
pub fn scalar(text: &str) -> String {
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let is_word = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        || (text.starts_with('.') && text[1..].starts_with(|c: char| c.is_ascii_alphabetic()) && text.contains('/'));
    let is_plain = text.bytes().all(|c| c.is_ascii_alphanumeric() || b"_-./+".contains(&c));
    if begins_well && is_plain && !is_word { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_that_of_the_documentation() {
        let text = "\
cache:
  enabled: true                    # false: always ask the API
  backend: log                     # sqlite and bolt (from the first proposal) are read as log, with one warning
  path: ~/.config/gh-pmu/cache     # a directory
  manifest: .github/pmu-cache.json
  branch: null                     # read the manifest from this remote branch instead of the working tree
  auto_sync: true                  # sync from the manifest on list and history commands
  auto_pull: false                 # git pull --ff-only (or fetch, with branch) first
  auto_pull_interval: 300          # seconds between pulls
  max_age: null                    # seconds after which status calls it stale
  history: git                     # none: begin with the present
  release_labels: [release, branch, patch]              # an issue is a tracker if it has one of the labels
  release_titles: [\"Release: \", \"Branch: \", \"Patch: \"]  # and its title begins with one of these
  microsprint_labels: [microsprint]
  microsprint_titles: [\"Microsprint: \"]";
        assert_eq!(whole("", None).join("\n"), text);
    }

    #[test]
    fn a_branch_that_yaml_could_misread_is_quoted() {
        for (branch, written) in [
            ("pmu-cache", "pmu-cache"),
            ("bots/pmu_cache.1", "bots/pmu_cache.1"),
            ("null", "'null'"),
            ("No", "'No'"),
            ("1.10", "'1.10'"),
            ("#x", "'#x'"),
            ("it's", "'it''s'"),
            ("&a", "'&a'"),
            ("grün", "'grün'"),
        ] {
            assert_eq!(scalar(branch), written);
            let line = &lines("", Some(branch), &|name| name == "branch")[0];
            assert!(line.starts_with(&format!("branch: {written} ")), "{line}");
        }
        let long = "x".repeat(60);
        assert!(lines("", Some(&long), &|name| name == "branch")[0].contains(&format!("{long} # read")));
        assert_eq!(scalar(".github/pmu-cache.json"), ".github/pmu-cache.json");
        assert_eq!(scalar(".5/1"), "'.5/1'");
    }
}
