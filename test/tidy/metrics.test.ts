// What is exposed, documented, alerted on and drawn is the same list. The rules' own tests are run by promtool where it
// is installed (Debian: apt-get install prometheus); what can be said without it is checked everywhere.

import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { METRICS, type Metric } from "../../src/core/metrics/catalog.ts";
import { root } from "./source-files.ts";

const RULES = "deploy/prometheus/alerts.yaml";
const RULE_TESTS = "deploy/prometheus/alerts.test.yaml";
/** None of these is ever one of thousands: a cluster, a domain, a route, a Raft group, a client. */
const BOUNDED = ["file", "kind", "peer", "process", "reason", "result", "role", "state", "version"];

const catalog: Readonly<Record<string, Metric>> = METRICS;
const read = (path: string): string => readFileSync(join(root, path), "utf8");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface RuleTest {
  readonly name: string;
  readonly promql_expr_test: readonly {
    readonly expr: string;
    readonly exp_samples: readonly { readonly labels: string }[];
  }[];
}

const rules = (parse(read(RULES)) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);
const { tests } = parse(read(RULE_TESTS)) as { tests: RuleTest[] };

describe("the catalog", () => {
  test("follows Prometheus' conventions for names", () => {
    const wrong = Object.entries(catalog).filter(([name, { type }]) => {
      const isWord = /^(fleet|process|nodejs)_[a-z0-9]+(_[a-z0-9]+)*$/.test(name);
      const hasOtherUnit = /_(ms|milliseconds|minutes|kilobytes|megabytes|percent)(_|$)/.test(name);
      return !isWord || hasOtherUnit || name.endsWith("_total") !== (type === "counter");
    });
    expect(wrong).toEqual([]);
  });

  test("has labels of few values only", () => {
    const labels = Object.values(catalog).flatMap((metric) => metric.labels);
    expect(labels.filter((label) => !BOUNDED.includes(label))).toEqual([]);
  });

  test("is what docs/metrics.md documents: every metric, its type, its labels and what it is", () => {
    const documented = [...read("docs/metrics.md").matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)];
    const rows = documented.map(([, name, type, labels = "", help]) => {
      return { name, type, labels: labels.match(/\w+/g) ?? [], help };
    });
    expect(rows).toEqual(
      Object.entries(catalog).map(([name, { type, labels, help }]) => ({
        name,
        type,
        labels: [...labels],
        help,
      })),
    );
  });
});

describe("the dashboard", () => {
  const dashboard = JSON.parse(read("deploy/grafana/fleet.json")) as {
    panels: { id: number; title: string; type: string; targets?: { expr: string }[] }[];
  };
  const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

  test("draws metrics that exist, of the chosen fleet only", () => {
    expect(expressions.length).toBeGreaterThan(30);
    expect(expressions.flatMap(faultsOf)).toEqual([]);
    const selectors = expressions.flatMap(
      (expr) => expr.match(/\b(?:fleet|process|nodejs)_\w+(?:\{[^}]*\})?/g) ?? [],
    );
    expect(selectors.filter((selector) => !selector.includes('{job="$job"'))).toEqual([]);
  });

  test("draws every metric but what others say better", () => {
    // How far a follower is behind says more than how far it has come.
    const left = new Set(["fleet_raft_follower_match_index"]);
    const all = expressions.join("\n");
    const drawn = (name: string) => new RegExp(`\\b${name}(_bucket)?\\{`).test(all);
    expect(Object.keys(catalog).filter((name) => drawn(name) === left.has(name))).toEqual([]);
  });

  test("has panels that say what they show, each with a number of its own", () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ title }) => title === "")).toEqual([]);
    expect(panels.filter(({ type, targets = [] }) => type !== "row" && targets.length === 0)).toEqual([]);
  });
});

describe("the alerts", () => {
  test("look at metrics and labels that exist", () => {
    expect(rules.length).toBeGreaterThan(10);
    expect(rules.flatMap(({ expr }) => faultsOf(expr))).toEqual([]);
  });

  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    "%s says what, why it matters and what to run next",
    (name, { labels, annotations }) => {
      expect(name).toMatch(/^Fleet[A-Z]\w+$/);
      expect(["critical", "warning"]).toContain(labels["severity"]);
      expect(Object.keys(annotations).sort()).toEqual(["description", "next", "summary"]);
      expect(Object.values(annotations).filter((text) => text.trim() === "")).toEqual([]);
    },
  );

  test.each(rules.map((rule) => rule.alert))(
    "%s has a test in which it fires, after one in which it does not",
    (name) => {
      const fires = (labels: string) =>
        labels.includes(`alertname="${name}"`) && labels.includes('alertstate="firing"');
      const proofs = tests.filter((one) =>
        one.promql_expr_test.some(({ exp_samples }) => exp_samples.some(({ labels }) => fires(labels))),
      );
      expect(proofs.length).toBeGreaterThan(0);
      const silences = proofs.filter(({ promql_expr_test }) =>
        promql_expr_test.some(
          ({ expr, exp_samples }) => expr.startsWith("ALERTS") && exp_samples.length === 0,
        ),
      );
      expect(silences).toEqual(proofs);
    },
  );

  test("none fires for a healthy fleet", () => {
    const healthy = tests.filter(({ name }) => name.startsWith("a healthy fleet"));
    expect(healthy).toHaveLength(1);
    const looks = healthy.flatMap((one) => one.promql_expr_test);
    expect(looks.length).toBeGreaterThan(0);
    expect(
      looks.filter(({ expr, exp_samples }) => !expr.startsWith("ALERTS") || exp_samples.length > 0),
    ).toEqual([]);
  });

  test("name commands that exist as what to run next", () => {
    const manifest = JSON.parse(read("oclif.manifest.json")) as { commands: Record<string, unknown> };
    const commands = rules.flatMap(
      ({ annotations }) => annotations["next"]?.match(/^fleet ([a-z ]+[a-z])/)?.[1] ?? [],
    );
    expect(commands.length).toBeGreaterThan(5);
    expect(commands.filter((command) => !(command.replaceAll(" ", ":") in manifest.commands))).toEqual([]);
  });
});

// Without promtool the checks above are all there is: they hold the rules' tests to the rules, but evaluate none.
test("the alerts' own tests pass by promtool, where it is installed", () => {
  const isInstalled = spawnSync("promtool", ["--version"]).error === undefined;
  const said = isInstalled
    ? execFileSync("promtool", ["test", "rules", RULE_TESTS], { cwd: root, encoding: "utf8" })
    : "";
  expect(said.includes("SUCCESS")).toBe(isInstalled);
});

/** What in an expression is no metric of ours, or has a label that it does not carry. */
function faultsOf(expr: string): string[] {
  const used = expr.matchAll(/\b((?:fleet|process|nodejs)_\w+)(?:\{([^}]*)\})?/g);
  return [...used].flatMap(([, name = "", selector = ""]) => {
    const metric = catalog[name] ?? histogramOf(name);
    if (metric === undefined) return [`${expr}: there is no ${name}`];
    const labels = [...selector.matchAll(/(\w+)\s*(?:=|!=|=~|!~)\s*"/g)].map(([, label = ""]) => label);
    const carried: readonly string[] = [...metric.labels, "job", "instance"];
    return labels
      .filter((label) => !carried.includes(label))
      .map((label) => `${expr}: ${name} has no ${label}`);
  });
}

function histogramOf(series: string): Metric | undefined {
  const metric = catalog[series.replace(/_(bucket|sum|count)$/, "")];
  return metric?.type === "histogram" ? metric : undefined;
}
