// h2load (nghttp2) as the client of unary calls: it costs a few microseconds a call, so that the servers are what is
// measured. Each client is a connection with one call at a time. It cannot show a certificate, so it measures plaintext.
// It does not read gRPC's status: measures.ts counts writes by the store's revision or index.

import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Sample } from "../load/generate.ts";
import { framed, PATHS, type Request } from "./requests.ts";

const run = promisify(execFile);

export interface Times {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Says so if it is absent. */
export function hasH2load(): boolean {
  try {
    execFileSync("h2load", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    console.error(
      "h2load is absent (Debian: apt-get install nghttp2-client): leaves out the rows that it measures",
    );
    return false;
  }
}

/** `address`: host:port. */
export async function h2load(
  address: string,
  request: Request,
  clients: number,
  { warmUpMs, measureMs }: Times,
): Promise<Sample> {
  const home = await mkdtemp(join(tmpdir(), "h2load-"));
  try {
    const body = join(home, "body");
    const log = join(home, "log");
    await writeFile(body, framed(request));
    const shape = ["-c", String(clients), "-m", "1", "-t", "1", "-d", body, "--log-file", log];
    const times = ["-D", `${measureMs}ms`, "--warm-up-time", `${warmUpMs}ms`];
    const headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"];
    const { stdout } = await run("h2load", [
      ...shape,
      ...times,
      ...headers,
      `http://${address}${PATHS[request]}`,
    ]);
    return {
      latenciesMs: latencies(await readFile(log, "utf8"), clients, stdout),
      elapsedMs: measureMs,
    };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/**
 * One line a call: when it began, its HTTP status, and its microseconds. h2load forgets the status of a call whose answer
 * is under way when the warm-up ends; each client can have one such call.
 */
function latencies(log: string, clients: number, said: string): number[] {
  const calls = log
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  const answered = calls.filter(([, status]) => status === "200");
  const isForgotten = ([, status]: readonly string[]) => status === "0" || status === "-1";
  const forgotten = calls.filter(isForgotten).length;
  if (answered.length + forgotten < calls.length || forgotten > clients || answered.length === 0)
    throw new Error(`h2load: ${said}`);
  return answered
    .map(([, , microseconds]) => Number(microseconds) / 1_000)
    .sort((left, right) => left - right);
}
