"""What a name stands for where it is used."""

import os.path
from lib import helper, Thing as T

top = 1


def uses(helper_argument, os):
    os.path.join("x")  # the parameter, not the module
    helper(helper_argument)
    local = top
    local += 1
    global counter
    counter = local

    def closure():
        nonlocal local
        local = helper(local)
        return counter

    return [top for top in closure() if top]


def annotated(x: T, y: "T | None" = None) -> dict[str, "lib.Other"]:
    literal: Literal["not.a.name"] = "not.a.name"
    return T.make(x)(y).attribute[literal].more()


class Child(T, Generic[helper]):
    field = top
    other = field

    def method(self):
        return self.field.deep + field


lambda top: top
del top
print(f"{top!r:>{helper(1)}} {os.path}", sep="")
