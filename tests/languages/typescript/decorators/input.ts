import { Component, Input, Inject, Injectable } from "framework";
import { Service } from "./service";
import { Model } from "./model";
import { OnlyType } from "./only-type";
import { Plain } from "./plain";

/** Shown. */
@Component({ selector: "app", template: "<a/>" })
export class View {
  @Input() model: Model;
  other: OnlyType;

  constructor(@Inject(TOKEN) private service: Service) {}

  /** Clicked. */
  @ns.listen("click", { once: true })
  // between
  @Bound
  onClick(): void {}
}

@Injectable()
class Injected {}

class Untouched {
  constructor(plain: Plain) {}
}
