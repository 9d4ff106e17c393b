// The names of exported snapshots and of the objects of each: `<time>-<index>/state` holds its bytes, and
// `<time>-<index>/manifest.json` is written last and makes it exist. All other objects in a store belong to
// other programs and are left alone. Pure.

export interface SnapshotName {
  readonly name: string;
  readonly atMs: number;
  readonly index: number;
}

/** An object of a snapshot; `draft` is left by an interrupted write: half a file, or an empty folder. */
export interface ObjectName extends SnapshotName {
  readonly part: "state" | "manifest" | "draft";
}

const STATE = "state";
const MANIFEST = "manifest.json";
const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-(\d{1,16})$/;

export function snapshotName(atMs: number, index: number): string {
  return `${new Date(atMs).toISOString().replaceAll(/[-:.]/g, "")}-${index}`;
}

/** Null if this is not the name of a snapshot. */
export function parseSnapshotName(name: string): SnapshotName | null {
  const [, year, month, day, hour, minute, second, ms, index] = NAME.exec(name) ?? [];
  if (index === undefined) return null;
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
  if (Number.isNaN(atMs) || !Number.isSafeInteger(Number(index))) return null;
  return { name, atMs, index: Number(index) };
}

export const stateKey = (name: string): string => `${name}/${STATE}`;
export const manifestKey = (name: string): string => `${name}/${MANIFEST}`;

/** Null if the object does not belong to a snapshot. */
export function parseObjectKey(key: string): ObjectName | null {
  const slash = key.indexOf("/");
  const parsed = parseSnapshotName(key.slice(0, Math.max(0, slash)));
  if (parsed === null) return null;
  switch (key.slice(slash + 1)) {
    case STATE:
      return { ...parsed, part: "state" };
    case MANIFEST:
      return { ...parsed, part: "manifest" };
    case "":
    case `${STATE}.tmp`:
    case `${MANIFEST}.tmp`:
      return { ...parsed, part: "draft" };
    default:
      return null;
  }
}

/** Within one incarnation, newest first: by log index, because the leaders' clocks may differ. */
export function newestFirst(a: SnapshotName, b: SnapshotName): number {
  return b.index - a.index || b.atMs - a.atMs;
}
