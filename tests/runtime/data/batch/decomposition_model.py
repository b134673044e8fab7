"""Dataset Decomposition: its cutting, and its Algorithm 1 over the same draws as ours.

The draws are the documented tree of seeds (splitmix64), written again here; the algorithm is the
paper's. So the plan must agree step by step and row by row, not only on average.
"""
import collections
import math
import sys

from chat_lengths import chats, plan, records

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

    def uniform(self, n=0):
        return (self.bits(n) >> 11) * 2.0 ** -53


def decompose(length, low=8, high=13):
    """Stored lengths 2^k + 1 of the pieces of a document, greedily, the tail left out."""
    pieces = []
    while length > 1:
        k = min(int(math.log2(length - 1)), high)
        if k < low:
            break
        pieces.append(2 ** k + 1)
        length -= 2 ** k + 1
    return pieces


def test_decomposition_examples():
    for length, expected in ((256, []), (257, [257]), (514, [513]), (1000, [513, 257]),
                             (9000, [8193, 513, 257])):
        assert decompose(length) == expected, length


def algorithm(pieces, step_tokens, cycles, seed):
    """Algorithm 1 with odds 8192 / length: the rows of each step, whole steps only."""
    draws = Seed(mix(seed)) / "t" / "batch" / 0
    buckets = collections.defaultdict(list)
    for record, part, tokens in pieces:
        key = (draws / "bucket" / "data" / record / part / 0).bits()
        buckets[tokens - 1].append((key, record, part))
    lengths = sorted(buckets)
    rows = {length: [row[1:] for row in sorted(buckets[length])] for length in lengths}
    each = {length: step_tokens // length for length in lengths}
    steps = {length: len(rows[length]) // each[length] for length in lengths}
    taken = dict.fromkeys(lengths, 0)
    out = []
    for cycle in range(cycles):
        left = {length: (cycle + 1) * steps[length] // cycles - taken[length] for length in lengths}
        place = draws / "cycle" / cycle
        drawn = 0
        while any(left.values()):
            at = place.uniform(drawn) * sum(8192 / length for length in lengths if left[length])
            for length in lengths:
                if left[length]:
                    chosen = length
                    at -= 8192 / length
                    if at < 0:
                        break
            drawn += 1
            first = taken[chosen] * each[chosen]
            out.append(rows[chosen][first:first + each[chosen]])
            taken[chosen] += 1
            left[chosen] -= 1
    return out


def planned(pieces, cycles):
    sequences = [(record, part, tokens, tokens, "label") for record, part, tokens in pieces]
    return plan(program, sequences, "--policy", "bucket", "--tokens", 16384, "--cycles", cycles,
                "--overflow", "error", "--last", "drop", "--weight", "token")


def test_steps_agree():
    pieces = [(record, part, piece) for record, (tokens, _) in enumerate(chat)
              for part, piece in enumerate(decompose(tokens))]
    assert len(pieces) > 500
    for cycles in (1, 4):
        made = planned(pieces, cycles)
        ours = [[tuple(sequence[:2]) for pack in step for sequence in pack["sequences"]]
                for step in made["steps"]]
        assert ours == algorithm(pieces, 16384, cycles, 42)
        for step in made["steps"]:
            lengths = {pack["rows"] for pack in step}
            assert len(lengths) == 1 and sum(pack["rows"] for pack in step) == 16384
            # 2^k + 1 tokens on 2^k positions: every position has a target.
            assert all(pack["sequences"][0][3] == pack["rows"] for pack in step)


def test_growing_odds_reach_short_lengths_first():
    pieces = [(record, 0, length + 1) for length in (256, 1024, 4096)
              for record in range(length, length + 40 * 16384 // length)]
    made = planned(pieces, 1)
    lengths = [step[0]["rows"] for step in made["steps"]]
    mean = {length: sum(i for i, x in enumerate(lengths) if x == length) / lengths.count(length)
            for length in (256, 1024, 4096)}
    assert mean[256] < mean[1024] < mean[4096]


program, data = sys.argv[1:]
chat = chats(data)
for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
        print("passed", name)
