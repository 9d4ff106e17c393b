// The operator's keys as a coordinator is given them: read at its start, and again whenever they are rotated.

import { type KeySource, readOperatorKeys } from "../seal/key-source.ts";
import type { OperatorKeys } from "../seal/operator-keys.ts";
import type { EncryptionChoice } from "../storage/folder-keys.ts";

export interface EncryptionSetting {
  readonly source: KeySource;
  /** The operator's word: what is plain in the data folder is from before, and is to be replaced by and by. */
  readonly existing: boolean;
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
