import good
def broken(:
    return 1 +

class Fine:
    def method(self):
        return good.x
