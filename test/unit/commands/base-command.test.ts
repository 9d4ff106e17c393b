// What all commands share: bugs that stay out of the terminal, and questions that a script cannot answer.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FleetCommand } from "../../../src/ui/cli/fleet-command.ts";
import { makeFolder, removeFolder } from "../../make-folder.ts";
import { run } from "./harness.ts";

class Buggy extends FleetCommand {
  async run(): Promise<void> {
    await this.parse(Buggy);
    throw new TypeError("x is not a function\nsecond line");
  }
}

class Destructive extends FleetCommand {
  async run(): Promise<void> {
    await this.parse(Destructive);
    await this.confirm("local", "destroy fleet local", this.argv.includes("--ascii"));
    await this.printText({ destroyed: true }, { kind: "Destroyed", text: () => ["destroyed"] });
  }
}

/** What it does at first is taken back by other means than what it does next. */
class TwoSteps extends FleetCommand {
  async run(): Promise<void> {
    await this.parse(TwoSteps);
    this.onInterrupt(() => "the first step was stopped");
    this.onInterrupt(() => "the second step was stopped");
    const exits: unknown[] = [];
    const ended = Promise.withResolvers<void>();
    const exit = vi.spyOn(process, "exit").mockImplementation((code) => {
      exits.push(code);
      // Only the handler's end writes first; what ends it at once comes before.
      setImmediate(ended.resolve);
      return undefined as never;
    });
    process.emit("SIGTERM", "SIGTERM");
    await ended.promise;
    exit.mockRestore();
    await this.printText({ exits }, { kind: "Exits", text: () => [exits.join(" ")] });
  }
}

/** Finishes nothing: what hangs keeps its first end waiting. */
class Hanging extends FleetCommand {
  async run(): Promise<void> {
    await this.parse(Hanging);
    this.onInterrupt(
      () => new Promise<string>(() => undefined),
      () => "stopped at once; 2 under way",
    );
    const exits: unknown[] = [];
    const exit = vi.spyOn(process, "exit").mockImplementation((code) => {
      exits.push(code);
      return undefined as never;
    });
    process.emit("SIGINT", "SIGINT");
    process.emit("SIGINT", "SIGINT");
    exit.mockRestore();
    await this.printText({ exits }, { kind: "Exits", text: () => [exits.join(" ")] });
  }
}

test("a second Ctrl-C ends at once, and says in what state", async () => {
  const { stdout, stderr } = await run(Hanging, "hanging", []);
  expect({ stdout, stderr }).toEqual({ stdout: "130\n", stderr: "stopped at once; 2 under way\n" });
});

test("a second handler replaces the first, and one signal is still one", async () => {
  const { stdout, stderr } = await run(TwoSteps, "two-steps", []);
  expect({ stdout, stderr }).toEqual({ stdout: "130\n", stderr: "the second step was stopped\n" });
});

describe("a bug", () => {
  let state = "";
  beforeEach(async () => {
    state = await makeFolder();
    vi.stubEnv("XDG_STATE_HOME", state);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await removeFolder(state);
  });

  test("is one line that names a file with the stack, and exit code 1", async () => {
    const { stdout, stderr, exit } = await run(Buggy, "buggy", []);
    expect({ stdout, exit }).toEqual({ stdout: "", exit: 1 });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toContain("this is a bug in fleet: x is not a function");
    const [name = ""] = await readdir(join(state, "fleet"));
    expect(stderr).toContain(name);
    expect(await readFile(join(state, "fleet", name), "utf8")).toMatch(
      /TypeError: x is not a function[\s\S]*base-command\.test\.ts/,
    );
  });

  test("shows its stack when asked for by FLEET_DEBUG=1", async () => {
    vi.stubEnv("FLEET_DEBUG", "1");
    expect((await run(Buggy, "buggy", [])).stderr).toContain("base-command.test.ts");
  });

  test("is JSON under --json", async () => {
    const { stdout, stderr } = await run(Buggy, "buggy", ["--json"]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ kind: "Error", error: { code: "FLEET_E_BUG", exit: 1 } });
  });

  test("is said even where its details cannot be written", async () => {
    vi.stubEnv("XDG_STATE_HOME", "/dev/null");
    expect((await run(Buggy, "buggy", [])).stderr).toContain("run again with FLEET_DEBUG=1");
  });
});

describe("a destructive command", () => {
  test("refuses when there is nobody to ask", async () => {
    const { stdout, stderr, exit } = await run(Destructive, "destructive", []);
    expect({ stdout, exit }).toEqual({ stdout: "", exit: 2 });
    expect(stderr).toContain("FLEET_E_NOT_CONFIRMED");
  });
  test("goes on when told to", async () => {
    expect((await run(Destructive, "destructive", ["--ascii"])).stdout).toBe("destroyed\n");
  });
});
