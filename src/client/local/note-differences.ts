// An existing fleet is not changed: each option of `fleet init` that differs is reported, with the way to
// change it. Pure.

import type { KeySource } from "../../core/seal/key-source.ts";
import { fleetFilePath } from "../files/layout.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import type { InitOptions } from "./init-options.ts";

/** One sentence for each ignored flag. */
export function noteDifferences(asked: InitOptions, { directory, file }: LocalFleet): string[] {
  const notes: string[] = [];
  if (asked.name !== undefined && asked.name !== file.name) {
    notes.push(`the fleet in ${directory} is called ${file.name}, and keeps that name`);
  }
  const ignored = (flag: string, has: string, instead: string) =>
    notes.push(`${flag} was ignored: the fleet in ${directory} has ${has}; ${instead}`);
  if (asked.nodes !== undefined && asked.nodes !== file.nodes.length) {
    const more = asked.nodes > file.nodes.length;
    const change = more ? "fleet member add NAME" : "fleet member remove NAME";
    ignored(`--nodes ${asked.nodes}`, counted(file.nodes.length, "node"), `change that with: ${change}`);
  }
  const another = "make another fleet with: fleet init --dir FOLDER";
  // The fleet itself may have removed some of them.
  const listed = (flag: string, has: string) =>
    notes.push(`${flag} was ignored: ${fleetFilePath(directory)} has ${has}; ${another}`);
  if (asked.shards !== undefined && asked.shards !== file.shards.length) {
    listed(`--shards ${asked.shards}`, counted(file.shards.length, "shard"));
  }
  if (asked.clusters !== undefined && asked.clusters !== file.clusters.length) {
    listed(`--clusters ${asked.clusters}`, counted(file.clusters.length, "cluster"));
  }
  if (asked.profile !== undefined && asked.profile !== file.profile) {
    const change = "change profile in fleet.yaml while it is down";
    ignored(`--profile ${asked.profile}`, `the profile ${file.profile}`, change);
  }
  if (asked.snapshotTo !== undefined && asked.snapshotTo !== file.snapshots?.to) {
    const change = "change snapshots.to in fleet.yaml while it is down";
    ignored("--snapshot-to", file.snapshots === undefined ? "none" : `${file.snapshots.to}`, change);
  }
  if (asked.machines !== undefined) {
    const has = file.shards.some(({ machines }) => machines !== undefined) ? "its shards' own" : "none";
    ignored("--machines", has, "change machines of its shards in fleet.yaml while it is down");
  }
  if (asked.encryption !== undefined && !isSameSource(asked.encryption, file.encryption?.source)) {
    const change = "change encryption in fleet.yaml while it is down";
    ignored("the encryption key", file.encryption === undefined ? "none" : "another one", change);
  }
  if (asked.separateAuthorities === true && file.authorities === undefined) {
    ignored("--separate-authorities", "one authority", another);
  }
  if (asked.inProcess === true && file.inProcess === undefined) {
    ignored("--in-process", "a process for each node", another);
  }
  if (asked.engine !== undefined && JSON.stringify(asked.engine) !== JSON.stringify(file.engine)) {
    ignored("--engine etcd", file.engine === undefined ? "the embedded engine" : "another etcd", another);
  }
  return notes;
}

function isSameSource(asked: KeySource, has: KeySource | undefined): boolean {
  if (asked.kind === "file") return has?.kind === "file" && has.path === asked.path;
  return has?.kind === "command" && has.command === asked.command;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
