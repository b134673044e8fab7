//===- NumberFilters.cpp - filters that make numbers ----------------------===//
//
// Rounding and reading them, as Python does.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/template/Filters.h"

#include <charconv>
#include <cmath>
#include <fmt/format.h>

namespace roux::data {

using namespace jinja;

Value jinja::absolute(Interpreter &, const Value &value, Arguments &) {
  require(value);
  if (!value.isNumber())
    throw TemplateError(fmt::format("'abs' of a {}", value.typeName()));
  return value.real() ? Value(std::abs(*value.real())) : Value(mpz_class(abs(value.whole())));
}

Value jinja::round(Interpreter &, const Value &value, Arguments &arguments) {
  int64_t digits = integerOr(arguments, 0, "precision", 0);
  const Value *method = arguments.find(1, "method");
  std::string how = method ? method->print().str() : "common";
  if (!require(value).isNumber())
    throw TemplateError(fmt::format("a {} is rounded, expected a number", value.typeName()));
  if (how == "common" && !value.real() && digits >= 0)
    return value.whole();
  double scale = std::pow(10.0, static_cast<double>(digits));
  double scaled = value.number() * scale;
  if (how == "ceil" || how == "floor")
    return (how == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / scale;
  if (how != "common")
    throw TemplateError("the method of 'round' is common, ceil or floor");
  if (!value.real())
    return mpz_class(mpz_class(std::nearbyint(scaled)) *
                     mpz_class(std::pow(10.0, -std::max<int64_t>(digits, -300))));
  if (!std::isfinite(scaled) || digits > 300)
    return value;
  if (digits < 0)
    return std::nearbyint(scaled) / scale;
  // Printing rounds the exact value, halves to even, as Python does.
  return std::strtod(fmt::format("{:.{}f}", value.number(), digits).c_str(), nullptr);
}

/// The integer that a float is without its fraction; none of inf and nan.
static std::optional<mpz_class> truncated(double real) {
  if (!std::isfinite(real))
    return std::nullopt;
  return mpz_class(real);
}

/// As Python reads numbers: blanks around them, one sign, single `_` between digits.
static std::optional<std::string> numberText(const Text &text) {
  std::string digits = strip(text, true, true).str();
  for (size_t i = 0; i < digits.size(); ++i) {
    auto isDigitAt = [&](size_t at) {
      return at < digits.size() && std::isdigit(static_cast<unsigned char>(digits[at]));
    };
    if (digits[i] == '_' && (i == 0 || !isDigitAt(i - 1) || !isDigitAt(i + 1)))
      return std::nullopt;
  }
  std::erase(digits, '_');
  if (digits.starts_with('+') && !digits.starts_with("+-"))
    digits.erase(0, 1);
  if (digits.empty() || digits.size() > 4300)
    return std::nullopt;
  return digits;
}

static std::optional<double> realOf(const Text &text) {
  std::optional<std::string> digits = numberText(text);
  if (!digits || digits->find_first_of("xX(") != digits->npos)
    return std::nullopt;
  const char *end = digits->data() + digits->size();
  double real;
  auto [stop, error] = std::from_chars(digits->data(), end, real);
  if (stop != end)
    return std::nullopt;
  return error == std::errc::result_out_of_range ? std::strtod(digits->c_str(), nullptr) : real;
}

Value jinja::toInteger(Interpreter &, const Value &value, Arguments &arguments) {
  const Value *given = arguments.find(0, "default");
  Value otherwise = given ? *given : Value(int64_t(0));
  int64_t base = integerOr(arguments, 1, "base", 10);
  if (value.real()) {
    std::optional<mpz_class> whole = truncated(*value.real());
    return whole ? Value(*whole) : otherwise;
  }
  if (value.isNumber())
    return value.whole();
  if (!value.text())
    return otherwise;
  if (base != 10)
    throw TemplateError("'int' reads base 10 only");
  std::optional<std::string> digits = numberText(*value.text());
  size_t sign = digits && digits->starts_with('-');
  if (digits && digits->size() > sign &&
      digits->find_first_not_of("0123456789", sign) == digits->npos)
    return mpz_class(*digits, 10);
  std::optional<double> real = realOf(*value.text());
  std::optional<mpz_class> whole = real ? truncated(*real) : std::nullopt;
  return whole ? Value(*whole) : otherwise;
}

Value jinja::toReal(Interpreter &, const Value &value, Arguments &arguments) {
  const Value *given = arguments.find(0, "default");
  Value otherwise = given ? *given : Value(0.0);
  if (value.isNumber())
    return value.number();
  std::optional<double> real = value.text() ? realOf(*value.text()) : std::nullopt;
  return real ? Value(*real) : otherwise;
}

} // namespace roux::data
