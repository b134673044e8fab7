"""What is multiplied in PTX read by plain loads, for a prover that has no meaning for wgmma, and minutes for ldmatrix.

Of what its threads read nothing changes. Loads for wgmma stand where products are waited for, which is until when those read,
and fetch the bytes that their descriptors name. An ldmatrix of four matrices reads 16 bytes at each lane's address, and so does the
load in its place. What is multiplied is left out, or other numbers, so nothing of it may decide about memory.
"""

import re

ASSEMBLY = re.compile(r"^\t// begin inline asm\n\t(.*)\n\t// end inline asm\n", re.MULTILINE)
PRODUCT = re.compile(r"wgmma\.mma_async\.sync\.aligned\.m64n(\d+)k16\.\S+ \{[^}]*\}, (%rd\d+), (%rd\d+), p, 1, 1, ([01]), ([01]);")
WAIT = re.compile(r"wgmma\.wait_group\.sync\.aligned\s+(\d+);")
REGISTERS = """\t.reg .b64 \t%loads<{count}>;
\t.reg .b64 \t%load<4>;
\t.reg .b32 \t%word<6>;
\t.reg .pred \t%isrow;
"""
#: 16 bytes at thread * 16 behind a descriptor's begin, of a matrix whose lines are terms: 16 lines of 128 bytes.
LINES = """\tand.b64 \t%load1, {descriptor}, 16383;
\tshl.b64 \t%load1, %load1, 4;
\tadd.s64 \t%load1, %load1, {behind};
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
LEADING = 8192  # bytes from 64 columns to the next 64, where lines are terms


def loads_of(descriptor, rows, by_terms):
    if by_terms:
        return "".join(LINES.format(descriptor=descriptor, behind=block * LEADING) for block in range((rows + 63) // 64))
    return "".join(ROWS.format(descriptor=descriptor, first=first, rows=rows) for first in range(0, rows, 64))


def with_loads(text):
    """The module with loads in the place of its products and matrices; the same one where it has none."""
    text = MATRICES.sub("ld.shared.v4.b32 \t", text)
    if "wgmma.mma_async" not in text:
        return text
    groups, group, kept = [], [], 0  # of a group: (register of a descriptor, rows, whether lines are terms)
    out, end = [], 0
    for asm in ASSEMBLY.finditer(text):
        out.append(text[end:asm.start()])
        end = asm.end()
        what = asm.group(1)
        if product := PRODUCT.search(what):
            for descriptor, rows, by_terms in ((product[2], 64, product[4]), (product[3], int(product[1]), product[5])):
                # What is waited for a turn later is kept in one of two registers: the group's, and the one's before.
                group.append((kept, rows, by_terms == "1"))
                out.append(f"\tmov.b64 \t%loads{kept}, %loads{kept + 1};\n\tmov.b64 \t%loads{kept + 1}, {descriptor};\n")
                kept += 2
        elif "wgmma.commit_group" in what:
            groups, group = [group], []
        elif wait := WAIT.search(what):
            out.append(waited(groups, int(wait[1]), len(out)))
        elif "wgmma.fence" not in what:
            out.append(asm.group(0))
    out.append(text[end:])
    begin = REGISTERS.format(count=kept) + "".join(f"\tmov.b64 \t%loads{place}, 0;\n" for place in range(kept))
    return re.sub(r"^((?:\t\.reg .*\n)+)", lambda match: match[1] + begin, "".join(out), count=1, flags=re.MULTILINE)


def waited(groups, pending, label):
    """Loads of the last group but `pending`, which is 0 or 1; the one before the first there is none of."""
    loads = "".join(loads_of(f"%loads{place + (0 if pending else 1)}", rows, by_terms)
                    for group in groups for place, rows, by_terms in group)
    place = groups[-1][0][0] + (0 if pending else 1)
    return (f"\tsetp.eq.s64 \t%isrow, %loads{place}, 0;\n\t@%isrow bra \t$NONE_{label};\n{loads}$NONE_{label}:\n"
            "\tbar.warp.sync \t-1;\n")  # as a warp's lanes wait for their products together
