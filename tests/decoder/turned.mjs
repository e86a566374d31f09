// Stores with a byte that was turned: whether one is refused, and what is left of it, must not depend on the reader.

import { checksum, u32 } from "./checks.mjs";
import { everything, pruned } from "./examples.mjs";
import { LOG_HEADER } from "./log.mjs";

// Returns the bytes with a bit of the one at `at` turned.
function turn(bytes, at) {
  const copy = Buffer.from(bytes);
  copy[at] ^= 1 << (at % 8);
  return copy;
}

// Returns the log's header, with a byte turned and the checksum right again.
function turnedHeader(log, at) {
  const copy = turn(log, at);
  u32(checksum(copy.subarray(40, 56), 0, copy.subarray(0, LOG_HEADER - 4))).copy(copy, LOG_HEADER - 4);
  return copy;
}

function turnedCurrent(current, at) {
  const copy = turn(current, at),
    end = copy.length - 4;
  u32(checksum(Buffer.alloc(16), 0, copy.subarray(0, end))).copy(copy, end);
  return copy;
}

// Some of the places below a limit. The two highest bytes of a number are left out: JavaScript does not hold it exactly.
function places(limit) {
  return Array.from({ length: limit }, (_, at) => at).filter((at) => at % 5 === 0 && at % 8 < 6);
}

export function turned() {
  const stores = {};
  for (const [name, files] of Object.entries({
    everything: everything().files({ marks: [] }),
    pruned: pruned().files(),
  })) {
    const log = files["log-1"];
    for (let at = 0; at < log.length; at += 61) stores[`${name}-log-${at}`] = { ...files, "log-1": turn(log, at) };
    for (const at of places(LOG_HEADER - 4)) {
      stores[`${name}-header-${at}`] = { ...files, "log-1": turnedHeader(log, at) };
    }
    for (const at of places(files.CURRENT.length - 4)) {
      stores[`${name}-current-${at}`] = { ...files, CURRENT: turnedCurrent(files.CURRENT, at) };
    }
  }
  return stores;
}
