"""What is multiplied in PTX read by plain loads, for a prover that has no meaning for wgmma, and minutes for ldmatrix.

Of what its threads read nothing changes. Loads for wgmma stand where products are waited for, which is until when those read,
and fetch the bytes that their descriptors name. An ldmatrix of four matrices reads 16 bytes at each lane's address, and so does the
load in its place. What is multiplied is left out, or other numbers, so nothing of it may decide about memory.
"""

import re

ASSEMBLY = re.compile(r"^\t// begin inline asm\n\t(.*)\n\t// end inline asm\n", re.MULTILINE)
#: Columns, what is left (a descriptor, or registers), the right descriptor, and whether the lines of each are terms.
PRODUCT = re.compile(r"wgmma\.mma_async\.sync\.aligned\.m64n(\d+)k16\.\S+ \{[^}]*\}, (%rd\d+|\{[^}]*\}), (%rd\d+), "
                     r"p, 1, 1, (?:([01]), )?([01]);")
WAIT = re.compile(r"wgmma\.wait_group\.sync\.aligned\s+(\d+);")
REGISTERS = """\t.reg .b64 \t%loads<{count}>;
\t.reg .b64 \t%load<4>;
\t.reg .b32 \t%word<6>;
\t.reg .pred \t%isrow;
"""
#: 16 bytes at thread * 16 behind a descriptor's begin, of a matrix whose lines are terms: 16 lines of 128 bytes, of 64 columns; the
#: next ones are as far behind as the descriptor says.
LINES = """\tshr.u64 \t%load3, {descriptor}, 16;
\tand.b64 \t%load3, %load3, 16383;
\tmul.lo.s64 \t%load3, %load3, {block};
\tand.b64 \t%load1, {descriptor}, 16383;
\tadd.s64 \t%load1, %load1, %load3;
\tshl.b64 \t%load1, %load1, 4;
\tmov.u32 \t%word0, %tid.x;
\tand.b32 \t%word0, %word0, 127;
\tmul.wide.u32 \t%load2, %word0, 16;
\tadd.s64 \t%load1, %load1, %load2;
\tld.shared.v4.b32 \t{{%word1, %word2, %word3, %word4}}, [%load1];
"""
#: 16 of the 32 bytes of a row, two threads to each, from row `first` on, where there are so many.
ROWS = """\tand.b64 \t%load1, {descriptor}, 16383;
\tshl.b64 \t%load1, %load1, 4;
\tmov.u32 \t%word0, %tid.x;
\tand.b32 \t%word0, %word0, 127;
\tshr.u32 \t%word5, %word0, 1;
\tadd.s32 \t%word5, %word5, {first};
\tmul.wide.u32 \t%load2, %word5, 128;
\tadd.s64 \t%load1, %load1, %load2;
\tand.b32 \t%word0, %word0, 1;
\tmul.wide.u32 \t%load2, %word0, 16;
\tadd.s64 \t%load1, %load1, %load2;
\tsetp.lt.u32 \t%isrow, %word5, {rows};
\t@%isrow ld.shared.v4.b32 \t{{%word1, %word2, %word3, %word4}}, [%load1];
"""
MATRICES = re.compile(r"ldmatrix\.sync\.aligned\.m8n8\.x4(?:\.trans)?\.shared\.b16 ")


def loads_of(descriptor, rows, by_terms):
    if by_terms:
        return "".join(LINES.format(descriptor=descriptor, block=block) for block in range((rows + 63) // 64))
    return "".join(ROWS.format(descriptor=descriptor, first=first, rows=rows) for first in range(0, rows, 64))


def with_loads(text):
    """The module with loads in the place of its products and matrices; the same one where it has none."""
    text = MATRICES.sub("ld.shared.v4.b32 \t", text)
    if "wgmma.mma_async" not in text:
        return text
    groups = groups_of(text)
    # What one group has is waited for a turn later where it is the only one, else where nothing of it is begun again before.
    kept = KeptInTurn(groups) if len(groups) == 1 else KeptOpen(groups)
    out, end, at = [], 0, 0
    for asm in ASSEMBLY.finditer(text):
        out.append(text[end:asm.start()])
        end = asm.end()
        what = asm.group(1)
        if product := PRODUCT.search(what):
            out += [kept.begun(at, descriptor) for descriptor, *_ in matrices_of(product)]
        elif "wgmma.commit_group" in what:
            out.append(kept.committed(at))
            at += 1
        elif wait := WAIT.search(what):
            out.append(kept.waited(int(wait[1]), len(out)) + "\tbar.warp.sync \t-1;\n")  # a warp's lanes wait together
        elif "wgmma.fence" not in what:
            out.append(asm.group(0))
    out.append(text[end:])
    return re.sub(r"^((?:\t\.reg .*\n)+)", lambda match: match[1] + kept.registers(), "".join(out), count=1, flags=re.MULTILINE)


def matrices_of(product):
    """The matrices of a product that are in shared memory: the register of each descriptor, rows, and whether lines are terms."""
    both = ((product[2], 64, product[4] == "1"), (product[3], int(product[1]), product[5] == "1"))
    return [matrix for matrix in both if matrix[0][0] != "{"]


def groups_of(text):
    """Of each group of products that the text has, the rows of its matrices, and whether their lines are terms."""
    groups, group = [], []
    for asm in ASSEMBLY.finditer(text):
        if product := PRODUCT.search(asm.group(1)):
            group += [matrix[1:] for matrix in matrices_of(product)]
        elif "wgmma.commit_group" in asm.group(1):
            groups.append(group)
            group = []
    return groups


class KeptInTurn:
    """The descriptors of one group, each in one of two registers: the group's, and that of the turn before."""

    def __init__(self, groups):
        self.group, self.place = groups[0], 0

    def registers(self):
        count = 2 * len(self.group)
        return REGISTERS.format(count=count) + "".join(f"\tmov.b64 \t%loads{place}, 0;\n" for place in range(count))

    def begun(self, _, descriptor):
        place, self.place = self.place, self.place + 2
        return f"\tmov.b64 \t%loads{place}, %loads{place + 1};\n\tmov.b64 \t%loads{place + 1}, {descriptor};\n"

    def committed(self, _):
        return ""

    def waited(self, pending, label):
        """Loads of the group, or where one is `pending` of the one before, which before the first there is not."""
        behind = 0 if pending else 1
        loads = "".join(loads_of(f"%loads{2 * at + behind}", *matrix) for at, matrix in enumerate(self.group))
        return f"\tsetp.eq.s64 \t%isrow, %loads{behind}, 0;\n\t@%isrow bra \t$NONE_{label};\n{loads}$NONE_{label}:\n"


class KeptOpen:
    """The descriptors of several groups, and of each whether it is under way, wherever in the text it is waited for."""

    def __init__(self, groups):
        self.groups, self.place = groups, 0

    def registers(self):
        count = sum(map(len, self.groups))
        closed = "".join(f"\tmov.b32 \t%open{at}, 0;\n" for at in range(len(self.groups)))
        return (REGISTERS.format(count=count) + f"\t.reg .b32 \t%open<{len(self.groups)}>;\n\t.reg .b32 \t%latest;\n"
                + closed + f"\tmov.b32 \t%latest, {len(self.groups)};\n")

    def begun(self, _, descriptor):
        self.place += 1
        return f"\tmov.b64 \t%loads{self.place - 1}, {descriptor};\n"

    def committed(self, at):
        return f"\tmov.b32 \t%open{at}, 1;\n\tmov.b32 \t%latest, {at};\n"

    def waited(self, pending, label):
        """Loads of every group that is under way, but the latest one where one is `pending`."""
        out, place = [], 0
        for at, group in enumerate(self.groups):
            skip = f"$NONE_{label}_{at}"
            out.append(f"\tsetp.eq.s32 \t%isrow, %open{at}, 0;\n\t@%isrow bra \t{skip};\n")
            if pending:
                out.append(f"\tsetp.eq.s32 \t%isrow, %latest, {at};\n\t@%isrow bra \t{skip};\n")
            out += [loads_of(f"%loads{place + matrix}", *which) for matrix, which in enumerate(group)]
            out.append(f"\tmov.b32 \t%open{at}, 0;\n{skip}:\n")
            place += len(group)
        return "".join(out)
