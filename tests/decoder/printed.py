"""A store as JSON."""

from bincode import KINDS, SOURCES, STATES
from fold import order
from hashes import hash_of
from times import time_text


def tracker_fields(tracker):
    """A tracker's four fields."""
    return {"state": STATES[tracker.state], "title": tracker.title,
            "createdAt": time_text(tracker.created), "closedAt": time_text(tracker.closed)}


def differences(before, after):
    """The fields that an event changed, before and after it; all of them for one that was added or removed."""
    if before is None or after is None:
        return before and tracker_fields(before), after and tracker_fields(after)
    old, new = tracker_fields(before), tracker_fields(after)
    changed = [name for name in old if old[name] != new[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}


def hexed(data):
    return None if data is None else data.hex()


def event_json(taken, baseline):
    """One event."""
    event, sync = taken.event, taken.frame.sync
    old, new = differences(event.before, event.after)
    return {"id": taken.id.hex(), "seq": taken.seq, "event": event.what, "kind": KINDS[event.kind],
            "number": event.number, "title": (event.after or event.before).title, "before": old, "after": new,
            "published": taken.frame.published, "baseline": baseline,
            "changedAt": time_text(sync.changed_at), "syncedAt": time_text(sync.synced_at),
            "source": SOURCES[sync.source], "repository": sync.repository, "manifest": hexed(sync.manifest),
            "commit": hexed(sync.commit), "prev": event.prev}


def sync_json(sync):
    """How fresh the state is."""
    return sync and {"source": SOURCES[sync.source], "updatedAt": time_text(sync.updated_at),
                     "changedAt": time_text(sync.changed_at), "syncedAt": time_text(sync.synced_at),
                     "manifest": hexed(sync.manifest), "commit": hexed(sync.commit)}


def trackers_json(trackers):
    """Trackers with their last events, by key."""
    return [{"kind": KINDS[key[0]], "number": key[1], **tracker_fields(trackers[key][0]), "lastSeq": trackers[key][1]}
            for key in sorted(trackers, key=order)]


def store_json(store):
    """All that is printed of a store."""
    fold, current = store.fold, store.current
    baseline = fold.baseline()
    gone = sorted(fold.superseded, key=lambda frame: frame.at)
    return {"repo": store.repository, "store": hexed(current.store), "generation": current.generation,
            "historyStart": current.history_start, "seq": fold.seq, "publishedSeq": fold.published_seq,
            "stateHash": fold.state_hash().hex(), "historyHash": fold.history.hex(),
            "freshness": sync_json(fold.freshness), "index": store.index and store.index.name, "torn": store.torn,
            "notes": [frame.sync.note for frame in fold.live if frame.sync.note], "marks": store.marks,
            "events": [event_json(taken, taken.seq in baseline) for taken in fold.events()],
            "superseded": [event_json(taken, False) for frame in gone for taken in frame.events],
            "trackers": trackers_json(fold.as_of(fold.seq))}


def as_of_json(store, seq):
    """The trackers as of an event, and their state hash."""
    trackers = store.fold.as_of(seq)
    digest = hash_of({key: tracker for key, (tracker, _) in trackers.items()})
    return {"seq": seq, "stateHash": digest.hex(), "trackers": trackers_json(trackers)}
