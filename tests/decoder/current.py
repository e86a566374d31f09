"""Section "CURRENT"."""

import re
import struct
from collections import namedtuple

from checks import NO_ID, OPEN_END, Refused, need, need_header, need_sum, need_time, read_file

CURRENT = struct.Struct("<8sHHI16sQQQ32sQQqqBBB5x32s32sII")
ENTRY = struct.Struct("<QQQQ16s")
Current = namedtuple("Current", "magic major minor length store generation index_seq index_generation index_chain "
                     "history_start fresh_address fresh_changed fresh_synced fresh_source fresh_has_manifest "
                     "fresh_commit_length fresh_manifest fresh_commit segments name_length")
Entry = namedtuple("Entry", "first_seq generation base end id")


def read_current(directory):
    """Section "CURRENT"."""
    file, data = "CURRENT", read_file(directory, "CURRENT")
    need(len(data) >= CURRENT.size + ENTRY.size + 4, file, 0, "the file is too short")
    head = Current(*CURRENT.unpack_from(data))
    need_sum(file, data, NO_ID, 0, len(data) - 4)
    need_header(file, head.magic, b"pmu-cur\n", head.major)
    need(head.length == len(data), file, 12, "the length is not that of the file")
    names = CURRENT.size + ENTRY.size * head.segments
    need(head.segments >= 1, file, 192, "no segments are named")
    need(names + head.name_length + 4 == len(data), file, 192, "segments and name do not fill the file")
    check_current(head)
    entries = [Entry(*ENTRY.unpack_from(data, CURRENT.size + ENTRY.size * i)) for i in range(head.segments)]
    check_entries(head, entries)
    return head, entries, read_name(data[names:-4], names)


def read_name(raw, at):
    """Section "CURRENT", repository."""
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("CURRENT", at, "the repository's name is not UTF-8") from None
    parts = name.split("/")
    need(len(parts) == 3 and all(parts), "CURRENT", at, "the repository's name is not HOST/OWNER/REPO")
    need(not re.search("[A-Z]", parts[0]), "CURRENT", at, "the host is not in lower case")
    return name


def check_current(head):
    """Section "CURRENT", constraints on single fields."""
    file = "CURRENT"
    need(head.generation >= 1, file, 32, "the generation is zero")
    need(head.index_generation <= head.generation, file, 48, "the index is newer than CURRENT")
    need(head.history_start >= 1, file, 88, "the history starts at no event")
    need(head.fresh_source < 3, file, 120, "the source is unknown")
    need(head.fresh_has_manifest < 2, file, 121, "neither 0 nor 1")
    need(head.fresh_commit_length <= 32, file, 122, "the commit's id is too long")
    need(head.fresh_has_manifest or not any(head.fresh_manifest), file, 128, "a manifest that is not there")
    need(not any(head.fresh_commit[head.fresh_commit_length:]), file, 160, "the commit's padding is not zero")
    if head.fresh_address:
        need_time(head.fresh_changed, file, 104)
        need_time(head.fresh_synced, file, 112)


def check_entries(head, entries):
    """Section "CURRENT", segment entries; and "Segment", on the base of the next."""
    at = CURRENT.size
    need(entries[0].first_seq == head.history_start, "CURRENT", at, "the first segment is not where history starts")
    for number, entry in enumerate(entries):
        here, last = at + ENTRY.size * number, number == len(entries) - 1
        need(1 <= entry.generation <= head.generation, "CURRENT", here + 8, "the segment is newer than CURRENT")
        need((entry.end == OPEN_END) == last, "CURRENT", here + 24, "not exactly the last segment is open")
        if not last:
            following = entries[number + 1]
            need(following.base == entry.base + entry.end, "CURRENT", here + ENTRY.size + 16, "a gap in the log")
            need(following.first_seq >= entry.first_seq, "CURRENT", here + ENTRY.size, "the first seq falls")
