// Section "marks and hints": the files that may vanish at any time.

import { MAJOR, MINOR, NO_ID, View, checksum, i64, u16, u32, u64 } from "./checks.mjs";

const MAGIC = "pmu-mrk\n",
  HINT = "pmu-hnt\n";
const FIRST_RECORD = 32;
const SIGNATURES = 16;

const hex = (bytes) => bytes.toString("hex");
const signature = (view, at) => ({
  device: view.bigU64(at),
  inode: view.bigU64(at + 8),
  length: view.bigU64(at + 16),
  modified: view.bigI64(at + 24),
  changed: view.bigI64(at + 32),
});

// What each kind of record holds; `end` is where its payload ends.
const RECORDS = {
  1: (view) => ({ acknowledged: { logId: view.bytes(0, 16), offset: view.u64(16), chain: view.bytes(24, 32) } }),
  2: (view) => ({ checkedAt: view.time(0) }),
  3: (view, end) => ({
    signature: {
      path: hex(view.bytes(0, 16)),
      ...signature(view, 16),
      recorded: view.bigI64(56),
      digest: hex(view.bytes(64, 32)),
      ...(end >= 112 && { seen: { key: hex(view.bytes(96, 16)), reference: view.text(112, end - 112) } }),
    },
  }),
  4: (view, end) => ({
    mark: {
      name: view.text(48, end - 48),
      publishedSeq: view.u64(0),
      publishedId: hex(view.bytes(8, 16)),
      observedId: hex(view.bytes(24, 16)),
      askedAt: view.time(40),
    },
  }),
  5: (view, end) => {
    const length = view.u16(0);
    return { tag: { place: view.text(2, length), tag: view.text(2 + length, end - 2 - length) } };
  },
  6: (view, end) => ({ fork: { seq: view.u64(0), branch: view.text(8, end - 8) } }),
};

// Returns the records of `marks`, in their order; null if the file is of another store.
export function decodeMarks(data, store) {
  const view = new View("marks", data);
  view.verify(MAGIC, NO_ID, data.length - 4);
  view.version();
  view.need(view.u32(12) === data.length, 12, "the length is not that of the file");
  if (store && !view.bytes(16, 16).equals(store)) return null;
  const records = [],
    end = data.length - 4;
  for (let at = FIRST_RECORD; at < end;) {
    const kind = view.u16(at),
      next = at + 4 + view.u16(at + 2);
    view.need(next <= end, at + 2, "a record that does not end within the file");
    const inner = new View("marks", data.subarray(at + 4, next));
    if (RECORDS[kind]) records.push(RECORDS[kind](inner, next - at - 4));
    at = next;
  }
  const signatures = records.filter((record) => record.signature).length;
  view.need(signatures <= SIGNATURES, FIRST_RECORD, `${signatures} signatures`);
  return records;
}

// Returns the bytes of `marks`; a record is its kind and its payload.
export function encodeMarks(store, records) {
  const coded = records.map(([kind, payload]) => Buffer.concat([u16(kind), u16(payload.length), payload]));
  const length = FIRST_RECORD + coded.reduce((sum, record) => sum + record.length, 0) + 4;
  const head = [Buffer.from(MAGIC), u16(MAJOR), u16(MINOR), u32(length), store];
  const data = Buffer.concat([...head, ...coded]);
  return Buffer.concat([data, u32(checksum(NO_ID, 0, data))]);
}

// Returns FNV-1a of 128 bits, big-endian.
export function fnv(bytes) {
  let hash = 0x6c62272e07bb014262b821756295c58dn;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x1000000000000000000013bn) & (2n ** 128n - 1n);
  return Buffer.from(hash.toString(16).padStart(32, "0"), "hex");
}

// Returns the name of the hint of a manifest, by its absolute path and the value of `GH_HOST`.
export const hintName = (manifest, host) => fnv(Buffer.from(`${manifest}\0${host}`)).toString("hex");

export function signatureBytes({ device, inode, length, modified, changed }) {
  return Buffer.concat([...[device, inode, length].map(u64), ...[modified, changed].map(i64)]);
}

export function encodeHint(repository, stat) {
  const name = Buffer.from(repository);
  const head = [Buffer.from(HINT), u16(MAJOR), u16(MINOR), u32(name.length), signatureBytes(stat), name];
  const data = Buffer.concat(head);
  return Buffer.concat([data, u32(checksum(NO_ID, 0, data))]);
}

// Returns a hint: whose a checkout is, and the signature of its git configuration.
export function decodeHint(data) {
  const view = new View("hint", data);
  view.verify(HINT, NO_ID, data.length - 4);
  view.version();
  const length = view.u32(12);
  view.need(56 + length + 4 === data.length, 12, "the name does not fill the file");
  return { signature: signature(view, 16), repository: view.text(56, length) };
}
