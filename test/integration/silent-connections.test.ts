// A coordinator that may have 200 files open, and 250 TCP connections that never say a word. It still answers an
// administrator, and still loads a renewed certificate. (Issue 11: both ended. security/connections has the rules,
// with a server of its own.)

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect as dial, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { connect as secure } from "node:tls";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { reservePorts } from "../reserved-ports.ts";
import { TestAuthority } from "./test-authority.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/run.js", import.meta.url));
const FILES_MAX = 200;
const SILENT = 250;
const WAIT_MS = 60_000;

let authority: TestAuthority;
let child: ChildProcess;
let address: string;
const silent: Socket[] = [];

beforeAll(async () => {
  authority = await TestAuthority.make();
  await authority.issue("n1", ["fleet://replica/1"]);
  await authority.issue("admin", ["fleet://admin"]);
  [address = ""] = await reservePorts(authority.folder, 1);
  const { ca, cert, key } = authority.files("n1");
  const flags = [
    ...["serve", "coordinator", "--id", "1", "--name", "n1", "--fleet", "test", "--cluster-id", "c-test"],
    ...["--listen", address, "--peers", `1=n1@${address}`, "--data", `${authority.folder}/data`],
    ...["--ca", ca, "--cert", cert, "--key", key, "--bootstrap"],
  ];
  // `exec`: so that the child is the coordinator itself.
  const limited = `ulimit -n ${FILES_MAX} && exec "$@"`;
  child = spawn("/bin/sh", ["-c", limited, "sh", process.execPath, PROGRAM, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> });
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error("the coordinator has ended")));
    lines.on("line", (line) => line.includes("coordinator listens") && resolve());
  });
  if (process.platform !== "linux") return;
  const limits = await readFile(`/proc/${child.pid}/limits`, "utf8");
  expect(limits).toMatch(new RegExp(`^Max open files +${FILES_MAX} +${FILES_MAX} `, "m"));
});
afterAll(async () => {
  for (const socket of silent) socket.destroy();
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
  await authority.remove();
});

/** On a new connection. */
async function ask(): Promise<string> {
  const client = connectCoordinator(loadTls(authority.files("admin")), address);
  try {
    const limits = { endMs: performance.now() + WAIT_MS };
    return (await unary(client.getStatus.bind(client), { hashAtIndex: 0 }, limits)).clusterName;
  } finally {
    client.close();
  }
}

/** The serial number of the certificate that a new connection is shown. */
async function shown(): Promise<string> {
  const [host = "", port = ""] = address.split(":");
  const { ca, cert, key } = loadTls(authority.files("admin"));
  const tls = { ca, cert, key, checkServerIdentity: () => undefined, ALPNProtocols: ["h2"] };
  const socket = secure({ ...tls, host, port: Number(port) });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerCertificate().serialNumber;
  } finally {
    socket.destroy();
  }
}

/** Those of before are cut off within five seconds, so there are as many anew. */
async function fallSilent(): Promise<void> {
  const [host = "", port = ""] = address.split(":");
  for (let count = 0; count < SILENT; count += 1) {
    const socket = dial(Number(port), host);
    socket.on("error", () => undefined);
    silent.push(socket);
    await once(socket, "connect");
  }
}

test("beside 250 silent connections an administrator is answered, and a renewed certificate is loaded", async () => {
  await fallSilent();
  expect(await ask()).toBe("test");
  const before = await shown();
  await fallSilent();
  await authority.issue("n1", ["fleet://replica/1"]);
  await expect.poll(shown, { timeout: WAIT_MS }).not.toBe(before);
  await fallSilent();
  expect(await ask()).toBe("test");
});
