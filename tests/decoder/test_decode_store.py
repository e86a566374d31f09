#!/usr/bin/env python3
"""Tests of decode_store.py: the worked example of format.md, every byte of it flipped, and synthetic stores.

    test_decode_store.py [unittest's arguments]
"""

import contextlib
import io
import json
import os
import re
import struct
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from blake3_pure import blake3  # noqa: E402
from checked import CHECKED, LAST, SIGNATURE  # noqa: E402
from checks import NO_ID, NONE, OPEN_END, TIME_MAX, TIME_MIN, Refused, checksum  # noqa: E402
from current import CURRENT as CURRENT_HEAD, ENTRY  # noqa: E402
from decode_store import main, store_json  # noqa: E402
from frames import FRAME, SEGMENT  # noqa: E402
from index import INDEX as INDEX_HEAD, RECORD, WAYPOINT  # noqa: E402
from manifest import manifest_hash  # noqa: E402
from store import decode  # noqa: E402
from times import parse_time, time_text  # noqa: E402

FORMAT_MD = os.path.join(HERE, "..", "..", "format.md")
CURRENT, LOG, INDEX = "CURRENT", "log-1-1", "index-3-1"
SECOND_FRAME, LOG_END = 0x198, 0x2D8
VECTORS = {0: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
           1024: "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
           1025: "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
           2048: "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a",
           31744: "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47",
           102400: "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"}
ATLAS_0 = {"number": 430, "title": "Release: v0.9.0", "state": "open", "createdAt": "2024-12-20T08:00:00Z"}
ATLAS_1 = {**ATLAS_0, "title": "Release: v0.9.1", "state": "closed", "closedAt": "2024-12-24T09:59:00Z"}
SEVEN = {"number": 7, "title": "Release: v0.1.0 (Été)", "state": "closed", "createdAt": "2024-01-02T04:04:05+01:00",
         "closedAt": "2024-02-03T04:05:06.789Z"}
CACHE = {"number": 430, "title": "Microsprint: cache", "state": "open", "createdAt": None}


def example():
    """The files of the worked example: name to bytes."""
    with open(FORMAT_MD, encoding="utf-8") as file:
        text = file.read().split("\n## Worked example", 1)[1]
    dumps = re.findall(r"\*\*`([^`]+)`\*\*\n\n```text\n(.*?)```", text, re.S)
    return {name: b"".join(hex_line(line) for line in dump.splitlines()) for name, dump in dumps}


def hex_line(line):
    """The bytes of one line of a dump."""
    return bytes.fromhex(line.split("  ", 1)[1])


class StoreCase(unittest.TestCase):
    """A directory to write stores to."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.directory, self.written = holder.name, {}

    def write(self, files):
        """Makes these the files of the directory; those that are there already are left, for there are many tests."""
        for name in self.written.keys() - files.keys():
            os.unlink(os.path.join(self.directory, name))
        for name, data in files.items():
            if self.written.get(name) != data:
                with open(os.path.join(self.directory, name), "wb") as file:
                    file.write(data)
        self.written = dict(files)

    def decode(self, files):
        """The JSON of a store; raises Refused."""
        self.write(files)
        return store_json(decode(self.directory))

    def refused(self, files, message=""):
        """Such a store is refused, with that in the sentence."""
        with self.assertRaises(Refused) as caught:
            self.decode(files)
        self.assertIn(message, str(caught.exception))


# ---------------------------------------------------------------- a small writer

def signed(data, file_id=NO_ID, at=0):
    """The bytes and their checksum."""
    return data + struct.pack("<I", checksum(file_id, at, data))


def checked(store, acknowledged, entries=0):
    """Section "checked"."""
    head = CHECKED.pack(b"pmu-chk\n", 1, 0, entries, store, acknowledged, 0)
    return signed(head + bytes(SIGNATURE.size * entries))


def last(store, seq, major=1):
    """Section "checked", `last`."""
    return signed(LAST.pack(b"pmu-lst\n", major, 0, store, seq, 0, 0)[:-4])


def uint(value):
    """Section "Chunk payloads", unsigned integers."""
    if value < 251:
        return bytes([value])
    size = 0 if value < 1 << 16 else 1 if value < 1 << 32 else 2
    return bytes([251 + size]) + value.to_bytes(2 << size, "little")


def i64(value):
    return uint(2 * value if value >= 0 else -2 * value - 1)


def text(value):
    raw = value.encode()
    return uint(len(raw)) + raw


def times(*values):
    return b"".join(b"\0" if v is None else b"\1" + i64(v) for v in values)


def sync(at, note="", commit=None):
    return b"\2" + i64(at) + i64(at) + b"\0" + (b"\0" if commit is None else b"\1" + uint(len(commit)) + commit) + text(note)


class LogWriter:
    """Writes segments as the specification says, one frame at a time."""

    def __init__(self, first_seq=1, prev=bytes(32)):
        self.files, self.entries, self.base, self.seq, self.hash = {}, [], 0, first_seq, prev
        self.waypoint_chunks, self.data = [], None
        self.open_segment()

    def open_segment(self):
        number = len(self.entries) + 1
        if self.data is not None:
            self.seal()
        self.id, self.first = bytes([number]) * 16, self.seq
        self.name = f"log-{self.seq}-{number}"
        head = SEGMENT.pack(b"pmu-log\n", 1, 0, self.id, self.base, self.seq, self.hash, number, 0)[:-4]
        self.data = signed(head, self.id)
        self.entries.append([self.seq, number, self.base, OPEN_END, self.id])

    def seal(self):
        self.entries[-1][3] = len(self.data)
        self.files[self.name] = self.data + b"torn and written past"
        self.base += len(self.data)

    def chunk(self, kind, payload, count, first, frame_at, at):
        head = struct.pack("<B3xII", kind, len(payload), count)
        tail = struct.pack("<QQ", first, frame_at) + payload + bytes(-len(payload) % 8)
        return head + struct.pack("<I", checksum(self.id, at, head + tail)) + tail

    def frame(self, kind, changed_at, record, groups=()):
        """A frame of a sync record and groups of items, each group one chunk."""
        at, seq, items = len(self.data), self.seq, sum(len(g) for g in groups)
        body = self.chunk(1, record, 1, seq, at, at + 80)
        for group in groups:
            here = at + 80 + len(body)
            if kind == 1:
                self.waypoint_chunks.append((self.seq, changed_at, self.base + here))
            body += self.chunk(kind + 1, uint(len(group)) + b"".join(group), len(group), self.seq, at, here)
            self.seq += len(group) if kind == 1 else 0
        head = FRAME.pack(b"pmuF", kind, len(body), seq, items, len(groups) + 1, changed_at, self.hash, 0)[:-4]
        frame = signed(head, self.id, at) + body
        self.data += frame
        self.hash, self.last_frame, self.changed_at = blake3(frame), self.base + at, changed_at

    def store(self, index=None, index_seq=0):
        """All files, with CURRENT."""
        start = self.entries[0][0]
        chain, generation = (index[16:48], 1) if index else (bytes(32), 0)
        name = b"github.com/Some-Body/Some.Thing"
        head = [b"pmu-cur\n", 1, 0, 200 + 48 * len(self.entries) + len(name) + 4, b"s" * 16, len(self.entries),
                index_seq, generation, chain, start, 0, 0, 0, 0, 0, 0, bytes(32), bytes(32), len(self.entries), len(name)]
        data = CURRENT_HEAD.pack(*head) + b"".join(ENTRY.pack(*e) for e in self.entries) + name
        files = {**self.files, self.name: self.data, CURRENT: signed(data)}
        return {**files, f"index-{index_seq}-1": index} if index else files


def blocks(items, size, at, file_id):
    """Section "Index", section."""
    per, out = 4092 // size, b""
    for first in range(0, len(items), per * size):
        raw = items[first:first + per * size]
        last = first + per * size >= len(items)
        length = 4096 if len(raw) == per * size or not last else len(raw) + 4 + 7 & ~7
        out += signed(raw.ljust(length - 4, b"\0"), file_id, at + len(out))
    return out


def index_of(log, trackers, removed):
    """Section "Index": written without the decoder's own rules."""
    records, titles, counts, open_or_closed = b"", b"", [0] * 6, sorted(trackers, key=lambda t: (t[0], t[2], -t[1]))
    rows = [(k, s, -n, t, c, x, last) for k, n, s, t, c, x, last in open_or_closed] + [(k, 2, -n, None, None, None, last) for k, n, last in removed]
    for kind, state, minus, title, created, closed, last in sorted(rows, key=lambda r: r[:3]):
        raw, at = (title or "").encode(), 0
        if state < 2:
            while titles and len(titles) % 4092 and 4092 - len(titles) % 4092 < len(raw):
                titles += b"\0"
            at, titles = len(titles), titles + raw
        raw_times = [NONE if v is None else v for v in (created, closed)]
        records += RECORD.pack(-minus, *raw_times, at, len(raw), all(32 <= b < 127 for b in raw), last)
        counts[kind * 3 + state] += 1
    return finish_index(log, records, titles, counts, trackers)


def finish_index(log, records, titles, counts, trackers):
    """Section "Index": the header, and the three sections."""
    points = []
    for chunk in log.waypoint_chunks:
        if not points or chunk[0] >= points[-1][0] + 64 or chunk[2] >= points[-1][2] + 16384:
            points.append(chunk)
    body = b""
    for items, size in ((records, 48), (titles, 1), (b"".join(WAYPOINT.pack(*p) for p in points), 24)):
        body += blocks(items, size, 256 + len(body), log.hash[:16])
    state = b"gh-pmu state 1\n"
    for kind, number, closed, title, *two, _ in sorted(trackers, key=lambda t: (t[0], -t[1])):
        raw = title.encode()
        state += b"RM"[kind:kind + 1] + b"OC"[closed:closed + 1] + struct.pack(
            "<QqqQ", number, *[NONE if v is None else v for v in two], len(raw)) + raw
    head = INDEX_HEAD.pack(b"pmu-idx\n", 1, 0, 4096, log.hash, log.seq - 1, log.base + len(log.data), log.last_frame,
                        log.changed_at, log.entries[0][0], 256 + len(body), *counts, len(titles), len(points), blake3(state), 0)
    return signed(head[:-4], log.hash[:16]) + body


def added(kind, number, title, state=0, created=None, closed=None, prev=0):
    return bytes([kind]) + uint(number) + uint(prev) + b"\0" + bytes([state]) + text(title) + times(created, closed)


def removed(kind, number, prev, title, state=0, created=None, closed=None):
    return bytes([kind]) + uint(number) + uint(prev) + b"\5" + bytes([state]) + text(title) + times(created, closed)


def many(count):
    """Trackers with titles of all lengths, a few longer than a block, in groups of at most 64."""
    numbers = range(count, 0, -1)
    titles = {n: ("é" if n % 7 == 0 else "x") * (9000 if n % 91 == 0 else 4092 if n % 50 == 0 else n * 37 % 500) for n in numbers}
    events = [added(0, n, titles[n], n % 2, n, None) for n in numbers]
    trackers = [(0, n, n % 2, titles[n], n, None, count - n + 1) for n in numbers]
    return [events[i:i + 64] for i in range(0, count, 64)], trackers


# ---------------------------------------------------------------- the tests

class Blake3(unittest.TestCase):
    """The published vectors."""

    def test_vectors(self):
        for length, digest in VECTORS.items():
            self.assertEqual(blake3(bytes(i % 251 for i in range(length))).hex(), digest, length)


class Times(unittest.TestCase):
    """Times as text."""

    def test_both_ways(self):
        for value, shown in ((0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999Z"),
                             (TIME_MIN, "0000-01-01T00:00:00Z"), (TIME_MAX, "9999-12-30T22:00:00.999Z")):
            self.assertEqual(time_text(value), shown)
            self.assertEqual(parse_time(shown), value)
        self.assertEqual(parse_time("2024-02-29T23:30:00.1239-01:30"), parse_time("2024-03-01T01:00:00.123Z"))
        for wrong in ("2023-02-29T00:00:00Z", "2024-01-01", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00"):
            self.assertRaises(ValueError, parse_time, wrong)


class Example(StoreCase):
    """The worked example."""

    def setUp(self):
        super().setUp()
        self.files = example()

    def test_dumps(self):
        self.assertEqual({n: len(b) for n, b in self.files.items()}, {CURRENT: 277, LOG: 728, INDEX: 504})

    def test_table(self):
        found = self.decode(self.files)
        self.assertEqual((found["repo"], found["seq"]), ("github.com/Octo-Org/atlas", 6))
        self.assertEqual(bytes.fromhex(found["store"]), b"id of an example")
        rows = [(e["seq"], e["event"], e["kind"], e["number"], e["prev"]) for e in found["events"]]
        self.assertEqual(rows, [(1, "added", "release", 430, 0), (2, "added", "release", 7, 0),
                                (3, "added", "microsprint", 430, 0), (4, "closed", "release", 430, 1),
                                (5, "retitled", "release", 430, 4), (6, "removed", "microsprint", 430, 3)])
        for event in found["events"]:
            first = event["seq"] <= 3
            self.assertEqual(event["changedAt"], "2024-12-20T10:00:00Z" if first else "2024-12-24T10:00:00Z")
            self.assertEqual(event["syncedAt"], "2024-12-20T10:00:07.250Z" if first else "2024-12-24T10:00:09Z")
        self.check_changes(found)

    def check_changes(self, found):
        """What the events changed, and the trackers at the end."""
        changes = [(e["before"], e["after"]) for e in found["events"]]
        cache = {"state": "open", "title": "Microsprint: cache", "createdAt": None, "closedAt": None}
        self.assertEqual(changes[2:], [
            (None, cache), ({"state": "open", "closedAt": None}, {"state": "closed", "closedAt": "2024-12-24T09:59:00Z"}),
            ({"title": "Release: v0.9.0"}, {"title": "Release: v0.9.1"}), (cache, None)])
        self.assertEqual(found["trackers"], [
            {"kind": "release", **ATLAS_1, "lastSeq": 5},
            {"kind": "release", **SEVEN, "createdAt": "2024-01-02T03:04:05Z", "lastSeq": 2}])

    def manifest_hash(self, manifest):
        path = os.path.join(self.directory, "manifest.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(manifest, file)
        return manifest_hash(path)

    def test_state_hash_of_manifests(self):
        both = self.manifest_hash({"releases": [SEVEN, ATLAS_0], "microsprints": [CACHE]})
        self.assertEqual(both, self.files[INDEX][160:192])
        last = self.manifest_hash({"releases": [ATLAS_1, SEVEN], "microsprints": []})
        self.assertEqual(last.hex(), self.decode(self.files)["stateHash"])

    def flips(self, name):
        """The files with each byte of one flipped, by every bit and by some."""
        for at in range(len(self.files[name])):
            for mask in (0xFF, 0x01, 0x80):
                data = bytearray(self.files[name])
                data[at] ^= mask
                yield at, {**self.files, name: bytes(data)}

    def test_flips(self):
        """Each flip is refused; but in the last frame, which nothing acknowledges, it is a torn commit."""
        torn = self.decode({**self.files, LOG: self.files[LOG][:SECOND_FRAME]})
        self.assertEqual(torn["seq"], 3)
        for name in self.files:
            for at, files in self.flips(name):
                with self.subTest(name=name, at=at):
                    if name == LOG and at >= SECOND_FRAME:
                        self.assertEqual(self.decode(files), torn)
                    else:
                        self.refused(files)

    def test_flips_of_acknowledged(self):
        """With a `checked` that acknowledges both frames, each flip is refused; in `checked`, it counts as missing."""
        self.files["checked"] = checked(b"id of an example", LOG_END, 2)
        whole = self.decode(self.files)
        self.assertEqual(whole["seq"], 6)
        for name in self.files:
            for at, files in self.flips(name):
                with self.subTest(name=name, at=at):
                    if name == "checked":
                        self.assertEqual(self.decode(files), whole)
                    else:
                        self.refused(files)

    def test_cuts(self):
        """A file cut off anywhere is refused, or torn in the last frame."""
        for name, data in self.files.items():
            for length in range(len(data)):
                files = {**self.files, name: data[:length]}
                with self.subTest(name=name, length=length):
                    if name == LOG and length >= SECOND_FRAME:
                        self.assertEqual(self.decode(files)["seq"], 3)
                    else:
                        self.refused(files)

    def test_behind_the_last_frame(self):
        """Whatever is there and no frame header is a torn commit."""
        whole = self.decode(self.files)
        for behind in (b"x", bytes(4096), self.files[LOG][SECOND_FRAME:]):
            self.assertEqual(self.decode({**self.files, LOG: self.files[LOG] + behind}), whole)

    def test_last_and_foreign_checked(self):
        """Another store's count as missing, and so does what does not verify; a newer version is refused."""
        mine, foreign = last(b"id of an example", 3), last(b"another's store.", 3)
        others = {"checked": checked(b"another's store.", 1 << 40), "lock": b"", "x.tmp": b"x"}
        for data, shown in ((mine, 3), (foreign, None), (mine[:-1] + b"?", None), (mine[:-5], None), (b"", None)):
            self.assertEqual(self.decode({**self.files, **others, "last": data})["last"], shown)
        self.refused({**self.files, "last": last(b"id of an example", 3, 2)}, "major version 2")

    def test_command_line(self):
        self.write(self.files)
        out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.assertEqual(main([self.directory]), 0)
            self.write({**self.files, INDEX: bytes(504)})
            self.assertEqual(main([self.directory]), 1)
        self.assertIn("index-3-1 at offset 0x0", err.getvalue())


class Synthetic(StoreCase):
    """Stores by a writer that was written from the text too."""

    def test_many(self):
        """Several chunks, blocks of each section, titles longer than a block, gaps; flips in the index."""
        groups, trackers = many(700)
        log = LogWriter()
        log.frame(1, 1000, sync(1000, commit=b"\xab" * 20), groups)
        index = index_of(log, trackers, [])
        files = log.store(index, 700)
        found = self.decode(files)
        self.assertEqual((found["seq"], len(found["trackers"])), (700, 700))
        self.assertEqual(found["events"][0]["commit"], "ab" * 20)
        for at in range(0, len(index), 9973):
            bad = index[:at] + bytes([index[at] ^ 4]) + index[at + 1:]
            self.refused({**files, "index-700-1": bad}, "index-700-1")

    def test_sealed_segment(self):
        """Bytes behind a sealed end are ignored; those before it are not."""
        log = LogWriter()
        log.frame(1, 1000, sync(1000), [[added(1, 5, "five")]])
        log.frame(3, 1000, sync(1000, "a repair"))
        log.open_segment()
        log.frame(1, 2000, sync(2000), [[removed(1, 5, 1, "five")]])
        log.frame(1, 2000, sync(2000), [[added(1, 5, "again", prev=2)]])
        files = log.store(index_of(log, [(1, 5, 0, "again", None, None, 3)], []), 3)
        whole = self.decode(files)
        self.assertEqual([e["prev"] for e in whole["events"]], [0, 1, 2])
        end = log.entries[0][3]
        for at in range(len(files["log-1-1"])):
            data = bytearray(files["log-1-1"])
            data[at] ^= 0xFF
            changed = {**files, "log-1-1": bytes(data)}
            self.assertEqual(self.decode(changed), whole) if at >= end else self.refused(changed, "log-1-1")

    def test_damage_in_the_middle(self):
        """What does not verify and has a frame behind it is damage, also in the last segment."""
        log = LogWriter()
        log.frame(1, 1000, sync(1000), [[added(1, 5, "five")]])
        log.frame(1, 1000, sync(1000), [[added(1, 6, "six")]])
        files, name = log.store(), log.name
        self.assertEqual(self.decode(files)["seq"], 2)
        damaged = log.data[:200] + b"\xff" + log.data[201:]
        self.refused({**files, name: damaged}, name)

    def test_removed_and_no_trackers(self):
        log = LogWriter()
        log.frame(1, 1000, sync(1000))
        self.assertEqual(self.decode(log.store(index_of(log, [], []), 0))["seq"], 0)
        log.frame(1, 1001, sync(1001), [[added(0, 5, "five", 1, -5, 7)]])
        log.frame(1, 1002, sync(1002), [[removed(0, 5, 1, "five", 1, -5, 7)]])
        found = self.decode(log.store(index_of(log, [], [(0, 5, 2)]), 2))
        self.assertEqual(found["events"][1]["before"]["createdAt"], "1969-12-31T23:59:59.995Z")

    def test_base(self):
        """A pruned log begins with a base."""
        log = LogWriter(41)
        tracker = b"\0" + uint(9) + uint(17) + b"\1" + text("nine") + times(3, 4)
        log.frame(2, 500, sync(500), [[tracker]])
        reopened = b"\0" + uint(9) + uint(17) + b"\2" + text("nine") + times(3, 4) + times(3, None)
        log.frame(1, 600, sync(600), [[reopened]])
        found = self.decode(log.store(index_of(log, [(0, 9, 0, "nine", 3, None, 41)], []), 41))
        self.assertEqual(found["events"][0]["after"], {"state": "open", "closedAt": None})
        self.assertEqual((found["events"][0]["seq"], found["trackers"][0]["lastSeq"]), (41, 41))

    def test_base_and_removed_before(self):
        """Of a tracker that was removed before the base and appears again, `prev` is 0."""
        log = LogWriter(41)
        log.frame(2, 500, sync(500))
        log.frame(1, 600, sync(600), [[added(1, 9, "nine")]])
        self.assertEqual(self.decode(log.store())["events"][0]["prev"], 0)
        log = LogWriter(41)
        log.frame(2, 500, sync(500))
        log.frame(1, 600, sync(600), [[added(1, 9, "nine", prev=17)]])
        self.refused(log.store(), "prev is 17")

    def test_log_written_anew(self):
        """A log that was written anew begins with no hash."""
        log = LogWriter(41, b"p" * 32)
        log.frame(2, 500, sync(500))
        self.refused(log.store(), "prev is not zero")

    def test_lost_events(self):
        """A note may skip numbers, which are then not used again; a commit may not."""
        log = LogWriter()
        log.frame(1, 1000, sync(1000), [[added(1, 5, "five")]])
        log.seq = 9
        log.frame(3, 1000, sync(1000, "events before 9 are lost"))
        log.frame(1, 2000, sync(2000), [[removed(1, 5, 1, "five")]])
        found = self.decode(log.store(index_of(log, [], [(1, 5, 9)]), 9))
        self.assertEqual(([event["seq"] for event in found["events"]], found["seq"]), ([1, 9], 9))
        log.seq = 11
        log.frame(1, 3000, sync(3000), [[added(1, 5, "again", prev=9)]])
        self.refused(log.store(), "the first seq is not the next one")
        for at, wrong in ((1, "the first seq"), (9, "changed_at")):
            log = LogWriter()
            log.frame(1, 1000, sync(1000), [[added(1, 5, "five")]])
            log.seq = at
            log.frame(3, 1000 if at == 1 else 2000, sync(1000 if at == 1 else 2000, "a repair"))
            self.refused(log.store(), wrong)

    def test_full_last_block(self):
        """A last block of as many items as a block holds has the length of a block."""
        groups, trackers = many(85)
        log = LogWriter()
        log.frame(1, 1000, sync(1000), groups)
        index = index_of(log, trackers, [])
        self.assertEqual(len(self.decode(log.store(index, 85))["trackers"]), 85)

    def test_wrong_events(self):
        """A log whose checksums hold but whose events do not fit."""
        wrong = {"prev is 1": [added(1, 5, "five", prev=1)], "out of order": [added(1, 5, "a"), added(1, 6, "b")],
                 "against the state": [added(1, 5, "a"), removed(1, 4, 0, "b")]}
        for message, events in wrong.items():
            log = LogWriter()
            log.frame(1, 1000, sync(1000), [events])
            self.refused(log.store(), message)


if __name__ == "__main__":
    unittest.main()
