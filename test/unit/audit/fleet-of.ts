// A fleet's table of audit entries, as a client gets it.

import { auditExportOf } from "../../../src/core/fleet/audit/audit.ts";
import { renderAuditEntry } from "../../../src/core/fleet/audit/render-audit.ts";
import { ListAuditResponse } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import type { Replica } from "../fleet/replica.ts";

/** The fleet's answer to a list, as a client gets it. */
export const fleetOf = ({ state }: Replica) => ({
  listAudit: async (options?: { readonly newest?: boolean; readonly rowsMax?: number }) => {
    const entries = [...state.tables.audit.rows()].map(renderAuditEntry);
    const some = options?.newest === true ? entries.slice(-(options.rowsMax ?? 0)) : entries;
    const reply = { entries: some, export: { ...auditExportOf(state) } };
    return {
      ...ListAuditResponse.decode(ListAuditResponse.encode(ListAuditResponse.fromPartial(reply)).finish()),
      more: false,
    };
  },
});
