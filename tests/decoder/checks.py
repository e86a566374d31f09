"""Section "Conventions": what every structure is checked with."""

import os
import struct
import zlib

NONE = -2 ** 63
TIME_MIN, TIME_MAX = -62167219200000, 253402300799999
NO_ID = bytes(16)
MAJOR = 1


class Refused(Exception):
    """Something is refused."""

    def __init__(self, file, offset, what):
        super().__init__(f"{file} at offset {offset}: {what}")


class Damaged(Refused):
    """Bytes that do not verify, which no faulty or newer program wrote."""


def checksum(file_id, offset, data):
    """The checksum of a structure that begins at `offset`."""
    return zlib.crc32(file_id + struct.pack("<Q", offset) + data)


def need(good, file, offset, what):
    """Refuses the file unless `good`."""
    if not good:
        raise Refused(file, offset, what)


def need_time(value, file, offset, optional=False):
    """A time; or none, if it may be missing."""
    good = TIME_MIN <= value <= TIME_MAX or (optional and value == NONE)
    need(good, file, offset, f"{value} is no time")


def verify(file, data, magic, file_id, end):
    """A file's magic, and its checksum: the u32 at `end` over all before it."""
    if end < len(magic) or end + 4 > len(data):
        raise Damaged(file, 0, "the file is too short")
    if data[:len(magic)] != magic:
        raise Damaged(file, 0, f"the magic is not {magic!r}")
    if int.from_bytes(data[end:end + 4], "little") != checksum(file_id, 0, data[:end]):
        raise Damaged(file, 0, "the checksum is wrong")


def need_version(file, major, needed=0):
    """A file's version; counts only after its checksum. `needed` is the third feature word."""
    need(major == MAJOR, file, 8, f"major version {major} is not {MAJOR}")
    need(needed == 0, file, 32, f"features {needed:x} must be known to read this")


def need_text(raw, file, offset):
    """The text that some bytes are."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(file, offset, "a text is not UTF-8") from None


def padded(length):
    """`length` up to a multiple of 8."""
    return length + 7 & ~7


def or_missing(decode, *arguments):
    """What a file is; None if it counts as missing."""
    try:
        return decode(*arguments)
    except Refused:
        return None


def read_file(directory, name):
    """A file's bytes; None if it is not there."""
    try:
        with open(os.path.join(directory, name), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(name, 0, f"the file cannot be read ({error.strerror})") from error
