//! What a sync came to, in words.

use gh_pmu::model::Repo;
use gh_pmu::sync::Outcome;

/// What a sync came to, for people.
pub fn sentence(repo: &Repo, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Unchanged => format!("{repo} is up to date: the manifest has not changed"),
        Outcome::Fresher => format!("{repo} is up to date: nothing but the manifest's time has changed"),
        // To the second: both may be a year ago.
        Outcome::Older { manifest, cached } => format!(
            "{repo} is unchanged: the manifest is of {manifest}, older than the cache, of {cached} \
             (`gh pmu cache sync --force` applies it)"
        ),
        Outcome::Changed { first_seq, last_seq, counts, set_aside, .. } => {
            let counts: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
            let events = match first_seq == last_seq {
                true => format!("event {first_seq}"),
                false => format!("events {first_seq} to {last_seq}"),
            };
            let set_aside = set_aside.map_or_else(String::new, |manifest| {
                format!("; the manifest here, of {manifest}, is older and was set aside")
            });
            match counts.is_empty() {
                true => format!("{repo} synced: it has no trackers{set_aside}"),
                false => format!("{repo} synced: {} ({events}){set_aside}", counts.join(", ")),
            }
        }
    }
}
