"""Section "bincode": values, sync records, events and trackers."""

from collections import namedtuple

from checks import need, need_text, need_time

KINDS = ("release", "microsprint")
STATES = ("open", "closed")
SOURCES = ("manifest", "api", "git")
CHANGES = ("added", "closed", "reopened", "retitled", "redated", "removed")
Sync = namedtuple("Sync", "source updated_at changed_at synced_at manifest commit repository trackers sum history "
                  "note raw")
Tracker = namedtuple("Tracker", "state title created closed")
Event = namedtuple("Event", "kind number what before after prev canonical at")


class Bincode:
    """A cursor over one payload."""

    def __init__(self, file, data, at, end):
        self.file, self.data, self.at, self.end = file, data, at, end

    def need(self, good, what, at=None):
        need(good, self.file, self.at if at is None else at, what)

    def take(self, length):
        """The next bytes."""
        self.need(length <= self.end - self.at, "the bytes end early")
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

    def time(self):
        start, value = self.at, self.uint()
        value = -(value >> 1) - 1 if value & 1 else value >> 1
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
        return need_text(self.blob(), self.file, start)

    def below(self, limit, what, read=None):
        """A number that must be below `limit`."""
        start, value = self.at, (read or self.u8)()
        self.need(value < limit, f"{value} is no {what}", start)
        return value

    def number(self):
        start, value = self.at, self.uint()
        self.need(1 <= value < 1 << 53, f"{value} is no tracker's number", start)
        return value

    def further(self):
        """Fields of newer programs."""
        for _ in range(self.uint()):
            self.u8()
            self.blob()

    def finish(self):
        self.need(self.at == self.end, "bytes go on after the value")

    def items(self, read):
        """A sequence of byte strings, each of which `read` must fill."""
        items = []
        for _ in range(self.uint()):
            length = self.uint()
            start = self.at
            self.take(length)
            inner = Bincode(self.file, self.data, start, start + length)
            items.append(read(inner))
            inner.finish()
        self.finish()
        return items


def read_commit(code):
    """A commit's id."""
    start, commit = code.at, code.blob()
    code.need(len(commit) in (20, 32), f"a commit's id of {len(commit)} bytes", start)
    return commit


def read_sync(file, data, at, end):
    """Sync record."""
    code = Bincode(file, data, at, end)
    fields = (code.below(3, "source"), code.time(), code.time(), code.time(), code.option(lambda: code.take(32)),
              code.option(lambda: read_commit(code)), code.text(), code.uint(), code.take(32),
              code.option(lambda: code.take(32)), code.text())
    code.further()
    code.finish()
    return Sync(*fields, data[at:end])


def read_times(code):
    return code.option(code.time), code.option(code.time)


def read_change(code, what):
    """The table of variants: the tracker before and after."""
    if what in ("closed", "reopened"):
        title, state = code.text(), int(what == "reopened")
        return Tracker(state, title, *read_times(code)), Tracker(1 - state, title, *read_times(code))
    state, title = code.below(2, "state"), code.text()
    if what == "retitled":
        after = code.text()
        times = read_times(code)
        return Tracker(state, title, *times), Tracker(state, after, *times)
    first = Tracker(state, title, *read_times(code))
    if what == "redated":
        return first, Tracker(state, title, *read_times(code))
    return (None, first) if what == "added" else (first, None)


def read_event(code):
    """Events."""
    at, kind, number = code.at, code.below(2, "kind"), code.number()
    what = CHANGES[code.below(len(CHANGES), "event", code.uint)]
    before, after = read_change(code, what)
    canonical = code.data[at:code.at]
    prev = code.uint()
    code.further()
    return Event(kind, number, what, before, after, prev, canonical, at)


def read_tracker(code):
    """Trackers."""
    kind, number, last = code.below(2, "kind"), code.number(), code.uint()
    tracker = Tracker(code.below(2, "state"), code.text(), *read_times(code))
    code.further()
    return kind, number, last, tracker
