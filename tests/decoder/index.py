"""Section "Index": what a fold gives, as bytes."""

import struct

from checks import TIME_MIN, checksum, need, need_version, padded, verify
from fold import order
from hashes import raw_time, sum_bytes
from log import COMMIT

HEADER = struct.Struct("<8sHHIQQQ32s16sQQQQQQQQqqQ6QQQ32s32sI")
RECORD = struct.Struct("<QqqQQ")
WAYPOINT = struct.Struct("<QqQ")
BLOCK, FRESHNESS_MAX = 4096, 3784
SUM = BLOCK - 4
GROUPS = [(kind, state) for kind in (0, 1) for state in (0, 1, None)]
assert HEADER.size == 308


def group_of(item):
    """The group of what is known of a tracker."""
    (kind, _), (tracker, _) = item
    return kind, tracker.state if tracker else None


def body_of(fold):
    """Records, titles and waypoints; how many records each group has; how long the titles are."""
    counts, rows, titles = [], [], b""
    for group in GROUPS:
        members = [item for item in fold.known.items() if group_of(item) == group]
        counts.append(len(members))
        for (_, number), (tracker, last) in sorted(members, key=lambda item: order(item[0])):
            titles += tracker.title.encode("utf-8") if tracker else b""
            times = (raw_time(tracker.created), raw_time(tracker.closed)) if tracker else (raw_time(None),) * 2
            rows.append(RECORD.pack(number, *times, len(titles), last))
    body = b"".join(rows) + titles + b"".join(WAYPOINT.pack(*waypoint) for waypoint in fold.waypoints)
    return body.ljust(padded(len(body)), b"\0"), counts, len(titles)


def encode_index(fold, history_start):
    """The index of all that was folded."""
    body, counts, titles = body_of(fold)
    file_id, states = fold.chain[:16], fold.states()
    sums = [struct.pack("<I", checksum(file_id, BLOCK + at, body[at:at + BLOCK])) for at in range(0, len(body), BLOCK)]
    freshness = fold.freshness.raw if fold.freshness else b""
    freshness = freshness if len(freshness) <= FRESHNESS_MAX else b""
    first = states[0].at if states and states[0].kind == COMMIT else 0
    published = [frame.at for frame in states if frame.published]
    observed = [frame.at for frame in states if not frame.published]
    changed = [frame.changed_at for frame in fold.live if frame.published]
    head = HEADER.pack(b"pmu-idx\n", 1, 0, BLOCK, 0, 0, 0, fold.chain, fold.log.id, fold.address, fold.last_frame,
                       first, published[-1] if published else 0, observed[0] if observed else 0, fold.seq,
                       fold.published_seq, history_start, fold.live[-1].changed_at,
                       changed[-1] if changed else TIME_MIN, BLOCK + len(body) + 4 * len(sums), *counts, titles,
                       len(fold.waypoints), sum_bytes(fold.sum), fold.history, len(freshness))
    head = (head + freshness).ljust(SUM, b"\0")
    return head + struct.pack("<I", checksum(file_id, 0, head)) + body + b"".join(sums)


class Index:
    """An index whose header and blocks verify. That it says what its log folds to is compared byte for byte."""

    def __init__(self, name, data):
        verify(name, data, b"pmu-idx\n", data[40:56], SUM)
        fields = HEADER.unpack_from(data)
        _, major, _, block, _, _, needed, self.chain, self.log_id, self.address = fields[:10]
        self.name, self.data, self.seq, self.history_start = name, data, fields[14], fields[16]
        length, counts = fields[19], fields[20:26]
        need_version(name, major, needed)
        need(block == BLOCK, name, 12, "the block length is another")
        need(length == len(data), name, 168, "the file length is another")
        end = BLOCK + padded(RECORD.size * sum(counts) + fields[26] + WAYPOINT.size * fields[27])
        starts = range(BLOCK, end, BLOCK)
        need(end + 4 * len(starts) == length, name, 168, "the sections do not fill the file")
        for i, at in enumerate(starts):
            stored = int.from_bytes(data[end + 4 * i:end + 4 * i + 4], "little")
            good = stored == checksum(self.chain[:16], at, data[at:min(at + BLOCK, end)])
            need(good, name, at, "the checksum is wrong")

    def compare(self, fold, history_start):
        """An index is what its log folds to."""
        data, mine = self.data, encode_index(fold, history_start)
        if mine != data:
            at = next((i for i, (a, b) in enumerate(zip(mine, data)) if a != b), min(len(mine), len(data)))
            need(False, self.name, at, "the index is not what the log folds to")
