// Replaces files of certificates while processes follow them. What must stay true: at every moment, even
// after an interruption, a certificate has its key beside it. Replaced files are kept.
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createDirectoryDurably, writeFileDurably } from "../../core/base/durable-file.ts";
import { ifAbsent } from "../../core/base/system-error.ts";
import { loadTls, type TlsFiles } from "../../core/wire/tls/tls.ts";
import { KEY_MODE, PUBLIC_MODE } from "../files/modes.ts";
import type { PemPair } from "./certs.ts";

const encoder = new TextEncoder();

/** Replaces the files at `files` by `pair`, and copies the old ones to the folder `kept`. */
export async function replacePair(files: TlsFiles, pair: PemPair, kept: string): Promise<void> {
  await keep([files.cert, files.key], kept);
  // For a moment the file has both keys, and loadTls takes the one of the present certificate.
  await writeText(files.key, keyInUse(files) + pair.key, KEY_MODE);
  await writeText(files.cert, pair.certificate, PUBLIC_MODE);
  await writeText(files.key, pair.key, KEY_MODE);
}

export function writeText(path: string, text: string, mode: number): Promise<void> {
  return writeFileDurably(path, encoder.encode(text), mode);
}

/** Copies files into `kept`, durably; the last folder of their path stays part of their name. */
export async function keep(paths: readonly string[], kept: string): Promise<void> {
  for (const path of paths) {
    const content = await readIfThere(path);
    if (content === null) continue;
    const folder = join(kept, basename(dirname(path)));
    await createDirectoryDurably(folder);
    await writeFileDurably(join(folder, basename(path)), content, KEY_MODE);
  }
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  return await readFile(path).catch(ifAbsent(null));
}

/** The key of the present certificate; nothing if the pair has become unusable. */
function keyInUse(files: TlsFiles): string {
  try {
    return loadTls(files).key.toString("latin1");
  } catch {
    return "";
  }
}
