// `fleet version`: what is running here, for a bug report. It asks no network.
import { BaseCommand } from "../ui/cli/base-command.ts";

interface Version {
  readonly fleet: string;
  readonly node: string;
  readonly platform: string;
}

export default class VersionCommand extends BaseCommand {
  static override summary = "Show the version of fleet and of what it runs on";

  async run(): Promise<Version> {
    await this.parse(VersionCommand);
    const version = {
      fleet: this.config.version,
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
    };
    await this.printText(version, {
      kind: "Version",
      name: ({ fleet }) => fleet,
      text: ({ fleet, node, platform }) => [`fleet ${fleet} (node ${node}, ${platform})`],
    });
    return version;
  }
}
