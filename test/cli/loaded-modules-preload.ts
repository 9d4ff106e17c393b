// Loaded before the program (node --import): appends the path of each module that it loads to the file LOADED_MODULES.

import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

const { LOADED_MODULES: list = "" } = process.env;

registerHooks({
  load(url, context, nextLoad) {
    if (url.startsWith("file:")) appendFileSync(list, `${fileURLToPath(url)}\n`);
    return nextLoad(url, context);
  },
});
