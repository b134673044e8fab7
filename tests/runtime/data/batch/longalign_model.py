"""LongAlign's released packing, sorting and weighting, beside ours.

Written from the description of the released algorithm, not from this project's code. Every trap of
the release is a switch of the model: without it the model and the plan agree; with it, the test says
what the release does and what we do.
"""
import sys

import numpy

from chat_lengths import chats, ledger, plan, records


class Release:
    """The released pre-processing over rows of (tokens, targets), traps on unless switched off."""

    def __init__(self, capacity, refuses_exact_fits=True, skips_full_rows=True, drops_last_pack=True):
        self.capacity = capacity
        self.refuses_exact_fits = refuses_exact_fits
        self.skips_full_rows = skips_full_rows
        self.drops_last_pack = drops_last_pack

    def packs(self, rows):
        packs, pack, used = [], [], 0
        for record, (tokens, _) in enumerate(rows):
            if tokens <= 0 or tokens > self.capacity or (self.skips_full_rows and tokens == self.capacity):
                continue
            full = used + tokens >= self.capacity if self.refuses_exact_fits else used + tokens > self.capacity
            if full and pack:
                packs.append(pack)
                pack, used = [], 0
            pack.append(record)
            used += tokens
        if pack and not self.drops_last_pack:
            packs.append(pack)
        return packs

    def segment_ends(self, rows, pack):
        """cu_seqlens: the tail of padding is a segment too."""
        ends = [0, *numpy.cumsum([rows[record][0] for record in pack]).tolist()]
        return ends + [self.capacity]

    @staticmethod
    def weights(rows, group):
        """Of each row with targets: what its mean loss counts in the loss of a group of packs."""
        targets = {record: rows[record][1] for pack in group for record in pack if rows[record][1]}
        per_target = {record: 1 / count for record, count in targets.items()}
        sequences = sum(per_target[record] * count for record, count in targets.items())
        devices = len(group)
        # The collator multiplies by devices / M, the model sums, the framework averages over devices.
        return {record: per_target[record] * targets[record] * devices / sequences / devices
                for record in targets}


def packed(rows, capacity, last, overflow="drop", group=8):
    sequences = [(record, 0, tokens, targets) for record, (tokens, targets) in enumerate(rows)]
    made = plan(program, sequences, "--policy", "pack", "--units", group, "--tokens", capacity,
                "--fit", "next", "--overflow", overflow, "--last", last)
    return made, [records(pack) for step in made["steps"] for pack in step]


def test_packs_agree_without_the_traps():
    for capacity in (65536, 16384, 4096):
        model = Release(capacity, refuses_exact_fits=False, skips_full_rows=False, drops_last_pack=False)
        _, ours = packed(chat, capacity, "keep")
        assert ours == model.packs(chat)


def test_weights_are_the_papers():
    made, _ = packed(chat, 16384, "keep")
    for step in made["steps"]:
        expected = Release.weights(chat, [records(pack) for pack in step])
        for pack in step:
            for record, _, _, targets, weight in pack["sequences"]:
                assert abs(weight - expected.get(record, 0)) < 1e-15
                assert targets == chat[record][1]
        assert abs(sum(s[4] for pack in step for s in pack["sequences"]) - 1) < 1e-12


def test_exact_fits_are_taken():
    rows = [(60, 6), (40, 4), (30, 3), (100, 9), (1, 0)]
    assert Release(100, skips_full_rows=False).packs(rows) == [[0], [1, 2], [3]]
    _, ours = packed(rows, 100, "keep", group=4)
    assert ours == [[0, 1], [2], [3], [4]]


def test_rows_of_full_length_are_kept():
    """Rows longer than the capacity are truncated to it before packing, which then skips them."""
    capacity = 4096
    truncated = [(min(tokens, capacity), targets - max(0, tokens - capacity)) for tokens, targets in chat]
    full = [record for record, (tokens, _) in enumerate(truncated) if tokens == capacity]
    assert len(full) > 100
    theirs = {record for pack in Release(capacity).packs(truncated) for record in pack}
    assert not theirs & set(full)
    made, ours = packed(chat, capacity, "keep", overflow="cut")
    assert {record for pack in ours for record in pack} == set(range(len(chat)))
    assert [[record] for record in full] == [pack for pack in ours if pack[0] in set(full)]
    assert ledger(made, "cut", "overflow: cut(right)")["sequences"] == sum(t > capacity for t, _ in chat)


def test_the_tail_is_no_segment():
    made, ours = packed(chat, 16384, "keep")
    model = Release(16384, refuses_exact_fits=False, skips_full_rows=False)
    packs = [pack for step in made["steps"] for pack in step]
    for pack in packs:
        theirs = model.segment_ends(chat, records(pack))
        assert pack["ends"] == theirs[:-1]
        assert pack["rows"] == theirs[-2] <= 16384
    padding = sum(16384 - pack["rows"] for pack in packs)
    assert padding > 0  # what the release computes and throws away


def test_the_last_pack_and_group_are_kept_unless_dropped():
    model = Release(16384, refuses_exact_fits=False, skips_full_rows=False)
    kept = Release(16384, refuses_exact_fits=False, skips_full_rows=False, drops_last_pack=False)
    theirs = model.packs(chat)
    theirs = theirs[:len(theirs) // 8 * 8]
    made, ours = packed(chat, 16384, "keep")
    assert ours == kept.packs(chat) and len(ours) > len(theirs)
    assert len(made["steps"][-1]) == len(ours) % 8
    dropping, ours_dropped = packed(chat, 16384, "drop")
    assert ours_dropped == theirs
    lost = ledger(dropping, "dropped", "last: drop")
    laid = {record for pack in theirs for record in pack}
    small = [row for record, row in enumerate(chat) if record not in laid and row[0] <= 16384]
    assert lost["sequences"] == len(small) > 0
    assert lost["targets"] == sum(targets for _, targets in small)


def test_the_first_packs_are_whole():
    """The release cuts its first 32 packs to 32,768 tokens and doubles the weights that are left."""
    model = Release(65536)
    lost = 0
    for pack in model.packs(chat)[:32]:
        lost += max(0, model.segment_ends(chat, pack)[-2] - 32768)
    assert lost > 32768
    made, _ = packed(chat, 65536, "keep")
    packs = [pack for step in made["steps"] for pack in step][:32]
    assert sum(pack["rows"] > 32768 for pack in packs) > 16
    for pack in packs:
        assert pack["rows"] == sum(chat[record][0] for record in records(pack))


def sorted_groups(rows, last):
    """Our groups of eight, twelve a step so that none is without targets, and the shorter last one."""
    sequences = [(record, 0, tokens, targets) for record, (tokens, targets) in enumerate(rows)]
    made = plan(program, sequences, "--policy", "sorted", "--units", 12, "--sequences", 8,
                "--overflow", "cut", "--context", 16384, "--last", last)
    laid = [record for step in made["steps"] for pack in step for record in records(pack)]
    _, remainder = released_groups()
    groups = []
    while laid:
        size = len(remainder) if laid[:len(remainder)] == remainder else 8
        groups.append(laid[:size])
        laid = laid[size:]
    return groups


def released_groups():
    lengths = numpy.minimum([tokens for tokens, _ in chat], 16384)
    order = numpy.argsort(lengths, kind="stable")
    whole = len(order) // 8 * 8
    return [order[i:i + 8].tolist() for i in range(0, whole, 8)], order[whole:].tolist()


def test_sorted_groups_agree_and_their_remainder_is_kept():
    theirs, remainder = released_groups()
    kept = sorted_groups(chat, "keep")
    assert remainder and sorted(kept) == sorted(theirs + [remainder])
    assert kept[:len(theirs)] != theirs  # shuffled, as theirs are afterwards
    # With `last: drop` the same rows go, and then the groups that do not fill a step of twelve.
    dropped = sorted_groups(chat, "drop")
    assert len(dropped) == len(theirs) // 12 * 12
    assert all(group in theirs for group in dropped)


def test_truncated_rows_sort_by_their_length():
    """The release finds a row's end at its first padding; a row without any has length -1."""
    lengths = numpy.minimum([tokens for tokens, _ in chat], 16384)
    theirs = numpy.argsort(numpy.where(lengths == 16384, -1, lengths), kind="stable")
    full = int((lengths == 16384).sum())
    assert full > 0 and all(lengths[record] == 16384 for record in theirs[:full])
    mixed = [group for group in sorted_groups(chat, "keep")
             if lengths[group].min() < 100 and lengths[group].max() == 16384]
    assert not mixed


program, data = sys.argv[1:]
chat = chats(data)
for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
        print("passed", name)
