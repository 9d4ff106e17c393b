// `fleet cert revoke SUBJECT`: no port accepts the certificate, or the earlier ones of an identity, from now on.
import { Args, Flags } from "@oclif/core";
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class CertRevoke extends WriteCommand {
  static override summary = "Revoke a certificate, or an identity's earlier certificates";
  static override description =
    "Within a second, every port of the fleet refuses the certificate and closes its connections. For an identity, this revokes all certificates issued so far; issue a new one with fleet cert issue or fleet cert rotate. Refused if it would revoke the certificate that this command uses, or leave fewer replicas than a quorum.";
  static override examples = [
    "<%= config.bin %> cert revoke 3A:7F:09:C2 --reason 'laptop stolen'",
    "<%= config.bin %> cert revoke fleet://cluster/c1",
    "<%= config.bin %> cert revoke fleet://admin --issued-before 2026-11-22T20:00:00Z",
    "<%= config.bin %> cert revoke dashboard-certs/dashboard.crt",
  ];
  static override args = {
    subject: Args.string({
      required: true,
      description: "A serial number, an identity, or the file of a certificate (see: fleet cert list)",
    }),
  };
  static override flags = {
    ...mutationFlags,
    "issued-before": Flags.string({
      helpValue: "TIME",
      summary: "For an identity: revoke only certificates issued before this time (default: now)",
    }),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(CertRevoke);
    const { issuedBeforeMs, revocationSubject } = await import("../../client/cert/revocation-subject.ts");
    const { subject, holder, endsAtMs } = await revocationSubject(args.subject);
    const value = {
      subject,
      holder,
      endsAtMs,
      issuedBeforeMs: issuedBeforeMs(flags["issued-before"], subject),
    };
    const what = subject.startsWith("fleet://")
      ? `the certificates of ${subject} that were issued before ${flags["issued-before"] ?? "now"}`
      : `certificate ${subject}${holder === "" ? "" : ` of ${holder}`}`;
    return await this.write(flags, {
      operation: { $case: "revokeCertificate", value },
      would: `would revoke ${what}`,
      done: `revoked ${what}`,
      already: `revoked already: ${what}`,
    });
  }
}
