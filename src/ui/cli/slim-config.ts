// What a command needs of oclif's configuration when it runs without it (src/main.ts).
import { readFileSync } from "node:fs";
import type { Config } from "@oclif/core/config";

// As far from this file in src as in dist.
const ROOT = new URL("../../../", import.meta.url);

interface KnownCommand {
  readonly flags: Readonly<Record<string, unknown>>;
}

export function slimConfig(): Config {
  const { name, version } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8"));
  let known: Readonly<Record<string, KnownCommand>> | undefined;
  const config = {
    ...{ name, version, bin: name, userAgent: `${name}/${version}` },
    // No aliases of commands are looked for: those run under oclif.
    topicSeparator: ":",
    runHook: () => Promise.resolve({ successes: [], failures: [] }),
    scopedEnvVarKeys: () => [],
    // Only for what a failure proposes: the manifest is large.
    findCommand: (id: string) => {
      known ??= JSON.parse(readFileSync(new URL("oclif.manifest.json", ROOT), "utf8")).commands;
      return known?.[id];
    },
  };
  return config as unknown as Config;
}
