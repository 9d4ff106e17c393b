// Part of `npm run build`: dist/main.js with all that it leads to, as a few files in dist/bundle, and the other commands in
// dist/commands-bundle. A process that loads them starts sooner and is smaller than one that loads some 700 modules
// (bench/RESULTS.md). Names and lines stay as they are, so that a stack trace can be read. The modules in dist stay too:
// oclif runs help and the dashboard from there.

import { globSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, rolldown } from "rolldown";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
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

// Modules of Node that are needed seldom or never: loaded where they are used, not at the start.
const LATE: readonly { readonly user: RegExp; readonly name: string; readonly module: string }[] = [
  {
    user: /@grpc\/grpc-js\/build\/src\/(?:compression-filter|server-interceptors)\.js$/,
    ...{ name: "zlib", module: "zlib" },
  },
  { user: /@oclif\/core\/lib\/parser\/parse\.js$/, name: "node_readline_1", module: "node:readline" },
];

// Nearly every command needs these few kilobytes: one file for all is read faster than one for each.
const SMALL = /\/dist\/core\/base\/(?:address|backoff|clock|errors|ids|log|pem|printable)\.js$/;

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

const late: Plugin = {
  name: "late",
  transform(code, id) {
    const found = LATE.find(({ user }) => user.test(id));
    if (found === undefined) return null;
    const { name, module } = found;
    const required = `require("${module}")`;
    const loading = `const ${name} = ${required};\n`;
    if (!code.includes(loading)) throw new Error(`${id} loads ${module} in another way than before`);
    return code.replace(loading, "").replaceAll(new RegExp(`\\b${name}\\.`, "g"), `${required}.`);
  },
};

// A module finds its workers and other files from where it is in dist, not from where the bundle is.
const ownPlaces = (folder: string): Plugin => ({
  name: "own-places",
  transform(code, id) {
    if (!id.startsWith(`${DIST}${sep}`) || !code.includes("import.meta.url")) return null;
    const place = JSON.stringify(relative(folder, id).split(sep).join("/"));
    return code.replaceAll("import.meta.url", `new URL(${place}, import.meta.url).href`);
  },
});

/** What the bundle of commands begins with: their table, and how one is run. */
const commandTable: Plugin = {
  name: "command-table",
  resolveId: (source) => (source === ENTRY ? ENTRY : null),
  load(id) {
    if (id !== ENTRY) return null;
    const rows = globSync("commands/**/*.js", { cwd: DIST })
      .map((file) => file.split(sep).join("/"))
      .filter((file) => !FOR_OCLIF.test(file))
      .map(
        (file) => `  ${JSON.stringify(wordsOf(file))}: () => import(${JSON.stringify(join(DIST, file))}),`,
      );
    return [
      `import { runFromTable } from ${JSON.stringify(join(DIST, "ui/cli/run-from-table.js"))};`,
      `const table = {\n${rows.sort().join("\n")}\n};`,
      "export const runCommand = (argv) => runFromTable(table, argv);",
    ].join("\n");
  },
};

/** commands/rebind/index.js is `fleet rebind`. */
function wordsOf(file: string): string {
  return file
    .replace(/^commands\//, "")
    .replace(/(\/index)?\.js$/, "")
    .replaceAll("/", " ");
}

await write("bundle", { main: `${DIST}/main.js` });
await write("commands-bundle", { entry: ENTRY });

async function write(name: string, input: Record<string, string>): Promise<void> {
  const folder = join(DIST, name);
  await rm(folder, { recursive: true, force: true });
  const bundle = await rolldown({
    input,
    platform: "node",
    external: EXTERNAL,
    plugins: [slimOclif, late, ownPlaces(folder), commandTable],
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

/**
 * An import of one of Node's modules reads every export of it, also those that load more modules when they are read:
 * node:http alone loads all of fetch and WebSocket. This names only what is wanted.
 */
function withoutImports(code: string): string {
  const own =
    /^import (?:(?<all>[\w$]+) |(?<both>[\w$]+), )?(?:\{ (?<some>.*) \} )?from "(?<module>node:[\w/]+)";$/gm;
  const replaced = code.replace(own, (...found) => {
    const { all, both, some, module } = found.at(-1) as Record<string, string | undefined>;
    const from = `process.getBuiltinModule("${module}")`;
    const names = some === undefined ? "" : `{ ${some.replaceAll(" as ", ": ")} }`;
    if (both !== undefined) return `const ${both} = ${from}, ${names} = ${both};`;
    return `const ${all ?? names} = ${from};`;
  });
  const left = /^(?:import|export) .*"node:[^"]*";$/m.exec(replaced);
  if (left !== null) throw new Error(`an import that is not understood: ${left[0]}`);
  return replaced;
}

/**
 * V8 keeps a source text with one other character in two bytes a character. Comments are gone, so an escape means the same.
 */
function inAscii(code: string): string {
  return code.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
