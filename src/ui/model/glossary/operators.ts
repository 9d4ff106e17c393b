// What the columns about operators, their credentials and their contexts mean.
import type { Subject } from "./subject.ts";

const ACCESS: Subject = {
  name: "access",
  is: "A rule that lets an operator do something.",
  shownBy: ["auth can-i"],
  columns: {
    verbs: "What may be done, named like the commands; * for all.",
    tables: "The tables to which the rule applies; * for all.",
    names: "The rows to which the rule applies, by name; a pattern may end with *.",
    role: "The role that has the rule.",
  },
};

const ROLE: Subject = {
  name: "role",
  is: "A named set of rules that is granted to operators.",
  shownBy: ["role list"],
  columns: {
    name: "The role's name.",
    rules: "Verbs, tables and names that it allows.",
    operators: "Operators who have it.",
    version: "Version of its row, for --expect-version.",
    since: "When it last changed.",
  },
};

const CERTIFICATE: Subject = {
  name: "certificate",
  is: "A certificate of a local fleet.",
  shownBy: ["cert list"],
  columns: {
    name: "Name of its file.",
    identity: "Whom it identifies, as fleet://…",
    state: {
      is: "Whether it can be used.",
      values: {
        valid: "It is valid for longer than 14 days.",
        soon: "It expires within 14 days: renew it with fleet cert rotate.",
        ended: "It has expired.",
        unusable: "The file cannot be read, or its key does not match.",
        revoked: "The fleet refuses it.",
      },
    },
    days: "Whole days until it expires.",
    ends: "When it expires.",
    serial: "Its serial number, for fleet cert revoke.",
    begins: "When it becomes valid.",
    names: "Host names and addresses that it is valid for.",
    issuer: "The authority that issued it.",
    file: "Its file.",
    problem: "Why it is unusable.",
  },
};

const REVOCATION: Subject = {
  name: "revocation",
  is: "A certificate that the fleet refuses, or the earlier certificates of an identity.",
  shownBy: ["cert revoked"],
  columns: {
    revoked: "Serial number, or identity.",
    holder: "The identity in the certificate.",
    "issued-before": "For an identity: its certificates that were issued before this time are refused.",
    since: "When it was revoked.",
    by: "Who revoked it.",
    reason: "Why.",
    ends: "When the certificate expires: the row is dropped then.",
    version: "Version of the row.",
  },
};

const SESSION: Subject = {
  name: "session",
  is: "A client's session: it makes a retried write apply once.",
  shownBy: ["session list"],
  columns: {
    session: "The log index at which it was opened.",
    lastWrite: "Number of its last applied write.",
    unconfirmed: "Outcomes that are stored until the client confirms them.",
    lastUsed: "Log index of its last write. The least recently used session is dropped first.",
    firstOutstanding: "The client has the outcomes of all writes before this one.",
  },
};

const GATE: Subject = {
  name: "gate",
  is: "A behaviour that is switched for the whole fleet at once.",
  shownBy: ["gate list"],
  columns: {
    name: "The gate's name.",
    enabled: "Whether it is on.",
    set: 'When it was set, or "by default".',
    description: "What it switches.",
    version: "Version of its row, for --expect-version.",
  },
};

const SNAPSHOT: Subject = {
  name: "snapshot",
  is: "An exported copy of the fleet's state.",
  shownBy: ["snapshot list", "snapshot verify"],
  columns: {
    name: "Its name in the folder or bucket.",
    state: {
      is: "Whether it can be restored.",
      values: {
        complete: "It has a manifest, and its size is right.",
        verified: "Every byte was read and compared.",
        incomplete: "It has no manifest, so it cannot be restored.",
        damaged: "It differs from its manifest.",
      },
    },
    fleet: "Name of the fleet that it was taken from.",
    epoch: "Epoch of that fleet's incarnation.",
    index: "Last log index that it contains.",
    term: "Term of that entry.",
    time: "When it was taken.",
    bytes: "Its size.",
    key: "Fingerprint of the operator's key that opens it, or plain.",
    hash: "Digest of its tables.",
    "cluster-id": "Id of that fleet's incarnation.",
  },
};

const CONTEXT: Subject = {
  name: "context",
  is: "A named fleet or etcd cluster in your configuration.",
  shownBy: ["context list"],
  columns: {
    current: "* for the context that is used when no other is named.",
    name: "The context's name.",
    kind: {
      is: "What answers at its endpoints.",
      values: { fleet: "Coordinators of a fleet.", etcd: "A plain etcd cluster." },
    },
    endpoints: "Its coordinators, or the etcd cluster's nodes.",
    directory: "Its folder, if it is a local fleet.",
    readonly: "Whether changes through it are refused.",
  },
};

const SETTING: Subject = {
  name: "setting",
  is: "A value that a command would use to reach a fleet.",
  shownBy: ["context view"],
  columns: {
    key: "What it sets.",
    value: "Its value.",
    origin: "The flag, variable or file that it comes from.",
  },
};

export const OPERATORS: readonly Subject[] = [
  ACCESS,
  ROLE,
  CERTIFICATE,
  REVOCATION,
  SESSION,
  GATE,
  SNAPSHOT,
  CONTEXT,
  SETTING,
];
