namespace Outer.Inner {
  var hoisted = 1;
  export function act() {
    return hoisted;
  }
  namespace Deep {}
}
declare module "library" {
  import { Thing } from "thing";
  export function use(thing: Thing): void;
}
declare module "*.css";
declare global {
  interface Window {
    app: App;
  }
}
declare function external(a: string): void;
declare let variable: string;
export as namespace Library;
