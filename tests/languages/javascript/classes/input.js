/** Base. */
class Animal extends mixin(Base) {
  static kinds = [];
  #secret = 1;
  name;
  handler = () => this.#secret;
  lazy = require("./lazy");
  constructor(name) {
    super(name);
  }
  get size() {
    return 1;
  }
  static async *walk() {}
  @logged("x") decorated() {}
}
class Dog extends Animal {}
class Cat extends ns.Animal {}
export default class extends Dog {}
