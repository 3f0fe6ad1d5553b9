import def, { a as b, type T, default as again } from "./named";
import * as ns from "./namespace";
import type { OnlyType } from "./types";
import type DefaultType from "./types";
import "./side-effect";
import {} from "./nothing";
import data from "./data.json" with { type: "json" };
import cjs = require("./common");
import {
  // a comment inside
  "a name" as aName,
} from "./odd";
import alias = ns.inner;

let optional: unknown;
try {
  optional = require("./optional");
} catch {
  optional = require("./fallback");
}
if (process.platform === "win32") {
  require("./windows");
}

type Lazy = import("./lazy-types").Lazy;
let all: typeof import("./lazy-all");

async function later() {
  const { one, two: second } = await import("./later");
  const whole = await import(`./locale/${one}.js`);
  const late = require("./late").member;
  return [second, whole, late, import("./expression")];
}

export { def, b, again, ns, data, cjs, aName, alias, later };
