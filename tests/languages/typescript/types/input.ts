/** A shape. */
interface Shape<T> extends Base, ns.Other<T> {
  /** Its area. */
  area: number;
  readonly name?: string;
  draw(context: Context): void;
  draw(context: Context, again: boolean): void;
  get size(): number;
  (call: T): void;
  new (made: T): Shape<T>;
  [key: string]: unknown;
  nested: { inner: Inner; act(): Result };
}

enum Color {
  Red,
  /** Not red. */
  Green = 1 << 2,
  "dark blue" = "x",
}
declare const enum Hidden {
  One,
}

type Pair<A, B = A> = [first: A, second?: B];
type Unwrapped<T> = T extends Promise<infer R> ? R : T;
type Mapped = { [K in keyof Shape<any>]?: K };
type Guard = (value: unknown) => value is Shape<string>;
type Of = typeof Color | keyof Pair<string> | `a${Unwrapped<string>}` | Shape<string>["area"];
type Variance<in I, out O> = (i: I) => O;

function check(value: unknown): asserts value is Color {}
const cast = <Shape<string>>value as unknown as Pair<string>;
