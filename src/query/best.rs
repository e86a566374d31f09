//! The best rows by a key, found in one pass: the key of a row is made once, and no more rows are kept than are wanted.

use std::cmp::Ordering;

use super::filter::{Filter, Order, SortBy};
use crate::model::{TitleParts, Tracker, UnixMillis};

/// Rows beyond the limit that are kept until the worst are dropped together.
const SLACK: usize = 1024;

/// The rows that are kept so far. `P` is the place of a row, and `F` finds it there again.
pub(super) struct Best<P, F> {
    find: F,
    sort: SortBy,
    order: Order,
    limit: usize,
    entries: Vec<Entry<P>>,
    /// Once there are enough: what sorts after this is too bad.
    worst: Option<u128>,
}

/// A row. Prefixes sort as keys do; where they are equal, the rows themselves decide.
#[derive(Clone, Copy)]
struct Entry<P> {
    prefix: u128,
    source: u32,
    place: P,
}

impl<'v, P: Copy, F: Fn(u32, P) -> Tracker<'v>> Best<P, F> {
    /// Of at most `room` rows that will be offered, the best `limit`.
    pub(super) fn new(filter: &Filter, room: usize, find: F) -> Self {
        let limit = filter.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let entries = Vec::with_capacity(room.min(limit.saturating_mul(2).saturating_add(SLACK)));
        Self { find, sort: filter.sort, order: filter.order, limit, entries, worst: None }
    }

    /// Keeps the row if it may be among the best.
    pub(super) fn offer(&mut self, source: u32, place: P, tracker: &Tracker<'_>) {
        let prefix = match self.order {
            Order::Ascending => prefix(self.sort, tracker),
            Order::Descending => !prefix(self.sort, tracker),
        };
        if self.worst.is_some_and(|worst| prefix > worst) {
            return;
        }
        self.entries.push(Entry { prefix, source, place });
        if self.entries.len() >= self.limit.saturating_mul(2).saturating_add(SLACK) {
            self.drop_worst();
        }
    }

    fn drop_worst(&mut self) {
        let Some(last) = self.limit.checked_sub(1) else { return self.entries.clear() };
        let mut entries = std::mem::take(&mut self.entries);
        entries.select_nth_unstable_by(last, |a, b| self.compared(a, b));
        entries.truncate(self.limit);
        self.worst = entries.last().map(|entry| entry.prefix);
        self.entries = entries;
    }

    /// The best in order.
    pub(super) fn finish(mut self) -> Vec<(u32, P)> {
        if self.entries.len() > self.limit {
            self.drop_worst();
        }
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by(|a, b| self.compared(a, b));
        entries.iter().map(|entry| (entry.source, entry.place)).collect()
    }

    /// What compares equal stays newest number first, repositories in order of their names.
    fn compared(&self, a: &Entry<P>, b: &Entry<P>) -> Ordering {
        // A row is looked up only where what is at hand does not decide: thousands of repositories have an issue 1.
        let tracker = |entry: &Entry<P>| (self.find)(entry.source, entry.place);
        let by_key = || match self.sort {
            SortBy::Number | SortBy::Created | SortBy::Closed => Ordering::Equal,
            SortBy::Title => by_letters(&tracker(a).title, &tracker(b).title),
            SortBy::Version => {
                let key = |tracker: Tracker<'_>| TitleParts::of(tracker.kind, &tracker.title).version_key();
                key(tracker(a)).cmp(&key(tracker(b)))
            }
        };
        let by_key = || if self.order == Order::Descending { by_key().reverse() } else { by_key() };
        let by_number = || tracker(b).number.cmp(&tracker(a).number);
        a.prefix.cmp(&b.prefix).then_with(by_key).then(a.source.cmp(&b.source)).then_with(by_number)
    }
}

/// The beginning of a row's key, or all of it: smaller for what sorts before.
fn prefix(sort: SortBy, tracker: &Tracker<'_>) -> u128 {
    let time = |time: Option<UnixMillis>| match time {
        None => 0,
        // The cast keeps the bits; times before 1970 come before those after it.
        Some(time) => 1 << 64 | u128::from(time.get() as u64 ^ 1 << 63),
    };
    match sort {
        SortBy::Number => tracker.number.get().into(),
        SortBy::Created => time(tracker.created_at),
        SortBy::Closed => time(tracker.closed_at),
        SortBy::Title => title_prefix(&tracker.title),
        SortBy::Version => TitleParts::of(tracker.kind, &tracker.title).version_key().map_or(0, |key| key.prefix()),
    }
}

fn title_prefix(title: &str) -> u128 {
    let mut bytes = [0; 16];
    if title.is_ascii() {
        for (at, byte) in bytes.iter_mut().zip(title.bytes()) {
            *at = byte.to_ascii_lowercase();
        }
    } else {
        let mut encoded = [0; 4];
        let mut free = &mut bytes[..];
        for c in title.chars().flat_map(char::to_lowercase) {
            let text = c.encode_utf8(&mut encoded).as_bytes();
            let len = text.len().min(free.len());
            free[..len].copy_from_slice(&text[..len]);
            free = &mut free[len..];
            if free.is_empty() {
                break;
            }
        }
    }
    u128::from_be_bytes(bytes)
}

fn by_letters(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        let lower = |byte: u8| byte.to_ascii_lowercase();
        return a.bytes().map(lower).cmp(b.bytes().map(lower));
    }
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, State, TrackerNumber};
    use proptest::prelude::*;

    fn of(title: &str) -> Tracker<'_> {
        // OK because 1 is a number.
        let number = TrackerNumber::new(1).expect("1");
        let title = title.into();
        Tracker { kind: Kind::Release, number, state: State::Open, title, created_at: None, closed_at: None }
    }

    proptest! {
        #[test]
        fn a_prefix_never_contradicts_its_key(a in "(Release: )?v?[0-9]{1,12}(\\.[0-9]{1,11}){0,3}(-rc\\.[0-9])?|[a-zA-ZÀ-ö ]{0,20}", b in "(Release: )?v?[0-9]{1,12}(\\.[0-9]{1,11}){0,3}(-rc\\.[0-9])?|[a-zA-ZÀ-ö ]{0,20}") {
            let (a, b) = (of(&a), of(&b));
            let key = |tracker: &Tracker<'_>| TitleParts::of(tracker.kind, &tracker.title).version_key();
            let by_version = prefix(SortBy::Version, &a).cmp(&prefix(SortBy::Version, &b));
            prop_assert!(by_version == Ordering::Equal || by_version == key(&a).cmp(&key(&b)));
            let lower = |tracker: &Tracker<'_>| tracker.title.to_lowercase();
            let by_title = prefix(SortBy::Title, &a).cmp(&prefix(SortBy::Title, &b));
            prop_assert!(by_title == Ordering::Equal || by_title == lower(&a).cmp(&lower(&b)));
        }
    }

    #[test]
    fn times_before_1970_come_first_and_unknown_ones_before_them() {
        let at = |millis: Option<i64>| Tracker { created_at: millis.map(UnixMillis::saturating), ..of("x") };
        let ascending = [None, Some(-5), Some(0), Some(7)].map(|millis| prefix(SortBy::Created, &at(millis)));
        assert!(ascending.is_sorted_by(|a, b| a < b), "{ascending:?}");
    }
}
