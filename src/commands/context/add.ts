// `fleet context add NAME`: a name for a fleet, or for a plain etcd cluster, in the user's configuration.
import { Args, Flags } from "@oclif/core";
import { ContextCommand, contextFlags, fieldsIn } from "../../ui/cli/context-command.ts";

export default class ContextAdd extends ContextCommand {
  static override summary = "Name a fleet or an etcd cluster, so that --context NAME means it";
  static override description =
    "A local fleet's context is made by fleet init. The first fleet's context becomes the current one. An existing context is never replaced. An etcd cluster is reached over TLS, or in plaintext with --plaintext. File names are kept as full paths.";
  static override examples = [
    "<%= config.bin %> context add prod --endpoints n1:7001,n2:7001 --ca ca.crt --cert me.crt --key me.key --color red",
    "<%= config.bin %> context add store --etcd 10.0.0.1:2379,10.0.0.2:2379 --ca ca.crt --cert me.crt --key me.key",
    "<%= config.bin %> context add scratch --etcd 127.0.0.1:2379 --plaintext",
  ];
  static override args = { name: Args.string({ required: true, description: "Name of the context" }) };
  static override flags = {
    ...contextFlags,
    etcd: Flags.string({
      helpValue: "HOST:PORT,…",
      summary: "An etcd cluster's nodes, comma-separated, instead of a fleet's",
      exclusive: ["endpoints", "dir", "before-change"],
    }),
    plaintext: Flags.boolean({
      summary: "The etcd cluster has no TLS",
      dependsOn: ["etcd"],
      exclusive: ["ca", "cert", "key"],
    }),
  };

  async run() {
    const { args, flags } = await this.parse(ContextAdd);
    const { addContext } = await import("../../client/context/edit-context.ts");
    const fields = { ...fieldsIn(flags), etcd: flags.etcd, plaintext: flags.plaintext };
    return await this.edit(
      (contexts) => addContext(contexts, args.name, fields, process.cwd()),
      (name) => `context ${name} was added; use it with --context ${name}, or: fleet context use ${name}`,
    );
  }
}
