// A replica's trust in its own state, from its data folder (ADR-0017): fenced, if it was fenced before a
// restart.

import { systemClock } from "../../base/clock.ts";
import type { GroupId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import { DivergedMark } from "../../storage/diverged-mark.ts";
import { type Divergence, StateTrust } from "./state-trust.ts";

/** `group`: null = the fleet's own. */
export function startTrust(dataDirectory: string, log: Log, group: GroupId | null = null): StateTrust {
  const mark = new DivergedMark(dataDirectory, group);
  const found = mark.read();
  return new StateTrust({
    found: found && divergenceOf(found),
    mark: (divergence) => mark.set(divergence),
    log,
    about: group === null ? {} : { group },
    now: systemClock.wallMs,
  });
}

/** The content of a mark's file. It is a fence even if its reasons can't be read. */
function divergenceOf(found: Readonly<Record<string, unknown>>): Divergence {
  const text = (name: string) => (typeof found[name] === "string" ? found[name] : "");
  const count = (name: string) => (Number.isSafeInteger(found[name]) ? Number(found[name]) : 0);
  const cause = text("cause");
  return {
    ...{ index: count("index"), atMs: count("atMs") },
    ...{ digest: text("digest"), expected: text("expected"), detail: text("detail") },
    cause: cause === "memory" || cause === "operator" ? cause : "majority",
  };
}
