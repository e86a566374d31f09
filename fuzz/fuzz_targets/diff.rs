//! Any two states: folding what `diff` says over one gives the other, and undoing it leads back.
#![no_main]

use std::cmp::Reverse;
use std::collections::BTreeMap;

use gh_pmu::model::{Event, Kind, Tracker, TrackerNumber, diff};
use gh_pmu_fuzz::{AnyTracker, state_of};
use libfuzzer_sys::fuzz_target;

type State = BTreeMap<(Kind, Reverse<TrackerNumber>), Tracker<'static>>;

fn keyed(trackers: &[Tracker<'static>]) -> State {
    trackers.iter().map(|tracker| (tracker.list_key(), tracker.clone())).collect()
}

fuzz_target!(|input: (Vec<AnyTracker>, Vec<AnyTracker>)| {
    let (before, after) = (state_of(&input.0), state_of(&input.1));
    let mut events = Vec::new();
    diff(before.clone(), &after, &mut events);
    assert_eq!(events.is_empty(), before == after);
    let events: Vec<Event<'static>> = events.into_iter().map(Event::into_owned).collect();

    let mut state = keyed(&before);
    for event in &events {
        let key = (event.kind, Reverse(event.number));
        let is = event.apply(state.remove(&key).as_ref()).expect("OK because the event is of this state");
        state.extend(is.map(|tracker| (key, tracker)));
    }
    assert_eq!(state, keyed(&after));
    for event in events.iter().rev() {
        let key = (event.kind, Reverse(event.number));
        let was = event.undo(state.remove(&key).as_ref()).expect("OK because the event led to this state");
        state.extend(was.map(|tracker| (key, tracker)));
    }
    assert_eq!(state, keyed(&before));
});
