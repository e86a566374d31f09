//! From the order of the file to [`Tracker::list_order`], and no number twice.

use super::read::Reader;
use crate::model::{Kind, Tracker, TrackerNumber};

/// The trackers in list order. Lists that ascend or descend already, as every writer makes them, cost one comparison
/// per tracker.
///
/// # Errors
/// A list and a number that is in it twice.
pub(super) fn sorted<'a>(reader: Reader<'a>) -> Result<Vec<Tracker<'a>>, (Kind, TrackerNumber)> {
    let Reader { mut trackers, releases, microsprints, .. } = reader;
    if microsprints.start < releases.start {
        trackers.rotate_left(releases.start);
    }
    let (first, second) = trackers.split_at_mut(releases.len());
    sort(first).map_err(|number| (Kind::Release, number))?;
    sort(second).map_err(|number| (Kind::Microsprint, number))?;
    Ok(trackers)
}

fn sort(list: &mut [Tracker<'_>]) -> Result<(), TrackerNumber> {
    if list.is_sorted_by(|a, b| a.number > b.number) {
        return Ok(());
    }
    if list.is_sorted_by(|a, b| a.number < b.number) {
        list.reverse();
        return Ok(());
    }
    list.sort_unstable_by_key(Tracker::list_key);
    match list.windows(2).find(|pair| pair[0].number == pair[1].number) {
        Some(pair) => Err(pair[0].number),
        None => Ok(()),
    }
}
