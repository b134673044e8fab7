//===- EntryLowering.cpp - buffers, names and order -----------------------===//
//
// Columns and results are known to the caller by their names, parameters,
// gradients and the optimizer's state by the weight's name. Everything else is
// an activation that the memory plan places.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/kernel/EntryLowering.h"

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

std::string roux::named(StringRef what, Value stream) {
  return (what + "_").str() + sizesOf(columnsOf(stream), elementOf(stream));
}

std::string roux::rowName(Value rows) {
  auto type = cast<MemRefType>(rows.getType());
  return sizesOf(type.getRank() == 1 ? 1 : type.getShape().back(), type.getElementType());
}

MemRefType roux::bufferType(Type tensor) {
  auto type = cast<RankedTensorType>(tensor);
  if (type.getRank() == 0)
    return MemRefType::get({1, 1}, type.getElementType());
  return MemRefType::get(type.getShape(), type.getElementType());
}

static bool isWorkList(step::Column column) {
  return column == step::Column::segments || column == step::Column::first;
}

std::string roux::gradientNameOf(StringAttr parameter) {
  return parameter.str() + ".gradient";
}

static bool areEqual(kernel::FuncOp a, kernel::FuncOp b) {
  return a.getFunctionType() == b.getFunctionType() &&
         OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(),
                                                    OperationEquivalence::IgnoreLocations);
}

kernel::FuncOp KernelLibrary::get(const std::string &name, Location place, FloatType accumulation,
                                  TypeRange types, Body body) {
  RowWriter writer(place, accumulation);
  writer.setInsertionPointToEnd(module.getBody());
  auto function = kernel::FuncOp::create(writer, name, types);
  Block *block = &function.getBody().front();
  writer.setInsertionPointToEnd(block);
  body(writer, block->getArguments());
  kernel::ReturnOp::create(writer);
  SmallVector<kernel::FuncOp> &named = kernels[name];
  for (kernel::FuncOp known : named)
    if (areEqual(known, function)) {
      function.erase();
      return known;
    }
  named.push_back(function);
  if (named.size() > 1)
    function.setSymName(name + "_" + std::to_string(named.size()));
  return function;
}

EntryLowering::EntryLowering(ModuleOp result, KernelLibrary &kernels,
                             const TargetDescription &target, StringRef name, Location place)
    : kernels(kernels), machine(target), builder(place, result.getContext()) {
  builder.setInsertionPointToEnd(result.getBody());
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
  if (given.contains(name)) {
    emitError(builder.getLoc()) << "reads the list '" << name
                                << "', which is the name of an argument, too";
    clashes = true;
  }
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

Value EntryLowering::numbers(StringRef name, ArrayRef<double> values) {
  auto value =
      DenseElementsAttr::get(RankedTensorType::get(values.size(), builder.getF64Type()), values);
  auto type = MemRefType::get(values.size(), builder.getF64Type());
  return kernel::ConstantOp::create(builder, type, name, value);
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
    where = scratch(name, type, type.getNumDynamicDims() ? extentOf(tensor) : Value());
  }
  return buffers[tensor] = where;
}

Value EntryLowering::stored(Value tensor) {
  Value known = buffer(tensor);
  if (!known || isa<MemRefType>(known.getType()))
    return known;
  Value where = scratch("number", bufferType(tensor.getType()), {});
  launch("number_" + rowName(where), constant(1), {known, where},
         [](RowWriter &k, ValueRange a) { k.store(k.spread(a[0], 1), a[1], k.row()); });
  return where;
}

std::pair<Value, Value> EntryLowering::asRows(Value tensor, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  if (type.getNumDynamicDims())
    return {buffer, extentOf(tensor)};
  int64_t columns = type.getShape().back();
  return {rows(buffer, columns), constant(type.getNumElements() / columns)};
}

void EntryLowering::launch(const std::string &name, Value extent, ValueRange arguments,
                           KernelLibrary::Body body) {
  kernel::FuncOp function = kernels.get(name, builder.getLoc(), sums, arguments.getTypes(), body);
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

Value EntryLowering::extentOf(Value tensor) {
  std::optional<step::Rows> rows = step::rowsOf(tensor.getType());
  if (rows == step::Rows::answers) // two a pair, which makes a row a pair of those of an answer
    return times(extent(stringifyRows(step::Rows::pairs)), 2);
  return extent(rows ? stringifyRows(*rows) : "tokens");
}

/// The first of `values` that has a row for every token, target or sequence.
static Value firstStream(ValueRange values) {
  for (Value value : values)
    if (auto type = dyn_cast<RankedTensorType>(value.getType());
        type && type.getRank() && type.isDynamicDim(0))
      return value;
  return {};
}

LogicalResult EntryLowering::bindArguments(func::FuncOp entry) {
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    Value argument = entry.getArgument(i);
    auto type = cast<RankedTensorType>(argument.getType());
    MemRefType buffer = bufferType(type);
    SmallVector<Value> sizes;
    if (buffer.getNumDynamicDims())
      sizes.push_back(extentOf(argument));
    auto named = [&](StringRef attribute) {
      return entry.getArgAttrOfType<StringAttr>(i, attribute);
    };
    auto declare = [&](kernel::Role role, const Twine &name) {
      return kernel::BufferOp::create(builder, buffer, role, name.str(), sizes);
    };
    if (auto column = entry.getArgAttrOfType<step::ColumnAttr>(i, StepDialect::columnName)) {
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

LogicalResult EntryLowering::lower(func::FuncOp entry) {
  if (failed(bindArguments(entry)))
    return failure();
  for (const auto &[name, value] : named)
    if (StringRef input = name; input.consume_front("input "))
      given.insert(input);
  FailureOr<SmallVector<Value>> results = declareResults(entry);
  return failure(failed(results) || failed(lowerBody(entry, *results)) || clashes);
}

FloatType roux::accumulationOf(ValueRange values, MLIRContext *context) {
  for (Value value : values)
    if (auto type = dyn_cast<RankedTensorType>(value.getType()))
      if (isa<FloatType>(type.getElementType()))
        return step::accumulationType(type.getElementType());
  return Float32Type::get(context);
}

LogicalResult EntryLowering::lowerBody(func::FuncOp function, ArrayRef<Value> results) {
  Block &body = function.front();
  // A layer may be lowered several times: what its values were the last time is over.
  auto forget = [&](Value value) {
    wanted.erase(value);
    owed.erase(value);
  };
  llvm::for_each(body.getArguments(), forget);
  for (Operation &op : body)
    begun.erase(&op);
  for (Operation &op : body)
    for (Value value : op.getResults()) {
      forget(value);
      buffers.erase(value);
    }
  if (failed(formSums(body)))
    return failure();
  auto returned = body.getTerminator()->getOpOperands();
  for (auto [result, where] : llvm::zip_equal(returned, results))
    if (where)
      wanted.try_emplace(result.get(), where);
  for (Operation &op : body.without_terminator()) {
    builder.setLoc(op.getLoc());
    // Operands first: the inputs of a weight, in f64 whatever the model is in, come after streams.
    SmallVector<Value> values(op.getOperands());
    llvm::append_range(values, op.getResults());
    sums = accumulationOf(values, op.getContext());
    current = firstStream(values);
    if (failed(lowerToKernels(&op, *this)))
      return failure();
  }
  builder.setLoc(body.getTerminator()->getLoc());
  for (auto [result, where] : llvm::zip_equal(returned, results))
    if (failed(placeResult(result, where)))
      return failure();
  return success();
}

LogicalResult EntryLowering::inlineBody(func::FuncOp function, ValueRange arguments,
                                        ArrayRef<Value> results) {
  for (auto [tensor, where] : llvm::zip_equal(function.getArguments(), arguments))
    buffers[tensor] = where;
  Location place = builder.getLoc();
  FloatType sumsAround = sums;
  Value currentAround = current;
  LogicalResult status = lowerBody(function, results);
  builder.setLoc(place);
  sums = sumsAround;
  current = currentAround;
  return status;
}
