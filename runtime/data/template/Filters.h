//===- Filters.h - the bodies of filters -----------------------------------===//
//
// Those that stand in files of their own, for the table of Filters.cpp. What each
// does is in Jinja's documentation.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/template/Interpreter.h"

namespace roux::data::jinja {

using Filter = Value (*)(Interpreter &, const Value &, Arguments &);

/// An argument, by position or name. Throws TemplateError where it is missing.
const Value &argument(const Arguments &arguments, size_t index, std::string_view name);
/// The same where it may be missing, or none. Throws TemplateError for what is no integer.
int64_t integerOr(const Arguments &arguments, size_t index, std::string_view name,
                  int64_t otherwise);
bool flag(const Arguments &arguments, size_t index, std::string_view name, bool otherwise);

// NumberFilters.cpp
Value absolute(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value round(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value toInteger(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value toReal(Interpreter &interpreter, const Value &value, Arguments &arguments);

// ItemFilters.cpp
Value length(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value join(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value sort(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value items(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value dictsort(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value unique(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value map(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value sum(Interpreter &interpreter, const Value &value, Arguments &arguments);
Value reversed(Interpreter &interpreter, const Value &value, Arguments &arguments);
/// select, reject, selectattr and rejectattr: the items whose test comes out as `wanted`.
Value choose(Interpreter &interpreter, const Value &value, Arguments &arguments, bool byAttribute,
             bool wanted);
/// max and min.
Value extreme(const Value &value, Arguments &arguments, bool largest);
/// last and first.
Value edge(const Value &value, bool last);

} // namespace roux::data::jinja
