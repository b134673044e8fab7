"""The tree of seeds of runtime/data/README.md, written again."""
MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


class Seed:
    def __init__(self, state):
        self.state = state

    def __truediv__(self, child):
        if isinstance(child, str):
            number = 0xCBF29CE484222325
            for byte in child.encode():
                number = ((number ^ byte) * 0x100000001B3) & MASK
            child = number
        return Seed(mix(self.state ^ mix((child + GOLDEN) & MASK)))

    def bits(self, n=0):
        return mix((self.state + (n + 1) * GOLDEN) & MASK)

    def below(self, limit, n=0):
        return (self.bits(n) * limit) >> 64


def tree(seed):
    return Seed(mix(seed))


def record_key(source, ordinal):
    """Where the draws of a record hang."""
    return (tree(0) / source / ordinal).bits()


def drawn_pairs(spans, sample, draws):
    """(later, earlier) of `sample` pairs, drawn without replacement (Floyd's method)."""
    pairs = [(later, earlier) for later in range(spans) for earlier in range(later)]
    if sample >= len(pairs):
        return pairs
    taken = set()
    for i in range(sample):
        top = len(pairs) - sample + i
        number = draws.below(top + 1, i)
        taken.add(top if number in taken else number)
    return [pairs[number] for number in sorted(taken)]
