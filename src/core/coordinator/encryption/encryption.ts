// The operator's keys as a coordinator is given them: read at its start, and again whenever they are rotated.

import type { Log } from "../../base/log.ts";
import { type KeySource, readOperatorKeys } from "../../seal/key-source.ts";
import type { OperatorKeys } from "../../seal/operator-keys.ts";
import type { AtRestStatus } from "../../storage/at-rest.ts";
import type { EncryptionChoice } from "../../storage/folder-keys.ts";

export interface EncryptionSetting {
  readonly source: KeySource;
  /** The operator's word: what is plain in the data folder is from before, and is to be replaced by and by. */
  readonly existing: boolean;
}

/** At a start: the operator's word is needed no more, and would let a plain folder in that is put in this one's place. */
export function warnOfExisting(
  setting: EncryptionSetting | null,
  folder: Pick<AtRestStatus, "isComplete"> | null,
  log: Pick<Log, "warn">,
): void {
  if (setting?.existing !== true || folder?.isComplete !== true) return;
  log.warn("nothing plain is left: take --encrypt-existing away (fleet.yaml: encryption.existing)");
}

/** As they are now. Throws ENCRYPTION_KEY_UNUSABLE. */
export async function operatorKeys(setting: EncryptionSetting | null): Promise<OperatorKeys | null> {
  return setting === null ? null : await readOperatorKeys(setting.source);
}

/** Throws ENCRYPTION_KEY_UNUSABLE. */
export async function encryptionChoice(setting: EncryptionSetting | null): Promise<EncryptionChoice | null> {
  const keys = await operatorKeys(setting);
  return keys && { keys, existing: setting?.existing === true };
}
