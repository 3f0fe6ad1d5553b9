import imported, { other } from "./other";

export { a, b as renamed, type T } from "./named";
export * from "./star";
export * as space from "./space";
export type { OnlyType } from "./types";
export type * from "./all-types";
export {} from "./nothing";

const local = 1;
let hidden = 2;
export { local, hidden as shown, imported, other as default };

export const { x, y: [z], ...rest } = source();
export function fn() {}
export class Cls {}
export abstract class Abs {}
export interface Face {}
export enum Num {}
export type Alias = string;
export namespace Space {
  export const inside = 1;
  const own = 2;
}
export declare const declared: number;
export import required = require("./required");
export default interface Standard {}
