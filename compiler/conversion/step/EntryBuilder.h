//===- EntryBuilder.h - what the entries of a step are made of ------------===//
//
// All entries share the layer function and begin alike: embed, run the layers,
// normalize. ModelToStep.cpp has what each makes of the hidden states.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "compiler/conversion/step/ModelToStep.h"
#include "dialects/Recipe/Recipe.h"
#include "runtime/model/ParameterTable.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>

namespace roux::step {

// roux::Value and roux::Attribute belong to expressions; here they are MLIR's.
using mlir::Attribute, mlir::Value;

/// One argument of an entry.
struct Argument {
  mlir::Type type;
  llvm::StringRef attributeName;
  Attribute attribute;
};

/// Builds the entry functions of one module.
class EntryBuilder {
public:
  EntryBuilder(mlir::ModuleOp module, const StepRequest &request)
      : module(module), request(request), config(*request.config),
        table(model::parameterTable(config)),
        precision(precisionOf(*module.getContext(), request.type)), b(module.getContext()) {}

  /// Adds the layer functions: one for each kind of layer.
  void layers(LayerKind kind);
  mlir::LogicalResult train();
  void nll();
  void logits();
  void generate(LayerKind kind);
  mlir::LogicalResult update();
  /// True if a step leaves out some of what adapters read.
  bool drops() const { return config.tuning.adapter && config.tuning.adapter->dropout > 0; }

private:
  mlir::LogicalResult trainPairs();
  mlir::Location at(llvm::StringRef name) { return locationOf(b.getContext(), config, name); }
  /// A column of indexes; one that lists rows has those rows itself.
  Argument indexes(Column which, std::optional<Rows> rows = std::nullopt) {
    return {ofRows(indexColumnType(b.getContext()), rows), StepDialect::columnName,
            ColumnAttr::get(b.getContext(), which)};
  }
  mlir::RankedTensorType ofRows(mlir::Type type, std::optional<Rows> rows) {
    auto tensor = mlir::cast<mlir::RankedTensorType>(type);
    Attribute encoding = rows ? RowsAttr::get(b.getContext(), *rows) : Attribute();
    return mlir::RankedTensorType::get(tensor.getShape(), tensor.getElementType(), encoding);
  }
  /// The rows of `whole` that the column `rows` lists; a scalar is the same for all rows.
  Value pick(mlir::Location place, Value whole, Value rows);
  /// What is known of some rows, and 0 for all others.
  Value expand(mlir::Location place, Value some, Value rows) {
    return ExpandRowsOp::create(b, place, ofRows(some.getType(), std::nullopt), some, rows);
  }
  mlir::RankedTensorType valuesType() {
    return mlir::RankedTensorType::get({mlir::ShapedType::kDynamic}, precision.accumulation);
  }
  mlir::RankedTensorType scalarType() {
    return mlir::RankedTensorType::get({}, precision.accumulation);
  }

  /// A result the caller knows as `name`.
  struct Result {
    llvm::StringRef name;
    mlir::Type type;
    llvm::StringRef attributeName = StepDialect::resultName;
  };
  /// Begins function `name` with `arguments` and then all parameters; leaves the builder in it.
  /// `rounded`: matrices are in the stream's type already.
  mlir::func::FuncOp begin(llvm::StringRef name, llvm::ArrayRef<Argument> arguments,
                           llvm::ArrayRef<Result> results, bool rounded = false);
  /// The value of a parameter, rounded to what is multiplied with, once a function: a copy that the
  /// update kept rounded would save a fraction of a percent of a step.
  Value multiplied(const model::WeightRow &row);
  const model::WeightRow &row(model::Role role) {
    return *llvm::find_if(table, [&](const model::WeightRow &row) { return row.role == role; });
  }
  /// Of a weight that no layer has; null where the model has none.
  Value parameter(model::Role role) {
    auto found =
        llvm::find_if(table, [&](const model::WeightRow &row) { return row.role == role; });
    return found == table.end() ? Value() : parameters.at(found->name);
  }
  /// The embedded tokens.
  Value embed(Value tokens, Value positions);
  /// What every layer reads beside `columns`: the rotations, where the model has any, then those.
  llvm::SmallVector<Value> shared(Value positions, mlir::ValueRange columns);
  /// The weights that each layer of a range has a slice of, as layers read them.
  llvm::SmallVector<Value> layerWeights(int64_t firstLayer = 0);
  /// What adapters draw by, of each token and of each layer.
  struct Noise {
    Value column, layers;
  };
  /// From tokens to the hidden states after the last layer.
  Value hidden(Value tokens, Value positions, Value segments, Noise noise = {});
  Value finalNorm(Value stream);
  std::pair<Value, Value> rotation(const model::Rotary &rotary, Value positions);
  /// True if positions turn by how long their sequence is.
  bool readsLengths();
  mlir::FloatAttr logitScale();
  mlir::FloatAttr logitSoftcap();
  Value wholeLogits(mlir::Type type, Value states);
  /// The tokens that have a label: which they are, their hidden states and their labels.
  struct Targets {
    Value rows, states, labels;
  };
  /// The columns of an entry that looks at targets, and what it makes of them first.
  llvm::SmallVector<Argument> columnsOfTargets();
  Targets targetsOf(mlir::Block &body, Noise noise = {});
  NLLOp likelihood(const Targets &targets);
  /// What a formula reads, as arguments; one that is not the step's has such rows.
  void addInputs(llvm::ArrayRef<recipe::InputOp> inputs, std::optional<Rows> rows,
                 llvm::SmallVector<Argument> &arguments);
  /// What adapters draw by, as arguments, if they do; and where `first` is the place of those.
  void addNoise(llvm::SmallVector<Argument> &arguments);
  Noise noiseOf(mlir::Block &body, size_t first);
  Value vocabulary() {
    return multiplied(row(config.tied ? model::Role::Embedding : model::Role::Vocabulary));
  }

  mlir::ModuleOp module;
  const StepRequest &request;
  const model::ModelConfig &config;
  std::vector<model::WeightRow> table;
  Precision precision;
  mlir::OpBuilder b;
  std::map<std::string, Value> parameters; // of the function being built
  std::map<Column, Value> columnValues;    // the same
};

} // namespace roux::step
