// `fleet cert unrevoke SUBJECT`: takes a revocation back.
import { Args } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class CertUnrevoke extends WriteCommand {
  static override summary = "Take a revocation back";
  static override description =
    "Every port accepts the certificate again, as long as it is valid. Unrevoke expired certificates to make room for other revocations.";
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
