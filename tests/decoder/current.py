"""Section "CURRENT"."""

import struct
from collections import namedtuple

from checks import NO_ID, need, need_text, need_version, verify

CURRENT = struct.Struct("<8sHHIQQQ16sQQ16sQQQ32sQI4x")
Current = namedtuple("Current", "store generation log_generation log_id acknowledged index_seq index_generation "
                     "index_chain history_start repository")
assert CURRENT.size == 160


def decode_current(data):
    """The whole file."""
    file = "CURRENT"
    verify(file, data, b"pmu-cur\n", NO_ID, len(data) - 4)
    need(len(data) >= CURRENT.size + 4, file, 0, "the file is too short")
    fields = CURRENT.unpack_from(data)
    _, major, _, length, _, _, needed = fields[:7]
    need_version(file, major, needed)
    need(length == len(data), file, 12, "the length is not that of the file")
    need(CURRENT.size + fields[-1] + 4 == length, file, 152, "the name does not fill the file")
    current = Current(*fields[7:-1], need_text(data[CURRENT.size:-4], file, CURRENT.size))
    need(current.generation > 0, file, 56, "the generation is 0")
    need(current.log_generation > 0, file, 64, "the log's generation is 0")
    need(current.acknowledged >= 128, file, 88, "a commit that was acknowledged inside the log's header")
    return current
