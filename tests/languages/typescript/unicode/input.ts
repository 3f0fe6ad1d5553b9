// Größe — naïve 日本語
import { größe } from "./größe";
export const π = größe("日本/語");
/** Grüße. */
function 挨拶(名前: string) {
  return `${名前}さん`;
}
