"""Section "marks and hints": the files that may vanish at any time."""

import struct

from checks import NO_ID, need, need_text, need_time, need_version, verify

MARKS = struct.Struct("<8sHHI16s")
HINT = struct.Struct("<8sHHIQQQqq")
ACKNOWLEDGED, SIGNATURE, MARK = struct.Struct("<16sQ32s"), struct.Struct("<16sQQQqqq32s"), struct.Struct("<Q16s16sq")
SIGNATURE_FIELDS = ("device", "inode", "length", "modified", "changed")


def fnv(data):
    """FNV-1a of 128 bits, big-endian."""
    value = 0x6C62272E07BB014262B821756295C58D
    for byte in data:
        value = (value ^ byte) * 0x1000000000000000000013B % (1 << 128)
    return value.to_bytes(16, "big")


def hint_name(manifest, host):
    """The name of the hint of a manifest, by its absolute path and the value of `GH_HOST`."""
    return fnv(f"{manifest}\0{host}".encode("utf-8")).hex()


def read_fields(layout, payload):
    """The fields of a payload, and the rest of it."""
    need(len(payload) >= layout.size, "marks", 0, "a record is too short")
    return layout.unpack_from(payload), payload[layout.size:]


def read_time(payload):
    (value,), _ = read_fields(struct.Struct("<q"), payload)
    need_time(value, "marks", 0)
    return value


def read_acknowledged(payload):
    (log_id, offset, chain), _ = read_fields(ACKNOWLEDGED, payload)
    return "acknowledged", {"logId": log_id.hex(), "offset": offset, "chain": chain.hex()}


def read_signature(payload):
    (path, *numbers, recorded, digest), rest = read_fields(SIGNATURE, payload)
    fields = dict(zip(SIGNATURE_FIELDS, map(str, numbers)))
    seen = {"seen": {"key": rest[:16].hex(), "reference": need_text(rest[16:], "marks", 0)}} if len(rest) >= 16 else {}
    return "signature", {"path": path.hex(), **fields, "recorded": str(recorded), "digest": digest.hex(), **seen}


def read_mark(payload):
    (seq, published, observed, asked), name = read_fields(MARK, payload)
    need_time(asked, "marks", 0)
    return "mark", {"name": need_text(name, "marks", 0), "publishedSeq": seq, "publishedId": published.hex(),
                    "observedId": observed.hex(), "askedAt": asked}


def read_tag(payload):
    (length,), rest = read_fields(struct.Struct("<H"), payload)
    need(length <= len(rest), "marks", 0, "a record is too short")
    return "tag", {"place": need_text(rest[:length], "marks", 0), "tag": need_text(rest[length:], "marks", 0)}


def read_fork(payload):
    (seq,), branch = read_fields(struct.Struct("<Q"), payload)
    return "fork", {"seq": seq, "branch": need_text(branch, "marks", 0)}


RECORDS = {1: read_acknowledged, 2: lambda payload: ("checkedAt", read_time(payload)), 3: read_signature,
           4: read_mark, 5: read_tag, 6: read_fork}


def decode_marks(data, store):
    """The records, in their order; None if the file is of another store."""
    file = "marks"
    verify(file, data, b"pmu-mrk\n", NO_ID, len(data) - 4)
    need(len(data) >= MARKS.size + 4, file, 0, "the file is too short")
    _, major, _, length, owner = MARKS.unpack_from(data)
    need_version(file, major)
    need(length == len(data), file, 12, "the length is not that of the file")
    if store not in (None, owner):
        return None
    records, at, end = [], MARKS.size, length - 4
    while at < end:
        need(at + 4 <= end, file, at, "a record is cut off")
        kind, size = struct.unpack_from("<HH", data, at)
        need(at + 4 + size <= end, file, at, "a record does not end within the file")
        if kind in RECORDS:
            records.append(dict([RECORDS[kind](data[at + 4:at + 4 + size])]))
        at += 4 + size
    need(sum("signature" in record for record in records) <= 16, file, MARKS.size, "too many signatures")
    return records


def decode_hint(data):
    """A hint."""
    file = "hint"
    verify(file, data, b"pmu-hnt\n", NO_ID, len(data) - 4)
    need(len(data) >= HINT.size + 4, file, 0, "the file is too short")
    _, major, _, length, *numbers = HINT.unpack_from(data)
    need_version(file, major)
    need(HINT.size + length + 4 == len(data), file, 12, "the name does not fill the file")
    signature = dict(zip(SIGNATURE_FIELDS, map(str, numbers)))
    return {"signature": signature, "repository": need_text(data[HINT.size:-4], file, HINT.size)}
