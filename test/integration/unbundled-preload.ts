// See unbundled.ts.

import { registerHooks } from "node:module";
import { unbundled } from "./unbundled.ts";

registerHooks({ resolve: unbundled });
