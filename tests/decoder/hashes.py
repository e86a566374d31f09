"""Section "Hashes and ids"."""

import struct

from blake3_pure import blake3
from checks import NONE

MODULUS = 1 << 256


def raw_time(value):
    """A time or none."""
    return NONE if value is None else value


def lower(text):
    """ASCII lower case."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def tracker_number(key, tracker):
    """BLAKE3 of the tracker bytes, as a number."""
    title, (kind, number) = tracker.title.encode("utf-8"), key
    letters = b"RM"[kind:kind + 1] + b"OC"[tracker.state:tracker.state + 1]
    times = raw_time(tracker.created), raw_time(tracker.closed)
    return int.from_bytes(blake3(letters + struct.pack("<QqqQ", number, *times, len(title)) + title), "little")


def sum_bytes(total):
    """The state sum."""
    return (total % MODULUS).to_bytes(32, "little")


def state_hash(count, total):
    """The state hash of so many trackers, of such a sum."""
    return blake3(b"gh-pmu state 1\n" + struct.pack("<Q", count) + sum_bytes(total))


def hash_of(trackers):
    """The state hash of trackers by their keys."""
    return state_hash(len(trackers), sum(tracker_number(key, tracker) for key, tracker in trackers.items()))


def origin_of(sync, published):
    """The origin of a frame."""
    name = lower(sync.repository).encode("utf-8")
    if published and sync.commit is not None:
        publisher = b"c" + bytes([len(sync.commit)]) + sync.commit
    elif sync.manifest is not None:
        publisher = b"m" + sync.manifest
    else:
        publisher = b"t" + struct.pack("<q", sync.updated_at)
    return struct.pack("<H", len(name)) + name + bytes([sync.source]) + publisher + struct.pack("<q", sync.changed_at)


def history_hash(before, origin, events):
    """The history hash after a published commit with events."""
    parts = [b"gh-pmu history 1\n", before, origin, struct.pack("<Q", len(events))]
    return blake3(b"".join(parts + [event.canonical for event in events]))


def event_id(origin, event):
    """An event's id."""
    return blake3(b"gh-pmu event 1\n" + origin + event.canonical)[:16]
