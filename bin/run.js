#!/usr/bin/env node
// The one door into fleet. Under a Node that is too old it runs itself under the one that npm ci brought, before anything
// that needs a newer one is loaded, and sets NODE_ENV before React is: its development build leaks memory in a
// dashboard left open for days.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) await runUnderNewerNode();
else await runHere();

async function runHere() {
  const argv = process.argv.slice(2);
  if (argv.length === 1 && ["--version", "-v"].includes(argv[0])) return await showVersion();
  process.env.NODE_ENV ??= "production";
  await enableCacheFor(argv);
  const { runQuickly } = await import("../dist/bundle/main.js").catch(refuseUnbuilt);
  try {
    if ((await runQuickly(argv)) || (await runBundled(argv))) end();
    else await runWithOclif(argv);
  } catch (error) {
    const { handle } = await import("@oclif/core/handle");
    await handle(error);
  }
}

// A checkout as git makes it has no dist, and one whose packages are gone cannot load it.
function refuseUnbuilt(error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
  console.error(
    "fleet is not built, or its packages are not installed. Run npm ci in its folder, which does both.",
  );
  process.exit(3);
}

// A coordinator's cache is part of the build, since its content is run, and V8 takes it only with the flags with which it
// was made (deploy/make-compile-cache.ts). Other roles start seldom, and need their memory more.
async function enableCacheFor([first, second]) {
  if (first === "serve" && second !== "coordinator" && second !== "nodes") return;
  const { enableCompileCache } = await import("node:module");
  if (first !== "serve") enableCompileCache();
  else {
    const { fileURLToPath } = await import("node:url");
    enableCompileCache(fileURLToPath(new URL("../dist/compile-cache", import.meta.url)));
  }
}

async function runBundled(argv) {
  const { runCommand } = await import("../dist/commands-bundle/entry.js");
  return await runCommand(argv);
}

async function runWithOclif(argv) {
  const [{ execute }, { argvInOrder }, { quietBrokenPipes }] = await Promise.all([
    import("@oclif/core/execute"),
    import("../dist/ui/cli/argv-in-order.js"),
    import("../dist/ui/cli/pipes.js"),
  ]);
  // Help and errors of the command line are written before any command runs.
  quietBrokenPipes();
  void execute({ args: argvInOrder(argv), dir: import.meta.url }).then(end);
}

// What is open still (a handshake with a process that hangs cannot be given up) must not keep the command alive. A write
// that failed is reported first (ui/cli/pipes.ts): its error comes after this write's answer.
function end() {
  flushed(process.stdout, () => flushed(process.stderr, () => setImmediate(() => process.exit())));
}

// A full disk refuses even an empty write, and then seems to have lost an answer that never was.
function flushed(stream, then) {
  if (stream.writableLength === 0) then();
  else stream.write("", then);
}

// As oclif words it, in a third of the time.
async function showVersion() {
  const { readFileSync } = await import("node:fs");
  const { name, version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const { platform, arch, version: node } = process;
  process.stdout.write(`${name}/${version} ${platform}-${arch} node-${node}\n`);
}

async function runUnderNewerNode() {
  const [{ existsSync }, { spawn }, { fileURLToPath }] = await Promise.all([
    import("node:fs"),
    import("node:child_process"),
    import("node:url"),
  ]);
  const newer = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));
  if (!existsSync(newer)) {
    console.error(
      `fleet needs Node 22.12 or newer, and this is ${process.version}. Run npm ci, which brings Node 24, or install a newer Node.`,
    );
    process.exit(3);
  }
  const child = spawn(newer, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  // A terminal sends Ctrl-C to both; what one process alone is sent is passed on.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
