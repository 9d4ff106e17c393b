// A moment as an operator reads it: RFC 3339 in the zone of this machine, with its offset, or in UTC under --utc. JSON and
// YAML are always in UTC. A zone that is UTC shows no offset, so both look the same there.
import { rfc3339 } from "./json.ts";

/** How tables show their moments; a text that is no time stays as it is. */
export const momentIn =
  (utc: boolean) =>
  (at: number | string): string => {
    const atMs = typeof at === "number" ? at : Date.parse(at);
    if (Number.isNaN(atMs)) return String(at);
    return utc ? rfc3339(atMs) : localMoment(atMs);
  };

const MINUTE_MS = 60_000;

function localMoment(atMs: number): string {
  // What JavaScript counts is how far UTC is ahead.
  const offset = -new Date(atMs).getTimezoneOffset();
  if (offset === 0) return rfc3339(atMs);
  const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const zone = [hours, minutes].map((part) => String(part).padStart(2, "0")).join(":");
  return rfc3339(atMs + offset * MINUTE_MS).replace("Z", `${offset < 0 ? "-" : "+"}${zone}`);
}
