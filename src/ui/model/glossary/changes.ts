// What the columns about changes, plans and drills mean.
import type { Subject } from "./subject.ts";

const AUDIT: Subject = {
  name: "audit",
  is: "One change of the fleet's state.",
  shownBy: ["audit list"],
  columns: {
    index: "Its log index.",
    time: "When the leader received it, by the leader's wall clock.",
    actor: "The identity in the certificate that asked for it.",
    what: "What changed, in a line.",
    reason: "The reason that was given with --reason, or by the program.",
    operation: "Name of the operation.",
    facts: "Details of the operation, as NAME=VALUE.",
  },
};

const FINDING: Subject = {
  name: "finding",
  is: "A place where the audit log is not one chain.",
  shownBy: ["audit verify"],
  columns: {
    index: "Log index of the entry.",
    where: "The fleet's table, or file and line.",
    problem: "Kind of the problem, for scripts.",
    what: "The problem in a sentence.",
    expected: "The hash that the chain needs there.",
    found: "The hash that is there.",
  },
};

const CHANGE: Subject = {
  name: "change",
  is: "One changed row in a watch.",
  shownBy: ["watch"],
  columns: {
    index: "Log index of the change.",
    table: "Table of the row.",
    key: "The row's name.",
    change: "The row's new owner or state; removed if it is gone.",
  },
};

const MOVE: Subject = {
  name: "move",
  is: "One cluster's move by fleet rebind.",
  shownBy: ["rebind", "rebind apply", "rebind rollback"],
  columns: {
    cluster: "The cluster.",
    from: "The shard that owned it.",
    to: "The shard that is to own it.",
    result: {
      is: "How the move ended.",
      values: {
        done: "The new shard serves it, and the old one has released it.",
        blocked: "A precondition does not hold; WHY names it.",
        failed: "A step failed; WHY says how. The same command resumes.",
        "timed-out": "It took longer than --timeout. The same command resumes.",
        "not-started": "An earlier move failed.",
      },
    },
    step: {
      is: "The step that it reached.",
      values: {
        begin: "The new owner is declared, and the migration recorded.",
        "move-agent": "The agent is restarted with the new shard's address.",
        "wait-session": "The new shard has not reported the agent's session.",
        "wait-release": "The old shard has not reported that it released the cluster.",
        settle: "The migration ends.",
      },
    },
    why: "Why it is not done.",
    migration: "The migration's id: a repeated command continues it.",
  },
};

const PLAN: Subject = {
  name: "plan",
  is: "A plan that moves clusters in waves. The fleet keeps its progress.",
  shownBy: ["rebind status"],
  columns: {
    plan: "The plan's id.",
    state: {
      is: "How far it is.",
      values: {
        draft: "It was recorded, but not begun.",
        running: "A runner performs its steps.",
        paused: "It waits for fleet rebind resume.",
        "rolling back": "A runner moves its clusters back.",
        "paused (rolling back)": "Its way back waits for fleet rebind resume.",
        done: "Every step is done.",
        aborted: "An operator ended it where it was.",
        "rolled back": "Every moved cluster is back.",
      },
    },
    steps: "Number of its moves.",
    done: "Moves that are done.",
    "under-way": "Moves that have begun, or that are being moved back.",
    failed: "Moves that failed.",
    undone: "Moves that were moved back.",
    cause: "Why it is paused or ended.",
    runner: "The process that performs it.",
    since: "When its state last changed.",
    by: "Who began it.",
  },
};

const PLAN_STEP: Subject = {
  name: "plan-step",
  is: "One move of a plan in waves.",
  shownBy: ["rebind status"],
  columns: {
    number: "Its place in the plan.",
    cluster: "The cluster.",
    from: "The shard that owned it.",
    to: "The shard that is to own it.",
    state: {
      is: "How far it is.",
      values: {
        waiting: "It has not begun.",
        "under way": "It has begun.",
        done: "The new shard serves the cluster.",
        failed: "It failed; FAILURE says how.",
        "moving back": "A rollback moves the cluster back.",
        "moved back": "The old shard serves it again.",
      },
    },
    failure: "Why it failed.",
    version: "Version of the cluster's binding that the step expects.",
  },
};

const ROUTE: Subject = {
  name: "route",
  is: "All moves of a plan between the same two shards.",
  shownBy: ["rebind apply", "shard evacuate"],
  columns: {
    from: "The shard that they leave.",
    to: "The shard that they go to.",
    clusters: "Number of clusters.",
  },
};

const REFUSED_MOVE: Subject = {
  name: "refused-move",
  is: "A row of a file of domains that the leader refuses to move.",
  shownBy: ["domain move"],
  columns: {
    row: "Its place in the file.",
    domain: "The domain, as KEY=VALUE.",
    to: "The wanted shard.",
    reason: "The reason, for scripts.",
    why: "The reason in a sentence.",
  },
};

const DRILL_BOARD: Subject = {
  name: "drill-board",
  is: "A drill that can be run, or was, as the drills view of the dashboard shows it.",
  shownBy: ["top"],
  columns: {
    drill: "The drill's name.",
    state: {
      is: "Whether it can be run, or how it ended.",
      values: {
        possible: "It can be run on this fleet.",
        "not here": "This fleet lacks something that it needs.",
        running: "It runs.",
        interrupted: "It was killed before its end: heal it with fleet drill heal.",
        passed: "Every gate passed.",
        failed: "A gate failed.",
        unreadable: "Its report cannot be read.",
      },
    },
    when: "When it began.",
    what: "What it does, or what its report says.",
    expects: "What must hold for it to pass.",
  },
};

export const CHANGES: readonly Subject[] = [
  AUDIT,
  FINDING,
  CHANGE,
  MOVE,
  PLAN,
  PLAN_STEP,
  ROUTE,
  REFUSED_MOVE,
  DRILL_BOARD,
];
