// Changes from the dashboard as a pure model: keys to actions to state. Nothing is proposed without --write, nothing is done without
// its dry run and its answer, and what is destructive wants the fleet's name.
import { describe, expect, test } from "vitest";
import { UNICODE } from "../../../../../src/ui/model/symbols.ts";
import { act } from "../../../../../src/ui/model/top/actions.ts";
import {
  type Change,
  changeCommand,
  nameToType,
  type Writing,
} from "../../../../../src/ui/model/top/change.ts";
import { actionHere } from "../../../../../src/ui/model/top/change-keys.ts";
import { changeLines } from "../../../../../src/ui/model/top/change-lines.ts";
import { topFrame } from "../../../../../src/ui/model/top/frame.ts";
import { NO_KEY, pressesOf } from "../../../../../src/ui/model/top/keys.ts";
import { observe } from "../../../../../src/ui/model/top/observe.ts";
import { initialTopState, type TopEvent, type TopState } from "../../../../../src/ui/model/top/state.ts";
import {
  clustersReply,
  clusterView,
  fleetReply,
  listed,
  shardsReply,
  shardView,
  upNode,
} from "../fixtures.ts";

const WRITING: Writing = { fleet: "prod", reason: "", restart: null };
const ESCAPE = "\u001b";

const board = {
  left: [],
  drills: [
    {
      name: "kill-leader",
      summary: "SIGKILL the leader",
      victims: "leader",
      expects: "another leads",
      whyNot: null,
    },
  ],
  reports: [],
};

function state(writing: Writing | null = WRITING): TopState {
  const heard: Exclude<TopEvent, { kind: "action" }>[] = [
    { kind: "fleet", atMs: 0, reply: fleetReply([upNode(1), upNode(2), upNode(3)]) },
    listed("clusters", clustersReply(clusterView("c1"), clusterView("c2"), clusterView("c3"))),
    listed("shards", shardsReply(shardView("s1"), shardView("s2"))),
    { kind: "list", name: "drills", atMs: 0, reply: board },
  ];
  return heard.reduce(observe, { ...initialTopState(0, 0, "--context prod"), writing });
}

/** Keys as a terminal gives them; \r is enter. */
function typed(from: TopState, keys: string): TopState {
  return pressesOf(keys, NO_KEY)
    .flatMap((press) =>
      press.input === ESCAPE ? [{ input: "", key: { ...NO_KEY, escape: true } }] : [press],
    )
    .reduce((now, press) => {
      const action = actionHere(press, now);
      return action === null ? now : act(now, action);
    }, from);
}

const pressEscape = (from: TopState): TopState => {
  const action = actionHere({ input: "", key: { ...NO_KEY, escape: true } }, from);
  return action === null ? from : act(from, action);
};

const checked = (from: TopState, ...lines: string[]): TopState =>
  observe(from, { kind: "change", id: from.change?.id ?? 0, news: { kind: "checked", lines } });
const ended = (from: TopState, isDone: boolean, ...lines: string[]): TopState =>
  observe(from, { kind: "change", id: from.change?.id ?? 0, news: { kind: "ended", isDone, lines } });
const panel = (from: TopState, height = 12): string =>
  changeLines(from, { width: 80, height, symbols: UNICODE })
    .map((line) =>
      line
        .map(({ text }) => text)
        .join("")
        .trimEnd(),
    )
    .join("\n");

describe("which change a key proposes", () => {
  test.each<{ keys: string; change: Change; why: string }>([
    { keys: "T", change: { kind: "transfer", to: "" }, why: "from the overview the fleet chooses" },
    { keys: "1jT", change: { kind: "transfer", to: "n2" }, why: "to the node under the cursor" },
    { keys: "3D", change: { kind: "drain", shard: "s1" }, why: "the shard under the cursor" },
    { keys: "3jA", change: { kind: "activate", shard: "s2" }, why: "" },
    { keys: "3j\rD", change: { kind: "drain", shard: "s2" }, why: "the open row" },
    {
      keys: "4Ms2\r",
      change: { kind: "rebind", clusters: ["c1"], to: "s2" },
      why: "the one under the cursor",
    },
    {
      keys: "4  Ms2\r",
      change: { kind: "rebind", clusters: ["c1", "c2"], to: "s2" },
      why: "the marked ones",
    },
    {
      keys: "4 k Ms\t\r",
      change: { kind: "rebind", clusters: ["c2"], to: "s1" },
      why: "a mark taken away, and the next one; tab completes",
    },
    { keys: ":drills\rX", change: { kind: "drill", name: "kill-leader" }, why: "" },
    {
      keys: "4jL team=a tier-\r",
      change: { kind: "label", subject: "cluster", name: "c2", labels: ["team=a", "tier-"] },
      why: "a cluster's labels, in the command's own form",
    },
    {
      keys: "3L\u007frack=7\r",
      change: { kind: "label", subject: "shard", name: "s1", labels: ["rack=7"] },
      why: "a shard's",
    },
    { keys: "3jE", change: { kind: "evacuate", shard: "s2" }, why: "all of the shard under the cursor" },
  ])("$keys: $why", ({ keys, change }) => {
    const now = typed(state(), keys);
    expect(now.change).toMatchObject({ change, stage: "checking", lines: [] });
  });

  test.each([
    { keys: "0D", says: "to drain a shard, choose it in :shards" },
    { keys: "0M", says: "to move clusters, mark them in :clusters with space" },
    { keys: "4X", says: "to run a drill, choose it in :drills" },
    { keys: "4E", says: "to evacuate a shard, choose it in :shards" },
    { keys: "1L", says: "to label something, choose it in :clusters or :shards" },
  ])("$keys proposes nothing where it has no object", ({ keys, says }) => {
    expect(typed(state(), keys)).toMatchObject({ change: null, notice: { value: says } });
  });

  test("without a label nothing is proposed", () => {
    expect(typed(state(), "4L \r")).toMatchObject({ change: null, prompt: null });
    expect(pressEscape(typed(state(), "4Lteam"))).toMatchObject({ change: null, prompt: null });
  });

  test.each(["T", "3D", "3A", "3E", "3L", "4L", "4M", "4 ", ":drills\rX"])(
    "without --write %j says how to get it",
    (keys) => {
      const now = typed(state(null), keys);
      expect(now).toMatchObject({ change: null, marked: [], paused: false });
      expect(now.notice?.value).toMatch(/from here, start it with: fleet top --write --context prod$/);
    },
  );

  test("a replay changes nothing, and space pauses it", () => {
    const playing = { ...state(), playing: { atMs: 0, lengthMs: 1, speed: 1, isCut: false } };
    expect(typed(playing, "T")).toMatchObject({
      change: null,
      notice: { value: "a replay changes nothing" },
    });
    expect(typed(playing, "4 ").paused).toBe(true);
  });
});

describe("from the proposal to the end", () => {
  const asking = checked(typed(state(), "3D"), "? would drain shard s1");

  test("the dry run comes first: y before it means nothing", () => {
    expect(typed(state(), "3Dy").change?.stage).toBe("checking");
  });

  test("y does it, and the views work meanwhile", () => {
    const running = typed(asking, "y");
    expect(running.change?.stage).toBe("running");
    expect(typed(running, "4").view).toBe("clusters");
  });

  test.each(["n", "q"])("%s leaves it undone, and quits nothing", (key) => {
    expect(typed(asking, key)).toMatchObject({ change: null, running: "yes" });
    expect(pressEscape(asking).change).toBeNull();
  });

  test("while it asks, keys mean nothing else", () => {
    expect(typed(asking, "4pD?x")).toEqual(asking);
  });

  test("c cancels what is under way, once; it ends by its own news", () => {
    const stopping = typed(typed(asking, "y"), "c");
    expect(stopping.change?.stage).toBe("stopping");
    expect(typed(stopping, "c")).toEqual(stopping);
    expect(ended(stopping, false, "cancelled").change).toMatchObject({ stage: "failed" });
  });

  test("one at a time", () => {
    const second = typed(typed(asking, "y"), "T");
    expect(second).toMatchObject({
      change: { id: 1 },
      notice: { value: "a change is under way: c cancels it" },
    });
  });

  test("progress and outcome are shown while paused too, and esc closes them", () => {
    const running = { ...typed(asking, "y"), paused: true };
    const told = observe(running, { kind: "change", id: 1, news: { kind: "progress", line: "halfway" } });
    const done = ended(told, true, "shard s1 is being drained");
    expect(done.change).toMatchObject({ stage: "done" });
    expect(panel(done)).toMatch(/halfway[\s\S]*shard s1 is being drained/);
    expect(pressEscape(done).change).toBeNull();
  });

  test("answers to a change that was left are ignored", () => {
    const next = typed(typed(asking, "n"), "A");
    const late = observe(next, { kind: "change", id: 1, news: { kind: "checked", lines: ["late"] } });
    expect(late).toEqual(next);
  });

  test("a failed dry run asks nothing", () => {
    const failed = ended(typed(state(), "3D"), false, "FLEET_E_SHARD_UNKNOWN: shard s1 is not registered");
    expect(failed.change?.stage).toBe("failed");
    expect(typed(failed, "y").change?.stage).toBe("failed");
  });

  test("marks of moved clusters go, others stay", () => {
    const two = typed(state(), "4  Ms2\r");
    const running = typed(checked(two), "prod\r");
    expect(running.change?.stage).toBe("running");
    const third = { ...running, marked: [...running.marked, "c3"] };
    expect(ended(third, true).marked).toEqual(["c3"]);
    expect(ended(third, false).marked).toEqual(["c1", "c2", "c3"]);
  });
});

describe("what is destructive", () => {
  test.each<{ change: Change; name: string | null; why: string }>([
    { change: { kind: "drill", name: "kill-leader" }, name: "prod", why: "it breaks something" },
    {
      change: { kind: "rebind", clusters: ["c1", "c2"], to: "s2" },
      name: "prod",
      why: "it restarts several agents",
    },
    { change: { kind: "rebind", clusters: ["c1"], to: "s2" }, name: null, why: "one agent" },
    { change: { kind: "evacuate", shard: "s1" }, name: "prod", why: "it restarts all agents of a shard" },
    {
      change: { kind: "label", subject: "shard", name: "s1", labels: ["a=b"] },
      name: null,
      why: "labels decide nothing",
    },
    { change: { kind: "transfer", to: "n2" }, name: null, why: "nothing is lost" },
    { change: { kind: "drain", shard: "s1" }, name: null, why: "activate takes it back" },
  ])("$change.kind: $why", ({ change, name }) => expect(nameToType(change, WRITING)).toBe(name));

  test("wants the name, exactly, and takes letters as text", () => {
    const asking = checked(typed(state(), ":drills\rX"), "SIGKILL the leader");
    expect(typed(asking, "y\r").change).toMatchObject({ stage: "asking", typed: "y" });
    expect(typed(asking, "pro\r").notice?.value).toBe("type prod exactly, or esc");
    expect(typed(asking, "prod\r").change?.stage).toBe("running");
  });
});

describe("the command line that does the same", () => {
  const given: Writing = { fleet: "prod", reason: "rack 7's move", restart: "helm upgrade a-{cluster}" };

  test.each<{ change: Change; writing: Writing; command: string }>([
    {
      change: { kind: "transfer", to: "" },
      writing: WRITING,
      command: "fleet leader transfer --context prod",
    },
    {
      change: { kind: "transfer", to: "n2" },
      writing: given,
      command: "fleet leader transfer n2 --reason 'rack 7'\\''s move' --context prod",
    },
    {
      change: { kind: "rebind", clusters: ["c1", "c2"], to: "s2" },
      writing: given,
      command:
        "fleet rebind c1 c2 --to s2 --command 'helm upgrade a-{cluster}' --reason 'rack 7'\\''s move' --context prod",
    },
    {
      change: { kind: "evacuate", shard: "s1" },
      writing: given,
      command:
        "fleet shard evacuate s1 --command 'helm upgrade a-{cluster}' --reason 'rack 7'\\''s move' --context prod",
    },
    {
      change: { kind: "label", subject: "cluster", name: "c1", labels: ["team=a", "tier-"] },
      writing: WRITING,
      command: "fleet cluster label c1 team=a tier- --context prod",
    },
    {
      change: { kind: "drill", name: "kill-leader" },
      writing: given,
      command: "fleet drill run kill-leader --context prod",
    },
  ])("$command", ({ change, writing, command }) => {
    expect(changeCommand(change, writing, "--context prod")).toBe(command);
  });
});

describe("the panel", () => {
  test("says what, by which command, what would change, and asks", () => {
    const now = checked(typed(state(), "1jT"), "? n2 would lead");
    expect(panel(now)).toBe(
      [
        "──  prod  transfer leadership to n2 ▲ not done yet",
        "  $ fleet leader transfer n2 --context prod",
        "  ? n2 would lead",
        "  do it? y does, n or esc leaves everything as it is",
      ].join("\n"),
    );
  });

  test("a long dry run hides neither the command nor the question", () => {
    const now = checked(typed(state(), "1jT"), ...Array.from({ length: 60 }, (_, at) => `line ${at}`));
    const lines = panel(now, 8).split("\n");
    expect(lines).toHaveLength(8);
    expect(lines[1]).toContain("$ fleet leader transfer");
    expect(lines[2]).toContain("line 0");
    expect(lines[6]).toBe("  56 more lines");
    expect(lines[7]).toContain("do it?");
  });

  test.each([
    { columns: 60, rows: 15 },
    { columns: 20, rows: 6 },
    { columns: 10, rows: 3 },
    { columns: 80, rows: 1 },
  ])("fits $columns x $rows", ({ columns, rows }) => {
    const now = checked(typed(state(), "4  Ms2\r"), ...Array.from({ length: 60 }, () => "x".repeat(200)));
    const { header, body, footer } = topFrame(now, { columns, rows }, UNICODE);
    const lines = [...header, ...body, footer].map((line) => line.map(({ text }) => text).join(""));
    expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows));
    expect(lines.every((line) => line.length === columns)).toBe(true);
  });

  test("marked clusters are marked, and counted", () => {
    const { body } = topFrame(typed(state(), "4  "), { columns: 80, rows: 20 }, UNICODE);
    const lines = body.map((line) =>
      line
        .map(({ text }) => text)
        .join("")
        .trimEnd(),
    );
    expect(lines[0]).toContain("2 marked");
    expect(lines.filter((line) => /^.\*c[12] /.test(line))).toHaveLength(2);
    expect(lines.find((line) => line.includes("c3 "))).toMatch(/^› c3/);
  });
});
