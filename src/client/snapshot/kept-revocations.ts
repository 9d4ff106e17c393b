// Which revocations a snapshot lacks that folders of its cluster know.

import { revocationListIn } from "../../core/recover/kept-revocations.ts";
import { type Kept, keptFrom, type RevocationWish } from "../recover/kept-revocations.ts";
import type { ComparedFolder } from "./missing.ts";
import type { ChosenSnapshot } from "./reports.ts";

export function keptBeside(
  { manifest, bytes }: ChosenSnapshot,
  compared: readonly ComparedFolder[],
  wish: RevocationWish,
): Kept {
  const { clusterId } = manifest;
  const copies = compared.map(({ copy }) => ({ ...copy.revocations, incarnation: clusterId }));
  return keptFrom(revocationListIn(bytes, clusterId), copies, wish);
}
