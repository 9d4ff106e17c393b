// Runs the Go program in client/main.go against a fleet or an etcd, and kills the leader where the program asks for it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { go } from "./go-tools.ts";
import type { CaseResult } from "./report.ts";
import { leaderOf, type Subject } from "./subject.ts";

export async function runGoClient(subject: Subject, onResult: (result: CaseResult) => void): Promise<void> {
  const folder = await makeFolder();
  try {
    const binary = join(folder, "client");
    await go("build", "-o", binary, fileURLToPath(new URL("client/main.go", import.meta.url)));
    await run(binary, subject, onResult);
  } finally {
    await removeFolder(folder);
  }
}

async function run(binary: string, subject: Subject, onResult: (result: CaseResult) => void): Promise<void> {
  const { endpoints, tls } = subject;
  const files = tls === null ? {} : { CA: tls.ca, CERT: tls.cert, KEY: tls.key };
  const child = spawn(binary, {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, ENDPOINTS: endpoints.join(","), ...files },
  });
  const closed = once(child, "close");
  let killed = -1;
  for await (const line of createInterface({ input: child.stdout })) {
    const [, outcome, what = ""] = /^(ok|failed) (.*)$/.exec(line) ?? [];
    if (line === "kill") {
      killed = await leaderOf(subject);
      await subject.kill(killed);
    }
    if (line === "restart") {
      await subject.restart(killed);
      await leaderOf(subject);
    }
    if (outcome === undefined) child.stdin.write("done\n");
    else onResult(resultOf(outcome === "ok", what));
  }
  await closed;
}

function resultOf(isOk: boolean, what: string): CaseResult {
  if (isOk) return { name: what, outcome: "passed", detail: "" };
  const at = what.indexOf(": ", what.indexOf(": ") + 1);
  return { name: what.slice(0, at), outcome: "failed", detail: what.slice(at + 2) };
}
