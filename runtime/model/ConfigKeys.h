//===- ConfigKeys.h - keys of a config.json that no reader asks for -------===//
//
// A config says many things that change nothing here, and some that change what the
// model computes. The first are listed so that what is left can be told.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/model/ConfigObject.h"

namespace roux::model {

/// Goes through the keys of `from` that were not asked for. Throws ModelError for one that would
/// change what the model computes, unless it has the value that changes nothing. Returns those that
/// are not known, in the order of the file; where there are many, a few of them.
std::vector<std::string> unreadKeys(const ConfigObject &from);

} // namespace roux::model
