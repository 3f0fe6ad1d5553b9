import { fine } from "./fine";
class {{{ ]
import { lost, type Kind } from "./lost";
function after() {
  return fine;
}
const x = (
