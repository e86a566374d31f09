"""Sections "Log", "Frame", "Chunk" and "Where the log ends": what verifies in a log, nothing of it folded."""

import struct
from collections import namedtuple

from blake3_pure import blake3
from checks import Refused, checksum, need, need_time, need_version, padded, verify

HEADER = struct.Struct("<8sHH4xQQQ16sQQ52xI")
FRAME = struct.Struct("<4sBB2xQQIIq32s32s4xI")
CHUNK = struct.Struct("<B3xIIIQQ")
assert (HEADER.size, FRAME.size, CHUNK.size) == (128, 112, 32)
COMMIT, BASE, NOTE = 1, 2, 3
SYNC, EVENTS, TRACKERS = 1, 2, 3
PUBLISHED, MORE, CONTINUES = 1, 2, 4
IGNORABLE = 128
CHUNK_ITEMS = 250
PAYLOAD_MAX = 1 << 40
Head = namedtuple("Head", "magic kind flags length first_seq items chunks changed_at chain own sum")
Chunk = namedtuple("Chunk", "kind length count sum first_seq frame_offset at")
Walked = namedtuple("Walked", "frames end torn")


class Unverified(Exception):
    """Bytes where a frame should be that do not verify: torn or damaged, as the walk finds out."""

    def __init__(self, offset, what):
        super().__init__(what)
        self.offset, self.what = offset, what


class Log:
    """A verified header, and the bytes of the whole file."""

    def __init__(self, name, data, log_id=None, generation=None):
        verify(name, data, b"pmu-log\n", data[40:56], HEADER.size - 4)
        _, major, _, _, _, needed, self.id, self.generation, self.first_seq, _ = HEADER.unpack_from(data)
        need_version(name, major, needed)
        self.name, self.data = name, data
        need(log_id in (None, self.id), name, 40, "the id is not that in CURRENT")
        need(generation in (None, self.generation), name, 56, "the generation is not that in CURRENT")
        need(self.first_seq > 0, name, 64, "the first seq is 0")


class Frame:
    """A frame that verifies."""

    def __init__(self, log, at, chain):
        self.at, self.head = at, frame_head(log, at)
        if self.head.chain != chain:
            raise Unverified(at, "a frame does not continue the chain")
        length = self.head.length
        need(length % 8 == 0 and length <= PAYLOAD_MAX, log.name, at + 8, "an impossible payload length")
        self.end = at + FRAME.size + length
        if self.end > len(log.data):
            raise Unverified(at, "a frame is cut off")
        self.chunks, pos = [], at + FRAME.size
        while pos < self.end:
            chunk, pos = read_chunk(log, pos, self.end)
            self.chunks.append(chunk)
        own = blake3(log.data[at:at + 72] + log.data[at + FRAME.size:self.end])
        need(own == self.head.own, log.name, at + 72, "the frame's hash is wrong")
        self.ignorable, self.kind, flags = self.head.kind >= IGNORABLE, self.head.kind, self.head.flags
        self.published, self.more, self.continues = flags & PUBLISHED != 0, flags & MORE != 0, flags & CONTINUES != 0
        need(flags < 8, log.name, at + 5, f"flags {flags} are unknown")
        if not self.ignorable:
            self.check(log.name)

    def check(self, file):
        """What must be refused in a frame that verifies."""
        at, head = self.at, self.head
        need(COMMIT <= head.kind <= NOTE, file, at + 4, f"frame kind {head.kind} is unknown")
        need(not self.more or head.kind == COMMIT, file, at + 5, "a base or a note with more to come")
        need_time(head.changed_at, file, at + 32)
        need(head.chunks == len(self.chunks), file, at + 28, "the number of chunks is another")
        known = [chunk for chunk in self.chunks if chunk.kind < IGNORABLE]
        need(known and known[0].kind == SYNC, file, at, "a frame without a sync chunk")
        self.sync_chunk, *self.bodies = known
        need(self.sync_chunk.count == 1, file, self.sync_chunk.at + 8, "a sync chunk without exactly one item")
        inner = {COMMIT: EVENTS, BASE: TRACKERS, NOTE: None}[head.kind]
        need(all(c.kind == inner for c in self.bodies), file, at, "a chunk that may not stand here")
        need(sum(c.count for c in self.bodies) == head.items, file, at + 24, "the number of items is another")
        seq = head.first_seq
        for chunk in known:
            need(chunk.frame_offset == at, file, chunk.at + 24, "the chunk is of another frame")
            need(chunk.first_seq == seq, file, chunk.at + 16, "the chunk's first seq is another")
            need(1 <= chunk.count <= CHUNK_ITEMS, file, chunk.at + 8, f"a chunk of {chunk.count} items")
            seq += chunk.count if chunk.kind == EVENTS else 0


def frame_head(log, at):
    """The frame header at `at`, if it verifies."""
    if at + FRAME.size > len(log.data):
        raise Unverified(at, "a frame's header is cut off")
    head = Head(*FRAME.unpack_from(log.data, at))
    if head.magic != b"pmuF" or head.sum != checksum(log.id, at, log.data[at:at + FRAME.size - 4]):
        raise Unverified(at, "a frame's header does not verify")
    return head


def read_chunk(log, at, end):
    """The chunk at `at`, if it verifies, and where it ends."""
    if at + CHUNK.size > end:
        raise Unverified(at, "a chunk's header is cut off")
    chunk = Chunk(*CHUNK.unpack_from(log.data, at), at)
    after = at + CHUNK.size + padded(chunk.length)
    if after > end:
        raise Unverified(at, "a chunk is cut off")
    if chunk.sum != checksum(log.id, at, log.data[at:at + 12] + log.data[at + 16:after]):
        raise Unverified(at, "a chunk does not verify")
    return chunk, after


def commit_later(log, at):
    """Where a frame header that begins a commit verifies after `at`."""
    found = log.data.find(b"pmuF", at + 1)
    while found >= 0:
        try:
            if found % 8 == 0 and not frame_head(log, found).flags & CONTINUES:
                return found
        except Unverified:
            pass
        found = log.data.find(b"pmuF", found + 1)
    return None


def walk(log, acknowledged=HEADER.size):
    """The frames of all whole groups, where the last one ends, and whether a torn tail follows."""
    at, chain, frames, group, end, broken = HEADER.size, blake3(log.id), [], [], HEADER.size, None
    while at < len(log.data):
        try:
            frame = Frame(log, at, chain)
        except Unverified as unverified:
            broken = unverified
            break
        need(frame.continues == bool(group), log.name, at + 5, "a group that does not continue")
        at, chain = frame.end, frame.head.own
        group.append(frame)
        if not frame.more:
            frames += group
            group, end = [], at
    torn = broken is not None or bool(group)
    what = broken.what if broken else "a group is cut off" if torn else "the log ends"
    if end < acknowledged:
        raise Refused(log.name, at, f"{what}, before what was acknowledged ({acknowledged})")
    later = broken and commit_later(log, broken.offset)
    need(not later, log.name, at, f"{what}, and a frame follows at {later}")
    return Walked(frames, end, torn)
