// Section "Conventions": what every structure is checked with.

import fs from "node:fs";
import path from "node:path";

export const NONE = -(2n ** 63n);
export const TIME_MIN = -62167219200000,
  TIME_MAX = 253402300799999;
export const NO_ID = Buffer.alloc(16);
export const MAJOR = 1,
  MINOR = 0;

// Something that is refused, with where it stands.
export class Refused extends Error {
  constructor(file, offset, what) {
    super(`${file} at offset ${offset}: ${what}`);
    Object.assign(this, { file, offset, what });
  }
}

// Bytes that do not verify, where no faulty or newer program may have written them.
export class Damaged extends Refused {}

// Refuses the file unless `good`.
export function need(good, file, offset, what) {
  if (!good) throw new Refused(file, offset, what);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});

// Returns the CRC-32 of the parts, one after the other.
export function crc32(...parts) {
  let crc = 0xffffffff;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) crc = TABLE[(crc ^ part[i]) & 255] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

// Returns the checksum of a structure that begins at `offset` of the file with this id.
export function checksum(fileId, offset, ...parts) {
  return crc32(fileId, u64(offset), ...parts);
}

const fixed = (size, write) => (value) => {
  const bytes = Buffer.alloc(size);
  bytes[write](value);
  return bytes;
};
export const u16 = fixed(2, "writeUInt16LE");
export const u32 = fixed(4, "writeUInt32LE");
const bigU64 = fixed(8, "writeBigUInt64LE"),
  bigI64 = fixed(8, "writeBigInt64LE");
export const u64 = (value) => bigU64(BigInt(value));
export const i64 = (value) => bigI64(BigInt(value));
// A time or none.
export const timeOrNone = (value) => i64(value ?? NONE);

// Returns `length` up to a multiple of 8.
export const padded = (length) => Math.ceil(length / 8) * 8;
// Returns the bytes with zeros up to a multiple of 8.
export const pad = (bytes) => Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]);

export const isTime = (value) => value >= TIME_MIN && value <= TIME_MAX;

// Fields at fixed places of a structure: the one way of reading them.
export class View {
  constructor(file, data, start = 0) {
    Object.assign(this, { file, data, start });
  }

  need(good, at, what) {
    need(good, this.file, this.start + at, what);
  }

  bytes(at, length) {
    this.need(this.start + at + length <= this.data.length, at, "the file is too short");
    return this.data.subarray(this.start + at, this.start + at + length);
  }

  u8 = (at) => this.bytes(at, 1)[0];
  u16 = (at) => this.bytes(at, 2).readUInt16LE();
  u32 = (at) => this.bytes(at, 4).readUInt32LE();
  bigU64 = (at) => this.bytes(at, 8).readBigUInt64LE();
  bigI64 = (at) => this.bytes(at, 8).readBigInt64LE();

  // A number that JavaScript holds exactly. Everything that is numbered or measured here is far below 2^53.
  u64(at) {
    const value = this.bigU64(at);
    this.need(value <= Number.MAX_SAFE_INTEGER, at, `${value} is more than any store has`);
    return Number(value);
  }

  time(at) {
    const value = this.bigI64(at);
    this.need(isTime(value), at, `${value} is no time`);
    return Number(value);
  }

  timeOrNone(at) {
    return this.bigI64(at) === NONE ? null : this.time(at);
  }

  // A text to the end of the bytes.
  text(at, length) {
    return decodeText(this.bytes(at, length), this.file, this.start + at);
  }

  // The magic is that, and the u32 at `end` the checksum of all from the start to it.
  verify(magic, fileId, end) {
    const fail = (what) => {
      throw new Damaged(this.file, this.start, what);
    };
    if (end < magic.length || this.start + end + 4 > this.data.length) fail("the file is too short");
    if (this.bytes(0, magic.length).toString("latin1") !== magic) fail(`the magic is not ${JSON.stringify(magic)}`);
    if (this.u32(end) !== checksum(fileId, this.start, this.bytes(0, end))) fail("the checksum is wrong");
  }

  // Section "Versions"; `features` is where the three words stand, if they do. Counts only after `checked`.
  version(features) {
    const major = this.u16(8);
    this.need(major === MAJOR, 8, `major version ${major} is not ${MAJOR}`);
    if (features === undefined) return;
    const needed = this.bigU64(features + 16);
    this.need(needed === 0n, features + 16, `features ${needed.toString(16)} must be known to read this`);
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function decodeText(bytes, file, at) {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Refused(file, at, "a text is not UTF-8");
  }
}

// Returns a file's bytes; null if it is not there.
export function readFile(directory, name) {
  try {
    return fs.readFileSync(path.join(directory, name));
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw new Refused(name, 0, `the file cannot be read (${error.code})`);
  }
}
