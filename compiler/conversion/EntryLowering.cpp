//===- EntryLowering.cpp - buffers, names and order -----------------------===//
//
// Columns and results are known to the caller by their names, parameters,
// gradients and the optimizer's state by the weight's name. Everything else is
// an activation that the memory plan places.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/EntryLowering.h"

using namespace mlir;
using namespace roux;
using step::StepDialect;

int64_t roux::columnsOf(Value tensor) {
  return cast<ShapedType>(tensor.getType()).getShape().back();
}

Type roux::elementOf(Value tensor) {
  return cast<ShapedType>(tensor.getType()).getElementType();
}

std::string roux::sizesOf(ArrayRef<int64_t> sizes, Type element) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(sizes, stream, "x");
  stream << "_" << element;
  return text;
}

static MemRefType bufferType(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  // A scalar is one row of one column, so that row kernels read and write it.
  if (type.getRank() == 0)
    return MemRefType::get({1, 1}, type.getElementType());
  return MemRefType::get(type.getShape(), type.getElementType());
}

static bool isWorkList(step::Column column) {
  return column == step::Column::segments || column == step::Column::first;
}

/// The runtime binds buffers by name alone, and a gradient is not its parameter.
static std::string gradientNameOf(StringAttr parameter) {
  return parameter.str() + ".gradient";
}

kernel::FuncOp KernelLibrary::get(const std::string &name, const std::string &content,
                                  Location place, FloatType accumulation, TypeRange types,
                                  Body body) {
  std::string key = name + "\n" + content;
  llvm::raw_string_ostream stream(key);
  llvm::interleaveComma(types, stream << "(");
  auto [known, isNew] = kernels.try_emplace(key);
  if (!isNew)
    return known->second;
  // One name may serve several kinds of buffers; the symbols are told apart by number.
  int count = names[name]++;
  std::string symbol = count ? name + "_" + std::to_string(count + 1) : name;
  RowWriter writer(place, accumulation);
  writer.setInsertionPointToEnd(module.getBody());
  auto function = kernel::FuncOp::create(writer, symbol, types);
  Block *block = &function.getBody().front();
  writer.setInsertionPointToEnd(block);
  body(writer, block->getArguments());
  kernel::ReturnOp::create(writer);
  return known->second = function;
}

EntryLowering::EntryLowering(ModuleOp target, KernelLibrary &kernels, StringRef name,
                             Location place)
    : kernels(kernels), builder(place, target.getContext()) {
  builder.setInsertionPointToEnd(target.getBody());
  program = kernel::ProgramOp::create(builder, name);
  builder.setInsertionPointToEnd(&program.getBody().emplaceBlock());
}

Value EntryLowering::extent(StringRef name) {
  Value &value = named["extent " + name.str()];
  if (!value) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&program.getBody().front());
    value = kernel::ExtentOp::create(builder, name);
  }
  return value;
}

Value EntryLowering::constant(int64_t value) {
  Value &known = named["constant " + std::to_string(value)];
  if (!known) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&program.getBody().front());
    known = arith::ConstantOp::create(builder, builder.getIndexAttr(value));
  }
  return known;
}

Value EntryLowering::times(Value count, int64_t factor) {
  if (factor == 1)
    return count;
  Value by = constant(factor);
  OpBuilder::InsertionGuard guard(builder);
  // Buffers inside loops need sizes known before them.
  builder.setInsertionPointAfterValue(count);
  return arith::MulIOp::create(builder, count, by);
}

Value EntryLowering::scratch(StringRef name, MemRefType type, Value count) {
  SmallVector<Value> sizes;
  if (type.getNumDynamicDims())
    sizes.push_back(count);
  return kernel::BufferOp::create(builder, type, kernel::Role::Activation, name, sizes);
}

Value EntryLowering::input(StringRef name, MemRefType type, ValueRange sizes) {
  Value &value = named["input " + name.str()];
  if (!value) {
    OpBuilder::InsertionGuard guard(builder);
    // Inputs outlive loops, so they are declared outside; their sizes are extents, at the start.
    builder.setInsertionPointToStart(&program.getBody().front());
    for (Value size : sizes)
      builder.setInsertionPointAfterValue(size);
    value = kernel::BufferOp::create(builder, type, kernel::Role::Input, name, sizes);
  }
  return value;
}

Value EntryLowering::scalar(StringRef name, Type type) {
  Value &value = named["scalar " + name.str()];
  if (!value) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&program.getBody().front());
    value = kernel::ScalarOp::create(builder, type, name);
  }
  return value;
}

Value EntryLowering::rows(Value buffer, int64_t columns, Value first) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> shape{ShapedType::kDynamic};
  if (columns)
    shape.push_back(columns);
  auto seen = MemRefType::get(shape, type.getElementType());
  if (type == seen && !first)
    return buffer;
  return kernel::WindowOp::create(builder, seen, buffer, first ? first : constant(0));
}

Value EntryLowering::oneRow(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  return kernel::WindowOp::create(builder,
                                  MemRefType::get({1, type.getDimSize(0)}, type.getElementType()),
                                  buffer, constant(0));
}

Value EntryLowering::slice(Value stack, Value at) {
  auto type = cast<MemRefType>(stack.getType());
  return kernel::SliceOp::create(
      builder, MemRefType::get(type.getShape().drop_front(), type.getElementType()), stack, at);
}

Value EntryLowering::result(Value tensor) {
  Value where = wanted.lookup(tensor);
  if (!where) {
    StringRef name = "value";
    if (auto place = dyn_cast<NameLoc>(tensor.getLoc()))
      name = place.getName();
    MemRefType type = bufferType(tensor.getType());
    where = scratch(name, type, type.getNumDynamicDims() ? tokens() : Value());
  }
  return buffers[tensor] = where;
}

void EntryLowering::launch(const std::string &name, Value extent, ValueRange arguments,
                           KernelLibrary::Body body, const std::string &content) {
  kernel::FuncOp function =
      kernels.get(name, content, builder.getLoc(), sums, arguments.getTypes(), body);
  kernel::LaunchOp::create(builder, function.getSymName(), extent, arguments);
}

void EntryLowering::repeat(Value begin, Value end, bool reverse,
                           llvm::function_ref<void(Value)> body) {
  auto loop = kernel::RepeatOp::create(builder, begin, end, reverse);
  OpBuilder::InsertionGuard guard(builder);
  Block *block =
      builder.createBlock(&loop.getBody(), {}, {builder.getIndexType()}, {builder.getLoc()});
  body(block->getArgument(0));
}

void EntryLowering::copy(Value from, Value to, int64_t columns) {
  Type element = cast<MemRefType>(from.getType()).getElementType();
  launch("copy_" + sizesOf(columns, element), tokens(), {rows(from, columns), rows(to, columns)},
         [](RowWriter &k, ValueRange a) {
           Value row = k.row();
           k.store(k.raw(a[0], row), a[1], row);
         });
}

void EntryLowering::wantGradient(Value tensor, Value where) {
  auto add = tensor.getDefiningOp<step::AddOp>();
  if (!add) {
    gradients[tensor] = where;
    return;
  }
  // Both halves of the sum add themselves to the same buffer.
  gradients[tensor] = where;
  wantGradient(add.getLhs(), where);
  wantGradient(add.getRhs(), where);
}

/// All that follows from a picked stream has as many rows.
void EntryLowering::findPicked(func::FuncOp entry) {
  for (Operation &op : entry.front().without_terminator())
    if (isa<step::PickRowsOp>(op) || (op.getNumOperands() && picked.contains(op.getOperand(0))))
      picked.insert(op.result_begin(), op.result_end());
}

LogicalResult EntryLowering::bindArguments(func::FuncOp entry) {
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    Value argument = entry.getArgument(i);
    auto type = cast<RankedTensorType>(argument.getType());
    MemRefType buffer = bufferType(type);
    SmallVector<Value> sizes;
    if (buffer.getNumDynamicDims())
      sizes.push_back(tokens());
    auto named = [&](StringRef attribute) {
      return entry.getArgAttrOfType<StringAttr>(i, attribute);
    };
    auto declare = [&](kernel::Role role, const Twine &name) {
      return kernel::BufferOp::create(builder, buffer, role, name.str(), sizes);
    };
    if (auto column = entry.getArgAttrOfType<step::ColumnAttr>(i, StepDialect::columnName)) {
      if (column.getValue() == step::Column::last)
        sizes = {extent("sequences")};
      // Kernels read who sees what as lists of work, which the runtime makes of these two.
      if (!isWorkList(column.getValue()))
        buffers[argument] = input(stringifyColumn(column.getValue()), buffer, sizes);
    } else if (auto name = named(StepDialect::cacheName)) {
      sizes = {extent("cache.rows")};
      buffers[argument] = caches[name.str()] = declare(kernel::Role::State, "cache." + name.str());
    } else if (auto name = named(StepDialect::parameterName)) {
      buffers[argument] = declare(kernel::Role::Parameter, name.getValue());
    } else if (auto name = named(StepDialect::gradientName)) {
      buffers[argument] = declare(kernel::Role::Gradient, gradientNameOf(name));
    } else if (auto name = named(StepDialect::stateName)) {
      buffers[argument] = declare(kernel::Role::State, name.getValue());
    } else if (auto name = named(StepDialect::attributeName)) {
      buffers[argument] =
          type.getRank() == 0 ? scalar(name, type.getElementType()) : input(name, buffer, sizes);
    } else {
      return entry.emitOpError() << "argument " << i << " has no name for the runtime";
    }
  }
  return success();
}

LogicalResult EntryLowering::bindResults(func::FuncOp entry) {
  for (OpOperand &result : entry.front().getTerminator()->getOpOperands()) {
    unsigned i = result.getOperandNumber();
    MemRefType type = bufferType(result.get().getType());
    SmallVector<Value> sizes;
    onPicked = picked.contains(result.get());
    if (type.getNumDynamicDims())
      sizes.push_back(tokens());
    if (auto name = entry.getResultAttrOfType<StringAttr>(i, StepDialect::cacheName)) {
      auto taken = caches.find(name.str());
      if (taken == caches.end())
        return entry.emitOpError() << "returns cache " << name << " but takes none of that name";
      wanted[result.get()] = taken->second;
      caches.erase(taken);
    } else if (auto name = entry.getResultAttrOfType<StringAttr>(i, StepDialect::gradientName))
      wantGradient(result.get(), kernel::BufferOp::create(builder, type, kernel::Role::Gradient,
                                                          gradientNameOf(name), sizes));
    else if (auto name = entry.getResultAttrOfType<StringAttr>(i, StepDialect::resultName))
      wanted[result.get()] =
          kernel::BufferOp::create(builder, type, kernel::Role::Output, name, sizes);
  }
  onPicked = false;
  if (caches.empty())
    return success();
  return entry.emitOpError() << "takes cache '" << caches.begin()->first
                             << "' but does not return it";
}

LogicalResult EntryLowering::lower(func::FuncOp entry) {
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    Type element = cast<RankedTensorType>(entry.getArgument(i).getType()).getElementType();
    // What a weight reads is f64 whatever the model is in.
    if (isa<FloatType>(element) && !entry.getArgAttr(i, StepDialect::attributeName))
      sums = step::accumulationType(element);
  }
  findPicked(entry);
  if (failed(bindArguments(entry)) || failed(bindResults(entry)))
    return failure();
  return lowerBlock(entry.front());
}

LogicalResult EntryLowering::lowerBlock(Block &block) {
  for (Operation &op : block.without_terminator()) {
    builder.setLoc(op.getLoc());
    onPicked = op.getNumOperands() && picked.contains(op.getOperand(0));
    if (failed(lowerToKernels(&op, *this)))
      return failure();
  }
  onPicked = false; // of the call around, whose stream has all tokens
  return success();
}

FailureOr<SmallVector<Value>> EntryLowering::inlineBody(func::FuncOp function, ValueRange arguments,
                                                        ArrayRef<Value> results) {
  Block &block = function.front();
  for (auto [tensor, where] : llvm::zip_equal(block.getArguments(), arguments))
    buffers[tensor] = where;
  Operation *terminator = block.getTerminator();
  for (auto [tensor, where] : llvm::zip_equal(terminator->getOperands(), results))
    if (where)
      wanted[tensor] = where;
  Location place = builder.getLoc();
  if (failed(lowerBlock(block)))
    return failure();
  builder.setLoc(place);
  SmallVector<Value> found;
  for (Value tensor : terminator->getOperands())
    found.push_back(buffers.lookup(tensor));
  return found;
}
