// What a simulated run can find. Data only.

/** A promise of the system was broken. `property` is the field's name for it. */
export class SafetyViolation extends Error {
  override readonly name = "SafetyViolation";
  readonly property: string;

  constructor(property: string, what: string) {
    super(what);
    this.property = property;
  }
}

/** From here on the system promises nothing, so that nothing more can be judged. */
export class NoPromiseLeft extends Error {
  override readonly name = "NoPromiseLeft";
}

/** A healed quorum did not get on within its time. */
export class LivenessFailure extends Error {
  override readonly name = "LivenessFailure";
}

export function check(condition: boolean, property: string, what: () => string): asserts condition {
  if (!condition) throw new SafetyViolation(property, what());
}
