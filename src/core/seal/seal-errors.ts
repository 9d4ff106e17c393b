// What an operator sees when a key is missing, wrong or unusable: what happened, why, and the way out. No error holds
// a key; ids do no harm.

import { Exit, OperatorError } from "../base/errors.ts";

/** What a key came from that no file did. */
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
    why: keyId === null ? "it can't be read without the operator's key" : `it opens with key ${keyId}`,
    next: "give the key with --encryption-key-file FILE or --encryption-key-command COMMAND; nothing was changed",
    exit: Exit.Authentication,
  });
}

export function keyWrong(what: string, keyId: string, given: readonly string[]): OperatorError {
  return new OperatorError("ENCRYPTION_KEY_WRONG", {
    what: `${what} is encrypted with another key than the one given`,
    why: `it opens with key ${keyId}; given: ${given.join(", ")}`,
    next: "give that key, as the first or a later line of the key file; nothing was changed",
    exit: Exit.Authentication,
  });
}

export function snapshotNotEncrypted(what: string): OperatorError {
  return new OperatorError("SNAPSHOT_NOT_ENCRYPTED", {
    what: `${what} is not encrypted, although a key was given`,
    why: "who can write to its store could have put it there; only an encrypted one shows that it was made with the key",
    next:
      "name an encrypted one (fleet snapshot list: KEY); one from before encryption was turned on is read with " +
      "--allow-plain; nothing was changed",
    exit: Exit.Precondition,
  });
}

/** Whether something can't be opened for want of the right key, and may well be whole. */
export function isKeyError(error: unknown): boolean {
  return (
    error instanceof OperatorError && ["ENCRYPTION_KEY_NEEDED", "ENCRYPTION_KEY_WRONG"].includes(error.code)
  );
}

export function notEncryptedYet(directory: string): OperatorError {
  return new OperatorError("ENCRYPTION_NOT_BEGUN", {
    what: `${directory} is not encrypted, although a key was given`,
    why: "what is plain could have been put there by another; a start accepts it only when it is told to",
    next:
      "to encrypt what is there, start this node once with --encrypt-existing (fleet.yaml: encryption.existing: true); " +
      "if the folder should be encrypted already, move it away: the node takes a fresh copy from the others",
    exit: Exit.Precondition,
  });
}
