// `fleet context set NAME`: changes some values of a context, and keeps the others.
import { Args } from "@oclif/core";
import { ContextCommand, contextFlags, fieldsIn } from "../../ui/cli/context-command.ts";

export default class ContextSet extends ContextCommand {
  static override summary = "Change values of a context";
  static override description = "Values that are not given stay as they are.";
  static override examples = [
    "<%= config.bin %> context set prod --endpoints n1:7001,n2:7001,n3:7001",
    "<%= config.bin %> context set prod --read-only",
  ];
  static override args = { name: Args.string({ required: true, description: "The context's name" }) };
  static override flags = contextFlags;

  async run() {
    const { args, flags } = await this.parse(ContextSet);
    const { setContext } = await import("../../client/context/edit-context.ts");
    const fields = fieldsIn(flags);
    return await this.edit(
      (contexts) => setContext(contexts, args.name, fields, process.cwd()),
      (name) => `changed context ${name}`,
    );
  }
}
