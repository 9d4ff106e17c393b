// The order in which vitest runs the files of tests. Those of projects whose tests are shuffled are shuffled too, by the
// same seed. So no file comes to depend on what another one left in their worker. All others begin with the slowest, as
// vitest itself does. Vitest has one order of files for all projects: a project's own `sequence` cannot change it.

import { BaseSequencer, type TestSpecification } from "vitest/node";
import { SeededPrng } from "../src/core/base/prng.ts";

type Specifications = TestSpecification[];

export class ShuffledFiles extends BaseSequencer {
  override async sort(files: Specifications): Promise<Specifications> {
    const sorted = await super.sort(files);
    const { seed } = this.ctx.config.sequence;
    // Files of one project stay together: its workers are kept as long as the next file is one of it.
    const projects = Map.groupBy(sorted, ({ project }) => project);
    return [...projects].flatMap(([{ config }, own]) =>
      config.sequence.shuffle === true ? shuffled(own, seed) : own,
    );
  }
}

/** The order that was given does not matter. */
function shuffled(files: Specifications, seed: number): Specifications {
  const prng = new SeededPrng(seed);
  const left = files.sort((one, other) => (one.moduleId < other.moduleId ? -1 : 1));
  const order: Specifications = [];
  while (left.length > 0) order.push(...left.splice(prng.below(left.length), 1));
  return order;
}
