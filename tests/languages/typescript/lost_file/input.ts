import { type Zod } from "./zod";
export const dual: {
  <First extends (a: any) => any, Last extends (b: any) => any>(arity: 1, body: Last): First & Last
  <First extends (a: any) => any, Last extends (b: any) => any>(arity: 2, body: Last): First & Last
} = make(function () {
  return Zod;
})
/* export const commented = 1 */
export const identity = <A>(a: A): A => a
export type Later<A> = () => A
export interface Seen {}
