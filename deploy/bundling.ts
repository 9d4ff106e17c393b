// What the bundles have in common: how modules are found, which load late, and how the written code begins.

import { globSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "rolldown";

export const DIST = fileURLToPath(new URL("../dist", import.meta.url));

// Modules of Node that are needed seldom or never: loaded where they are used, not at the start.
const LATE: readonly { readonly user: RegExp; readonly name: string; readonly module: string }[] = [
  {
    user: /@grpc\/grpc-js\/build\/src\/(?:compression-filter|server-interceptors)\.js$/,
    ...{ name: "zlib", module: "zlib" },
  },
  { user: /@oclif\/core\/lib\/parser\/parse\.js$/, name: "node_readline_1", module: "node:readline" },
];

export const late: Plugin = {
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

/** A module finds its workers and other files from where it is in dist, not from where the bundle is. */
export const ownPlaces = (folder: string): Plugin => ({
  name: "own-places",
  transform(code, id) {
    if (!id.startsWith(`${DIST}${sep}`) || !code.includes("import.meta.url")) return null;
    const place = JSON.stringify(relative(folder, id).split(sep).join("/"));
    return code.replaceAll("import.meta.url", `new URL(${place}, import.meta.url).href`);
  },
});

/** A module with all commands in `dist` but those of `leftOut`, and `code` that uses them by the name `table`. */
export const commandTable = (entry: string, leftOut: RegExp | null, code: string): Plugin => ({
  name: "command-table",
  resolveId: (source) => (source === entry ? entry : null),
  load(id) {
    if (id !== entry) return null;
    const rows = globSync("commands/**/*.js", { cwd: DIST })
      .map((file) => file.split(sep).join("/"))
      .filter((file) => leftOut?.test(file) !== true)
      .map(
        (file) => `  ${JSON.stringify(wordsOf(file))}: () => import(${JSON.stringify(join(DIST, file))}),`,
      );
    return `const table = {\n${rows.sort().join("\n")}\n};\n${code}`;
  },
});

/** commands/rebind/index.js is `fleet rebind`. */
function wordsOf(file: string): string {
  return file
    .replace(/^commands\//, "")
    .replace(/(\/index)?\.js$/, "")
    .replaceAll("/", " ");
}

/**
 * An import of one of Node's modules reads all of its exports. Some of them load more modules when they are read:
 * node:http alone loads all of fetch and WebSocket. This names only what is wanted.
 */
export function withoutImports(code: string): string {
  const own =
    /^import (?:(?:\* as )?(?<all>[\w$]+) |(?<both>[\w$]+), )?(?:\{ (?<some>.*) \} )?from "(?<module>node:[\w/]+)";$/gm;
  const replaced = code.replace(own, (...found) => {
    const { all, both, some, module } = found.at(-1) as Record<string, string | undefined>;
    const from = `globalThis.process.getBuiltinModule("${module}")`;
    const names = some === undefined ? "" : `{ ${some.replaceAll(" as ", ": ")} }`;
    if (both !== undefined) return `const ${both} = ${from}, ${names} = ${both};`;
    return `const ${all ?? names} = ${from};`;
  });
  // Loading one of Node's modules has no effect of its own.
  const whole = replaced.replace(/^import "node:[\w/]+";\n?/gm, "");
  const left = /^(?:import|export) .*"node:[^"]*";$/m.exec(whole);
  if (left !== null) throw new Error(`an import that is not understood: ${left[0]}`);
  return whole;
}

/**
 * V8 keeps a source text with one other character in two bytes a character. Comments are gone, so an escape means the same.
 */
export function inAscii(code: string): string {
  return code.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
