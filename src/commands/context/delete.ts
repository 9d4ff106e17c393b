// `fleet context delete NAME`: forgets a fleet's name. The fleet itself is not touched.
import { Args } from "@oclif/core";
import { ContextCommand } from "../../ui/cli/context-command.ts";

export default class ContextDelete extends ContextCommand {
  static override summary = "Remove a context from your configuration";
  static override description =
    "The fleet itself, its files and its certificates stay. To remove a local fleet: fleet destroy.";
  static override examples = ["<%= config.bin %> context delete prod"];
  static override args = { name: Args.string({ required: true, description: "The context's name" }) };

  async run() {
    const { args } = await this.parse(ContextDelete);
    const { deleteContext } = await import("../../client/context/edit-context.ts");
    return await this.edit(
      (contexts) => deleteContext(contexts, args.name),
      (name) => `deleted context ${name}`,
    );
  }
}
