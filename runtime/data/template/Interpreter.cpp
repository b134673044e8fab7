//===- Interpreter.cpp - statements, scopes and loops ---------------------===//
//
// A loop round and a macro call have scopes of their own, an `if` has none:
// what a template sets inside a loop is gone after the round unless it sits in
// a namespace. Published templates rely on exactly that.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Interpreter.h"

#include <cassert>
#include <fmt/format.h>

namespace roux::data {

using namespace jinja;

Interpreter::Interpreter(MapValue globals, TemplateLimits limits, int64_t now) : left(limits) {
  static_cast<MapValue &>(scopes.emplace_back()) = globalFunctions(now);
  for (auto &[name, value] : globals.entries)
    scopes.back().set(name, std::move(value));
  scopes.emplace_back();
}

/// Namespaces can be set to hold themselves, which counting references never lets go of.
Interpreter::~Interpreter() {
  for (const std::weak_ptr<MapValue> &each : namespaces)
    if (std::shared_ptr<MapValue> space = each.lock())
      *space = MapValue();
}

Value Interpreter::makeNamespace(MapValue entries) {
  entries.isNamespace = true;
  Value space(std::move(entries));
  namespaces.push_back(space.sharedMap());
  return space;
}

/// Puts the template's line before a message that has none yet.
static TemplateError located(const TemplateError &error, int line) {
  std::string message = error.what();
  return message.starts_with("line ") ? error
                                      : TemplateError(fmt::format("line {}: {}", line, message));
}

Text Interpreter::render(const Node &root) {
  meter::Running running(left);
  Text out;
  execute(root, out);
  return out;
}

Interpreter::Flow Interpreter::executeBlock(const Node &block, Text &out) {
  for (const NodePtr &child : block.children)
    if (Flow flow = execute(*child, out); flow != Flow::Normal)
      return flow;
  return Flow::Normal;
}

Interpreter::Flow Interpreter::execute(const Node &node, Text &out) {
  meter::Level level;
  meter::step();
  switch (node.kind) {
  case NodeKind::Block:
    return executeBlock(node, out);
  case NodeKind::Data:
    out.append(node.name, {-1, false, turn});
    break;
  case NodeKind::Output:
    try {
      Text printed = evaluate(*node.children[0]).print();
      printed.setTurn(turn);
      out.append(printed);
    } catch (const TemplateError &error) {
      throw located(error, node.line);
    }
    break;
  case NodeKind::If:
    return executeIf(node, out);
  case NodeKind::For:
    executeFor(node, out);
    break;
  case NodeKind::Set: {
    Value value = evaluate(*node.children[1]);
    // Loops over numbers look their message up.
    if (turn < 0 && scopes.back().items && value.map())
      turn = value.map()->message;
    assign(*node.children[0], std::move(value));
    break;
  }
  case NodeKind::SetBlock: {
    Text body;
    Flow flow = execute(*node.children[1], body);
    assign(*node.children[0], applyFilters(node, std::move(body)));
    return flow;
  }
  case NodeKind::FilterBlock: {
    Text body;
    Flow flow = execute(*node.children[0], body);
    out.append(applyFilters(node, std::move(body)).print());
    return flow;
  }
  case NodeKind::Macro:
    assign(node, defineMacro(node));
    break;
  case NodeKind::Generation: {
    Text body;
    Flow flow = execute(*node.children[0], body);
    body.markGenerated();
    out.append(body);
    return flow;
  }
  case NodeKind::Break:
    return Flow::Break;
  case NodeKind::Continue:
    return Flow::Continue;
  default:
    assert(false && "an expression is no statement");
  }
  return Flow::Normal;
}

Interpreter::Flow Interpreter::executeIf(const Node &node, Text &out) {
  size_t i = 0;
  for (; i + 1 < node.children.size(); i += 2)
    if (evaluate(*node.children[i]).isTrue())
      return execute(*node.children[i + 1], out);
  return i < node.children.size() ? execute(*node.children[i], out) : Flow::Normal;
}

void Interpreter::executeFor(const Node &node, Text &out) {
  std::vector<Value> items;
  try {
    items = iterate(evaluate(*node.children[1]));
  } catch (const TemplateError &error) {
    throw located(error, node.line);
  }
  if (node.children[2]) { // `loop` counts only what the filter lets through
    std::vector<Value> kept;
    for (Value &item : items) {
      scopes.emplace_back();
      assign(*node.children[0], item);
      if (evaluate(*node.children[2]).isTrue())
        kept.push_back(std::move(item));
      scopes.pop_back();
    }
    items = std::move(kept);
  }
  if (items.empty() && node.children[4]) {
    execute(*node.children[4], out);
    return;
  }
  for (size_t i = 0; i < items.size(); ++i)
    if (loopRound(node, items, i, out) == Flow::Break)
      return;
}

/// What the template calls `loop` in a round; made when it is asked for, which few rounds do.
MapValue Interpreter::describeRound(size_t scope) const {
  const std::vector<Value> &items = *scopes[scope].items;
  size_t index = scopes[scope].round;
  auto integer = [](size_t value) { return Value(static_cast<int64_t>(value)); };
  MapValue loop;
  loop.set("index", integer(index + 1));
  loop.set("index0", integer(index));
  loop.set("revindex", integer(items.size() - index));
  loop.set("revindex0", integer(items.size() - index - 1));
  loop.set("first", Value(index == 0));
  loop.set("last", Value(index + 1 == items.size()));
  loop.set("length", integer(items.size()));
  loop.set("depth", integer(1)); // counts loops that call themselves, of which there are none
  loop.set("depth0", integer(0));
  loop.set("previtem", index ? items[index - 1] : Value(Undefined{"loop.previtem"}));
  loop.set("nextitem",
           index + 1 < items.size() ? items[index + 1] : Value(Undefined{"loop.nextitem"}));
  loop.set("cycle",
           FunctionValue{"cycle", [index](Interpreter &, Arguments &arguments) {
                           if (arguments.positional.empty())
                             throw TemplateError("'loop.cycle' has nothing to cycle");
                           return arguments.positional[index % arguments.positional.size()];
                         }});
  return loop;
}

Interpreter::Flow Interpreter::loopRound(const Node &node, const std::vector<Value> &items,
                                         size_t index, Text &out) {
  meter::step();
  Scope &scope = scopes.emplace_back();
  scope.items = &items;
  scope.round = index;
  int32_t outer = turn;
  if (const MapValue *item = items[index].map(); item && item->message >= 0)
    turn = item->message;
  assign(*node.children[0], items[index]);
  Flow flow = execute(*node.children[3], out);
  scopes.pop_back();
  turn = outer;
  return flow;
}

void Interpreter::assign(const Node &target, Value value) {
  if (target.kind == NodeKind::Name || target.kind == NodeKind::Macro)
    return scopes.back().set(target.name, std::move(value));
  if (target.kind == NodeKind::Attribute) {
    MapValue *space = evaluate(*target.children[0]).map();
    if (!space || !space->isNamespace)
      throw TemplateError(fmt::format("line {}: only attributes of a namespace can be set, '{}' is "
                                      "none",
                                      target.line, target.children[0]->name));
    return space->set(target.name, std::move(value));
  }
  std::vector<Value> items = iterate(value);
  if (items.size() != target.children.size())
    throw TemplateError(fmt::format("line {}: {} values for {} names", target.line, items.size(),
                                    target.children.size()));
  for (size_t i = 0; i < items.size(); ++i)
    assign(*target.children[i], std::move(items[i]));
}

Value Interpreter::applyFilters(const Node &node, Value value) {
  for (const NodePtr &each : node.filters) {
    Arguments arguments = evaluateArguments(*each);
    value = filter(each->name, value, arguments);
  }
  return value;
}

Value Interpreter::defineMacro(const Node &node) {
  return FunctionValue{node.name, [&node](Interpreter &interpreter, Arguments &arguments) {
                         return Value(interpreter.callMacro(node, arguments));
                       }};
}

Text Interpreter::callMacro(const Node &node, Arguments &arguments) {
  size_t defaults = node.children.size() - 1, first = node.names.size() - defaults;
  Scope own;
  for (size_t i = 0; i < node.names.size(); ++i) {
    const Value *given = arguments.find(i, node.names[i]);
    if (given)
      own.set(node.names[i], *given);
    else
      own.set(node.names[i], i >= first ? evaluate(*node.children[1 + i - first])
                                        : Value(Undefined{node.names[i]}));
  }
  if (arguments.positional.size() > node.names.size())
    throw TemplateError(fmt::format("macro '{}' takes {} arguments, found {}", node.name,
                                    node.names.size(), arguments.positional.size()));
  for (const auto &entry : arguments.named)
    if (!own.find(entry.first))
      throw TemplateError(fmt::format("macro '{}' has no parameter '{}'", node.name, entry.first));
  // A macro sees the template's own names, not those of the loop it is called from.
  std::vector<Scope> callers(std::make_move_iterator(scopes.begin() + 2),
                             std::make_move_iterator(scopes.end()));
  scopes.resize(2);
  scopes.push_back(std::move(own));
  Text out;
  execute(*node.children[0], out);
  scopes.resize(2);
  std::move(callers.begin(), callers.end(), std::back_inserter(scopes));
  return out;
}

Value Interpreter::call(const Value &callee, Arguments &arguments) {
  meter::Level level;
  if (!callee.function())
    throw TemplateError(callee.isUndefined()
                            ? fmt::format("'{}' is undefined", require(callee).typeName())
                            : fmt::format("a value of type {} is called", callee.typeName()));
  return callee.function()->body(*this, arguments);
}

} // namespace roux::data
