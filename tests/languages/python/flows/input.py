import lib


def source():
    return lib.make()


def sink(first, second=source, *rest, **named):
    value = first or second
    a, b = first, lib.other
    (c, d), e = value
    box = [first, second, lib.thing()]
    box[0] = value
    named["key"] = lib.x
    obj.attr = value if first else rest[0]
    for item in box:
        call(item, *rest, key=item, **named)
    with open(first) as handle, lib.lock() as (x, y):
        handle.write(x)
    if (found := lib.find(first)):
        yield found
    return [z for z in box]
wrapped = \
    lib.make(
        sink  # a comment
    )
typed: int = sink
