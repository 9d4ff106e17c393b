// For programs that are changed as they are loaded (node --import). The modules of dist run, one by one, in place of
// the bundle that is made of them.

import type { ResolveHookSync } from "node:module";

export const unbundled: ResolveHookSync = (specifier, context, nextResolve) =>
  nextResolve(specifier.replace("/dist/bundle/", "/dist/"), context);
