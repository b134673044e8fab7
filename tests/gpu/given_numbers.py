"""The numbers that a kernel reads from memory and follows, as constants, for a prover that follows no number of memory.

What is proven then is proven of these numbers. They are chosen so that every way through a kernel is gone: whole blocks and a
part of one, loops of many turns, of one and of none.
"""

import re

EXTENT = re.compile(r"ld\.global(?:\.nc)?\.b64\s+(%rd\d+), \[(%rd\d+)\];")
ENTRY = re.compile(r"\.entry ([\w$]+)\(")
REGISTERS = re.compile(r"^((?:\t\.reg .*\n)+)", re.MULTILINE)
# An attention's: first row, rows; the segment's begin, end; position, head; of a gradient, whose proof takes longer, the shift.
ITEM = (0, 136, 0, 136, 0, 1)
GRADIENT_ITEM = (0, 40, 0, 40, 0, 1, 0)

#: Of the sums of parts of an attention's gradient: rows and parts of each, whose rows stand one behind the other.
SUM_ROWS, SUM_PARTS = 40, 3

#: The tokens of eight ids: so many of each, and the ids. A sum of more than 256 is one of parts. Of no token there is no group in
#: a list that a run makes, but a kernel would not know.
GROUP_SIZES = (1, 3, 0, 260, 2, 0, 0, 5)
GROUP_IDS = (0, 5, 2, 511, 7, 6, 10, 9)
GROUP = re.compile(r"(\tshl\.b64 \t(%rd\d+), (%rd\d+), 2;\n\tadd\.s64 \t(%rd\d+), %rd\d+, \2;\n)"
                   r"\tld\.global\.s32 \t(%rd\d+), \[\4\];\n\tld\.global\.s32 \t(%rd\d+), \[\4\+4\];\n"
                   r"(\tadd\.s64 \t(%rd\d+), %rd\d+, \2;\n)\tld\.global\.s32 \t(%rd\d+), \[\8\];\n")


def with_numbers(text, extent, ids=GROUP_IDS, item=None, apart=SUM_ROWS):
    """The text with the extent as a constant; an attention's item; the sums of its gradient, `apart` rows from one to the next; and
    the groups of tokens of an embedding's gradient."""
    name = ENTRY.search(text)[1]
    text = EXTENT.sub(lambda load: f"mov.b64 {load[1]}, {extent};", text, count=1)
    if name.startswith("attention") and name.endswith("$finish"):
        return with_sums(text, apart)
    if name.startswith("attention"):
        return with_item(text, item or (GRADIENT_ITEM if name.startswith("attention_gradient") else ITEM))
    return with_groups(text, ids) if name.startswith("embedding_gradient") else text


def with_item(text, item):
    bases = re.findall(r"ld\.global\S*\.[bs]32\s+%\w+, \[(%rd\d+)\+20\];", text)
    if not bases:
        return text
    load = re.compile(rf"ld\.global\S*\.([bs])32\s+(%r(d?)\d+), \[{bases[0]}(?:\+(\d+))?\];")
    return load.sub(lambda m: f"mov.b{64 if m[3] else 32} {m[2]}, {item[int(m[4] or 0) // 4]};", text)


def with_sums(text, apart):
    sums = re.search(r"shr\.u64 \t(%rd\d+), %rd\d+, \d+;\n", text)[1]  # of the block: its place in the list
    base = re.search(r"ld\.global\.s32 \t%rd\d+, \[(%rd\d+)\+4\];", text)[1]
    for place, constant in (("", f"mul.lo.s64 \t{{}}, {sums}, {apart}"), (r"\+4", f"mov.b64 \t{{}}, {SUM_ROWS}"),
                            (r"\+8", f"mov.b64 \t{{}}, {SUM_PARTS}")):
        text, found = re.subn(rf"ld\.global\.s32 \t(%rd\d+), \[{base}{place}\]",
                              lambda load, constant=constant: constant.format(load[1]), text)
        if found != 1:
            raise ValueError("an attention's gradient does not load its sums as it did")
    return text


def with_groups(text, ids):
    starts = [sum(GROUP_SIZES[:group]) for group in range(len(ids) + 1)]

    def chosen(result, values, group):
        rest = "".join(f"\tsetp.eq.s64 \t%isgroup, {group}, {place};\n\tselp.b64 \t{result}, {value}, {result}, %isgroup;\n"
                       for place, value in enumerate(values[:-1]))
        return f"\tmov.b64 \t{result}, {values[-1]};\n{rest}"

    def constants(load):
        group = load[3]
        return (load[1] + chosen(load[5], starts[:-1], group) + chosen(load[6], starts[1:], group) + load[7] +
                chosen(load[9], ids, group))

    text, found = GROUP.subn(constants, text)
    if found != 1:
        raise ValueError("an embedding's gradient does not load its groups of tokens as it did")
    return REGISTERS.sub(r"\1\t.reg .pred \t%isgroup;\n", text, count=1)
