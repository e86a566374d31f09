//! What changed between two states of one repository.

use std::cmp::Ordering;

use super::{Change, Event, State, Tracker};

/// Appends to `events` what turns `before` into `after`: folding them over `before` gives `after`.
///
/// Both come in [`Tracker::list_order`], each key once. Events come in that order too; a tracker that was both closed
/// (or reopened, or redated) and retitled gives two, the retitling last.
pub fn diff<'a, 'b, 'e>(
    before: impl IntoIterator<Item = Tracker<'b>>,
    after: impl IntoIterator<Item = &'e Tracker<'a>>,
    events: &mut Vec<Event<'static>>,
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

fn added(is: &Tracker<'_>) -> Event<'static> {
    let times = is.times();
    let is = is.clone().into_owned();
    Event { kind: is.kind, number: is.number, change: Change::Added { state: is.state, title: is.title, times } }
}

fn removed(was: Tracker<'_>) -> Event<'static> {
    let times = was.times();
    let was = was.into_owned();
    Event { kind: was.kind, number: was.number, change: Change::Removed { state: was.state, title: was.title, times } }
}

fn changed(was: &Tracker<'_>, is: &Tracker<'_>, events: &mut Vec<Event<'static>>) {
    let mut push = |change| events.push(Event { kind: is.kind, number: is.number, change });
    let (before, after) = (was.times(), is.times());
    if (was.state, before) != (is.state, after) {
        let title = was.title.to_string().into();
        push(match (was.state, is.state) {
            (State::Open, State::Closed) => Change::Closed { title, before, after },
            (State::Closed, State::Open) => Change::Reopened { title, before, after },
            _ => Change::Redated { title, before, after },
        });
    }
    if was.title != is.title {
        push(Change::Retitled { before: was.title.to_string().into(), after: is.title.to_string().into() });
    }
}
