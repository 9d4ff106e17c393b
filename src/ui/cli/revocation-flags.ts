// Flags of commands that begin a new incarnation from a copy: what becomes of revocations that the copy lacks.

import { Flags } from "@oclif/core";

export const revocationFlags = {
  "revocations-from": Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    summary: "Data folder of a coordinator or shard whose list of revoked certificates is kept too",
  }),
  "drop-revocations": Flags.boolean({
    summary: "Give up revocations that the copy lacks: those certificates are accepted again",
  }),
};
