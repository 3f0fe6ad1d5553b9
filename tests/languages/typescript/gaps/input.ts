import before from "./before";
export type * from "./types";
export type * as names from "./names";
import defer * as deferred from "./deferred";
export default function (): { a: string };
const mocked = await original<typeof import("./mocked")>();
let generic: import("./generic").Generic<string>;
export { before as null };
