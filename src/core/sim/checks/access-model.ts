// Who may do what, and what is revoked, as a second reading of the log (ADR-0026, ADR-0028). An operator's entry is
// applied if and only if a role that the operator has there allows it. A revocation never becomes weaker. Each change
// of the list has a higher number than all before. Small on purpose: of roles it knows only those that the officers
// write (officer.ts).

import type { LogIndex } from "../../base/ids.ts";
import type { FleetView } from "../../fleet/state.ts";
import { Command, type Operation, type Outcome } from "../../wire/gen/fleet/v1/command.ts";
import { check } from "../violation.ts";

type Kind = NonNullable<Operation["kind"]>;

const OPERATOR = "fleet://operator/";
/** Of a list that was never changed. */
const NO_LIST = 0;

export class AccessModel {
  /** Prefixes of names, by role. */
  readonly #roles = new Map<string, readonly string[]>();
  /** "operator role". */
  readonly #grants = new Set<string>();
  readonly #revoked = new Map<string, number>();
  #listVersion = NO_LIST;
  #judged = 0;
  #decodedThrough = 0;

  /** Operators' entries that were judged. */
  get judged(): number {
    return this.#judged;
  }

  /** A replica applied the entry. A later one gets the same state, or its hash differs. */
  applies(index: LogIndex, data: Uint8Array, outcome: Outcome | null, view: FleetView): void {
    if (index <= this.#decodedThrough || data.length === 0 || outcome === null) return;
    this.#decodedThrough = index;
    const { actor, operation, atMs } = Command.decode(data);
    const kind = operation?.kind;
    // A repeated write has the outcome of its first entry.
    if (kind === undefined || outcome.index !== index) return;
    const isApplied = outcome.result?.$case === "applied";
    if (actor.startsWith(OPERATOR)) this.#judge(actor.slice(OPERATOR.length), kind, outcome);
    if (isApplied) this.#follow(kind, index, atMs);
    this.#compare(kind, view);
  }

  #judge(operator: string, kind: Kind, outcome: Outcome): void {
    if (kind.$case !== "upsertProvider") return;
    const { name } = kind.value;
    const prefixes = [...this.#roles].flatMap(([role, own]) =>
      this.#grants.has(`${operator} ${role}`) ? own : [],
    );
    const mayDo = prefixes.some((prefix) => name.startsWith(prefix));
    this.#judged += 1;
    const isApplied = outcome.result?.$case === "applied";
    check(mayDo === isApplied, "roles", () => {
      const may = mayDo ? "may" : "may not";
      return `operator ${operator} ${may} set provider ${name}, and its entry came to ${JSON.stringify(outcome.result)}`;
    });
  }

  #follow(kind: Kind, index: LogIndex, atMs: number): void {
    switch (kind.$case) {
      case "setRole":
        this.#roles.set(
          kind.value.name,
          kind.value.rules.flatMap(({ names }) => names.map(withoutStar)),
        );
        break;
      case "grantRole":
        this.#grants.add(`${kind.value.operator} ${kind.value.role}`);
        break;
      case "revokeRole":
        this.#grants.delete(`${kind.value.operator} ${kind.value.role}`);
        break;
      case "revokeCertificate": {
        const { subject, issuedBeforeMs } = kind.value;
        const before = this.#revoked.get(subject) ?? -1;
        // A serial number is of one certificate, whenever that was issued.
        const wanted = subject.startsWith("fleet://") ? wholeSeconds(issuedBeforeMs || atMs) : 0;
        if (wanted > before) this.#changeList(index, subject, wanted);
        break;
      }
      case "unrevokeCertificate":
        this.#changeList(index, kind.value.subject, null);
        break;
      default:
    }
  }

  #changeList(index: LogIndex, subject: string, issuedBeforeMs: number | null): void {
    if (issuedBeforeMs === null) this.#revoked.delete(subject);
    else this.#revoked.set(subject, issuedBeforeMs);
    this.#listVersion = index;
  }

  #compare(kind: Kind, { tables }: FleetView): void {
    if (kind.$case !== "revokeCertificate" && kind.$case !== "unrevokeCertificate") return;
    const { subject } = kind.value;
    const row = tables.revocations.get(subject)?.issuedBeforeMs;
    const own = this.#revoked.get(subject);
    check(
      row === own,
      "revocations",
      () => `${subject} is revoked before ${row}, and should be before ${own}`,
    );
    const [list] = tables.revocationLists.rows();
    const version = list?.version ?? NO_LIST;
    check(
      version === this.#listVersion,
      "revocations",
      () => `the list has version ${version}, and its last change came at ${this.#listVersion}`,
    );
  }
}

const wholeSeconds = (ms: number): number => ms - (ms % 1_000);
const withoutStar = (pattern: string): string => pattern.replace(/\*$/, "");
