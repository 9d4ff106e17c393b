// The gate: the checker's verdict is right for every real history that we have (test/histories).

import { expect, test } from "vitest";
import { checkFile } from "../histories/check-file.ts";
import { absenceNotice, isRequired, listedHistories, SHARED_FOLDER } from "../histories/folders.ts";

const absence = absenceNotice(SHARED_FOLDER);
if (absence === null) {
  const listed = listedHistories(SHARED_FOLDER);
  test("there are histories of both verdicts", () => {
    expect(new Set(listed.map(({ isLinearizable }) => isLinearizable)).size).toBe(2);
  });

  test.each(listed)("$name is linearizable: $isLinearizable", ({ path, isLinearizable }) => {
    expect(checkFile(path).kind).toBe(isLinearizable ? "linearizable" : "not-linearizable");
  });
} else {
  console.log(absence);
  test("may be absent", () => expect(isRequired()).toBe(false));
}
