// `fleet key generate`: a new encryption key. It asks no fleet.
import { resolve } from "node:path";
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isSystemError } from "../../core/base/system-error.ts";
import { BaseCommand } from "../../ui/cli/base-command.ts";
import type { TextView } from "../../ui/cli/view.ts";

interface GenerateReport {
  readonly file: string;
  /** The new key's; it stands first. */
  readonly keyId: string;
  /** Of the keys that the file had before. */
  readonly earlier: readonly string[];
}

const view: TextView<GenerateReport> = {
  kind: "EncryptionKey",
  name: (report) => report.file,
  text: ({ file, keyId, earlier }, { paint, symbols }) => [
    paint.mark("good", `${symbols.marks.good} ${file} has the new key ${keyId}`),
    ...(earlier.length > 0 ? [`  earlier  ${earlier.join(", ")}: kept to decrypt earlier files`] : []),
    "",
    "next: give it to every coordinator with --encryption-key-file, and keep a copy elsewhere: without the key, all data is lost",
  ],
};

export default class KeyGenerate extends BaseCommand {
  static override summary = "Make a key that encrypts data folders and exported snapshots";
  static override description =
    "Writes 32 random bytes in base64 to a file that only its owner may read. With --rotate, it puts the new key before the file's existing keys; then fleet key rotate makes the nodes use it.";
  static override examples = ["<%= config.bin %> key generate --out /etc/fleet/encryption.key"];
  static override flags = {
    out: Flags.string({ required: true, summary: "The file" }),
    rotate: Flags.boolean({ summary: "Put the new key first in the existing file" }),
  };

  async run(): Promise<GenerateReport> {
    const { flags } = await this.parse(KeyGenerate);
    const file = resolve(flags.out);
    const [{ stat }, { writeFileDurably }, keys, { keyFileOrigin, readKeyText, replaceKeyText }] =
      await Promise.all([
        import("node:fs/promises"),
        import("../../core/base/durable-file.ts"),
        import("../../core/seal/operator-keys.ts"),
        import("../../core/seal/key-file.ts"),
      ]);
    const isThere = await stat(file).then(
      () => true,
      () => false,
    );
    if (isThere && !flags.rotate) throw fileExists(file);
    if (!isThere && flags.rotate) throw noFile(file);
    const before = isThere ? await readKeyText(file) : "";
    // What can't be used is not rotated: it would be lost among the new ones.
    if (isThere) keys.parseOperatorKeys(before, keyFileOrigin(file));
    const text = keys.newKeyText() + before;
    const { current, earlier } = keys.parseOperatorKeys(text, keyFileOrigin(file));
    const written = isThere
      ? replaceKeyText(file, text)
      : writeFileDurably(file, new TextEncoder().encode(text));
    await written.catch((cause: unknown) => {
      throw isSystemError(cause) ? unwritable(file, cause) : cause;
    });
    const report = { file, keyId: current.id, earlier: earlier.map(({ id }) => id) };
    await this.printText(report, view);
    return report;
  }
}

function unwritable(file: string, cause: Error): OperatorError {
  return new OperatorError("KEY_FILE_UNWRITABLE", {
    what: `the key can't be written to ${file}: nothing was changed`,
    why: cause.message,
    next: "give a file in an existing folder that this user can write to; --rotate also keeps the file's owner",
    exit: Exit.Precondition,
    cause,
  });
}

function fileExists(file: string): OperatorError {
  return new OperatorError("FILE_EXISTS", {
    what: `${file} is there already`,
    why: "overwriting a key loses all data that it encrypts",
    next: "give another file, or put a new key before the old ones with --rotate",
    exit: Exit.Precondition,
  });
}

function noFile(file: string): OperatorError {
  return new OperatorError("KEY_FILE_NOT_FOUND", {
    what: `there is no ${file} whose key could be rotated`,
    next: "leave --rotate out to make it",
    exit: Exit.NotFound,
  });
}
