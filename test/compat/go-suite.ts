// etcd's own tests of its Go client and of its API (clientv3/integration, integration/v3_*_test.go). They run on
// fleets in the place of etcd's servers. `go test -overlay` replaces only the file that starts servers
// (suite/cluster.go).

import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { FleetServer } from "./fleet-server.ts";
import { whyLeftOut } from "./go-suite-left-out.ts";
import { ETCD_SOURCES, go } from "./go-tools.ts";
import { withoutLog } from "./without-log.ts";

const run = promisify(execFile);
const PACKAGES = ["clientv3/integration", "integration"] as const;
const TEST_MS = 300_000;
/** Before it is killed: then Go's own time-out says where it waits. */
const SAY_WHERE_MS = 10_000;
/** Many tests wait for seconds of the wall clock: they fail on a busy machine, on any server. */
const ATTEMPTS = 3;
const OUTPUT_SHOWN = 500;
const OUTPUT_MAX = 16 * 1024 * 1024;
/** Of the package `integration`: what needs an etcd from inside, or tests the API of version 2. */
const KEPT =
  /^(v3_(?!alarm|auth|leadership|tls|watch_restore|grpc_inflight|health).*|v3lock_.*|v3election_.*|main|logger|util)_test\.go$/;
const KEPT_SOURCES = new Set(["cluster.go", "cluster_direct.go", "bridge.go", "doc.go"]);

export interface SuiteResult {
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly output: string;
  /** What the attempts before this one have printed. */
  readonly failedBefore: readonly string[];
}

/** Runs the tests whose names match; `onResult` gets each as it ends, `onLeftOut` those that cannot pass. */
export async function runSuite(
  isWanted: (name: string) => boolean,
  onResult: (result: SuiteResult) => void,
  onLeftOut: (name: string, reason: string) => void,
): Promise<void> {
  const folder = await makeFolder();
  const server = await FleetServer.start();
  try {
    const overlay = await writeOverlay(folder);
    for (const name of PACKAGES) {
      const binary = join(folder, `${name.replace("/", "-")}.test`);
      await go("test", "-overlay", overlay, "-vet=off", "-c", "-o", binary, `go.etcd.io/etcd/${name}`);
      const { stdout } = await run(binary, ["-test.list", "^Test"]);
      const tests = stdout.split("\n").filter((test) => test.startsWith("Test"));
      for (const test of tests.map((each) => `${name}.${each}`).filter(isWanted)) {
        const reason = whyLeftOut(test);
        if (reason === null) onResult(await tryTest(server.url, folder, binary, test));
        else onLeftOut(test, reason);
      }
    }
  } finally {
    await server.close();
    await removeFolder(folder);
  }
}

async function tryTest(url: string, cwd: string, binary: string, name: string): Promise<SuiteResult> {
  const failedBefore: string[] = [];
  for (;;) {
    const ran = await runTest(url, cwd, binary, name);
    if (ran.outcome !== "failed" || failedBefore.length + 1 === ATTEMPTS) return { ...ran, failedBefore };
    failedBefore.push(ran.output);
  }
}

async function runTest(
  url: string,
  cwd: string,
  binary: string,
  name: string,
): Promise<Omit<SuiteResult, "failedBefore">> {
  const test = name.slice(name.lastIndexOf(".") + 1);
  const options = {
    ...{ cwd, timeout: TEST_MS, killSignal: "SIGKILL" as const, maxBuffer: OUTPUT_MAX },
    env: { ...process.env, FLEET_SERVER: url },
  };
  const words = ["-test.run", `^${test}$`, "-test.v", "-test.timeout", `${TEST_MS - SAY_WHERE_MS}ms`];
  const { output, hasFailed } = await run(binary, words, options).then(
    ({ stdout, stderr }) => ({ output: stdout + stderr, hasFailed: false }),
    ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) => ({
      output: stdout + stderr,
      hasFailed: true,
    }),
  );
  const wasSkipped = !hasFailed && output.includes(`--- SKIP: ${test} `);
  const outcome = hasFailed ? "failed" : wasSkipped ? "skipped" : "passed";
  return { name, outcome, output: withoutLog(output) };
}

/** What the test said, or the end of its output. */
export function whyFailed(output: string): string {
  const said = output.split("\n").filter((line) => /_test\.go:\d+: |^panic: /.test(line));
  return said.length === 0
    ? output.slice(-OUTPUT_SHOWN)
    : said
        .slice(0, 3)
        .map((line) => line.trim())
        .join(" ");
}

/** Says to Go which files to read in the place of etcd's; an empty path takes a file away. */
async function writeOverlay(folder: string): Promise<string> {
  const etcds = `${ETCD_SOURCES}/integration`;
  const replaced: Record<string, string> = {
    [`${etcds}/cluster.go`]: fileURLToPath(new URL("suite/cluster.go", import.meta.url)),
    [`${etcds}/bridge.go`]: join(folder, "bridge.go"),
  };
  await writeFile(join(folder, "bridge.go"), await bridgeOverTcp(`${etcds}/bridge.go`));
  for (const file of await readdir(etcds)) {
    if (file.endsWith(".go") && !KEPT.test(file) && !KEPT_SOURCES.has(file))
      replaced[`${etcds}/${file}`] = "";
  }
  const overlay = join(folder, "overlay.json");
  await writeFile(overlay, JSON.stringify({ Replace: replaced }));
  return overlay;
}

/** etcd's bridge drops, pauses and swallows connections. It listens on a unix socket; a fleet's clients use TCP. */
async function bridgeOverTcp(path: string): Promise<string> {
  const text = await readFile(path, "utf8");
  return text
    .replace("func newBridge(addr string)", "func newBridge(in, addr string)")
    .replace('addr + "0"', "in")
    .replace("transport.NewUnixListener(b.inaddr)", 'net.Listen("tcp", b.inaddr)')
    .replace('"unix://" + b.inaddr', '"http://" + b.l.Addr().String()')
    .replace('"go.etcd.io/etcd/pkg/transport"', "")
    .replace('net.Dial("unix"', 'net.Dial("tcp"');
}
