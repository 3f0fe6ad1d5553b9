import asyncio


def flat(a, b, c):
    return a and b and c or a


def branches(x):
    if x:
        for i in x:
            while i:
                i -= 1
            else:
                pass
    elif x is None:
        return 1 if x else 2
    else:
        try:
            risky()
        except (A, B):
            pass
        except C:
            if x:
                pass
    return [y for y in x if y for z in y]


def matching(x):
    match x:
        case 1 | 2:
            return 1
        case [a, *rest] if a:
            return rest
        case Point(x=0, y=yy):
            return yy
        case _:
            return 0


def recursive(n):
    return recursive(n - 1) if n else 0


def nests():
    def inner(x):
        if x:
            return lambda y: y if y else x
    return inner


if asyncio:
    pass


def tries():
    try:
        x = 1
    except ValueError:
        x = 2
    else:
        if x:
            x = 3
    finally:
        x = 4
