// `fleet cert unrevoke SUBJECT`: takes a revocation back.
import { Args } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class CertUnrevoke extends WriteCommand {
  static override summary = "Take a revocation back";
  static override description =
    "Every port accepts the certificate again, while it is valid. One that has ended needs no revocation any more, and makes room for others so.";
  static override examples = [
    "<%= config.bin %> cert unrevoke 3A7F09C2",
    "<%= config.bin %> cert unrevoke fleet://cluster/c1",
  ];
  static override args = {
    subject: Args.string({ required: true, description: "What was revoked (see: fleet cert revoked)" }),
  };
  static override flags = { ...mutationFlags };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(CertUnrevoke);
    const { revocationSubject } = await import("../../client/cert/revocation-subject.ts");
    const { subject } = await revocationSubject(args.subject);
    return await this.write(flags, {
      operation: { $case: "unrevokeCertificate", value: { subject } },
      would: `would take the revocation of ${subject} back`,
      done: `took the revocation of ${subject} back`,
      already: `${subject} is not revoked`,
    });
  }
}
