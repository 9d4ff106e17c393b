// Writes certificates and keys as new files. What must stay true: no existing file is replaced, and either
// all of them are written or none.
import { readFile, rm } from "node:fs/promises";
import { createDirectoryDurably, syncDirectory } from "../../core/base/durable-file.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";
import { writeNewFile } from "../files/new-file.ts";

interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** Into `folder`, which is created if needed. Throws FILE_EXISTS. */
export async function writeNewFiles(folder: string, files: readonly NewFile[]): Promise<void> {
  await createDirectoryDurably(folder);
  const written: string[] = [];
  try {
    for (const { path, text, mode } of files) {
      await writeNewFile(path, text, mode);
      written.push(path);
    }
  } catch (error) {
    for (const path of written) await rm(path, { force: true });
    if (isErrno(error, "EEXIST")) throw exists(files[written.length]?.path ?? "");
    throw error;
  }
  await syncDirectory(folder);
}

export const isSameText = (path: string, text: string): Promise<boolean> =>
  readFile(path, "utf8").then(
    (found) => found === text,
    () => false,
  );

function exists(path: string): OperatorError {
  return new OperatorError("FILE_EXISTS", {
    what: `${path} exists, and nothing was written`,
    why: "replacing a key locks out its present user",
    next: "name another folder with --out, or move the file away",
    exit: Exit.Precondition,
  });
}
