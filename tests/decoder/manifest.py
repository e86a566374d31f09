"""Manifests: the state hash of one, to compare with that of a store."""

import json
import struct

from bincode import KINDS, STATES, Tracker
from checks import Refused
from hashes import hash_of
from times import parse_time


def manifest_tracker(entry):
    """One entry of a manifest."""
    state = STATES.index(entry["state"].lower())
    return Tracker(state, entry["title"], parse_time(entry.get("createdAt")), parse_time(entry.get("closedAt")))


def manifest_hash(path):
    """The state hash of a manifest."""
    try:
        with open(path, encoding="utf-8") as file:
            manifest = json.load(file)
        trackers = {}
        for kind, field in enumerate(("releases", "microsprints")):
            for entry in manifest.get(field) or ():
                if trackers.setdefault((kind, entry["number"]), tracker := manifest_tracker(entry)) is not tracker:
                    raise ValueError(f"{KINDS[kind]} {entry['number']} is there twice")
        return hash_of(trackers)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise Refused(path, 0, f"not a manifest ({error!r})") from error
