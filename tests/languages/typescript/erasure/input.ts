import { OnlyType, AsValue, Unused, InExtends, InImplements, InTypeof, Exported } from "./m";
import { Generic } from "./generic";
import Default from "./default";
import * as ns from "./ns";

let a: OnlyType | InTypeof;
let b: typeof InTypeof;
let c: Map<string, Generic<AsValue>> = new AsValue();
class K extends InExtends<OnlyType> implements InImplements {}
function f(x: ns.Some): Default {
  return x as OnlyType;
}
export { Exported };
