//! Words in titles, whatever their case and however their letters are composed.

use memchr::memmem::Finder;
use unicode_normalization::UnicodeNormalization;

/// The words of a search.
#[derive(Clone, Debug, Default)]
pub struct Words(Vec<Finder<'static>>);

impl Words {
    /// The words of a text.
    pub fn of(text: &str) -> Self {
        let words = text.split_whitespace().map(folded);
        Self(words.map(|word| Finder::new(word.as_bytes()).into_owned()).collect())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every word occurs in the title. `scratch` saves making room for each title.
    pub fn all_occur_in(&self, title: &str, scratch: &mut Vec<u8>) -> bool {
        if self.is_empty() {
            return true;
        }
        scratch.clear();
        match title.is_ascii() {
            true => scratch.extend(title.bytes().map(|byte| byte.to_ascii_lowercase())),
            false => scratch.extend_from_slice(folded(title).as_bytes()),
        }
        self.0.iter().all(|word| word.find(scratch).is_some())
    }
}

/// The text without case and composed: two that differ in nothing else are equal then. Letter by letter, as a word's last
/// sigma has a form of its own, and through capitals, as `ß` is `SS` there. The Turkish `İ` counts as an `i`.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let plain = text.nfc().map(|c| if c == 'İ' { 'I' } else { c });
    plain.flat_map(char::to_lowercase).flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occurs(words: &str, title: &str) -> bool {
        Words::of(words).all_occur_in(title, &mut Vec::new())
    }

    #[test]
    fn every_word_must_occur_in_any_case() {
        assert!(occurs("PHOENIX v1", "Release: v1.2.0 (Phoenix)") && occurs("", "x"));
        assert!(!occurs("phoenix v3", "Release: v1.2.0 (Phoenix)"));
        assert!(occurs("STRASSE", "Straße") && occurs("ΟΔΟΣ", "οδος") && occurs("istanbul", "İstanbul"));
    }

    #[test]
    fn letters_are_equal_however_they_are_composed() {
        let (composed, apart) = ("Caf\u{e9}", "Cafe\u{301}");
        assert!(occurs("\u{e9}", composed) && occurs("\u{e9}", apart));
        assert!(occurs("E\u{301}", composed) && occurs("CAF\u{c9}", apart));
        assert!(!occurs("cafes", apart) && !occurs("fe", composed) && !occurs("fe", apart));
    }
}
