"""Section "Index": read, and compared with what the log folds to."""

import struct
from collections import namedtuple

from checks import NONE, need, need_header, need_sum, need_time, padded, read_file
from fold import ordered, raw_time, state_hash

INDEX = struct.Struct("<8sHHI32sQQQqQQ6QQQ32s60xI")
RECORD = struct.Struct("<QqqQIIQ")
WAYPOINT = struct.Struct("<QqQ")
BLOCK = 4096
IndexHead = namedtuple("IndexHead", "chain seq address last_frame changed_at history_start length "
                       "counts titles waypoints state_hash")
Section = namedtuple("Section", "at size per data")


def read_index_head(file, data):
    """Section "Index": the header."""
    need(len(data) >= INDEX.size, file, 0, "the file is too short")
    f = INDEX.unpack_from(data)
    need_sum(file, data, f[4][:16], 0, INDEX.size - 4)
    need_header(file, f[0], b"pmu-idx\n", f[1])
    need(f[3] == BLOCK, file, 12, "the block length is not 4096")
    need_time(f[8], file, 72)
    need(f[10] == len(data), file, 88, "the file length is not that of the file")
    return IndexHead(*f[4:11], f[11:17], *f[17:20])


def read_block(file, data, file_id, at, used, length):
    """Section "Index", section: one block, verified; its items' bytes."""
    need_sum(file, data, file_id, at, at + length - 4)
    need(not any(data[at + used:at + length - 4]), file, at + used, "a gap is not zero")
    return data[at:at + used]


def read_section(file, data, file_id, at, size, count):
    """Section "Index", section of `count` items of `size` bytes: itself, and where the next begins."""
    per = (BLOCK - 4) // size
    start, parts = at, []
    need(count * size <= len(data), file, at, "the file is too short for a section")
    while count:
        items = min(count, per)
        count -= items
        length = BLOCK if items == per else padded(items * size + 4)
        parts.append(read_block(file, data, file_id, at, items * size, length))
        at += length
    return Section(start, size, per, b"".join(parts)), at


def item_at(section, item):
    """Section "Index", section: the offset in the file of an item."""
    block, inner = divmod(item, section.per)
    return section.at + block * BLOCK + inner * section.size


class Index:
    """Section "Index": all of it, every block verified. `seen` is set once the fold came to where it ends."""

    def __init__(self, directory, current):
        self.seen = False
        self.name = f"index-{current.index_seq}-{current.index_generation}"
        data = read_file(directory, self.name)
        self.head = head = read_index_head(self.name, data)
        need(head.chain == current.index_chain, self.name, 16, "the chain is not that of CURRENT")
        need(head.seq == current.index_seq, self.name, 48, "the seq is not that of CURRENT")
        need(head.history_start == current.history_start, self.name, 80, "the history starts elsewhere")
        file_id, records = head.chain[:16], sum(head.counts)
        self.records, at = read_section(self.name, data, file_id, INDEX.size, RECORD.size, records)
        self.titles, at = read_section(self.name, data, file_id, at, 1, head.titles)
        self.waypoints, at = read_section(self.name, data, file_id, at, WAYPOINT.size, head.waypoints)
        need(at == len(data), self.name, at, "bytes behind the last section")


def place_title(at, length):
    """Section "Index", record: where a title of `length` bytes begins when titles end at `at`."""
    left = -at % 4092
    return at if length <= left or left == 0 else at + left


def check_record(index, item, record, number, tracker, at):
    """Section "Index", record: one of a tracker that is there; where its title ends."""
    here = item_at(index.records, item)
    found, created, closed, start, length, flags, last = record
    need(found == number, index.name, here, f"record of {found} where the fold has {number}")
    need(last == tracker.last, index.name, here + 40, f"last seq {last} where the fold has {tracker.last}")
    times = (raw_time(tracker.times.created), raw_time(tracker.times.closed))
    need((created, closed) == times, index.name, here + 8, "the times are not those of the fold")
    title = tracker.title.encode("utf-8")
    need(length == len(title), index.name, here + 32, "the title's length is not that of the fold")
    need(start == place_title(at, length), index.name, here + 24, "the title is not where the rule puts it")
    need(index.titles.data[start:start + length] == title, index.name, here + 24, "the title is not the fold's")
    need(not any(index.titles.data[at:start]), index.name, here + 24, "the gap before the title is not zero")
    need(flags & 1 == all(0x20 <= b <= 0x7E for b in title), index.name, here + 36, "the flags are wrong")
    return start + length


def check_removed(index, item, record, number, last):
    """Section "Index", record: one of a tracker that was removed."""
    expected = (number, NONE, NONE, 0, 0, 1, last)
    found = (*record[:5], record[5] & 1, record[6])
    need(found == expected, index.name, item_at(index.records, item), f"not the record of removed {number}")


def groups(fold):
    """Section "Index", counts: the six groups, each with the largest number first."""
    found = [[] for _ in range(6)]
    for (kind, number), tracker in ordered(fold.trackers):
        found[kind * 3 + tracker.state].append((number, tracker))
    for (kind, number), last in ordered(fold.removed):
        found[kind * 3 + 2].append((number, last))
    return found


def check_records(index, fold):
    """Section "Index": counts, records and titles against the fold."""
    expected = groups(fold)
    counts = tuple(len(group) for group in expected)
    need(index.head.counts == counts, index.name, 96, f"counts {index.head.counts} where the fold has {counts}")
    item, at = 0, 0
    for place, group in enumerate(expected):
        for number, value in group:
            record = RECORD.unpack_from(index.records.data, item * RECORD.size)
            if place % 3 == 2:
                check_removed(index, item, record, number, value)
            else:
                at = check_record(index, item, record, number, value, at)
            item += 1
    need(at == index.head.titles, index.name, 144, "the titles' length is wrong")


def waypoints_of(chunks):
    """Section "Index", waypoint: which events chunks get one."""
    found = []
    for chunk in chunks:
        if not found or chunk[0] - found[-1][0] >= 64 or chunk[2] - found[-1][2] >= 16384:
            found.append(chunk)
    return found


def check_index(index, fold):
    """Section "Index": its header and sections against the fold up to its address."""
    head, name = index.head, index.name
    need(head.chain == fold.hash, name, 16, "the chain is not that of the last frame folded")
    need(head.seq == fold.next_seq - 1, name, 48, f"seq {head.seq} where the fold has {fold.next_seq - 1}")
    need(head.last_frame == fold.last_frame, name, 64, "the last frame is not that of the fold")
    need(head.changed_at == fold.changed_at, name, 72, "changed_at is not that of the last frame")
    need(head.state_hash == state_hash(fold.trackers), name, 160, "the state hash is not that of the fold")
    check_records(index, fold)
    found = list(WAYPOINT.iter_unpack(index.waypoints.data))
    expected = waypoints_of(fold.chunks)
    need(len(found) == len(expected), name, 152, f"{len(found)} waypoints where the rule has {len(expected)}")
    for item, pair in enumerate(zip(found, expected)):
        need(pair[0] == pair[1], name, item_at(index.waypoints, item), "a waypoint is not where the rule puts it")
