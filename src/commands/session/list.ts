// `fleet session list`: the sessions of clients that write, and how far each is.
import type { Listed } from "../../client/all-pages.ts";
import type { ListSessionsResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { limitFlag, listFlags, listOptions } from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { sessionTable } from "../../ui/model/tables/session-table.ts";

const view = listView("ClientSession", { sessions: sessionTable }, "no client has written yet");

export default class SessionList extends FleetCommand {
  static override summary = "List the sessions of clients that write";
  static override description =
    "A session makes a client's retried write apply once. Its number is the log index at which it was opened; LAST USED is the index of its last write. If there are too many, the least recently used session is dropped. For agents' sessions see: fleet shard list.";
  static override examples = [
    "<%= config.bin %> session list",
    "<%= config.bin %> session list --sort lastUsed",
  ];
  static override flags = { ...listFlags, ...limitFlag };

  async run(): Promise<Listed<ListSessionsResponse>> {
    const { flags } = await this.parse(SessionList);
    const options = listOptions(flags);
    return await this.read(flags, { view, load: (client) => client.listSessions(options) });
  }
}
