// Go and etcd's sources, as Debian packages them. What must stay true: nothing is downloaded, and nothing is written
// outside the given folder and Go's own cache.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

const GOPATH = "/usr/share/gocode";
export const ETCD_SOURCES = `${GOPATH}/src/go.etcd.io/etcd`;
const OUTPUT_MAX = 64 * 1024 * 1024;

/** Why nothing can be built here; null = it can. */
export async function whyNoGo(): Promise<string | null> {
  if (!existsSync(`${ETCD_SOURCES}/clientv3`))
    return "no golang-etcd-server-dev (apt-get install golang-etcd-server-dev)";
  return run("go", ["version"]).then(
    () => null,
    () => "no go on the PATH (apt-get install golang-go)",
  );
}

/** Without modules, which Debian's packages do not use. */
const goEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  ...{ GO111MODULE: "off", GOPATH, GOFLAGS: "", GOTOOLCHAIN: "local", CGO_ENABLED: "0" },
});

export async function go(...words: readonly string[]): Promise<string> {
  const { stdout } = await run("go", words, { env: goEnvironment(), maxBuffer: OUTPUT_MAX });
  return stdout;
}
