// `fleet events`: elections, transfers, and every change of the fleet's state, in one list. With -f it also shows what
// is seen while it runs: nodes that come and go, silent shards, drift and refused certificates.
import { Flags } from "@oclif/core";
import type { FleetClient } from "../client/fleet-client.ts";
import type { FleetReads } from "../client/fleet-reads.ts";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { FleetCommand } from "../ui/cli/fleet-command.ts";
import { stringify, toContract } from "../ui/cli/json.ts";
import { liveFlags, timeFlags } from "../ui/cli/output-flags.ts";
import { writeData } from "../ui/cli/terminal.ts";
import type { TextView } from "../ui/cli/view.ts";
import { type EventList, pastEvents } from "../ui/model/event-list.ts";
import type { Look } from "../ui/model/paint.ts";
import { printableReport } from "../ui/model/printable-report.ts";
import type { FleetEvent } from "../ui/model/top/state.ts";

const TAIL = 30;
const TAIL_MAX = 10_000;

const view: TextView<EventList> = {
  kind: "EventList",
  text: ({ events }, look) => events.map((event) => eventLine(event, look)),
};

export default class Events extends FleetCommand {
  static override summary = "Show what happened: elections, transfers, membership, moves and other changes";
  static override description =
    "Past events are the terms that the nodes remember since their start, and the newest audit entries. With -f, new events follow, also nodes that go down and come back, refused certificates, suspect and dead shards, and drift. At more than 300 changes a second some are left out. fleet watch audit has all.";
  static override examples = [
    "<%= config.bin %> events",
    "<%= config.bin %> events -f",
    "<%= config.bin %> events -f -o jsonl",
    "<%= config.bin %> events --from sick.bundle",
  ];
  static override flags = {
    ...timeFlags,
    archive: liveFlags.archive,
    from: liveFlags.from,
    follow: Flags.boolean({
      char: "f",
      summary: "Then show each new event, until Ctrl-C",
      exclusive: ["archive", "from"],
    }),
    tail: Flags.integer({
      min: 0,
      max: TAIL_MAX,
      default: TAIL,
      helpValue: "N",
      summary: "The newest N events",
    }),
  };

  async run(): Promise<EventList> {
    const { flags } = await this.parse(Events);
    const load = async (client: FleetReads) => await eventsOf(client, flags.tail);
    if (!flags.follow) return await this.read({ ...flags, watch: false }, { view, load });
    const client = await this.client(flags);
    const past = await load(client);
    this.#show(past.events);
    await this.#follow(client, past.auditIndex);
    return past;
  }

  async #follow(client: FleetClient, auditIndex: number): Promise<void> {
    const [{ FleetWatch }, { followEvents }, { pause }] = await Promise.all([
      import("../client/fleet-watch.ts"),
      import("../ui/follow-events.ts"),
      import("../ui/top-poller.ts"),
    ]);
    const now = () => performance.now();
    const watch = new FleetWatch(client, { now, pause });
    const followed = { watch, lists: client, auditIndex, now };
    // Ctrl-C ends the process.
    await followEvents(followed, (events) => this.#show(events), new AbortController().signal);
  }

  /** Lines for people, JSON lines for programs. */
  #show(events: readonly FleetEvent[]): void {
    const { format } = this.output;
    const look = this.look(process.stdout);
    for (const event of events) {
      const isJson = format === "json" || format === "jsonl";
      writeData(
        isJson ? stringify(toContract("FleetEvent", event), false) : eventLine(printableReport(event), look),
      );
    }
  }
}

/** Without a leader, one node's audit entries are shown. */
async function eventsOf(client: FleetReads, rowsMax: number): Promise<EventList> {
  const options = { newest: true, rowsMax: Math.max(1, rowsMax) };
  const fleet = await client.status();
  const stale = { consistency: { $case: "stale" as const, value: {} } };
  const { entries } = await client
    .listAudit(fleet.verdict === "no-quorum" ? { ...options, ...stale } : options)
    .catch((error: unknown) => {
      if (error instanceof OperatorError && error.parts.exit === Exit.NoQuorum)
        return client.listAudit({ ...options, ...stale });
      throw error;
    });
  return pastEvents(fleet, entries, rowsMax);
}

function eventLine({ atMs, text, mark }: FleetEvent, { paint, symbols, moment }: Look): string {
  return `${moment(atMs)}  ${paint.mark(mark, `${mark === "unknown" ? " " : symbols.marks[mark]} ${text}`)}`;
}
