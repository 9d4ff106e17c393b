// Part of `npm run build`: dist/main.js with all that it leads to, as a few files in dist/bundle, and the other commands in
// dist/commands-bundle. A process that loads them starts sooner and is smaller than one that loads some 700 modules
// (bench/RESULTS.md). Names and lines stay as they are, so that a stack trace can be read. The modules in dist stay too:
// oclif runs help and the dashboard from there.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Plugin, rolldown } from "rolldown";
import { commandTable, DIST, inAscii, late, ownPlaces, withoutImports } from "./bundling.ts";

const ENTRY = "\0command-table";
// These run under oclif: help needs its configuration, the dashboard has ink, and the roles have a bundle of their own.
const FOR_OCLIF = /^commands\/(help|top|serve\/.*)\.js$/;

// Loaded only when an S3 bucket is named, from node_modules.
const EXTERNAL = [/^@aws-sdk\//];

// Of oclif's own front page a command needs two things: the rest is its configuration and its help.
const OCLIF_FRONT = `export * as Args from "@oclif/core/args";\nexport * as Flags from "@oclif/core/flags";\n`;

// What a command never reaches when it runs without oclif's configuration (src/main.ts).
const LEFT_OUT: readonly { readonly importer: RegExp; readonly source: string }[] = [
  { importer: /@oclif\/core\/lib\/command\.js$/, source: "./config" },
  { importer: /@oclif\/core\/lib\/help\/util\.js$/, source: "../config/util" },
  { importer: /@oclif\/core\/lib\/help\/util\.js$/, source: "ejs" },
  { importer: /@oclif\/core\/lib\/flags\.js$/, source: "./help" },
  { importer: /@oclif\/core\/lib\/errors\/handle\.js$/, source: "../help/index" },
  // For services of grpc-js that are not served.
  { importer: /@grpc\/grpc-js\/build\/src\/(?:channelz|orca)\.js$/, source: "@grpc/proto-loader" },
];

// Nearly every command needs these few kilobytes: one file for all is read faster than one for each.
const SMALL =
  /\/dist\/(?:core\/base\/(?:address|backoff|clock|errors|ids|log|outside-sessions|own-files|pem|printable|sha-256|system-error|wait-clock)|core\/wire\/(?:channel-options|tls\/certificate-age)|client\/(?:drill\/journal-folder|files\/(?:layout|writable)))\.js$/;

const slimOclif: Plugin = {
  name: "slim-oclif",
  resolveId(source, importer = "") {
    if (source === "@oclif/core") return "\0oclif-front";
    const isLeftOut = LEFT_OUT.some((each) => each.source === source && each.importer.test(importer));
    return isLeftOut ? "\0left-out" : null;
  },
  load(id) {
    if (id === "\0oclif-front") return OCLIF_FRONT;
    return id === "\0left-out" ? "export default {};" : null;
  },
};

/** Of the bundle of commands: how one is run. */
const RUN = [
  `import { runFromTable } from ${JSON.stringify(join(DIST, "ui/cli/run-from-table.js"))};`,
  "export const runCommand = (argv) => runFromTable(table, argv);",
].join("\n");

await write("bundle", { main: `${DIST}/main.js` });
await write("commands-bundle", { entry: ENTRY });

async function write(name: string, input: Record<string, string>): Promise<void> {
  const folder = join(DIST, name);
  await rm(folder, { recursive: true, force: true });
  const bundle = await rolldown({
    input,
    platform: "node",
    external: EXTERNAL,
    plugins: [slimOclif, late, ownPlaces(folder), commandTable(ENTRY, FOR_OCLIF, RUN)],
    // Every log line ends the build. This one only says that the machine is busy.
    checks: { bundlerTimings: false },
    onLog: (_, log) => {
      throw new Error(log.message);
    },
  });
  const { output } = await bundle.generate({
    ...{ format: "esm", comments: false, chunkFileNames: "[name].js" },
    codeSplitting: { groups: [{ name: "small", test: SMALL }] },
  });
  await bundle.close();
  await mkdir(folder);
  for (const file of output) {
    if (file.type !== "chunk") throw new Error(`${file.fileName} is not code`);
    await writeFile(join(folder, file.fileName), inAscii(withoutImports(file.code)));
  }
}
