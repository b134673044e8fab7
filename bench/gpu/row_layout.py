"""How a row is laid over GPU threads, as MLIR text: the part every generated row kernel shares.

`Body` collects a kernel's lines; `Row` is a row that fits in registers, spread over `lanes`
threads; `LongRow` is one that a whole block walks; reductions shuffle within a warp and use shared
memory only across warps. The kernels themselves are in generate_row_kernels.py.
"""

ELEMENTS = 1 << 28  # 512 MiB of bf16: ten times the L2 of an H100
SHARED = "#gpu.address_space<workgroup>"


class Body:
    """Text of one kernel body: fresh names, constants declared once at the top."""

    def __init__(self):
        self.lines, self.constants, self.count = [], {}, 0

    def add(self, text):
        self.lines.append(text)

    def value(self, text, prefix="v"):
        self.count += 1
        name = f"%{prefix}{self.count}"
        self.add(f"{name} = {text}")
        return name

    def constant(self, number, kind="index"):
        key = (number, kind)
        if key not in self.constants:
            self.constants[key] = f"%c{len(self.constants)}"
        return self.constants[key]

    def binary(self, op, left, right, kind="index"):
        return self.value(f"arith.{op} {left}, {right} : {kind}")

    def text(self):
        heads = [
            f"{name} = arith.constant {number} : {kind}"
            for (number, kind), name in self.constants.items()
        ]
        return "\n".join("      " + line for line in heads + self.lines)


class Row:
    """A row over `lanes` threads, each holding `chunks` vectors of `width` elements."""

    def __init__(self, body, channels, lanes, rows):
        self.body, self.channels, self.lanes, self.rows = body, channels, lanes, rows
        self.width = min(8, channels // lanes)
        self.chunks = channels // (lanes * self.width)
        self.warps = max(1, lanes // 32)
        thread = body.value("gpu.thread_id x")
        self.lane = body.binary("remui", thread, body.constant(lanes))
        self.sub = body.binary("divui", thread, body.constant(lanes))
        start = body.binary("muli", self.lane, body.constant(self.width))
        self.columns = [
            body.binary("addi", start, body.constant(i * lanes * self.width))
            for i in range(self.chunks)
        ]
        self.float = f"vector<{self.width}xf32>"
        self.half = f"vector<{self.width}xbf16>"

    def load(self, memory, kind, row=None):
        """All chunks of a row, loads first so that they are in flight together, then widened."""
        index = f"{row}, " if row else ""
        align = 2 * self.width
        loaded = [
            self.body.value(
                f"vector.load {memory}[{index}{column}] "
                f"{{alignment = {align}}} : {kind}, {self.half}"
            )
            for column in self.columns
        ]
        return [
            self.body.value(f"arith.extf {value} : {self.half} to {self.float}") for value in loaded
        ]

    def store(self, values, memory, kind, row):
        for value, column in zip(values, self.columns):
            half = self.body.value(f"arith.truncf {value} : {self.float} to {self.half}")
            self.body.add(
                f"vector.store {half}, {memory}[{row}, {column}] "
                f"{{alignment = {2 * self.width}}} : {kind}, {self.half}"
            )

    def sum(self, value, barrier_before):
        """Adds a scalar over the threads of the row."""
        body = self.body
        width = body.constant(32, "i32")
        offset = min(self.lanes, 32) // 2
        while offset:
            body.count += 1
            other = f"%s{body.count}"
            body.add(
                f"{other}, {other}p = gpu.shuffle xor {value}, "
                f"{body.constant(offset, 'i32')}, {width} : f32"
            )
            value = body.binary("addf", value, other, "f32")
            offset //= 2
        return self._sum_warps(value, barrier_before) if self.warps > 1 else value

    def _sum_warps(self, value, barrier_before):
        body = self.body
        if barrier_before:
            body.add("gpu.barrier")
        memory = f"memref<{self.rows}x{self.warps}xf32, {SHARED}>"
        warp = body.binary("divui", self.lane, body.constant(32))
        first = body.binary("remui", self.lane, body.constant(32))
        is_first = body.value(f"arith.cmpi eq, {first}, {body.constant(0)} : index")
        body.add(f"scf.if {is_first} {{")
        body.add(f"memref.store {value}, %sums[{self.sub}, {warp}] : {memory}")
        body.add("}")
        body.add("gpu.barrier")
        parts = [
            body.value(f"memref.load %sums[{self.sub}, {body.constant(i)}] : {memory}")
            for i in range(self.warps)
        ]
        while len(parts) > 1:
            parts = [
                body.binary("addf", *parts[i : i + 2], "f32") if i + 1 < len(parts) else parts[i]
                for i in range(0, len(parts), 2)
            ]
        return parts[0]

    def workgroup(self):
        if self.warps == 1:
            return ""
        return f"\n        workgroup(%sums : memref<{self.rows}x{self.warps}xf32, {SHARED}>)"

    def spread(self, scalar):
        return self.body.value(f"vector.broadcast {scalar} : f32 to {self.float}")

    def each(self, op, lefts, rights):
        return [self.body.binary(op, left, right, self.float) for left, right in zip(lefts, rights)]

    def total(self, vectors):
        """The sum of all elements this thread holds."""
        while len(vectors) > 1:
            vectors = [
                (
                    self.body.binary("addf", *vectors[i : i + 2], self.float)
                    if i + 1 < len(vectors)
                    else vectors[i]
                )
                for i in range(0, len(vectors), 2)
            ]
        return self.body.value(
            f"vector.reduction <add>, {vectors[0]} fastmath<reassoc> : " f"{self.float} into f32"
        )


def module(name, arguments, workgroup, threads, body):
    return (
        f"module attributes {{gpu.container_module}} {{\n  gpu.module @kernels {{\n"
        f"    gpu.func @{name}({arguments}){workgroup}\n        kernel attributes "
        f"{{known_block_size = array<i32: {threads}, 1, 1>}} {{\n{body.text()}\n"
        f"      gpu.return\n    }}\n  }}\n}}\n"
    )


def over_rows(body, row, stride, emit):
    """Emits `emit(row index)` once (stride 0), or in a loop of a grid with `stride` blocks."""
    block = body.value("gpu.block_id x")
    if not stride:
        first = body.binary("muli", block, body.constant(row.rows))
        emit(body.binary("addi", first, row.sub))
        return
    groups = body.binary("divui", "%rows", body.constant(row.rows))
    body.add(f"scf.for %group = {block} to {groups} step {body.constant(stride)} {{")
    first = body.binary("muli", "%group", body.constant(row.rows))
    emit(body.binary("addi", first, row.sub))
    body.add("}")


class LongRow:
    """A row too long for registers: a block walks it, `unroll` vectors of 8 a thread at a time."""

    def __init__(self, body, length, threads, unroll):
        self.body, self.length, self.threads, self.unroll = body, length, threads, unroll
        self.thread = body.value("gpu.thread_id x")
        self.first = body.binary("muli", self.thread, body.constant(8))
        self.float, self.half = "vector<8xf32>", "vector<8xbf16>"
        self.kind = f"memref<{ELEMENTS // length}x{length}xbf16>"

    def walk(self, carried, emit):
        """Calls `emit(columns, state)` for whole groups of `unroll` vectors, then for the rest."""
        whole = self.length // (self.threads * 8 * self.unroll) * (self.threads * 8 * self.unroll)
        carried = self._loop(self.first, whole, self.unroll, carried, emit)
        if whole < self.length:
            start = self.body.binary("addi", self.first, self.body.constant(whole))
            carried = self._loop(start, self.length, 1, carried, emit)
        return carried

    def _loop(self, start, end, unroll, carried, emit):
        body, kinds = self.body, ", ".join(["f32"] * len(carried))
        body.count += 1
        loop, column = f"%loop{body.count}", f"%column{body.count}"
        inside = [f"%state{body.count}_{i}" for i in range(len(carried))]
        head = (
            f"scf.for {column} = {start} to {body.constant(end)} step "
            f"{body.constant(self.threads * 8 * unroll)}"
        )
        if carried:
            pairs = ", ".join(f"{name} = {value}" for name, value in zip(inside, carried))
            head = f"{loop}:{len(carried)} = {head} iter_args({pairs}) -> ({kinds})"
        body.add(head + " {")
        columns = [
            body.binary("addi", column, body.constant(i * self.threads * 8)) for i in range(unroll)
        ]
        left = emit(columns, inside)
        if carried:
            body.add(f"scf.yield {', '.join(left)} : {kinds}")
        body.add("}")
        return [f"{loop}#{i}" for i in range(len(carried))]

    def load(self, row, columns):
        """The values at `columns`, in units of log2(e) so that exp2 serves as exp."""
        body = self.body
        halves = [
            body.value(
                f"vector.load %z[{row}, {column}] {{alignment = 16}} : " f"{self.kind}, {self.half}"
            )
            for column in columns
        ]
        scale = body.constant("dense<1.44269504>", self.float)
        return [
            body.binary(
                "mulf",
                body.value(f"arith.extf {half} : {self.half} to {self.float}"),
                scale,
                self.float,
            )
            for half in halves
        ]


def exp2(body, value, kind="f32"):
    return body.value(f"math.exp2 {value} fastmath<fast> : {kind}")


def merge_sums(body, parts):
    """Merges (largest, sum of exp2 relative to it) pairs."""
    largest = parts[0][0]
    for other, _ in parts[1:]:
        largest = body.binary("maxnumf", largest, other, "f32")
    scaled = [
        body.binary("mulf", part, exp2(body, body.binary("subf", high, largest, "f32")), "f32")
        for high, part in parts
    ]
    total = scaled[0]
    for other in scaled[1:]:
        total = body.binary("addf", total, other, "f32")
    return largest, total


def merge_over_block(body, thread, warps, largest, total):
    """The pair merged over a block: shuffles within a warp, shared memory across warps."""
    width = body.constant(32, "i32")
    for offset in (16, 8, 4, 2, 1):
        body.count += 1
        names = f"%high{body.count}", f"%part{body.count}"
        for name, value in zip(names, (largest, total)):
            body.add(
                f"{name}, {name}p = gpu.shuffle xor {value}, "
                f"{body.constant(offset, 'i32')}, {width} : f32"
            )
        largest, total = merge_sums(body, [(largest, total), names])
    memory = f"memref<2x{warps}xf32, {SHARED}>"
    warp = body.binary("divui", thread, body.constant(32))
    lane = body.binary("remui", thread, body.constant(32))
    is_first = body.value(f"arith.cmpi eq, {lane}, {body.constant(0)} : index")
    body.add(f"scf.if {is_first} {{")
    for slot, value in enumerate((largest, total)):
        body.add(f"memref.store {value}, %sums[{body.constant(slot)}, {warp}] : {memory}")
    body.add("}")
    body.add("gpu.barrier")
    return merge_sums(
        body,
        [
            tuple(
                body.value(
                    f"memref.load %sums[{body.constant(slot)}, {body.constant(i)}] : {memory}"
                )
                for slot in range(2)
            )
            for i in range(warps)
        ],
    )
