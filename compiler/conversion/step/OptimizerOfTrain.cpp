//===- OptimizerOfTrain.cpp - an optimizer's keys as an update's table ----===//
//
// The checker has filled in every key of a recipe; whoever edits the dialect's text
// may leave one out, so each is asked for by its kind.
//
//===----------------------------------------------------------------------===//
#include "compiler/conversion/step/OptimizerOfTrain.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace roux::step;
using namespace roux::recipe;
namespace model = roux::model;

namespace {

/// The keys of one option. What is not as it should be is reported, and `areWhole` says so.
class Keys {
public:
  Keys(OptionAttr option, Location place, bool &areWhole)
      : option(option), place(place), areWhole(areWhole) {}

  bool isNone(StringRef key) const { return isa_and_present<NoneAttr>(find(key)); }
  /// None after a report.
  double number(StringRef key) {
    auto found = of<NumberAttr>(key, "a number");
    return found ? found.getValue().getValueAsDouble() : 1;
  }
  bool flag(StringRef key) {
    auto found = of<FlagAttr>(key, "true or false");
    return found && found.getValue();
  }
  bool is(StringRef key, StringRef word) {
    auto found = of<WordAttr>(key, "a word");
    return found && found.getValue() == word;
  }
  Keys keysOf(StringRef key) { return {of<OptionAttr>(key, "an option"), place, areWhole}; }
  /// Both numbers of a list of two.
  std::pair<double, double> two(StringRef key) {
    auto list = of<ListAttr>(key, "a list");
    std::pair<double, double> numbers(1, 1);
    ArrayRef<Attribute> items = list ? list.getItems().getValue() : ArrayRef<Attribute>();
    if (items.size() != 2 || !llvm::all_of(items, llvm::IsaPred<NumberAttr>)) {
      if (list)
        report(key, "a list of two numbers");
      return numbers;
    }
    auto at = [&](size_t i) { return cast<NumberAttr>(items[i]).getValue().getValueAsDouble(); };
    return {at(0), at(1)};
  }
  /// The items of a list, or what is said instead of a list of one; none where it is none.
  SmallVector<Attribute> several(StringRef key) {
    Attribute found = find(key);
    if (auto list = dyn_cast_or_null<ListAttr>(found))
      return SmallVector<Attribute>(list.getItems().getValue());
    if (!found)
      report(key, "a list");
    return found && !isa<NoneAttr>(found) ? SmallVector<Attribute>{found}
                                          : SmallVector<Attribute>();
  }
  void report(StringRef key, StringRef kind) {
    areWhole = false;
    if (option)
      emitError(place) << "'" << option.getName().getValue() << "' expects " << kind << " as its '"
                       << key << "'";
  }

private:
  Attribute find(StringRef key) const { return option ? option.getValues().get(key) : Attribute(); }
  template <typename Kind>
  Kind of(StringRef key, StringRef kind) {
    auto found = dyn_cast_or_null<Kind>(find(key));
    if (!found)
      report(key, kind);
    return found;
  }

  OptionAttr option; ///< null: what should be one was reported
  Location place;
  bool &areWhole;
};

} // namespace

/// Adds what `group` says of each weight that it names.
static void addGroup(Keys group, double peak, const model::ModelConfig &config,
                     std::vector<GroupSettings> &groups) {
  for (Attribute each : group.several("of")) {
    auto word = dyn_cast<WordAttr>(each);
    std::optional<WeightGroup> named;
    if (word)
      named = groupNamed(word.getValue().getValue());
    if (!named || !changesSome(config, *named)) {
      group.report("of", "names of weights that the train changes");
      continue;
    }
    GroupSettings &own = groups.emplace_back(GroupSettings{*named, {}, {}});
    if (!group.isNone("lr"))
      own.share = group.number("lr") / peak;
    if (!group.isNone("decay"))
      own.decay = group.number("decay");
  }
}

llvm::FailureOr<UpdateSettings> roux::step::updateOfTrain(TrainOp train,
                                                          const model::ModelConfig &config) {
  auto option = cast<OptionAttr>(train.getOptimizer());
  bool areWhole = true;
  Keys keys(option, train.getLoc(), areWhole);
  bool isMuon = option.getName() == "muon";
  Keys adamw = isMuon ? keys.keysOf("rest") : keys;
  double peak = keys.number("lr");
  UpdateSettings update;
  std::tie(update.beta1, update.beta2) = adamw.two("betas");
  update.epsilon = adamw.number("epsilon");
  update.decay = adamw.number("decay");
  update.decaysVectors = adamw.is("exempt", "none");
  update.halfMoments = keys.is("moments", "bf16");
  if (isMuon)
    update.muon = MuonSettings{.momentum = keys.number("momentum"),
                               .isNesterov = keys.flag("nesterov"),
                               .decay = keys.number("decay"),
                               .matchesAdamW = keys.is("scale", "adamw"),
                               .restShare = adamw.number("lr") / peak};
  for (Attribute each : keys.several("groups"))
    if (!isa<OptionAttr>(each))
      keys.report("groups", "a list of groups");
    else
      addGroup(Keys(dyn_cast<OptionAttr>(each), train.getLoc(), areWhole), peak, config,
               update.groups);
  if (!areWhole)
    return failure();
  return update;
}
