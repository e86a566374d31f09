#!/usr/bin/env python3
"""The published history of a manifest, made from git alone: no log is read. Prints events, hashes and trackers as JSON.

usage: replay_git.py CHECKOUT PATH HOST/OWNER/NAME
"""

import json
import struct
import subprocess
import sys
from collections import namedtuple

from bincode import CHANGES, KINDS, SOURCES, STATES, Event, Tracker
from blake3_pure import blake3
from hashes import event_id, hash_of, history_hash, lower, origin_of
from manifest import manifest_tracker
from times import parse_time, time_text

DAY = 86_400_000
# What a frame's origin is made of.
Version = namedtuple("Version", "repository source commit manifest updated_at changed_at")


def git(checkout, *arguments):
    run = subprocess.run(["git", "-C", checkout, *arguments], check=True, capture_output=True)
    return run.stdout


def versions(checkout, path, repository):
    """Every version that counts, oldest first, with its trackers."""
    log = git(checkout, "log", "--first-parent", "-m", "--reverse", "--format=%H %ct", "--", path).decode()
    last = None
    for line in log.splitlines():
        commit, seconds = line.split()
        try:
            data = git(checkout, "cat-file", "blob", f"{commit}:{path}")
            manifest = json.loads(data)
            dated = parse_time(manifest["updated_at"])
            fields = ("releases", "microsprints")
            trackers = {(kind, entry["number"]): manifest_tracker(entry)
                        for kind, field in enumerate(fields) for entry in manifest.get(field, [])}
        except (subprocess.CalledProcessError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if lower(manifest.get("repo", repository)) != lower(repository.split("/", 1)[1]):
            continue
        if dated > int(seconds) * 1000 + DAY:
            dated = int(seconds) * 1000
        if last is not None and dated < last:
            continue
        last = dated
        yield Version(repository, SOURCES.index("git"), bytes.fromhex(commit), blake3(data), dated, dated), trackers


def put_uint(value):
    if value < 251:
        return bytes([value])
    size = 0 if value < 1 << 16 else 1 if value < 1 << 32 else 2
    return bytes([251 + size]) + value.to_bytes(2 << size, "little")


def put_text(text):
    data = text.encode()
    return put_uint(len(data)) + data


def put_times(tracker):
    def put(value):
        return b"\0" if value is None else b"\1" + put_uint(2 * value if value >= 0 else -2 * value - 1)
    return put(tracker.created) + put(tracker.closed)


def canonical(key, what, before, after):
    """Canonical bytes of an event."""
    some = before or after
    head = bytes([key[0]]) + put_uint(key[1]) + put_uint(CHANGES.index(what))
    if what in ("closed", "reopened"):
        return head + put_text(some.title) + put_times(before) + put_times(after)
    head += bytes([some.state]) + put_text(some.title)
    if what == "retitled":
        return head + put_text(after.title) + put_times(after)
    return head + put_times(some) + (put_times(after) if what == "redated" else b"")


def changes(key, old, new):
    """What happened to one tracker: the retitling last."""
    if old is None or new is None:
        yield ("removed" if new is None else "added"), old, new
        return
    between = new._replace(title=old.title)
    if old.state != new.state:
        yield ("closed" if STATES[new.state] == "closed" else "reopened"), old, between
    elif old != between:
        yield "redated", old, between
    if old.title != new.title:
        yield "retitled", between, new


def replay(checkout, path, repository):
    trackers, events, total = {}, [], bytes(32)
    for version, found in versions(checkout, path, repository):
        origin, of_version = origin_of(version, True), []
        for key in sorted(trackers.keys() | found.keys(), key=lambda key: (key[0], -key[1])):
            for what, before, after in changes(key, trackers.get(key), found.get(key)):
                data = canonical(key, what, before, after)
                of_version.append(Event(*key, what, before, after, 0, data, 0))
        if of_version:
            total = history_hash(total, origin, of_version)
        for event in of_version:
            events.append({
                "seq": len(events) + 1, "event": event.what, "kind": KINDS[event.kind], "number": event.number,
                "title": (event.after or event.before).title, "changedAt": time_text(version.changed_at),
                "commit": version.commit.hex(), "id": event_id(origin, event).hex(),
            })
        trackers = found
    return {"events": events, "historyHash": total.hex(), "stateHash": hash_of(trackers).hex()}


if __name__ == "__main__":
    json.dump(replay(*sys.argv[1:]), sys.stdout)
