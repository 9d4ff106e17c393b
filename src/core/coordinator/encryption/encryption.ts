// The operator's keys of a coordinator: read at its start, and again at each rotation.

import type { Log } from "../../base/log.ts";
import { type KeySource, readOperatorKeys } from "../../seal/key-source.ts";
import type { OperatorKeys } from "../../seal/operator-keys.ts";
import type { AtRestStatus } from "../../storage/at-rest.ts";
import type { EncryptionChoice } from "../../storage/folder-keys.ts";
import type { EtcdEngine } from "../etcd-engine/engine.ts";

export interface EncryptionSetting {
  readonly source: KeySource;
  /**
   * The operator confirms that the plain files in the data folder are from before encryption. They are
   * replaced step by step.
   */
  readonly existing: boolean;
}

/**
 * At a start: this flag is not needed any more, and would accept a plain folder that an attacker puts in this
 * one's place.
 */
export function warnOfExisting(
  setting: EncryptionSetting | null,
  folder: Pick<AtRestStatus, "isComplete"> | null,
  log: Pick<Log, "warn">,
): void {
  if (setting?.existing !== true || folder?.isComplete !== true) return;
  log.warn("every file is encrypted now: remove --encrypt-existing (fleet.yaml: encryption.existing)");
}

/** At a start: who gives a key expects that no disk has the tables in plain. */
export function warnOfPlainEtcd(
  setting: EncryptionSetting | null,
  engine: Pick<EtcdEngine, "addresses" | "prefix"> | null,
  log: Pick<Log, "warn">,
): void {
  if (setting === null || engine === null) return;
  const { addresses, prefix } = engine;
  log.warn("the encryption key does not encrypt the log and the tables: etcd holds both unencrypted", {
    ...{ etcd: addresses, prefix },
    next: "encrypt the disks and backups of etcd, or use the embedded engine (docs/security.md)",
  });
}

/** The present keys. Throws ENCRYPTION_KEY_UNUSABLE. */
export async function operatorKeys(setting: EncryptionSetting | null): Promise<OperatorKeys | null> {
  return setting === null ? null : await readOperatorKeys(setting.source);
}

/** Throws ENCRYPTION_KEY_UNUSABLE. */
export async function encryptionChoice(setting: EncryptionSetting | null): Promise<EncryptionChoice | null> {
  const keys = await operatorKeys(setting);
  return keys && { keys, existing: setting?.existing === true };
}
