//! What changed between two states of one repository.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Change, Event, State, Tracker};

/// Appends to `events` what turns `before` into `after`: folding them over `before` gives `after`.
///
/// Both come in [`Tracker::list_order`], each key once. Events come in that order too; a tracker that was both closed
/// (or reopened, or redated) and retitled gives two, the retitling last. They borrow the titles of `after`.
pub fn diff<'a, 'b, 'e>(
    before: impl IntoIterator<Item = Tracker<'b>>,
    after: impl IntoIterator<Item = &'e Tracker<'a>>,
    events: &mut Vec<Event<'e>>,
) where
    'a: 'e,
{
    let mut before = before.into_iter().peekable();
    let mut after = after.into_iter().peekable();
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(was), Some(is)) => was.list_order(is),
        };
        let was = if order.is_le() { before.next() } else { None };
        let is = if order.is_ge() { after.next() } else { None };
        match (was, is) {
            (Some(was), Some(is)) => changed(&was, is, events),
            (Some(was), None) => events.push(removed(was)),
            (None, Some(is)) => events.push(added(is)),
            (None, None) => return,
        }
    }
}

fn added<'e>(is: &'e Tracker<'_>) -> Event<'e> {
    let (title, times) = (Cow::Borrowed(&*is.title), is.times());
    Event { kind: is.kind, number: is.number, change: Change::Added { state: is.state, title, times } }
}

fn removed(was: Tracker<'_>) -> Event<'static> {
    let times = was.times();
    let was = was.into_owned();
    Event { kind: was.kind, number: was.number, change: Change::Removed { state: was.state, title: was.title, times } }
}

fn changed<'e>(was: &Tracker<'_>, is: &'e Tracker<'_>, events: &mut Vec<Event<'e>>) {
    let mut push = |change| events.push(Event { kind: is.kind, number: is.number, change });
    let (before, after) = (was.times(), is.times());
    let new_title = Cow::Borrowed(&*is.title);
    if (was.state, before) != (is.state, after) {
        let title = if was.title == is.title { new_title.clone() } else { was.title.to_string().into() };
        push(match (was.state, is.state) {
            (State::Open, State::Closed) => Change::Closed { title, before, after },
            (State::Closed, State::Open) => Change::Reopened { title, before, after },
            (state, _) => Change::Redated { state, title, before, after },
        });
    }
    if was.title != is.title {
        push(Change::Retitled {
            state: is.state,
            before: was.title.to_string().into(),
            after: new_title,
            times: after,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{Kind, Mismatch, Times, TrackerNumber, UnixMillis};

    /// In list order, as everything that is diffed.
    type Trackers = BTreeMap<(Kind, Reverse<TrackerNumber>), Tracker<'static>>;

    /// Few values of each field, so that two states share most keys and differ in every combination of fields.
    fn tracker() -> impl Strategy<Value = Tracker<'static>> {
        let time = || proptest::option::of((0i64..2).prop_map(UnixMillis::saturating));
        let state = (0usize..2).prop_map(|index| State::ALL[index]);
        let kind = (0usize..2).prop_map(|index| Kind::ALL[index]);
        (kind, 1u64..8, state, "[ab]?", time(), time()).prop_map(
            |(kind, number, state, title, created_at, closed_at)| Tracker {
                kind,
                number: TrackerNumber::new(number).unwrap(),
                state,
                title: title.into(),
                created_at,
                closed_at,
            },
        )
    }

    fn trackers() -> impl Strategy<Value = Trackers> {
        proptest::collection::vec(tracker(), 0..16)
            .prop_map(|list| list.into_iter().map(|tracker| (tracker.list_key(), tracker)).collect())
    }

    fn events(before: &Trackers, after: &Trackers) -> Vec<Event<'static>> {
        let mut events = Vec::new();
        diff(before.values().cloned(), after.values(), &mut events);
        events.into_iter().map(Event::into_owned).collect()
    }

    /// One event done (or undone) to the tracker it names.
    fn step(
        trackers: &mut Trackers,
        event: &Event<'static>,
        step: impl Fn(&Event<'static>, Option<Tracker<'static>>) -> Result<Option<Tracker<'static>>, Mismatch>,
    ) {
        let key = (event.kind, Reverse(event.number));
        if let Some(tracker) = step(event, trackers.remove(&key)).unwrap() {
            trackers.insert(key, tracker);
        }
    }

    fn times(tracker: &Tracker<'_>) -> (Times, State) {
        (tracker.times(), tracker.state)
    }

    proptest! {
        #[test]
        fn folding_the_events_over_the_state_before_gives_the_state_after(before in trackers(), after in trackers()) {
            let mut state = before.clone();
            for event in events(&before, &after) {
                step(&mut state, &event, |event, was| event.apply(was.as_ref()));
            }
            prop_assert_eq!(state, after);
        }

        #[test]
        fn undoing_the_events_in_reverse_gives_the_state_before(before in trackers(), after in trackers()) {
            let mut state = after.clone();
            for event in events(&before, &after).iter().rev() {
                step(&mut state, event, |event, is| event.undo(is.as_ref()));
            }
            prop_assert_eq!(state, before);
        }

        #[test]
        fn a_state_does_not_differ_from_itself(state in trackers()) {
            prop_assert_eq!(events(&state, &state), []);
        }

        #[test]
        fn events_come_in_list_order_and_no_more_of_them_than_changed(before in trackers(), after in trackers()) {
            let events = events(&before, &after);
            prop_assert!(events.is_sorted_by_key(|event| (event.kind, Reverse(event.number))));
            let keys = before.keys().chain(after.keys().filter(|key| !before.contains_key(key)));
            let expected: usize = keys
                .map(|key| match (before.get(key), after.get(key)) {
                    (Some(was), Some(is)) => {
                        usize::from(was.title != is.title) + usize::from(times(was) != times(is))
                    }
                    _ => 1,
                })
                .sum();
            prop_assert_eq!(events.len(), expected);
        }

        #[test]
        fn an_event_fits_only_the_tracker_it_changed(before in trackers(), after in trackers(), other in tracker()) {
            for event in events(&before, &after) {
                let was = before.get(&(event.kind, Reverse(event.number)));
                let mismatch = Mismatch { kind: event.kind, number: event.number, event: event.change.as_str() };
                if was.is_some() {
                    prop_assert_eq!(event.apply(None), Err(mismatch));
                }
                if other.kind != event.kind || other.number != event.number {
                    prop_assert_eq!(event.apply(Some(&other)), Err(mismatch));
                    prop_assert_eq!(event.undo(Some(&other)), Err(mismatch));
                }
                // Done twice, undone before it was done: neither fits.
                if let Ok(is) = event.apply(was) {
                    prop_assert_eq!(event.apply(is.as_ref()), Err(mismatch));
                    prop_assert_eq!(event.undo(was), Err(mismatch));
                }
            }
        }
    }

    fn release(number: u64, state: State, title: &'static str, closed_at: Option<i64>) -> Tracker<'static> {
        Tracker {
            kind: Kind::Release,
            number: TrackerNumber::new(number).unwrap(),
            state,
            title: title.into(),
            created_at: None,
            closed_at: closed_at.map(UnixMillis::saturating),
        }
    }

    fn words(was: Tracker<'static>, is: Tracker<'static>) -> Vec<&'static str> {
        let mut events = Vec::new();
        diff([was], [&is], &mut events);
        events.iter().map(|event| event.change.as_str()).collect()
    }

    #[test]
    fn closed_and_retitled_at_once_is_two_events_the_retitling_last() {
        let (open, closed) = (release(4, State::Open, "a", None), release(4, State::Closed, "b", Some(1)));
        let mut events = Vec::new();
        diff([open.clone()], [&closed], &mut events);
        let before = Times { created_at: None, closed_at: None };
        let after = Times { closed_at: closed.closed_at, ..before };
        let event = |change| Event { kind: Kind::Release, number: open.number, change };
        assert_eq!(
            events,
            [
                event(Change::Closed { title: "a".into(), before, after }),
                event(Change::Retitled { state: State::Closed, before: "a".into(), after: "b".into(), times: after }),
            ]
        );
        assert_eq!(words(closed, open), ["reopened", "retitled"]);
    }

    #[test]
    fn times_that_change_without_the_state_are_a_redating() {
        let redated = release(4, State::Closed, "a", Some(2));
        assert_eq!(words(release(4, State::Closed, "a", Some(1)), redated.clone()), ["redated"]);
        assert_eq!(words(release(4, State::Closed, "b", None), redated), ["redated", "retitled"]);
    }

    #[test]
    fn another_number_is_one_removed_and_one_added() {
        let (four, five) = (release(4, State::Open, "a", None), release(5, State::Open, "a", None));
        assert_eq!(words(four.clone(), five.clone()), ["added", "removed"]);
        assert_eq!(words(five, four), ["removed", "added"]);
    }

    #[test]
    fn an_event_does_not_fit_a_tracker_that_differs_in_any_field_it_names() {
        let (was, is) = (release(4, State::Open, "a", None), release(4, State::Closed, "a", Some(1)));
        let mut events = Vec::new();
        diff([was.clone()], [&is], &mut events);
        diff([was.clone()], [], &mut events);
        let [closed, removed] = &events[..] else { panic!("{events:?}") };
        for other in [
            release(4, State::Open, "b", None),
            release(4, State::Closed, "a", None),
            release(4, State::Open, "a", Some(1)),
            release(3, State::Open, "a", None),
            Tracker { kind: Kind::Microsprint, ..was.clone() },
        ] {
            assert!(closed.apply(Some(&other)).is_err(), "{other:?}");
            assert!(removed.apply(Some(&other)).is_err(), "{other:?}");
        }
        let error = closed.apply(None).unwrap_err();
        assert_eq!(error.to_string(), "release #4 was not as the event \"closed\" says");
    }
}
