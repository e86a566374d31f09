//! Which known word somebody may have meant. Owns what counts as near; must not know what the words are for.

/// The words that begin as the typed one does, or are at most two letters and half of their length away from it.
pub fn near<'w>(typed: &str, words: impl IntoIterator<Item = &'w str>) -> Vec<&'w str> {
    let is_close = |word: &str| distance(word, typed) <= 2.min(word.len() / 2);
    let is_near = |word: &&str| (!typed.is_empty() && word.starts_with(typed)) || is_close(word);
    words.into_iter().filter(is_near).collect()
}

/// The word with the fewest letters to change.
pub fn nearest<'w>(typed: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    words.into_iter().min_by_key(|word| distance(word, typed))
}

/// Levenshtein's.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_one_or_two_letters_and_beginnings_are_near() {
        let words = ["sync", "status", "repair", "rebuild"];
        assert_eq!(near("snyc", words), ["sync"]);
        assert_eq!(near("re", words), ["repair", "rebuild"]);
        assert!(near("frobnicate", words).is_empty() && near("xml", ["sql"]).is_empty());
        assert_eq!(nearest("stats", words), Some("status"));
        assert_eq!(nearest("x", []), None);
    }
}
