// Section "bincode": reading and writing values.

import { decodeText, isTime, need, u16, u32, u64 } from "./checks.mjs";

// A cursor over one payload.
export class Reader {
  constructor(file, data, at, end) {
    Object.assign(this, { file, data, at, end });
  }

  need(good, what, at = this.at) {
    need(good, this.file, at, what);
  }

  take(length) {
    this.need(length <= this.end - this.at, "the bytes end early");
    this.at += length;
    return this.data.subarray(this.at - length, this.at);
  }

  u8 = () => this.take(1)[0];

  bigUint() {
    const start = this.at,
      first = this.u8();
    if (first < 251) return BigInt(first);
    this.need(first <= 253, `${first} begins no integer`, start);
    const bytes = this.take(2 << (first - 251));
    const value = [(b) => BigInt(b.readUInt16LE()), (b) => BigInt(b.readUInt32LE()), (b) => b.readBigUInt64LE()][
      first - 251
    ](bytes);
    this.need(value >= [251n, 1n << 16n, 1n << 32n][first - 251], "an integer is longer than it must be", start);
    return value;
  }

  uint() {
    const start = this.at,
      value = this.bigUint();
    this.need(value <= Number.MAX_SAFE_INTEGER, `${value} is more than any store has`, start);
    return Number(value);
  }

  time() {
    const start = this.at,
      coded = this.bigUint();
    const value = coded & 1n ? -(coded >> 1n) - 1n : coded >> 1n;
    this.need(isTime(value), `${value} is no time`, start);
    return Number(value);
  }

  option(read) {
    const start = this.at,
      flag = this.u8();
    this.need(flag <= 1, `${flag} is no option`, start);
    return flag ? read() : null;
  }

  blob = () => this.take(this.uint());

  text() {
    const start = this.at;
    return decodeText(this.blob(), this.file, start);
  }

  // A number below `limit`.
  below(limit, what, read = this.u8) {
    const start = this.at,
      value = read.call(this);
    this.need(value < limit, `${value} is no ${what}`, start);
    return value;
  }

  sequence(read) {
    return Array.from({ length: this.count() }, () => read(this));
  }

  // How many items follow: every item has at least a byte.
  count() {
    const start = this.at,
      count = this.uint();
    this.need(count <= this.end - this.at, "more items than bytes", start);
    return count;
  }

  further() {
    return this.sequence(() => [this.u8(), this.blob()]);
  }

  // A value that fills the byte string it stands in.
  inner(read) {
    const length = this.uint(),
      start = this.at;
    this.take(length);
    return whole(new Reader(this.file, this.data, start, start + length), read);
  }
}

// Reads a value that must fill what the reader is over.
export function whole(reader, read) {
  const value = read(reader);
  reader.need(reader.at === reader.end, "bytes go on after the value");
  return value;
}

// Values as bytes.
export const code = {
  u8: (value) => Buffer.of(value),
  uint(value) {
    if (value < 251) return Buffer.of(Number(value));
    if (value < 2 ** 16) return Buffer.concat([Buffer.of(251), u16(Number(value))]);
    if (value < 2 ** 32) return Buffer.concat([Buffer.of(252), u32(Number(value))]);
    return Buffer.concat([Buffer.of(253), u64(value)]);
  },
  int: (value) => code.uint(value >= 0 ? 2n * BigInt(value) : -2n * BigInt(value) - 1n),
  blob: (bytes) => Buffer.concat([code.uint(bytes.length), bytes]),
  text: (text) => code.blob(Buffer.from(text)),
  option: (value, write) => (value == null ? Buffer.of(0) : Buffer.concat([Buffer.of(1), write(value)])),
  sequence: (items, write) => Buffer.concat([code.uint(items.length), ...items.map(write)]),
  further: (fields) => code.sequence(fields ?? [], ([tag, bytes]) => Buffer.concat([code.u8(tag), code.blob(bytes)])),
};
