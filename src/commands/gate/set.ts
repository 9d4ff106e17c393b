// `fleet gate set NAME on|off`: switches a behaviour for the whole fleet at one log index.
import { Args } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class GateSet extends WriteCommand {
  static override summary = "Switch a feature gate for the whole fleet";
  static override examples = [
    '<%= config.bin %> gate set first-contact off --reason "agents are being redeployed"',
  ];
  static override args = {
    gate: Args.string({ required: true, description: "The gate (see: fleet gate list)" }),
    to: Args.string({ required: true, options: ["on", "off"], description: "The new value" }),
  };
  static override flags = {
    ...mutationFlags,
    "expect-version": indexFlag(0, "Only if the gate is at this version now (0: only if it was never set)"),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(GateSet);
    const { gate: name, to } = args;
    const value = { name, enabled: to === "on", expectedVersion: flags["expect-version"] };
    return await this.write(flags, {
      operation: { $case: "setFeatureGate", value },
      would: `would turn feature gate ${name} ${to}`,
      done: `turned feature gate ${name} ${to}`,
      already: `feature gate ${name} was ${to} already`,
    });
  }
}
