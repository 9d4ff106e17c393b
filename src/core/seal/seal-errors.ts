// The errors that an operator sees when a key is missing, wrong or unusable: what happened, why, and the way
// out. No error contains a key; ids are not secret.

import { Exit, OperatorError } from "../base/errors.ts";

/** The origin of a key that was not read from a file. */
export const KEY_COMMAND = "the key command";

export function keyUnusable(origin: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError("ENCRYPTION_KEY_UNUSABLE", {
    what: `the encryption key of ${origin} can't be used`,
    why,
    next:
      origin === KEY_COMMAND
        ? "run it by hand as the user of this process: it must print the key, one a line, the current one first"
        : "make a key with: fleet key generate --out FILE (one key a line, the current one first)",
    exit: Exit.NotFound,
    cause,
  });
}

export function keyNeeded(what: string, keyId: string | null): OperatorError {
  return new OperatorError("ENCRYPTION_KEY_NEEDED", {
    what: `${what} is encrypted, and no key was given`,
    why: keyId === null ? "it can't be read without the operator's key" : `it needs key ${keyId}`,
    next: "give the key with --encryption-key-file FILE or --encryption-key-command COMMAND; nothing was changed",
    exit: Exit.Authentication,
  });
}

export function keyWrong(what: string, keyId: string, given: readonly string[]): OperatorError {
  return new OperatorError("ENCRYPTION_KEY_WRONG", {
    what: `${what} is encrypted with another key than the one given`,
    why: `it needs key ${keyId}; given: ${given.join(", ")}`,
    next: "give that key, as the first or a later line of the key file; nothing was changed",
    exit: Exit.Authentication,
  });
}

export function snapshotNotEncrypted(what: string): OperatorError {
  return new OperatorError("SNAPSHOT_NOT_ENCRYPTED", {
    what: `${what} is not encrypted, although a key was given`,
    why: "anyone who can write to its store could have put it there; only an encrypted one proves that it was made with the key",
    next:
      "name an encrypted one (fleet snapshot list: KEY); to read one from before encryption was turned on, add " +
      "--allow-plain; nothing was changed",
    exit: Exit.Precondition,
  });
}

/** Whether an object can't be opened because the right key is missing; the object itself may be whole. */
export function isKeyError(error: unknown): boolean {
  return (
    error instanceof OperatorError && ["ENCRYPTION_KEY_NEEDED", "ENCRYPTION_KEY_WRONG"].includes(error.code)
  );
}

export function notEncryptedYet(directory: string): OperatorError {
  return new OperatorError("ENCRYPTION_NOT_BEGUN", {
    what: `${directory} is not encrypted, although a key was given`,
    why: "another user could have put plain files there; a start accepts them only with --encrypt-existing",
    next:
      "To encrypt existing files, start once with --encrypt-existing (fleet.yaml: encryption.existing: true). " +
      "If they should be encrypted already, move the folder away: the node copies from the others",
    exit: Exit.Precondition,
  });
}
