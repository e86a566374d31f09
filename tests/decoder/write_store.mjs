#!/usr/bin/env node
// A writer of stores, from `format.md` alone.
//
//     write_store.mjs --examples DIRECTORY   writes every example, each as a directory in it
//     write_store.mjs --faulty DIRECTORY     writes stores that must be refused, each as a directory in it
//     write_store.mjs --turned DIRECTORY     writes stores with bytes that were turned, and the checksums mended or not
//     write_store.mjs CACHE REPOSITORY MANIFEST...
//         writes the store of a repository, with a published commit for each manifest; prints its directory
//
// Exit codes: 0 fine, 2 wrong usage.

import fs from "node:fs";
import path from "node:path";

import { blake3 } from "./blake3.mjs";
import { FAULTY, examples, extended } from "./examples.mjs";
import { writeFiles } from "./files.mjs";
import { trackersOf } from "./manifest.mjs";
import { directoryOf } from "./store.mjs";
import { parseTime } from "./times.mjs";
import { turned } from "./turned.mjs";
import { Writer } from "./writer.mjs";

const USAGE = "usage: write_store.mjs --examples|--faulty|--turned DIRECTORY | CACHE REPOSITORY MANIFEST...";

function writeAll(directory, stores) {
  for (const [name, files] of Object.entries(stores)) writeFiles(path.join(directory, name), files);
}

function faulty() {
  const stores = Object.entries(FAULTY).map(([what, change], i) => [
    `${i}-${what.replace(/\W+/g, "-")}`,
    extended(change),
  ]);
  return Object.fromEntries(stores.map(([name, writer]) => [name, writer.files()]));
}

// A store of manifests. The newest but one is in the index, the newest in the tail.
function ofManifests(repository, paths) {
  const [id, store] = ["a log", "a store"].map((what) => blake3(Buffer.from(what + repository)).subarray(0, 16));
  const w = new Writer({ repository, id, store });
  paths.forEach((name, i) => {
    const bytes = fs.readFileSync(name),
      manifest = JSON.parse(bytes);
    if (i > 0 && i === paths.length - 1) w.makeIndex();
    const changedAt = parseTime(manifest.updated_at);
    w.commit({ published: true, changedAt, manifest: blake3(bytes), trackers: trackersOf(manifest) });
  });
  return w.files();
}

function run([first, second, ...rest]) {
  const sets = { "--examples": examples, "--faulty": faulty, "--turned": turned };
  if (sets[first] && second && !rest.length) return writeAll(second, sets[first]());
  if (!second || !rest.length || first.startsWith("--")) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const directory = path.join(first, directoryOf(second));
  writeFiles(directory, ofManifests(second, rest));
  console.log(directory);
}

run(process.argv.slice(2));
