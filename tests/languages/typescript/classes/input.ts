/**
 * A repository.
 * @template T what it holds
 */
export abstract class Repository<T extends Entity = Entity> extends Base<T> implements Store, ns.Other {
  private readonly items: T[] = [];
  static #count = 0;
  protected name?: string;
  declare typed: Foo;
  accessor both = 1;
  [key: string]: unknown;

  constructor(private store: Store, public readonly size = 1, plain: number) {
    super();
  }

  /** How many. */
  get count(): number {
    return Repository.#count;
  }
  set count(value) {
    Repository.#count = value;
  }

  find(id: string): T;
  find(id: number): T;
  find(id: any): T {
    return this.items[id];
  }

  static async *all<U>(this: Repository<any>): AsyncGenerator<U> {
    yield* load();
  }

  abstract save(item: T): void;
  protected override close?(): void;
  handle = async (event: Event) => {
    this.save(event.target);
  };
  [Symbol.iterator]() {}
  "quoted name"() {}
  #secret() {}
  static {
    start();
  }
}

const Named = class Inner {
  method() {
    return Inner;
  }
};
function mixin<C>(Parent: C) {
  return class extends Parent {
    mixed() {}
  };
}
