//! What a tracker's title says: `Release: v1.2.0 (Phoenix)`, `Branch: release/v0.9.0`.

use std::cmp::Ordering;

use super::Kind;

/// The parts of a title, borrowed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TitleParts<'a> {
    /// The title without its prefix (`Release: `, `Branch: `, `Patch: `, `Microsprint: `), trimmed.
    pub name: &'a str,
    /// The name without the codename: all that the codename does not say.
    pub branch: &'a str,
    /// What stands before the last `/` of the branch.
    pub track: Option<&'a str>,
    /// `v1.2.0`, as written, from the last part of the branch.
    pub version: Option<&'a str>,
    /// `Phoenix`, from the last balanced parentheses at the end.
    pub codename: Option<&'a str>,
}

impl<'a> TitleParts<'a> {
    /// Splits a title. A prefix is one of the kind's own, in any case.
    pub fn of(kind: Kind, title: &'a str) -> Self {
        let prefixes: &[&str] = match kind {
            Kind::Release => &["Release:", "Branch:", "Patch:"],
            Kind::Microsprint => &["Microsprint:"],
        };
        let title = title.trim();
        let name = prefixes.iter().find_map(|prefix| without_prefix(title, prefix)).unwrap_or(title);
        match codename(name) {
            Some((branch, codename)) => {
                let parts = Self::without_codename(name, branch);
                // Prose has parentheses too: they are a codename only of a version, of what is named as a branch, or alone.
                let is_branch = parts.track.is_some() && !branch.contains(char::is_whitespace);
                match parts.version.is_some() || is_branch || branch.is_empty() {
                    true => Self { codename: Some(codename), ..parts },
                    false => Self::without_codename(name, name),
                }
            }
            None => Self::without_codename(name, name),
        }
    }

    fn without_codename(name: &'a str, branch: &'a str) -> Self {
        let (track, last) = match branch.rsplit_once('/') {
            Some((track, last)) => (Some(track), last),
            None => (None, branch),
        };
        let is_between = |c: char| c.is_whitespace() || !(c.is_ascii() || c.is_alphanumeric());
        let version = last.split(is_between).find_map(version);
        Self { name, branch, track: track.filter(|track| !track.is_empty()), version, codename: None }
    }

    /// Returns what the title is sorted by as a version: Semantic Versioning 2.0.0, section 11. Titles without a version
    /// come before all others.
    pub fn version_key(&self) -> Option<VersionKey> {
        let version = self.version?;
        let (numbers, mut pre_release) = numbers(version)?;
        if pre_release.is_empty() && !version.contains('+') {
            pre_release = self.stage(version).unwrap_or_default();
        }
        Some(VersionKey { numbers, pre_release: pre_release.into() })
    }

    /// The words after the version that say that it is not out yet: the `Beta 0` of `6.2.0 Beta 0`.
    fn stage(&self, version: &'a str) -> Option<&'a str> {
        let at = self.branch.rfind(version)? + version.len();
        let rest = self.branch.get(at..)?.strip_prefix(char::is_whitespace)?.trim();
        let first = rest.split(|c: char| !c.is_ascii_alphabetic()).next()?;
        const STAGES: [&str; 7] = ["alpha", "beta", "dev", "pre", "preview", "rc", "snapshot"];
        STAGES.iter().any(|stage| stage.eq_ignore_ascii_case(first)).then_some(rest)
    }
}

/// What a title is sorted by as a version. Made once for each title; only that of a pre-release takes memory.
#[derive(Clone, Debug)]
pub struct VersionKey {
    numbers: [u64; 4],
    /// Identifiers with `.` between them; empty for a release, which comes after its pre-releases.
    pre_release: Box<str>,
}

/// What a number in [`VersionKey::prefix`] may be; larger ones leave the rest to the key.
const PREFIX_NUMBER: u128 = (1 << 31) - 1;

impl VersionKey {
    /// The beginning of the key in one number: keys with different prefixes sort as these do. Never 0.
    pub fn prefix(&self) -> u128 {
        let mut prefix = 1;
        let mut is_whole = true;
        for number in self.numbers {
            let number = if is_whole { u128::from(number).min(PREFIX_NUMBER) } else { 0 };
            is_whole = is_whole && number < PREFIX_NUMBER;
            prefix = prefix << 31 | number;
        }
        prefix << 1 | u128::from(is_whole && self.pre_release.is_empty())
    }

    fn identifiers(&self) -> impl Iterator<Item = Identifier<'_>> {
        let words = self.pre_release.split(['.', ' ']).filter(|word| !word.is_empty());
        words.map(|word| match word.trim_start_matches('0') {
            digits if word.bytes().all(|c| c.is_ascii_digit()) => Identifier::Number(digits.len(), digits),
            _ => Identifier::Word(word),
        })
    }
}

impl Ord for VersionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let is_release = |key: &Self| key.pre_release.is_empty();
        let numbers = self.numbers.cmp(&other.numbers).then_with(|| is_release(self).cmp(&is_release(other)));
        numbers.then_with(|| self.identifiers().cmp(other.identifiers()))
    }
}

impl PartialOrd for VersionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for VersionKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for VersionKey {}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    /// Its digits and how many they are, without zeros before them.
    Number(usize, &'a str),
    Word(&'a str),
}

fn without_prefix<'a>(title: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = title.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| rest.trim())
}

/// The name before its last balanced parentheses, and what stands in them.
fn codename(name: &str) -> Option<(&str, &str)> {
    let inner_end = name.strip_suffix(')')?.len();
    let mut depth = 0;
    for (at, c) in name.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let inner = name[at + 1..inner_end].trim();
            return (!inner.is_empty()).then(|| (name[..at].trim_end(), inner));
        }
    }
    None
}

/// The version in a word: the whole of it without punctuation around it, or what stands after a component's name.
fn version(word: &str) -> Option<&str> {
    let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
    if numbers(word).is_some() {
        return Some(word);
    }
    let separators = word.match_indices(['@', '-', '_']);
    separators.map(|(at, _)| &word[at + 1..]).find(|rest| numbers(rest).is_some())
}

/// One to four numbers after an optional `v`, and the pre-release after a `-`; build metadata (`+…`) is cut off.
/// `None` if it is no version: a bare number such as `2024` needs the `v` to count as one.
fn numbers(word: &str) -> Option<([u64; 4], &str)> {
    let digits = word.strip_prefix(['v', 'V']).unwrap_or(word);
    let core = digits.split_once('+').map_or(digits, |(core, _build)| core);
    let (core, pre_release) = core.split_once('-').unwrap_or((core, ""));
    let mut found = [0; 4];
    let mut count = 0;
    for part in core.split('.') {
        if part.is_empty() || !part.bytes().all(|c| c.is_ascii_digit()) {
            return None;
        }
        // Digits alone, so that it is only too large.
        *found.get_mut(count)? = part.parse().unwrap_or(u64::MAX);
        count += 1;
    }
    (count > 1 || digits.len() < word.len()).then_some((found, pre_release))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(title: &str) -> TitleParts<'_> {
        TitleParts::of(Kind::Release, title)
    }

    /// title; name; branch; track; version; codename. An empty text is none.
    const SHAPES: &[[&str; 6]] = &[
        ["Release: v1.2.0 (Phoenix)", "v1.2.0 (Phoenix)", "v1.2.0", "", "v1.2.0", "Phoenix"],
        ["release:   2.0 ", "2.0", "2.0", "", "2.0", ""],
        ["Release: release/v0.9.0", "release/v0.9.0", "release/v0.9.0", "release", "v0.9.0", ""],
        ["Branch: release/v0.11.0 (Ibis)", "release/v0.11.0 (Ibis)", "release/v0.11.0", "release", "v0.11.0", "Ibis"],
        ["Release: patch/v0.9.3", "patch/v0.9.3", "patch/v0.9.3", "patch", "v0.9.3", ""],
        ["Patch: v1.2.3", "v1.2.3", "v1.2.3", "", "v1.2.3", ""],
        ["Branch: team/hotfix/1.2.4", "team/hotfix/1.2.4", "team/hotfix/1.2.4", "team/hotfix", "1.2.4", ""],
        ["Release: app-v1.10.0", "app-v1.10.0", "app-v1.10.0", "", "v1.10.0", ""],
        ["app-1.10.0-rc.1", "app-1.10.0-rc.1", "app-1.10.0-rc.1", "", "1.10.0-rc.1", ""],
        ["app@1.2.3", "app@1.2.3", "app@1.2.3", "", "1.2.3", ""],
        ["@octo/app@1.2.3", "@octo/app@1.2.3", "@octo/app@1.2.3", "@octo", "1.2.3", ""],
        ["v2.0.0: Osprey", "v2.0.0: Osprey", "v2.0.0: Osprey", "", "v2.0.0", ""],
        ["[v1.2.3]", "[v1.2.3]", "[v1.2.3]", "", "v1.2.3", ""],
        ["Release: [1.2.3] - the end", "[1.2.3] - the end", "[1.2.3] - the end", "", "1.2.3", ""],
        ["Release: v2024.06", "v2024.06", "v2024.06", "", "v2024.06", ""],
        ["Release: 6.2.0 Beta 0", "6.2.0 Beta 0", "6.2.0 Beta 0", "", "6.2.0", ""],
        ["🚀 v2", "🚀 v2", "🚀 v2", "", "v2", ""],
        ["v2.0.0 (Osprey (2nd try))", "v2.0.0 (Osprey (2nd try))", "v2.0.0", "", "v2.0.0", "Osprey (2nd try)"],
        ["v2.0.0 (a) (b)", "v2.0.0 (a) (b)", "v2.0.0 (a)", "", "v2.0.0", "b"],
        ["Release: v1.2.0-rc.1+x (A)", "v1.2.0-rc.1+x (A)", "v1.2.0-rc.1+x", "", "v1.2.0-rc.1+x", "A"],
        ["Branch: release/next (Ibis)", "release/next (Ibis)", "release/next", "release", "", "Ibis"],
        ["something else (really)", "something else (really)", "something else (really)", "", "", ""],
        ["v1.0 (a))", "v1.0 (a))", "v1.0 (a))", "", "v1.0", ""],
        ["v1.0 ()", "v1.0 ()", "v1.0 ()", "", "v1.0", ""],
        ["", "", "", "", "", ""],
        ["Release: ", "", "", "", "", ""],
        ["Release: Phoenix", "Phoenix", "Phoenix", "", "", ""],
        ["Release: 2024", "2024", "2024", "", "", ""],
        ["Release: cache-2024-12", "cache-2024-12", "cache-2024-12", "", "", ""],
        ["v", "v", "v", "", "", ""],
        ["v1..2", "v1..2", "v1..2", "", "", ""],
        ["1.2.3.4.5", "1.2.3.4.5", "1.2.3.4.5", "", "", ""],
        [
            "9999999999999999999999.1",
            "9999999999999999999999.1",
            "9999999999999999999999.1",
            "",
            "9999999999999999999999.1",
            "",
        ],
        ["v1.2.3（全角）", "v1.2.3（全角）", "v1.2.3（全角）", "", "v1.2.3", ""],
        ["v1.2.3—Name", "v1.2.3—Name", "v1.2.3—Name", "", "v1.2.3", ""],
        ["【v1.2.3】", "【v1.2.3】", "【v1.2.3】", "", "v1.2.3", ""],
        ["«v1.2.3…»", "«v1.2.3…»", "«v1.2.3…»", "", "v1.2.3", ""],
        ["🚀v2、next", "🚀v2、next", "🚀v2、next", "", "v2", ""],
        ["Release: (Phoenix)", "(Phoenix)", "", "", "", "Phoenix"],
        ["/v1.0", "/v1.0", "/v1.0", "", "v1.0", ""],
        ["v1.0/next", "v1.0/next", "v1.0/next", "v1.0", "", ""],
    ];

    #[test]
    fn titles_of_every_shape_are_taken_apart() {
        for [title, name, branch, track, version, codename] in SHAPES {
            let some = |text: &'static str| (!text.is_empty()).then_some(text);
            let (track, version, codename) = (some(track), some(version), some(codename));
            assert_eq!(release(title), TitleParts { name, branch, track, version, codename }, "{title}");
        }
    }

    #[test]
    fn a_prefix_is_one_of_the_kind_s_own() {
        assert_eq!(TitleParts::of(Kind::Microsprint, "Microsprint: cache-impl").name, "cache-impl");
        assert_eq!(TitleParts::of(Kind::Microsprint, "Release: x").name, "Release: x");
        assert_eq!(release("Microsprint: x").name, "Microsprint: x");
    }

    #[test]
    fn versions_sort_as_semantic_versioning_says() {
        let ascending = [
            "Release: none",
            "Release: release/v0.9.0",
            "Release: v1.0.0-alpha",
            "Release: v1.0.0-alpha.1",
            "Release: v1.0.0-alpha.beta",
            "Release: v1.0.0-beta.2",
            "Release: v1.0.0-beta.11",
            "Release: v1.0.0-beta.99999999999999999998",
            "Release: v1.0.0-beta.099999999999999999999",
            "Release: v1.0.0-beta.x",
            "Release: v1.0.0 rc 1",
            "[v1.0.0]",
            "Patch: app-v1.10.0",
            "🚀 v2",
            "Release: 6.2.0 Beta 0",
            "Release: 6.2.0 Beta 1",
            "Release: 6.2.0 after all",
            "Release: v2024.06",
            "Release: v99999999999999999999.1",
        ];
        for pair in ascending.windows(2) {
            assert!(release(pair[0]).version_key() < release(pair[1]).version_key(), "{pair:?}");
        }
        assert_eq!(release("Release: v1.0").version_key(), release("Release: v1.0.0+build").version_key());
        assert_eq!(release("Release: 6.2.0 after all").version_key(), release("6.2.0").version_key());
    }
}
