#!/usr/bin/env node
// A decoder of a store, written from `format.md` alone.
//
//     decode_store.mjs STORE-DIRECTORY            verifies a store and prints it as JSON
//     decode_store.mjs STORE-DIRECTORY --at SEQ   prints the trackers as of an event
//     decode_store.mjs --each DIRECTORY           does the first with every directory in it; prints all, by name
//     decode_store.mjs --hint FILE                prints a hint
//     decode_store.mjs --hint-name PATH HOST      prints the name of the hint of a manifest, by its path and GH_HOST
//     decode_store.mjs --state-hash-of MANIFEST   prints the state hash of a manifest
//
// Exit codes: 0 fine, 1 something does not verify (one sentence on stderr), 2 wrong usage.

import fs from "node:fs";
import path from "node:path";

import { Refused } from "./checks.mjs";
import { hashOf, trackersOf } from "./manifest.mjs";
import { printAsOf, printStore } from "./print.mjs";
import { decodeHint, hintName } from "./small.mjs";
import { open } from "./store.mjs";

const USAGE =
  "usage: decode_store.mjs STORE-DIRECTORY [--at SEQ] | --each DIRECTORY | --hint FILE | --hint-name PATH HOST | --state-hash-of MANIFEST";

const json = (value) => JSON.stringify(value, (_, field) => (typeof field === "bigint" ? field.toString() : field), 2);

// Every store in a directory; null for one that is refused.
function each(directory) {
  const entries = fs
    .readdirSync(directory)
    .sort()
    .map((name) => {
      try {
        return [name, printStore(open(path.join(directory, name)))];
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return [name, null];
      }
    });
  return Object.fromEntries(entries);
}

function run([first, second, third, ...more]) {
  if (more.length || !first) return null;
  if (first === "--each" && second && !third) return json(each(second));
  if (first === "--hint" && second && !third) return json(decodeHint(fs.readFileSync(second)));
  if (first === "--hint-name" && third !== undefined) return hintName(second, third);
  if (first === "--state-hash-of" && second && !third) {
    return hashOf(trackersOf(JSON.parse(fs.readFileSync(second)))).toString("hex");
  }
  if (first.startsWith("--")) return null;
  if (!second) return json(printStore(open(first)));
  return second === "--at" && /^[0-9]+$/.test(third ?? "") ? json(printAsOf(open(first), Number(third))) : null;
}

try {
  const output = run(process.argv.slice(2));
  if (output === null) console.error(USAGE);
  else console.log(output);
  process.exitCode = output === null ? 2 : 0;
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(`${error.message}.`);
  process.exitCode = 1;
}
