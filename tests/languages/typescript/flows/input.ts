const a = source;
let b = maybe ? first : second || third;
const { x, y: z = fallback, ...rest } = options;
const [head, [inner]] = list;
a.b.c = value as Type;
target[key] = value;
const object = { one: a, b, two: make(), list: [b] };
const array = [a, ...more];
const made = new Thing(a, ...b);
let awaited = await (task!).run();

function f(p: string, { q, r: s }: Options = defaults, ...others: number[]): string {
  g(p, q);
  return s;
}
const arrow = (v) => v.field;
function* gen() {
  yield a;
}
for (const item of items) {
}
i += step;
first = last = value;
class K {
  field = initial;
  method() {
    this.field = a;
    return this.field;
  }
}
