//===- ObjectCode.h - machine code from a relocatable object --------------===//
//
// Kernels are compiled to ordinary ELF objects. This places one in memory and
// binds the few functions of libm it may call, so that saved code runs in a
// process without LLVM, and freshly compiled code takes the very same way.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace roux {

/// One loaded object; its functions live as long as it does.
class ObjectCode {
public:
  /// `name` is for messages. Throws std::runtime_error if `bytes` is not an x86-64 object, is
  /// damaged, or needs a function that kernels cannot call.
  ObjectCode(std::string_view bytes, const std::string &name);
  ~ObjectCode();
  ObjectCode(const ObjectCode &) = delete;
  ObjectCode &operator=(const ObjectCode &) = delete;

  /// Address of a function of the object; throws std::runtime_error if it has none of that name.
  void *find(const std::string &function) const;

private:
  std::string name;
  std::byte *memory = nullptr;
  size_t size = 0;
  std::map<std::string, void *> functions;
};

} // namespace roux
