"""Section "Chunk payloads": bincode, and the records that are written in it."""

from collections import namedtuple

from checks import Refused, need, need_time

KINDS = ("release", "microsprint")
STATES = ("open", "closed")
SOURCES = ("manifest", "api", "git")
EVENTS = ("added", "closed", "reopened", "retitled", "redated", "removed")


class Bincode:
    """Section "Chunk payloads": a cursor over one chunk's payload."""

    def __init__(self, file, data, at, end):
        self.file, self.data, self.at, self.end = file, data, at, end

    def need(self, good, what, at=None):
        need(good, self.file, self.at if at is None else at, what)

    def take(self, length):
        """The next bytes."""
        self.need(length <= self.end - self.at, "the payload ends too early")
        self.at += length
        return self.data[self.at - length:self.at]

    def u8(self):
        return self.take(1)[0]

    def uint(self):
        """An unsigned integer, in the smallest form that fits."""
        start, first = self.at, self.u8()
        if first < 251:
            return first
        self.need(first <= 253, f"{first} begins no integer", start)
        value = int.from_bytes(self.take(2 << first - 251), "little")
        least = (251, 1 << 16, 1 << 32)[first - 251]
        self.need(value >= least, "an integer is longer than it must be", start)
        return value

    def i64(self):
        value = self.uint()
        return -(value >> 1) - 1 if value & 1 else value >> 1

    def time(self):
        start, value = self.at, self.i64()
        need_time(value, self.file, start)
        return value

    def option(self, read):
        start, flag = self.at, self.u8()
        self.need(flag <= 1, f"{flag} is no option", start)
        return read() if flag else None

    def blob(self):
        return self.take(self.uint())

    def text(self):
        start = self.at
        try:
            return self.blob().decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(self.file, start, "a text is not UTF-8") from None

    def below(self, limit, what, read=None):
        """A number that must be below `limit`."""
        start, value = self.at, (read or self.u8)()
        self.need(value < limit, f"{value} is no {what}", start)
        return value

    def number(self):
        start, value = self.at, self.uint()
        self.need(1 <= value < 1 << 53, f"{value} is no tracker's number", start)
        return value

    def finish(self):
        self.need(self.at == self.end, "bytes are left over in the payload")


Sync = namedtuple("Sync", "source changed_at synced_at manifest commit note")
Times = namedtuple("Times", "created closed")
Tracker = namedtuple("Tracker", "state title times last")
Event = namedtuple("Event", "kind number prev what state before after at")


def read_sync(code):
    """Section "Chunk payloads", sync record."""
    record = Sync(code.below(3, "source"), code.time(), code.time(),
                  code.option(lambda: code.take(32)), code.option(code.blob), code.text())
    code.need(record.commit is None or len(record.commit) <= 32, "a commit's id is longer than 32 bytes")
    return record


def read_times(code):
    """Section "Chunk payloads", times."""
    return Times(code.option(code.time), code.option(code.time))


def read_change(code, what):
    """Section "Chunk payloads", the table of variants: state, (title, times) before and after."""
    if what in ("added", "removed"):
        state = code.below(2, "state")
        whole = (code.text(), read_times(code))
        return (state, None, whole) if what == "added" else (state, whole, None)
    title = code.text()
    if what == "retitled":
        return None, (title, None), (code.text(), None)
    return None, (title, read_times(code)), (title, read_times(code))


def read_event(code):
    """Section "Chunk payloads", events."""
    at, kind, number, prev = code.at, code.below(2, "kind"), code.number(), code.uint()
    what = EVENTS[code.below(len(EVENTS), "event", code.uint)]
    return Event(kind, number, prev, what, *read_change(code, what), at)


def read_tracker(code):
    """Section "Chunk payloads", trackers."""
    kind, number, last = code.below(2, "kind"), code.number(), code.uint()
    state, title = code.below(2, "state"), code.text()
    return kind, number, Tracker(state, title, read_times(code), last)
