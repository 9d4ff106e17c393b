// node examples/job-queue/main.ts CONFIGURATION JOB…: puts the jobs into the queue, waits until all are done, and prints
// one line for each. A job that is in the queue already is not added again.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Configuration, JobQueue } from "./job-queue.ts";

const [path = "", ...jobs] = process.argv.slice(2);
const queue = await JobQueue.open(JSON.parse(readFileSync(path, "utf8")) as Configuration);
for (const job of jobs) {
  await queue.enqueue(job).then(
    (index) => console.log(`${job} queued at ${index}`),
    (error: { readonly code?: string }) => {
      if (error.code !== "OPERATION_REFUSED") throw error;
    },
  );
}
for (;;) {
  const known = await queue.jobs();
  if (Object.values(known).every((state) => state === "done")) break;
  await sleep(50);
}
for (const [job, rows] of queue.database.rows()) console.log(`${job} done, ${rows} row`);
await queue.close();
