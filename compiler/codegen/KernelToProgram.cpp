//===- KernelToProgram.cpp - a kernel module as a program -----------------===//
//
// Views (slices, windows) become plain address arithmetic here, so the runtime
// knows nothing of shapes. A buffer's lifetime is found by following its views
// to the launches that use them.
//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/KernelToProgram.h"

#include "compiler/codegen/AttentionForms.h"
#include "compiler/codegen/ProductForms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace roux;
using namespace roux::kernel;

namespace {

/// Writes one entry.
class EntryWriter {
public:
  EntryWriter(ProgramOp program, const llvm::StringMap<int64_t> &kernels, Entry &entry)
      : kernels(kernels), entry(entry) {
    entry.name = program.getSymName().str();
  }
  LogicalResult block(Block &body);

private:
  uint32_t emit(Opcode opcode, ArrayRef<uint32_t> operands = {}, int64_t immediate = 0,
                StringRef name = {});
  uint32_t constant(int64_t value) { return emit(Opcode::Constant, {}, value); }
  uint32_t offset(Value buffer, uint32_t index, ArrayRef<int64_t> shape, ValueRange dynamic,
                  int64_t bytes);
  LogicalResult buffer(BufferOp op);
  void declare(Value value, ProgramBuffer made, ValueRange dynamic);
  LogicalResult numbers(ConstantOp op);
  LogicalResult slice(SliceOp op);
  LogicalResult repeat(RepeatOp op);
  void use(Value value, uint32_t at);

  const llvm::StringMap<int64_t> &kernels;
  Entry &entry;
  DenseMap<Value, uint32_t> registers;
  /// Of a view: the buffer it looks into and the sizes of its dynamic dimensions.
  struct View {
    uint32_t buffer;
    SmallVector<Value> dynamic;
  };
  DenseMap<Value, View> views;
  /// Loops open around the current op, by their Repeat instruction, and how many buffers existed
  /// when each was entered.
  SmallVector<std::pair<uint32_t, size_t>> loops;
};

} // namespace

uint32_t EntryWriter::emit(Opcode opcode, ArrayRef<uint32_t> operands, int64_t immediate,
                           StringRef name) {
  Instruction instruction;
  instruction.opcode = opcode;
  instruction.result = entry.registers++;
  instruction.immediate = immediate;
  instruction.operands.assign(operands.begin(), operands.end());
  instruction.name = name.str();
  entry.instructions.push_back(std::move(instruction));
  return entry.registers - 1;
}

/// Lives from its first use to its last; through the whole of a loop it was not declared in.
void EntryWriter::use(Value value, uint32_t at) {
  auto view = views.find(value);
  if (view == views.end())
    return;
  uint32_t index = view->second.buffer, first = at;
  for (auto [repeat, buffersBefore] : loops)
    if (index < buffersBefore) {
      first = repeat; // its end is known when the loop is closed
      break;
    }
  ProgramBuffer &buffer = entry.buffers[index];
  if (buffer.lastUse == 0)
    buffer.firstUse = first;
  buffer.lastUse = std::max(buffer.lastUse, at);
}

void EntryWriter::declare(Value value, ProgramBuffer made, ValueRange dynamic) {
  auto type = cast<MemRefType>(value.getType());
  llvm::raw_string_ostream(made.element) << type.getElementType();
  made.elementBytes = type.getElementTypeBitWidth() / 8;
  for (int64_t size : type.getShape())
    made.staticElements *= ShapedType::isDynamic(size) ? 1 : size;
  entry.buffers.push_back(std::move(made));
  uint32_t index = entry.buffers.size() - 1;
  registers[value] = emit(Opcode::Buffer, {}, index);
  views[value] = {index, llvm::to_vector(dynamic)};
}

LogicalResult EntryWriter::buffer(BufferOp op) {
  ProgramBuffer made;
  made.role = static_cast<BufferRole>(op.getRole());
  made.name = op.getName().str();
  for (Value size : op.getSizes()) {
    if (size.getParentRegion() != op->getParentOfType<ProgramOp>().getBody().front().getParent())
      return op.emitOpError("has a size that is not known before the loop around it");
    made.sizes.push_back(registers.lookup(size));
  }
  declare(op, std::move(made), op.getSizes());
  return success();
}

LogicalResult EntryWriter::numbers(ConstantOp op) {
  auto value = cast<DenseElementsAttr>(op.getValue());
  ProgramBuffer made;
  made.role = BufferRole::Constant;
  made.name = op.getName().str();
  ArrayRef<char> bytes = value.getRawData();
  int64_t copies = value.isSplat() ? value.getNumElements() : 1;
  for (int64_t i = 0; i < copies; ++i)
    made.value.append(bytes.begin(), bytes.end());
  declare(op, std::move(made), {});
  return success();
}

LogicalResult EntryWriter::slice(SliceOp op) {
  auto type = cast<MemRefType>(op.getBuffer().getType());
  const View &view = views[op.getBuffer()];
  if (type.isDynamicDim(0))
    return op.emitOpError("slices a dimension whose size is not known");
  int64_t stride = type.getElementTypeBitWidth() / 8;
  for (int64_t size : type.getShape().drop_front())
    stride *= ShapedType::isDynamic(size) ? 1 : size;
  uint32_t distance = emit(Opcode::Multiply, {registers.lookup(op.getAt()), constant(stride)});
  for (Value size : view.dynamic)
    distance = emit(Opcode::Multiply, {distance, registers.lookup(size)});
  registers[op] = emit(Opcode::Add, {registers.lookup(op.getBuffer()), distance});
  View copy = view;
  views[op] = copy;
  return success();
}

LogicalResult EntryWriter::repeat(RepeatOp op) {
  Opcode opcode = op.getReverse() ? Opcode::RepeatReverse : Opcode::Repeat;
  uint32_t begin = entry.instructions.size();
  registers[op.getBody().getArgument(0)] =
      emit(opcode, {registers.lookup(op.getBegin()), registers.lookup(op.getEnd())});
  loops.emplace_back(begin, entry.buffers.size());
  if (failed(block(op.getBody().front())))
    return failure();
  auto [start, buffersBefore] = loops.pop_back_val();
  emit(Opcode::End, {}, start);
  uint32_t end = entry.instructions.size() - 1;
  entry.instructions[start].immediate = end;
  for (size_t i = 0; i < buffersBefore; ++i)
    if (entry.buffers[i].lastUse > start)
      entry.buffers[i].lastUse = end;
  return success();
}

LogicalResult EntryWriter::block(Block &body) {
  for (Operation &op : body) {
    auto binary = [&](Opcode opcode) {
      registers[op.getResult(0)] =
          emit(opcode, {registers.lookup(op.getOperand(0)), registers.lookup(op.getOperand(1))});
      return success();
    };
    LogicalResult done =
        TypeSwitch<Operation *, LogicalResult>(&op)
            .Case<arith::ConstantIndexOp>([&](auto constantOp) {
              registers[constantOp] = constant(constantOp.value());
              return success();
            })
            .Case<arith::AddIOp>([&](auto) { return binary(Opcode::Add); })
            .Case<arith::SubIOp>([&](auto) { return binary(Opcode::Subtract); })
            .Case<arith::MulIOp>([&](auto) { return binary(Opcode::Multiply); })
            .Case<arith::DivUIOp>([&](auto) { return binary(Opcode::Divide); })
            .Case<arith::CeilDivUIOp>([&](auto) { return binary(Opcode::DivideUp); })
            .Case<arith::MinUIOp>([&](auto) { return binary(Opcode::Minimum); })
            .Case<arith::MaxUIOp>([&](auto) { return binary(Opcode::Maximum); })
            .Case<ExtentOp>([&](ExtentOp extent) {
              registers[extent] = emit(Opcode::Extent, {}, 0, extent.getName());
              return success();
            })
            .Case<ScalarOp>([&](ScalarOp scalar) {
              Type type = scalar.getResult().getType();
              ScalarType kind = type.isF32()         ? ScalarType::F32
                                : type.isF64()       ? ScalarType::F64
                                : type.isInteger(32) ? ScalarType::I32
                                                     : ScalarType::I64;
              registers[scalar] = emit(Opcode::Scalar, {}, int64_t(kind), scalar.getName());
              return success();
            })
            .Case<BufferOp>([&](BufferOp op) { return buffer(op); })
            .Case<ConstantOp>([&](ConstantOp op) { return numbers(op); })
            .Case<SliceOp>([&](SliceOp op) { return slice(op); })
            .Case<WindowOp>([&](WindowOp window) {
              auto type = cast<MemRefType>(window.getBuffer().getType());
              int64_t stride = type.getElementTypeBitWidth() / 8;
              for (int64_t size : type.getShape().drop_front())
                stride *= size;
              uint32_t distance =
                  emit(Opcode::Multiply, {registers.lookup(window.getFirst()), constant(stride)});
              registers[window] =
                  emit(Opcode::Add, {registers.lookup(window.getBuffer()), distance});
              View copy = views[window.getBuffer()];
              views[window] = copy;
              return success();
            })
            .Case<RepeatOp>([&](RepeatOp op) { return repeat(op); })
            .Case<LaunchOp>([&](LaunchOp launch) {
              SmallVector<uint32_t> operands = {registers.lookup(launch.getExtent())};
              for (Value argument : launch.getArguments())
                operands.push_back(registers.lookup(argument));
              emit(Opcode::Launch, operands, kernels.lookup(launch.getCallee()));
              Instruction &made = entry.instructions.back();
              llvm::raw_string_ostream(made.location) << launch.getLoc();
              for (Value argument : launch.getArguments())
                use(argument, entry.instructions.size() - 1);
              return success();
            })
            .Default([](Operation *op) { return op->emitOpError("has no place in a program"); });
    if (failed(done))
      return failure();
  }
  return success();
}

LogicalResult roux::writeProgram(ModuleOp module, Program &program) {
  llvm::StringMap<int64_t> kernels;
  for (FuncOp function : module.getOps<FuncOp>()) {
    kernels[function.getName()] = program.kernels.size();
    if (std::optional<AttentionForm> form = attentionFormOf(function)) {
      form->kernel = static_cast<int64_t>(program.kernels.size());
      program.attentions.push_back(*std::move(form));
    }
    for (ProductForm &form : productFormsOf(function)) {
      form.kernel = static_cast<int64_t>(program.kernels.size());
      program.products.push_back(std::move(form));
    }
    program.kernels.push_back(function.getName().str());
  }
  for (ProgramOp op : module.getOps<ProgramOp>()) {
    program.entries.emplace_back();
    if (failed(EntryWriter(op, kernels, program.entries.back()).block(op.getBody().front())))
      return failure();
  }
  return success();
}
