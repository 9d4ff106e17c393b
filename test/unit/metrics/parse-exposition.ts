// Reads Prometheus' text format 0.0.4, as strictly as a scraper does: every sample belongs to the family above it.

import { present } from "../../../src/core/base/assert.ts";

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/g;

export function parseExposition(text: string): Family[] {
  const families: { name: string; type: string; help: string; samples: Sample[] }[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    const help = /^# HELP (\S+) (.*)$/.exec(line);
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (help !== null) families.push({ name: help[1] ?? "", help: help[2] ?? "", type: "", samples: [] });
    else if (type !== null) present(families.at(-1), "HELP comes first").type = type[2] ?? "";
    else present(families.at(-1), "a sample has a family").samples.push(parseSample(line));
  }
  return families;
}

/** The value of the one sample that has these labels, among others; null when there is none. */
export function sampleOf(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | null {
  const samples = parseExposition(text).flatMap((family) => family.samples);
  const found = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} samples of ${name} have these labels`);
  return found[0]?.value ?? null;
}

function parseSample(line: string): Sample {
  const [, name, braced = "", value] = SAMPLE.exec(line) ?? [];
  const labels = [...braced.matchAll(LABEL)];
  const isWhole = labels.map(([whole]) => whole).join("") === braced;
  if (name === undefined || value === undefined || !isWhole) throw new Error(`not a sample: ${line}`);
  return {
    name,
    value: value === "+Inf" ? Number.POSITIVE_INFINITY : Number(value),
    labels: Object.fromEntries(labels.map(([, label = "", text = ""]) => [label, unescaped(text)])),
  };
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(["\\n])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
}
