"""Section "checked": the two files of a store that may vanish at any time."""

import struct

from checks import NO_ID, Newer, Refused, need, need_header, need_sum, need_time, read_file

CHECKED = struct.Struct("<8sHHI16sQq")
SIGNATURE = struct.Struct("<16sQQQqqq32s")
LAST = struct.Struct("<8sHH4x16sQqI")
SMALLEST = 8 + 2 + 2 + 4
assert LAST.size == 52


def verified(directory, name, decode):
    """What `decode` makes of a file; nothing where it is missing or does not verify, which counts as missing."""
    data = read_file(directory, name, missing=b"")
    try:
        need(len(data) >= SMALLEST, name, 0, "the file is too short")
        need_sum(name, data, NO_ID, 0, len(data) - 4)
        return decode(name, data)
    except Newer:
        raise
    except Refused:
        return {}


def read_checked(directory):
    """Section "checked": the store that it is of, and the log address that was acknowledged there."""
    return verified(directory, "checked", decode_checked)


def decode_checked(file, data):
    """The table of `checked`."""
    need(len(data) >= CHECKED.size + 4, file, 0, "the file is too short")
    magic, major, _, entries, owner, acknowledged, checked_at = CHECKED.unpack_from(data)
    need_header(file, magic, b"pmu-chk\n", major)
    need(entries <= 16, file, 12, f"{entries} entries")
    need(CHECKED.size + SIGNATURE.size * entries + 4 == len(data), file, 12, "the entries do not fill the file")
    need_time(checked_at, file, 40)
    return {owner: acknowledged}


def read_last(directory):
    """Section "checked", `last`: the store that it is of, and the last event shown."""
    return verified(directory, "last", decode_last)


def decode_last(file, data):
    """The paragraph on `last`."""
    need(len(data) == LAST.size, file, 0, "the length is not 52")
    magic, major, _, owner, seq, asked, _ = LAST.unpack(data)
    need_header(file, magic, b"pmu-lst\n", major)
    need_time(asked, file, 40)
    return {owner: seq}
