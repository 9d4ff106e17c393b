// The etcd cluster that --etcd-endpoints or FLEET_ETCD_ENDPOINTS names, without a context. What must stay true:
// a flag that names a fleet precedes the variable, and plaintext is spoken on loopback only.
import { isAddress } from "../../core/base/address.ts";
import { Exit, OperatorError, usage } from "../../core/base/errors.ts";
import type { TargetInput } from "./resolve-target.ts";
import { type EtcdTls, formatEndpoints, type Setting, type Target } from "./target.ts";

const VARIABLE = "FLEET_ETCD_ENDPOINTS";
const FLAG = "--etcd-endpoints";

/** Null when neither names one. Throws USAGE or TLS_MISSING. */
export function typedEtcd(input: TargetInput, flag: string | undefined): Target | null {
  const other = (["context", "dir", "endpoints"] as const).find((name) => input[name] !== undefined);
  if (flag !== undefined && other !== undefined) {
    throw usage(`${FLAG} and --${other} each name a cluster`, "give one of them");
  }
  const variable = other === undefined ? (input.env[VARIABLE] ?? "") : "";
  const text = flag ?? variable;
  if (text === "") return null;
  const origin = flag === undefined ? VARIABLE : FLAG;
  const addresses = [...new Set(text.split(",").map((address) => address.trim()))];
  const wrong = addresses.find((address) => !isAddress(address));
  if (wrong !== undefined) {
    throw usage(`${origin} has "${wrong}", which is not host:port`, "give host:port,host:port,…");
  }
  const endpoints = addresses.map((address) => ({ address }));
  const { etcd, settings } = tlsOf(input);
  return {
    name: text,
    endpoints,
    tls: "insecure-loopback",
    etcd,
    origin,
    settings: [{ key: "endpoints", value: formatEndpoints(endpoints), origin }, ...settings],
  };
}

function tlsOf(input: TargetInput): { etcd: EtcdTls; settings: readonly Setting[] } {
  const isPlain = ["1", "true"].includes(input.env["FLEET_INSECURE_LOOPBACK"] ?? "");
  if (input.insecureLoopback === true || isPlain) return { etcd: "insecure-loopback", settings: [] };
  const settings = (["ca", "cert", "key"] as const).flatMap((key): Setting[] => {
    const variable = `FLEET_${key.toUpperCase()}`;
    const value = input[key] ?? input.env[variable] ?? "";
    return value === "" ? [] : [{ key, value, origin: input[key] === undefined ? variable : `--${key}` }];
  });
  const [ca, cert, key] = ["ca", "cert", "key"].map((key) => settings.find((own) => own.key === key)?.value);
  if (ca === undefined || (cert === undefined) !== (key === undefined)) {
    const missing = ca === undefined ? "--ca" : cert === undefined ? "--cert" : "--key";
    throw new OperatorError("TLS_MISSING", {
      what: `no TLS files are known for these endpoints: ${missing} is missing`,
      why: "an etcd cluster is reached in plaintext only with --insecure-loopback",
      next: "give --ca (and --cert, --key), or --insecure-loopback, or a --context that has them",
      exit: Exit.Authentication,
    });
  }
  return { etcd: { ca, ...(cert === undefined || key === undefined ? {} : { cert, key }) }, settings };
}
