// One row per client session.
import type { ClientSessionView } from "../../../core/wire/gen/fleet/v1/coordinator.ts";
import type { Table } from "../table.ts";

export const sessionTable: Table<ClientSessionView> = {
  rowName: (session) => String(session.sessionId),
  columns: [
    { name: "session", header: "SESSION", value: (session) => session.sessionId },
    { name: "lastWrite", header: "LAST WRITE", value: (session) => session.lastSequence },
    { name: "unconfirmed", header: "UNCONFIRMED", value: (session) => session.unconfirmed },
    { name: "lastUsed", header: "LAST USED", value: (session) => session.lastUsedIndex },
    {
      name: "firstOutstanding",
      header: "FIRST OUTSTANDING",
      value: (session) => session.firstOutstanding,
      wide: true,
    },
  ],
};
