#!/usr/bin/env node
// The one door into fleet. It refuses an unsupported Node before anything that needs a newer one is loaded,
// and sets NODE_ENV before React is: its development build leaks memory in a dashboard left open for days.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  console.error(
    `fleet needs Node 22.12 or newer, and this is ${process.version}. Run it with npx after npm ci (which brings Node 24), or install a newer Node.`,
  );
  process.exit(3);
}
process.env.NODE_ENV ??= "production";
const { enableCompileCache } = await import("node:module");
enableCompileCache();
const { execute } = await import("@oclif/core/execute");
void execute({ dir: import.meta.url }).then(() => {
  // What is open still (a handshake with a process that hangs cannot be given up) must not keep the command alive.
  process.stdout.write("", () => process.stderr.write("", () => process.exit()));
});
