// `fleet member add`: a new node takes part. It learns first and votes once it has caught up.
import { Args, Flags } from "@oclif/core";
import type { FleetClient } from "../../client/fleet-client.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { ChangeMembershipResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import {
  type EtcdMemberReport,
  MemberCommand,
  type MemberFlagValues,
  type MemberReport,
  memberFlags,
} from "../../ui/cli/member-command.ts";
import { aliasFlag, objectOf } from "../../ui/cli/object-argument.ts";

interface AddFlagValues extends MemberFlagValues {
  readonly name: string;
  readonly id: number | undefined;
  readonly address: string | undefined;
  readonly learner: boolean;
}

export default class MemberAdd extends MemberCommand {
  static override summary = "Add a node to the fleet";
  static override description =
    "In a local fleet, this also makes the process, its folder and its certificate. Elsewhere, give --address, and start the node with the printed command. If it was interrupted, run it again: it continues. On a plain etcd cluster, --address is the new member's peer address.";
  static override examples = [
    "<%= config.bin %> member add n4 --wait",
    "<%= config.bin %> member add n4 --id 4 --address 10.0.0.4:7001",
  ];
  static override args = { node: Args.string({ description: "The new node's name" }) };
  static override flags = {
    ...memberFlags,
    name: aliasFlag(),
    id: Flags.integer({
      min: 1,
      max: 65_535,
      summary: "Its number (default: one above the highest ever used)",
    }),
    address: Flags.string({
      summary: "host:port where it listens; not for a local fleet, which finds a port",
    }),
    learner: Flags.boolean({ summary: "Add it as a learner: it does not vote until it is promoted" }),
    wait: Flags.boolean({
      summary: "Wait until it votes in every group, the keys' too; with --learner, until it has caught up",
    }),
  };

  async run(): Promise<MemberReport | EtcdMemberReport> {
    const { args, flags: given } = await this.parse(MemberAdd);
    const flags = { ...given, name: objectOf(args.node, given.name, "NODE") };
    const words = wordsOf(flags);
    const { name, learner } = flags;
    const wanted = { kind: "add", name, address: flags.address ?? "", learner } as const;
    if (flags.address !== undefined) {
      const onEtcd = await this.changeOnEtcd(flags, wanted, words);
      if (onEtcd !== null) return onEtcd;
    } else if ((await this.target(flags)).etcd !== undefined) throw addressMissing(name);
    const client = await this.changer(flags);
    const { directory } = client.target;
    const isLocal = directory !== undefined && flags.address === undefined;
    const done = isLocal
      ? await this.#addHere(client, directory, flags)
      : await this.#addElsewhere(client, flags);
    const notes = isLocal || flags["dry-run"] ? [] : await this.#howToStart(client, done);
    const waits = flags.wait && !flags["dry-run"];
    if (waits) {
      // An operator must start the new node first.
      for (const note of notes) this.note(note);
      const { waitForMember } = await import("../../client/member/wait-member.ts");
      await waitForMember(client, name, flags.timeout, (step) => this.note(`  ${step}`));
    }
    return await this.report(flags, done, words, notes, waits);
  }

  async #addHere(
    client: FleetClient,
    directory: string,
    flags: AddFlagValues,
  ): Promise<ChangeMembershipResponse> {
    const { addLocalMember } = await import("../../client/member/local-member.ts");
    const { name, learner } = flags;
    return await addLocalMember(
      client,
      directory,
      { name, learner },
      this.order(flags),
      await this.machine(),
    );
  }

  #addElsewhere(client: FleetClient, flags: AddFlagValues): Promise<ChangeMembershipResponse> {
    const { name, address, learner, id = 0 } = flags;
    if (address === undefined) throw addressMissing(name);
    const change = { $case: "add", value: { nodeId: id, name, address, learner } } as const;
    return client.changeMembership({ ...this.order(flags), change });
  }

  async #howToStart(client: FleetClient, { member }: ChangeMembershipResponse): Promise<string[]> {
    const [{ certificateLine, serveLine }, { nodes }, list] = await Promise.all([
      import("../../client/member/serve-line.ts"),
      client.status(),
      client.listMembers(),
    ]);
    const { clusterId = "ID", clusterName: fleet = "NAME" } =
      nodes.find((node) => node.status !== null)?.status ?? {};
    const { nodeId: id = 0, name = "", address = "" } = member ?? {};
    return [
      `its certificate, if it has none yet: ${certificateLine({ id, name, address })}`,
      `start it there with: ${serveLine({ id, name, address, fleet, clusterId }, list)}`,
    ];
  }
}

function wordsOf({ name, learner }: Pick<AddFlagValues, "name" | "learner">) {
  const kind = learner ? "learner" : "voter";
  return {
    done: `added ${name} as a ${kind}`,
    already: `${name} is a member already`,
    would: `would add ${name} as a ${kind}`,
  };
}

function addressMissing(name: string): OperatorError {
  return new OperatorError("USAGE", {
    what: `where ${name} listens is not given`,
    why: "this fleet is not a local one, so fleet cannot choose an address",
    next: `fleet member add ${name} --address HOST:PORT`,
    exit: Exit.Usage,
  });
}
