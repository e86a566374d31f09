// Manifests: the trackers of one, for its state hash and as what a writer commits.

import { byOrder, keyOf } from "./fold.mjs";
import { STATES, stateHash, sumBytes, trackerNumber } from "./records.mjs";
import { parseTime } from "./times.mjs";

// Returns the trackers of a manifest that was parsed.
export function trackersOf(manifest) {
  const trackers = ["releases", "microsprints"].flatMap((field, kind) => {
    return (manifest[field] ?? []).map((entry) => {
      const state = STATES.indexOf(entry.state.toLowerCase());
      if (state < 0) throw new Error(`${JSON.stringify(entry.state)} is no state`);
      const times = { created: parseTime(entry.createdAt), closed: parseTime(entry.closedAt) };
      return { kind, number: entry.number, state, title: entry.title, ...times };
    });
  });
  if (new Set(trackers.map(keyOf)).size !== trackers.length) throw new Error("a tracker is there twice");
  return trackers.sort(byOrder);
}

export function sumOf(trackers) {
  return sumBytes(trackers.map(trackerNumber).reduce((sum, number) => sum + number, 0n));
}

export function hashOf(trackers) {
  return stateHash(trackers.length, sumOf(trackers));
}
