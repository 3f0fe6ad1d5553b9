/**
 * @packageDocumentation
 * What this module is for.
 */
// TODO(ann): first
/* FIXME second
   XXX: third */
const path = "./some/file.json";
const dotted = 'package.module.name';
const template = `src/${path}/x`;
const plain = `src/plain/x.ts`;
const escaped = "a\/b\u002fc";
const words = "not a path, not a name";
type Literal = "in/a/type";
function f() {
  return "from/inside";
}
