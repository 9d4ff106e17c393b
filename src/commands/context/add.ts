// `fleet context add`: a name for a plain etcd cluster, so that commands find it by --context.
import { resolve } from "node:path";
import { Args, Flags } from "@oclif/core";
import type { Context } from "../../client/context/contexts-file.ts";
import { CONTEXT_COLORS } from "../../client/context/target.ts";
import { isAddress } from "../../core/base/address.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isName, NAME_RULE } from "../../core/base/ids.ts";
import { quoted } from "../../core/base/printable.ts";
import { BaseCommand } from "../../ui/cli/base-command.ts";

interface Added {
  readonly name: string;
  readonly file: string;
  readonly endpoints: readonly string[];
  readonly current: boolean;
}

interface Given {
  readonly etcd: string;
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly plaintext: boolean;
}

export default class ContextAdd extends BaseCommand {
  static override summary = "Add a context for an etcd cluster";
  static override description =
    "A local fleet's context is made by fleet init. An etcd cluster is reached by TLS, or in plaintext when --plaintext says so. An existing context is never replaced.";
  static override examples = [
    "<%= config.bin %> context add store --etcd 10.0.0.1:2379,10.0.0.2:2379 --ca ca.crt --cert me.crt --key me.key",
    "<%= config.bin %> context add scratch --etcd 127.0.0.1:2379 --plaintext",
  ];
  static override args = { name: Args.string({ required: true, description: "Name of the context" }) };
  static override flags = {
    etcd: Flags.string({
      required: true,
      helpValue: "HOST:PORT,…",
      summary: "The cluster's nodes, comma-separated",
    }),
    ca: Flags.string({ summary: "File of the certificate authority" }),
    cert: Flags.string({ summary: "File of the client certificate", dependsOn: ["ca", "key"] }),
    key: Flags.string({ summary: "File of the client key", dependsOn: ["ca", "cert"] }),
    plaintext: Flags.boolean({ summary: "The cluster has no TLS", exclusive: ["ca", "cert", "key"] }),
    "read-only": Flags.boolean({ summary: "Refuse changes through this context" }),
    color: Flags.option({ options: CONTEXT_COLORS, summary: "Its colour in questions" })(),
  };

  async run(): Promise<Added> {
    const { args, flags } = await this.parse(ContextAdd);
    if (!isName(args.name)) throw badName(args.name);
    const context: Context = {
      ...etcdContext(flags),
      ...(flags["read-only"] ? { readOnly: true } : {}),
      ...(flags.color === undefined ? {} : { color: flags.color }),
    };
    const { changeContexts, contextsFilePath } = await import("../../client/context/contexts-file.ts");
    const { systemWaitClock } = await import("../../core/base/wait-clock.ts");
    const { SystemProcesses } = await import("../../client/processes/system-processes.ts");
    const deps = { clock: systemWaitClock, processes: await SystemProcesses.open() };
    const file = contextsFilePath(process.env);
    await changeContexts(file, deps, ({ contexts }) => {
      if (contexts.has(args.name)) throw exists(args.name, file);
      return { change: { set: { [args.name]: context } } };
    });
    const added = { name: args.name, file, endpoints: context.endpoints, current: false };
    await this.printText(added, {
      kind: "ContextAdded",
      name: ({ name }) => name,
      text: ({ name }) => [
        `context ${name} was added; use it with --context ${name}, or: fleet context use ${name}`,
      ],
    });
    return added;
  }
}

/** Paths are made absolute, since the file's own folder is another one. */
function etcdContext({ etcd, ca, cert, key, plaintext }: Given): Context {
  const endpoints = [...new Set(etcd.split(",").map((address) => address.trim()))];
  const wrong = endpoints.find((address) => !isAddress(address));
  if (wrong !== undefined) {
    throw usage(`--etcd has ${quoted(wrong)}, which is not host:port`, "give host:port,host:port,…");
  }
  if (plaintext) return { kind: "etcd", endpoints, plaintext };
  if (ca === undefined) {
    throw usage("neither --ca nor --plaintext was given", "give --ca (and --cert, --key), or --plaintext");
  }
  const pair = cert === undefined || key === undefined ? {} : { cert: resolve(cert), key: resolve(key) };
  return { kind: "etcd", endpoints, tls: { ca: resolve(ca), ...pair } };
}

function badName(name: string): OperatorError {
  return usage(`${quoted(name)} is no name of a context`, NAME_RULE);
}

function exists(name: string, file: string): OperatorError {
  return new OperatorError("CONTEXT_EXISTS", {
    what: `there is a context ${name} already`,
    why: `${file} has it, and nothing replaces it`,
    next: "choose another name, or edit the file",
    exit: Exit.Precondition,
  });
}

function usage(what: string, next: string): OperatorError {
  return new OperatorError("USAGE", { what, next, exit: Exit.Usage });
}
