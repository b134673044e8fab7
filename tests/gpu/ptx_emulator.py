"""Runs PTX row kernels on the CPU, all threads of a launch side by side in NumPy.

Stands in for cuda_driver where there is no GPU: the same Driver, Buffer and Kernel. What a GPU would
answer with a fault or with nonsense is an error here: an access outside every allocation or not at a
multiple of its size, a shuffle that a lane of its mask does not reach, a barrier that a thread of the
block has left. Threads take turns by position in the program, so races stay unseen; the approximate
instructions are exact; there is no time.
"""

import collections
import re

import numpy as np

TYPES = {
    "b16": np.uint16, "b32": np.uint32, "b64": np.uint64, "u16": np.uint16, "u32": np.uint32,
    "u64": np.uint64, "s16": np.int16, "s32": np.int32, "s64": np.int64, "f32": np.float32,
    "f64": np.float64,
}
REGISTERS = {"%rs": np.uint16, "%rd": np.uint64, "%r": np.uint32, "%p": np.bool_}
FIRST_ADDRESS = 1 << 40
GUARD = 512
WARP = 32
POISON = 0x7FC07FC0

Instruction = collections.namedtuple("Instruction", "predicate negated opcode parts operands")


class EmulationError(RuntimeError):
    """What the kernel did that a GPU does not allow."""


class Buffer:
    """Part of the emulated memory."""

    def __init__(self, driver, size):
        self.driver, self.size = driver, size
        self.offset = driver.allocate(size)
        self.address = FIRST_ADDRESS + self.offset

    def bytes(self):
        return self.driver.memory[self.offset : self.offset + self.size]

    def poison(self):
        self.bytes().view(np.uint32)[:] = POISON

    def upload(self, array, offset=0):
        data = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        self.bytes()[offset : offset + data.size] = data

    def download(self, shape, dtype, offset=0):
        count = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return self.bytes()[offset : offset + count].view(dtype).reshape(shape).copy()


class Driver:
    """Memory for one kernel's arguments; `forget` empties it."""

    name = "PTX emulator"

    def __init__(self, capacity=256 << 20):
        self.memory = np.zeros(capacity, np.uint8)
        self.forget()

    def forget(self):
        self.used, self.ranges = GUARD, []

    def allocate(self, size):
        offset = self.used
        self.used = (offset + size + 2 * GUARD) // GUARD * GUARD
        if self.used > self.memory.size:
            raise EmulationError(f"the arguments need more than {self.memory.size} bytes")
        self.ranges.append((FIRST_ADDRESS + offset, FIRST_ADDRESS + offset + size))
        return offset

    def load(self, image, name):
        return Kernel(self, image.decode(), name)

    def synchronize(self):
        pass


def _operands(text):
    """Splits at commas outside braces."""
    return [part.strip() for part in re.split(r",(?![^{]*\})", text) if part.strip()]


class Kernel:
    """One entry of a PTX module."""

    def __init__(self, driver, text, name):
        self.driver = driver
        body = text[text.index(f".entry {name}(") :]
        body = body[body.index("{") : body.index("\n}")]
        self.shared, self.shared_size, self.labels, self.program = {}, 0, {}, []
        for line in body.splitlines():
            line = line.split("//")[0].strip()
            if match := re.match(r"\.shared \.align (\d+) \.b8 (\w+)\[(\d+)\]", line):
                align, symbol, size = int(match[1]), match[2], int(match[3])
                self.shared[symbol] = -(-self.shared_size // align) * align
                self.shared_size = self.shared[symbol] + size
            elif match := re.match(r"(\$\w+):", line):
                self.labels[match[1]] = len(self.program)
            elif match := re.match(r"(?:@(!?)(%p\d+)\s+)?([a-z][\w.]*)\s*(.*);", line):
                opcode = match[3]
                self.program.append(Instruction(match[2], bool(match[1]), opcode, opcode.split("."),
                                                _operands(match[4])))

    def bind(self, grid, threads, arguments, shared=0):
        """`shared` bytes lie behind what the function declares."""
        values = [a.address if hasattr(a, "address") else a for a in arguments]
        own = self.shared.setdefault("roux_shared", -(-self.shared_size // 1024) * 1024)
        self.shared_size = own + shared
        return lambda: Launch(self, grid[0], threads, values).run()


class Launch:
    """The state of all threads: a program counter and the registers."""

    def __init__(self, kernel, blocks, threads, arguments):
        self.kernel, self.arguments, self.memory = kernel, arguments, kernel.driver.memory
        self.count, self.threads = blocks * threads, threads
        self.counter = np.zeros(self.count, np.int64)
        self.waiting = np.zeros(self.count, bool)
        self.registers = {}
        number = np.arange(self.count)
        self.block = number // threads
        self.special = {"%tid.x": number % threads, "%ctaid.x": self.block, "%laneid": number % WARP}
        self.shared = np.zeros(max(1, blocks * kernel.shared_size), np.uint8)
        self.ranges = np.array(kernel.driver.ranges, np.int64)

    def run(self):
        end = len(self.kernel.program)
        while True:
            running = (self.counter < end) & ~self.waiting
            if not running.any():
                if not self.waiting.any():
                    return
                self._release_barriers(end)
                continue
            first = self.counter[running].min()
            here = running & (self.counter == first)
            others = running & ~here
            stop = self.counter[others].min() if others.any() else end
            self._straight(int(first), int(stop), np.flatnonzero(here))

    def _release_barriers(self, end):
        arrived = np.bincount(self.block[self.waiting], minlength=self.block[-1] + 1)
        if not np.isin(arrived, (0, self.threads)).all():
            raise EmulationError("a barrier was not reached by all threads of a block")
        self.waiting[:] = False

    def _straight(self, position, stop, at):
        """Runs the threads `at` until one may go elsewhere or others wait at `stop`."""
        while position < stop:
            step = self.kernel.program[position]
            position += 1
            taken = np.ones(at.size, bool)
            if step.predicate:
                taken = self._read(step.predicate, np.bool_, at) ^ step.negated
            if step.parts[0] in ("bra", "ret"):
                target = len(self.kernel.program)
                if step.parts[0] == "bra":
                    target = self.kernel.labels[step.operands[0]]
                self.counter[at] = np.where(taken, target, position)
                return
            if step.parts[:2] == ["bar", "sync"]:
                self.waiting[at], self.counter[at] = True, position
                return
            chosen = at if taken.all() else at[taken]
            if chosen.size:
                try:
                    self._execute(step, chosen)
                except EmulationError as error:
                    raise EmulationError(f"{step.opcode} {', '.join(step.operands)}: {error}") from None
        self.counter[at] = position

    def _read(self, operand, kind, at):
        """The operand as an array of numbers of type `kind`."""
        if operand in self.registers:
            found = self.registers[operand][at]
            if kind is np.bool_ or found.dtype.itemsize == np.dtype(kind).itemsize:
                return found.view(kind)
            return found.astype(f"u{np.dtype(kind).itemsize}").view(kind)
        if operand in self.special:
            return self.special[operand][at].astype(kind)
        if operand in self.kernel.shared:
            return np.full(at.size, self.kernel.shared[operand], kind)
        if operand.startswith("0f"):
            return np.full(at.size, int(operand[2:], 16), np.uint32).view(kind)
        if operand.startswith("0d"):
            return np.full(at.size, int(operand[2:], 16), np.uint64).view(kind)
        if operand.startswith("%"):
            raise EmulationError(f"{operand} is read before it is written")
        return np.full(at.size, int(operand, 0)).astype(kind)

    def _write(self, register, values, at):
        kind = next(kind for prefix, kind in REGISTERS.items() if register.startswith(prefix))
        if kind is not np.bool_ and values.dtype.itemsize < np.dtype(kind).itemsize:
            wide = f"{'i' if values.dtype.kind == 'i' else 'u'}{np.dtype(kind).itemsize}"
            values = values.astype(wide)
        if register not in self.registers:
            self.registers[register] = np.zeros(self.count, kind)
        self.registers[register][at] = np.ascontiguousarray(values).view(kind)

    def _execute(self, step, at):
        name, operands = step.parts[0], step.operands
        if name == "ld" and step.parts[1] == "param":
            number = int(re.search(r"_param_(\d+)\]", operands[1])[1])
            value = self.arguments[number]
            bits = np.float32(value).view(np.uint32) if isinstance(value, float) else value
            self._write(operands[0], np.full(at.size, bits, TYPES[step.parts[-1]]), at)
        elif name in ("ld", "st"):
            self._move(step, at)
        elif name == "shfl":
            self._shuffle(operands, at)
        elif step.parts == ["bar", "warp", "sync"]:
            self._lanes(operands[0], at)
        elif name == "mov" and operands[0].startswith("{"):
            parts = _operands(operands[0][1:-1])
            kind = np.dtype(f"u{TYPES[step.parts[1]]().itemsize // len(parts)}")
            values = self._read(operands[1], TYPES[step.parts[1]], at).view(kind).reshape(-1, len(parts))
            for index, part in enumerate(parts):
                if part != "_":
                    self._write(part, values[:, index], at)
        elif name == "mov" and operands[1].startswith("{"):
            parts = _operands(operands[1][1:-1])
            kind = np.dtype(f"u{TYPES[step.parts[1]]().itemsize // len(parts)}").type
            values = np.stack([self._read(part, kind, at) for part in parts], 1)
            self._write(operands[0], values.view(TYPES[step.parts[1]])[:, 0], at)
        else:
            with np.errstate(all="ignore"):
                self._write(operands[0], compute(step, lambda o, kind: self._read(o, kind, at)), at)

    def _move(self, step, at):
        vector = 2 if step.opcode.startswith("ld") else 1
        address, registers = (step.operands[1], step.operands[0])[:: 1 if vector == 2 else -1]
        registers = _operands(registers.strip("{}"))
        kind = TYPES[step.parts[-1]]
        size = np.dtype(kind).itemsize * len(registers)
        base, _, offset = address.strip("[]").partition("+")
        where = self._read(base, np.int64, at) + int(offset or 0)
        if (where % size).any():
            raise EmulationError(f"an address is no multiple of {size}")
        if step.parts[1] == "shared":
            if (where < 0).any() or (where + size > self.kernel.shared_size).any():
                raise EmulationError("outside shared memory")
            store, where = self.shared, where + self.block[at] * self.kernel.shared_size
        else:
            owner = np.searchsorted(self.ranges[:, 0], where, side="right") - 1
            if (owner < 0).any() or (where + size > self.ranges[owner, 1]).any():
                raise EmulationError("outside every allocation")
            store, where = self.memory, where - FIRST_ADDRESS
        elements = store[: store.size // size * size].view(kind)
        first = where // np.dtype(kind).itemsize
        for index, register in enumerate(registers):
            if step.parts[0] == "ld":
                self._write(register, elements[first + index], at)
            else:
                elements[first + index] = self._read(register, kind, at)

    def _lanes(self, mask, at):
        """The lanes that an instruction of a warp is for, all of which have to be at it."""
        lanes = self._read(mask, np.uint32, at)
        present = np.zeros(self.count, np.uint32)
        present[at] = np.uint32(1) << (at % WARP).astype(np.uint32)
        together = np.bitwise_or.reduceat(present, np.arange(0, self.count, WARP))[at // WARP]
        if (lanes & ~together).any() or not (lanes >> (at % WARP).astype(np.uint32) & 1).all():
            raise EmulationError("not reached by all lanes of its mask, or by one outside it")
        return lanes

    def _shuffle(self, operands, at):
        result, value, distance, clamp, mask = operands
        lanes = self._lanes(mask, at)
        if clamp != "31":
            raise EmulationError("only whole warps are known")
        source = at ^ int(distance)
        if not (lanes >> (source % WARP).astype(np.uint32) & 1).all():
            raise EmulationError("reads a lane outside its mask")
        self._write(result, self.registers[value][source], at)


def _round(values):
    """f64 to f32 to nearest."""
    return values.astype(np.float32)


def _bfloat16(values):
    bits = values.view(np.uint32)
    rounded = ((bits + np.uint32(0x7FFF) + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(values), np.uint16(0x7FFF), rounded)


def _widen(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _convert(parts, read, operands):
    """cvt of every form."""
    target, origin = parts[-2:]
    if origin == "bf16":
        return _widen(read(operands[1], np.uint16))
    if target == "bf16x2":
        high, low = (_bfloat16(read(o, np.float32)).astype(np.uint32) for o in operands[1:])
        return high << 16 | low
    value = read(operands[1], TYPES[origin])
    if target == "bf16":
        return _bfloat16(value)
    if "sat" in parts:
        return np.clip(np.nan_to_num(value, nan=0), 0, 1).astype(TYPES[target])
    return value.astype(TYPES[target])


def _fused(parts, a, b, c):
    exact = a.astype(np.float64) * b + c
    result = _round(exact) if a.dtype == np.float32 else exact
    if "rm" in parts:  # towards minus infinity
        result = np.where(result > exact, np.nextafter(result, -np.inf, dtype=result.dtype), result)
    return result


def _compare(name, a, b):
    unordered = name.endswith("u") and a.dtype.kind == "f"
    tests = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
             "gt": np.greater, "ge": np.greater_equal}
    if name in ("nan", "num"):
        return (np.isnan(a) | np.isnan(b)) ^ (name == "num")
    result = tests[name[:2]](a, b)
    if a.dtype.kind == "f":
        either = np.isnan(a) | np.isnan(b)
        result = result | either if unordered else result & ~either
    return result


def _high(a, b):
    """The upper half of an unsigned product."""
    if a.dtype == np.uint32:
        return (a.astype(np.uint64) * b >> np.uint64(32)).astype(np.uint32)
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    a0, a1, b0, b1 = a & low, a >> shift, b & low, b >> shift
    middle = a1 * b0 + (a0 * b0 >> shift)
    return a1 * b1 + (middle >> shift) + ((middle & low) + a0 * b1 >> shift)


def _larger_halves(a, b):
    """max.NaN.bf16x2."""
    parts = []
    for shift in (0, 16):
        x, y = (_widen((v >> shift).astype(np.uint16)) for v in (a, b))
        parts.append(_bfloat16(np.maximum(x, y)).astype(np.uint32) << shift)
    return parts[0] | parts[1]


ONE = {
    "neg": np.negative, "abs": np.abs, "not": np.invert, "sqrt": np.sqrt, "mov": lambda a: a,
    "cvta": lambda a: a, "rcp": lambda a: _same(1 / a.astype(np.float64), a),
    "rsqrt": lambda a: _same(1 / np.sqrt(a.astype(np.float64)), a),
    "ex2": lambda a: _same(np.exp2(a.astype(np.float64)), a),
    "lg2": lambda a: _same(np.log2(a.astype(np.float64)), a),
}
TWO = {
    "add": np.add, "sub": np.subtract, "and": np.bitwise_and, "or": np.bitwise_or,
    "xor": np.bitwise_xor, "rem": np.remainder,
    "div": lambda a, b: a // b if a.dtype.kind in "iu" else a / b,
    "min": lambda a, b: np.minimum(a, b) if a.dtype.kind in "iu" else np.fmin(a, b),
}


def _same(values, like):
    return values.astype(like.dtype)


def compute(step, read):
    """The result of an instruction that only reads registers."""
    name, parts, operands = step.parts[0], step.parts, step.operands
    if name == "cvt":
        return _convert(parts, read, operands)
    if parts[-1] == "bf16x2":
        return _larger_halves(*(read(o, np.uint32) for o in operands[1:]))
    if parts[-1] == "pred":
        given = [read(o, np.bool_) if o.startswith("%") else read(o, np.int64) != 0
                 for o in operands[1:]]
        return (ONE if name in ONE else TWO)[name](*given)
    kind = TYPES[parts[-1]]
    if name == "selp":
        return np.where(read(operands[3], np.bool_), read(operands[1], kind), read(operands[2], kind))
    if name in ("shl", "shr"):
        value, by = read(operands[1], kind), read(operands[2], np.uint32).astype(kind)
        shifted = value << by if name == "shl" else value >> by
        return np.where(by < 8 * value.dtype.itemsize, shifted, kind(0))
    values = [read(o, kind) for o in operands[1:]]
    if name == "setp":
        return _compare(parts[1], *values)
    if name in ("fma", "mad") and values[0].dtype.kind == "f":
        return _fused(parts, *values)
    if name == "mad":
        return values[0] * values[1] + values[2]
    if name == "mul" and parts[1] == "wide":
        wide = np.int64 if values[0].dtype.kind == "i" else np.uint64
        return values[0].astype(wide) * values[1].astype(wide)
    if name == "mul":
        return _high(*values) if parts[1] == "hi" else values[0] * values[1]
    if name == "max":
        return (np.maximum if "NaN" in parts or values[0].dtype.kind in "iu" else np.fmax)(*values)
    if name in ONE and len(values) == 1:
        return ONE[name](*values)
    if name in TWO:
        return TWO[name](*values)
    raise EmulationError("an instruction the emulator does not know")
