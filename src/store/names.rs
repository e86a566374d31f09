//! The names of a store's files: which are this program's, and what they say.

use crate::fs::TEMPORARY;

pub(super) const CURRENT: &str = "CURRENT";
pub(super) const MARKS: &str = "marks";
pub(super) const LOCK: &str = "lock";
/// Stands where `CURRENT` stood while the store is being removed.
pub(super) const CLEARED: &str = "cleared";
const DAMAGED: &str = "damaged-";
const REPLACED: &str = "replaced-";
/// `CURRENT` and its like are a few hundred bytes, and marks a few thousand.
pub(super) const SMALL_FILE_LIMIT: u64 = 1 << 20;

/// Returns the generation of `log-<generation>`, as this program writes it.
pub(super) fn log_generation(name: &str) -> Option<u64> {
    let generation: u64 = name.strip_prefix("log-")?.parse().ok()?;
    (format!("log-{generation}") == name).then_some(generation)
}

/// Returns seq and generation of `index-<seq>-<generation>`, as this program writes it.
pub(super) fn index_place(name: &str) -> Option<(u64, u64)> {
    let (seq, generation) = name.strip_prefix("index-")?.split_once('-')?;
    let (seq, generation) = (seq.parse().ok()?, generation.parse().ok()?);
    (format!("index-{seq}-{generation}") == name).then_some((seq, generation))
}

/// Whether that is the name of a log or of an index.
pub(super) fn is_numbered(name: &str) -> bool {
    log_generation(name).is_some() || index_place(name).is_some()
}

/// Whether this program makes files of that name in a store's directory.
pub(super) fn is_own(name: &str) -> bool {
    let stem = name.strip_suffix(TEMPORARY).unwrap_or(name);
    let fixed = [CURRENT, MARKS, LOCK, CLEARED];
    let unsynced_temporary =
        stem.len() < name.len() && stem.split_once('.').is_some_and(|(stem, _)| fixed.contains(&stem));
    let kept = stem.starts_with(DAMAGED) || is_replaced(stem);
    fixed.contains(&stem) || unsynced_temporary || kept || is_numbered(stem)
}

/// Whether that is a log that a rebuild replaced.
pub(super) fn is_replaced(name: &str) -> bool {
    name.starts_with(REPLACED)
}

/// Returns the name under which a rebuild keeps a log.
pub(super) fn replaced(name: &str) -> String {
    format!("{REPLACED}{name}")
}

/// Returns the names under which a file may be set aside, in order.
pub(super) fn asides(name: &str) -> impl Iterator<Item = String> {
    let first = format!("{DAMAGED}{name}");
    let more = first.clone();
    std::iter::once(first).chain((2..).map(move |count: u64| format!("{more}-{count}")))
}

/// Whether that name is one under which a file of this name is set aside.
pub(super) fn is_aside_of(aside: &str, name: &str) -> bool {
    let rest = aside.strip_prefix(DAMAGED).and_then(|rest| rest.strip_prefix(name));
    let count = |rest: &str| rest.strip_prefix('-').is_some_and(|count| count.parse::<u64>().is_ok());
    rest.is_some_and(|rest| rest.is_empty() || count(rest))
}
