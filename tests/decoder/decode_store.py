#!/usr/bin/env python3
"""A decoder of a store, written from `format.md` alone.

    decode_store.py STORE-DIRECTORY
    decode_store.py --state-hash-of MANIFEST.json

The first form verifies a store and prints it as JSON. The second prints the state hash of a manifest.
Exit codes: 0 fine, 1 something does not verify (one sentence on stderr), 2 wrong usage.
"""

import json
import sys

from bincode import KINDS, SOURCES, STATES
from checks import Refused
from fold import ordered, state_hash
from manifest import manifest_hash
from store import decode
from times import time_text


def tracker_fields(tracker):
    """A tracker's four fields, as they are printed."""
    return {"state": STATES[tracker.state], "title": tracker.title,
            "createdAt": time_text(tracker.times.created), "closedAt": time_text(tracker.times.closed)}


def differences(before, after):
    """The fields that an event changed, before and after it."""
    if before is None or after is None:
        return before and tracker_fields(before), after and tracker_fields(after)
    old, new = tracker_fields(before), tracker_fields(after)
    changed = [name for name in old if old[name] != new[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}


def event_json(seq, event, before, after, sync):
    """One event, as it is printed."""
    old, new = differences(before, after)
    title = (after or before).title
    return {"seq": seq, "event": event.what, "kind": KINDS[event.kind], "number": event.number, "title": title,
            "before": old, "after": new, "changedAt": time_text(sync.changed_at),
            "syncedAt": time_text(sync.synced_at), "source": SOURCES[sync.source],
            "manifest": sync.manifest and sync.manifest.hex(),
            "commit": None if sync.commit is None else sync.commit.hex(), "prev": event.prev}


def tracker_json(kind, number, tracker):
    """One tracker, as it is printed."""
    return {"kind": KINDS[kind], "number": number, **tracker_fields(tracker), "lastSeq": tracker.last}


def store_json(store):
    """All that is printed of a store."""
    fold = store.fold
    return {"repo": store.repo, "store": store.current.store.hex(), "generation": store.current.generation,
            "seq": fold.next_seq - 1, "stateHash": state_hash(fold.trackers).hex(),
            "events": [event_json(*event) for event in fold.events],
            "last": store.last,
            "trackers": [tracker_json(*key, tracker) for key, tracker in ordered(fold.trackers)]}


def main(arguments):
    """The command line."""
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        if len(arguments) == 2 and arguments[0] == "--state-hash-of":
            print(manifest_hash(arguments[1]).hex())
        elif len(arguments) == 1 and not arguments[0].startswith("--"):
            print(json.dumps(store_json(decode(arguments[0])), ensure_ascii=False, indent=2))
        else:
            print(__doc__.strip(), file=sys.stderr)
            return 2
    except Refused as refused:
        print(f"{refused}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
