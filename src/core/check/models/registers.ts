// Several registers with compare-and-set, each as in register.ts. They never influence each other.

import type { Model } from "../model.ts";
import { type RegisterInput, type RegisterOutput, type RegisterValue, register } from "./register.ts";

export type RegistersInput = RegisterInput & { readonly register: string };

export const registers: Model<RegisterValue, RegistersInput, RegisterOutput> = {
  ...register,
  partOf: (input) => input.register,
};
