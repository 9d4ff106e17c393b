// One row per certificate of a local fleet, and the lines for those that end soon.
import type { CertificateState, CertificateView } from "../../../client/cert/inventory.ts";
import type { Mark, Table } from "../table.ts";

const MARKS: Readonly<Record<CertificateState, Mark>> = {
  valid: "good",
  soon: "warn",
  ended: "bad",
  unusable: "bad",
  revoked: "bad",
};

export const certificateTable: Table<CertificateView> = {
  rowName: (certificate) => certificate.name,
  columns: [
    { name: "name", header: "NAME", value: (view) => view.name },
    { name: "identity", header: "IDENTITY", value: (view) => view.identity },
    { name: "state", header: "STATE", value: ({ state }) => ({ text: state, mark: MARKS[state] }) },
    { name: "days", header: "DAYS", value: (view) => view.daysLeft },
    { name: "ends", header: "ENDS", value: (view) => momentOf(view.notAfter) },
    { name: "serial", header: "SERIAL", value: (view) => view.serial },
    { name: "begins", header: "BEGINS", value: (view) => momentOf(view.notBefore), wide: true },
    { name: "names", header: "NAMES", value: (view) => view.names.join(","), wide: true },
    { name: "issuer", header: "ISSUER", value: (view) => view.issuer, wide: true },
    { name: "file", header: "FILE", value: (view) => view.file, wide: true },
    { name: "problem", header: "PROBLEM", value: (view) => view.problem, wide: true },
  ],
};

const momentOf = (at: string | null) => (at === null ? null : { at });
