"""Section "Reading, in order": a whole store, every byte of it verified."""

import os
import re
from collections import namedtuple

from checks import Damaged, Refused, need, or_missing, read_file
from current import Current, decode_current
from fold import Fold
from index import Index
from log import HEADER, Log, walk
from small import decode_marks

ATTEMPTS = 8
Store = namedtuple("Store", "current marks index fold torn repository")


def read_current(directory):
    """`CURRENT`; if only that is gone, what the logs give."""
    data = read_file(directory, "CURRENT")
    if data is None:
        need(read_file(directory, "cleared") is None, "CURRENT", 0, "the store is being removed")
        return from_logs(directory, Refused("CURRENT", 0, "the file is missing"))
    try:
        return decode_current(data)
    except Damaged as damaged:
        return from_logs(directory, damaged)


def from_logs(directory, refused):
    """The log with the highest generation whose header verifies, and the newest index that was folded from it."""
    names = [name for name in os.listdir(directory) if re.fullmatch("log-[1-9][0-9]*", name)]
    logs = [or_missing(Log, name, read_file(directory, name)) for name in names]
    log = max(filter(None, logs), key=lambda log: log.generation, default=None)
    if log is None:
        raise refused
    places = filter(None, (re.fullmatch("index-([0-9]+)-([0-9]+)", name) for name in os.listdir(directory)))
    found = [(int(at[1]), int(at[2]), or_missing(Index, at[0], read_file(directory, at[0]))) for at in places]
    found = [one for one in found if one[2] and one[2].log_id == log.id and one[2].seq == one[0]]
    seq, generation, index = max(found, key=lambda one: one[:2], default=(0, 0, None))
    chain = index.chain if index else None
    return Current(None, None, log.generation, log.id, HEADER.size, seq, generation, chain, log.first_seq, None)


def read_index(directory, current):
    """The index that `CURRENT` names; None if it is missing."""
    name = f"index-{current.index_seq}-{current.index_generation}"
    data = read_file(directory, name) if current.index_generation else None
    index = None if data is None else or_missing(Index, name, data)
    named = (current.index_chain, current.log_id, current.index_seq, current.history_start)
    return index if index and (index.chain, index.log_id, index.seq, index.history_start) == named else None


def open_once(directory):
    """All of a store, folded from its start."""
    raw_marks = read_file(directory, "marks")
    current = read_current(directory)
    marks = (None if raw_marks is None else or_missing(decode_marks, raw_marks, current.store)) or []
    index, name = read_index(directory, current), f"log-{current.log_generation}"
    data = read_file(directory, name)
    need(data is not None, name, 0, "the file is missing")
    log = Log(name, data, current.log_id, current.log_generation)
    records = [record["acknowledged"] for record in marks if "acknowledged" in record]
    offsets = [record["offset"] for record in records if record["logId"] == log.id.hex()]
    walked = walk(log, max([current.acknowledged, index.address if index else 0, *offsets]))
    fold, compared = Fold(log), index is None
    for frame in walked.frames:
        fold.add_frame(frame)
        if index and index.address == fold.address:
            index.compare(fold, current.history_start)
            compared = True
    need(compared, name, index.address if index else 0, "no frame ends where the index does")
    repository = current.repository or (fold.freshness and fold.freshness.repository)
    return Store(current, marks, index, fold, walked.torn, repository)


def open_store(directory):
    """A store; begins again if its files were replaced meanwhile."""
    for attempt in range(ATTEMPTS):
        before = read_file(directory, "CURRENT")
        try:
            return open_once(directory)
        except Refused:
            if read_file(directory, "CURRENT") == before or attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")
