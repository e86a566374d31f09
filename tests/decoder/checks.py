"""What every structure is checked with: sections "Conventions", "Checksums" and "Versions"."""

import os
import struct
import zlib

NONE = -2 ** 63
OPEN_END = 2 ** 64 - 1
TIME_MIN, TIME_MAX = -62167219200000, 253402207200999
NO_ID = bytes(16)


class Refused(Exception):
    """Something does not verify."""

    def __init__(self, file, offset, what):
        super().__init__(f"{file} at offset {offset:#x}: {what}")


class Newer(Refused):
    """A file of a newer version: refused, and left alone."""


def checksum(file_id, offset, data):
    """Section "Checksums"."""
    return zlib.crc32(file_id + struct.pack("<Q", offset) + data) ^ 0xA5C35A3C


def need(good, file, offset, what):
    """Refuses the file unless `good`."""
    if not good:
        raise Refused(file, offset, what)


def need_time(value, file, offset, optional=False):
    """Section "Conventions": a time, or none where it may be missing."""
    good = TIME_MIN <= value <= TIME_MAX or (optional and value == NONE)
    need(good, file, offset, f"{value} is no time")


def need_header(file, magic, wanted, major):
    """Sections of each file's header, and "Versions"."""
    need(magic == wanted, file, 0, f"the magic is {magic!r} and not {wanted!r}")
    if major > 1:
        raise Newer(file, 8, f"major version {major} is above 1")
    need(major == 1, file, 8, f"major version {major} is not 1")


def need_sum(file, data, file_id, start, end):
    """The u32 at `end` is the checksum over start to end, a structure at `start`."""
    need(end >= start and end + 4 <= len(data), file, start, "the file is too short")
    stored = int.from_bytes(data[end:end + 4], "little")
    need(stored == checksum(file_id, start, data[start:end]), file, start, "the checksum is wrong")


def padded(length):
    """Section "Conventions", padding: `length` up to a multiple of 8."""
    return length + 7 & ~7


def read_file(directory, name, missing=None):
    """A file's bytes; `missing` for one that may vanish at any time."""
    try:
        with open(os.path.join(directory, name), "rb") as file:
            return file.read()
    except OSError as error:
        if missing is not None and isinstance(error, FileNotFoundError):
            return missing
        raise Refused(name, 0, f"the file cannot be read ({error.strerror})") from error
