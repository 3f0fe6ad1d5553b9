#!/usr/bin/env node
/* @license MIT */
/** Not about the function: there is a blank line. */

const whole = await import("./whole.js");
const { part } = await import("./part.js");
const made = React.lazy(() => import("./made.js"));
import("./then.js").then((m) => m.run());
import(unknown);
new Worker(new URL("./worker.js", import.meta.url));
export { part as default, whole };
