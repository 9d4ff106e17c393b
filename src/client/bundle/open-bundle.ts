// The bundle in a file that an operator names, for commands that show nothing else with `--from`.
import { invalidArchive, readArchiveBytes } from "../archive-file.ts";
import { isBundle, parseBundle } from "./bundle-file.ts";
import type { Bundle } from "./section.ts";

/** Throws ARCHIVE_MISSING or ARCHIVE_INVALID. */
export async function openBundle(path: string, command: string): Promise<Bundle> {
  const bytes = await readArchiveBytes(path, command);
  if (!isBundle(bytes)) throw invalidArchive(path, "it is not a bundle; fleet bundle writes one");
  return await parseBundle(path, bytes);
}
