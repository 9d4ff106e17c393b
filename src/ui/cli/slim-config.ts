// What a command needs of oclif's configuration when it runs without it (src/main.ts).
import type { Config } from "@oclif/core/config";
import { readOwnJson } from "../../core/base/own-files.ts";

interface Package {
  readonly name: string;
  readonly version: string;
}

interface Manifest {
  readonly commands: Readonly<Record<string, KnownCommand>>;
}

interface KnownCommand {
  readonly flags: Readonly<Record<string, unknown>>;
}

export function slimConfig(): Config {
  const { name, version } = readOwnJson("package.json") as Package;
  let known: Readonly<Record<string, KnownCommand>> | undefined;
  const config = {
    ...{ name, version, bin: name },
    userAgent: `${name}/${version} ${process.platform}-${process.arch} node-${process.version}`,
    // No aliases of commands are looked for: those run under oclif.
    topicSeparator: ":",
    runHook: () => Promise.resolve({ successes: [], failures: [] }),
    scopedEnvVarKeys: () => [],
    // Only for what a failure proposes: the manifest is large.
    findCommand: (id: string) => {
      known ??= (readOwnJson("oclif.manifest.json") as Manifest).commands;
      return known?.[id];
    },
  };
  return config as unknown as Config;
}
