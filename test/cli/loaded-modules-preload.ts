// Loaded before the program (node --import): appends the path of each module that it loads to the file LOADED_MODULES. At its
// end it writes the names of Node's own modules that were loaded to the same path with ".own".

import { appendFileSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

const { LOADED_MODULES: list = "" } = process.env;

registerHooks({
  load(url, context, nextLoad) {
    if (url.startsWith("file:")) appendFileSync(list, `${fileURLToPath(url)}\n`);
    return nextLoad(url, context);
  },
});

// Node gives this list for tests like these, but not to the types.
const { moduleLoadList } = process as unknown as { readonly moduleLoadList: readonly string[] };
process.on("exit", () => writeFileSync(`${list}.own`, moduleLoadList.join("\n")));
