// Flags that name the operator's key, of every command that opens a data folder or an exported snapshot.
import { Flags } from "@oclif/core";
import type { LocalFleet } from "../../client/files/local-fleet.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { type KeySource, keySourceOf, readOperatorKeys } from "../../core/seal/key-source.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";

const KEY_FILE = "FLEET_ENCRYPTION_KEY_FILE";
const KEY_COMMAND = "FLEET_ENCRYPTION_KEY_COMMAND";

export const encryptionFlags = {
  "encryption-key-file": Flags.string({
    env: KEY_FILE,
    summary: "File with the encryption key: 32 bytes in base64 or hex a line, the current one first",
  }),
  "encryption-key-command": Flags.string({
    env: KEY_COMMAND,
    summary: "Shell command that prints the encryption key, instead of a file",
  }),
};

export const allowPlainFlag = {
  "allow-plain": Flags.boolean({
    summary: "Accept a snapshot that is not encrypted although a key is given",
  }),
};

/** Said where an operator puts a fleet with a key on etcd. */
export const PLAIN_ETCD =
  "the encryption key does not encrypt the log and the tables: etcd holds both unencrypted. Encrypt etcd's disks and backups";

interface EncryptionFlagValues {
  readonly "encryption-key-file": string | undefined;
  readonly "encryption-key-command": string | undefined;
}

/**
 * Where the key comes from: the flags, else what the local fleet's fleet.yaml names; null = no encryption was asked for. Throws
 * USAGE for an empty variable: without a key, a new folder would not be encrypted.
 */
export function encryptionSource(
  flags: EncryptionFlagValues,
  fleet: LocalFleet | null = null,
  env: NodeJS.ProcessEnv = process.env,
): KeySource | null {
  refuseEmpty(env);
  const { "encryption-key-file": file, "encryption-key-command": command } = flags;
  const given = keySourceOf(file, command);
  return given ?? fleet?.file.encryption?.source ?? null;
}

function refuseEmpty(env: NodeJS.ProcessEnv): void {
  const empty = [KEY_FILE, KEY_COMMAND].find((name) => env[name] === "");
  if (empty === undefined) return;
  throw new OperatorError("USAGE", {
    what: `the environment variable ${empty} is empty`,
    why: "it would be ignored, and nothing would be encrypted",
    next: "give it a value, or unset it",
    exit: Exit.Usage,
  });
}

/** The keys themselves. Throws ENCRYPTION_KEY_UNUSABLE. */
export async function encryptionKeys(
  flags: EncryptionFlagValues,
  fleet: LocalFleet | null = null,
): Promise<OperatorKeys | null> {
  const source = encryptionSource(flags, fleet);
  return source === null ? null : await readOperatorKeys(source);
}
