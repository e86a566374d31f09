//! What a tracker's title says: `Release: v1.2.0 (Phoenix)`.

use std::cmp::Ordering;

use super::Kind;

/// The parts of a title, borrowed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TitleParts<'a> {
    /// The title without its `Release: ` or `Microsprint: ` prefix, trimmed.
    pub name: &'a str,
    /// `v1.2.0`, as written; `None` where the name does not begin with a version.
    pub version: Option<&'a str>,
    /// `Phoenix`, from trailing parentheses.
    pub codename: Option<&'a str>,
}

impl<'a> TitleParts<'a> {
    /// Splits a title; the prefix is that of `kind`, in any case.
    pub fn of(kind: Kind, title: &'a str) -> Self {
        let prefix = kind.title_prefix().trim_end();
        let name = match title.split_at_checked(prefix.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(prefix) => rest.trim(),
            _ => title.trim(),
        };
        let (head, codename) = match name.strip_suffix(')').and_then(|open| open.rsplit_once('(')) {
            Some((head, inner)) if !inner.trim().is_empty() => (head.trim(), Some(inner.trim())),
            _ => (name, None),
        };
        let version = head.split_whitespace().next().filter(|word| numbers(word).is_some());
        // Parentheses are a codename only behind a version: prose in titles has them too.
        Self { name, version, codename: codename.filter(|_| version.is_some()) }
    }

    /// Order of versions by Semantic Versioning 2.0.0 section 11; titles without a version come before all others.
    pub fn version_order(&self, other: &Self) -> Ordering {
        self.version.map(precedence).cmp(&other.version.map(precedence))
    }
}

/// Sorts as section 11 says: numbers, then a release above its pre-releases, then identifiers one by one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Precedence<'a> {
    numbers: [u64; 4],
    is_release: bool,
    pre_release: Vec<Identifier<'a>>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    Number(u64),
    Word(&'a str),
}

fn precedence(version: &str) -> Precedence<'_> {
    let (numbers, pre_release) = numbers(version).unwrap_or(([0; 4], ""));
    let pre_release: Vec<_> = pre_release
        .split('.')
        .filter(|id| !id.is_empty())
        .map(|id| id.parse().map_or(Identifier::Word(id), Identifier::Number))
        .collect();
    Precedence { numbers, is_release: pre_release.is_empty(), pre_release }
}

/// One to four numbers behind an optional `v`, and the pre-release behind a `-`; build metadata (`+…`) is cut off.
/// `None` where it is no version: a bare number such as `2024` needs the `v` to count as one.
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
        *found.get_mut(count)? = part.parse().ok()?;
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

    #[test]
    fn a_release_title_gives_version_and_codename() {
        let parts = release("Release: v1.2.0 (Phoenix)");
        assert_eq!((parts.name, parts.version, parts.codename), ("v1.2.0 (Phoenix)", Some("v1.2.0"), Some("Phoenix")));
        assert_eq!(release("release:   2.0 ").version, Some("2.0"));
        assert_eq!(release("Release: v1.2.0-rc.1+x (A (B) C)").version, Some("v1.2.0-rc.1+x"));
    }

    #[test]
    fn a_title_without_a_version_gives_none() {
        for title in [
            "",
            "Release: ",
            "Release: Phoenix",
            "Consider (maybe)",
            "Release: 2024",
            "Release: v",
            "v1..2",
            "1.2.3.4.5",
        ] {
            assert_eq!((release(title).version, release(title).codename), (None, None), "{title}");
        }
        assert_eq!(TitleParts::of(Kind::Microsprint, "Microsprint: cache-impl").name, "cache-impl");
        assert_eq!(TitleParts::of(Kind::Microsprint, "Release: x").name, "Release: x");
    }

    #[test]
    fn versions_sort_as_semantic_versioning_says() {
        let ascending = [
            "Release: none",
            "Release: v0.9.0",
            "Release: v1.0.0-alpha",
            "Release: v1.0.0-alpha.1",
            "Release: v1.0.0-alpha.beta",
            "Release: v1.0.0-beta.2",
            "Release: v1.0.0-beta.11",
            "Release: v1.0.0",
            "Release: v1.10.0",
            "Release: v2",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(release(pair[0]).version_order(&release(pair[1])), Ordering::Less, "{pair:?}");
        }
        assert_eq!(release("Release: v1.0").version_order(&release("Release: v1.0.0+build")), Ordering::Equal);
    }
}
