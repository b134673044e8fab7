//===- SimtMaths.cpp - a GPU's maths in words of LLVM ----------------------===//
//
// Only what the lowerings and CUDA's libdevice use, which is almost all rounded to
// the nearest: what is not here is refused by its name.

//
//===----------------------------------------------------------------------===//
#include "compiler/codegen/SimtMaths.h"

using namespace llvm;

namespace {
using Operands = ArrayRef<Value *>;

/// Maths by its name without `.ftz` and without the type at its end.
struct Maths {
  StringLiteral name;
  Value *(*make)(IRBuilder<> &, Type *result, Operands);
};
} // namespace

template <Intrinsic::ID id>
static Value *call(IRBuilder<> &b, Type *result, Operands given) {
  return b.CreateIntrinsic(result, id, given);
}

template <Instruction::BinaryOps op>
static Value *binary(IRBuilder<> &b, Type *, Operands given) {
  return b.CreateBinOp(op, given[0], given[1]);
}

template <Instruction::CastOps op>
static Value *cast(IRBuilder<> &b, Type *result, Operands given) {
  return b.CreateCast(op, given[0], result);
}

static Value *inverse(IRBuilder<> &b, Value *value) {
  return b.CreateFDiv(ConstantFP::get(value->getType(), 1), value);
}

static Value *root(IRBuilder<> &b, Value *value) {
  return b.CreateUnaryIntrinsic(Intrinsic::sqrt, value);
}

/// To an integer, which is the nearest there is where the number is too large.
template <bool isSigned, Intrinsic::ID rounding>
static Value *toInteger(IRBuilder<> &b, Type *result, Operands given) {
  Value *whole = b.CreateUnaryIntrinsic(rounding, given[0]);
  Intrinsic::ID id = isSigned ? Intrinsic::fptosi_sat : Intrinsic::fptoui_sat;
  return b.CreateIntrinsic(id, {result, whole->getType()}, {whole});
}

static Value *halves(IRBuilder<> &b, Value *value) {
  return b.CreateBitCast(value, FixedVectorType::get(b.getInt32Ty(), 2));
}

template <unsigned half>
static Value *halfOf(IRBuilder<> &b, Type *, Operands given) {
  return b.CreateExtractElement(halves(b, given[0]), half);
}

static Value *ofHalves(IRBuilder<> &b, Type *result, Operands given) {
  Value *pair = PoisonValue::get(FixedVectorType::get(b.getInt32Ty(), 2));
  pair = b.CreateInsertElement(pair, given[0], uint64_t(0));
  return b.CreateBitCast(b.CreateInsertElement(pair, given[1], uint64_t(1)), result);
}

template <bool isSigned>
static Value *highProduct(IRBuilder<> &b, Type *result, Operands given) {
  unsigned bits = result->getIntegerBitWidth();
  Type *wide = b.getIntNTy(2 * bits);
  auto extended = [&](Value *value) {
    return isSigned ? b.CreateSExt(value, wide) : b.CreateZExt(value, wide);
  };
  Value *product = b.CreateMul(extended(given[0]), extended(given[1]));
  return b.CreateTrunc(b.CreateLShr(product, bits), result);
}

static Value *saturate(IRBuilder<> &b, Type *result, Operands given) {
  Value *low = b.CreateMaxNum(given[0], ConstantFP::get(result, 0));
  return b.CreateMinNum(low, ConstantFP::get(result, 1));
}

/// a * b + c of f32 numbers, rounded down: exact in f64 but for the last bits of a long sum.
static Value *roundedDown(IRBuilder<> &b, Type *result, Operands given) {
  if (!result->isFloatTy())
    return nullptr;
  auto wide = [&](Value *value) { return b.CreateFPExt(value, b.getDoubleTy()); };
  Value *exact = b.CreateFAdd(b.CreateFMul(wide(given[0]), wide(given[1])), wide(given[2]));
  Value *nearest = b.CreateFPTrunc(exact, result);
  Value *bits = b.CreateBitCast(nearest, b.getInt32Ty()), *zero = ConstantFP::get(result, 0);
  Value *below = b.CreateSelect(b.CreateFCmpOGT(nearest, zero), b.CreateSub(bits, b.getInt32(1)),
                                b.CreateAdd(bits, b.getInt32(1)));
  below = b.CreateSelect(b.CreateFCmpOEQ(nearest, zero), b.getInt32(0x80000001), below);
  Value *isAbove = b.CreateFCmpOGT(wide(nearest), exact);
  return b.CreateSelect(isAbove, b.CreateBitCast(below, result), nearest);
}

static constexpr Maths table[] = {
    {"add.rn", binary<Instruction::FAdd>},
    {"ceil", call<Intrinsic::ceil>},
    {"cos.approx", call<Intrinsic::cos>},
    {"d2f.rn", cast<Instruction::FPTrunc>},
    {"d2i.hi", halfOf<1>},
    {"d2i.lo", halfOf<0>},
    {"d2i.rn", toInteger<true, Intrinsic::roundeven>},
    {"d2i.rz", toInteger<true, Intrinsic::trunc>},
    {"d2ll.rn", toInteger<true, Intrinsic::roundeven>},
    {"d2ll.rz", toInteger<true, Intrinsic::trunc>},
    {"div.approx", binary<Instruction::FDiv>},
    {"div.rn", binary<Instruction::FDiv>},
    {"ex2.approx", call<Intrinsic::exp2>},
    {"f2i.rn", toInteger<true, Intrinsic::roundeven>},
    {"f2i.rz", toInteger<true, Intrinsic::trunc>},
    {"f2ll.rn", toInteger<true, Intrinsic::roundeven>},
    {"f2ll.rz", toInteger<true, Intrinsic::trunc>},
    {"f2ui.rz", toInteger<false, Intrinsic::trunc>},
    {"fabs", call<Intrinsic::fabs>},
    {"floor", call<Intrinsic::floor>},
    {"fma.rm", roundedDown},
    {"fma.rn", call<Intrinsic::fma>},
    {"fmax", call<Intrinsic::maxnum>},
    {"fmin", call<Intrinsic::minnum>},
    {"i2d.rn", cast<Instruction::SIToFP>},
    {"i2f.rn", cast<Instruction::SIToFP>},
    {"lg2.approx", call<Intrinsic::log2>},
    {"ll2d.rn", cast<Instruction::SIToFP>},
    {"ll2f.rn", cast<Instruction::SIToFP>},
    {"lohi.i2d", ofHalves},
    {"mul.rn", binary<Instruction::FMul>},
    {"mulhi.i", highProduct<true>},
    {"mulhi.ll", highProduct<true>},
    {"mulhi.ui", highProduct<false>},
    {"mulhi.ull", highProduct<false>},
    {"rcp.approx", [](IRBuilder<> &b, Type *, Operands given) { return inverse(b, given[0]); }},
    {"rcp.rn", [](IRBuilder<> &b, Type *, Operands given) { return inverse(b, given[0]); }},
    {"round", call<Intrinsic::roundeven>},
    {"rsqrt.approx",
     [](IRBuilder<> &b, Type *, Operands given) { return inverse(b, root(b, given[0])); }},
    {"saturate", saturate},
    {"sin.approx", call<Intrinsic::sin>},
    {"sqrt.approx", call<Intrinsic::sqrt>},
    {"sqrt.rn", call<Intrinsic::sqrt>},
    {"trunc", call<Intrinsic::trunc>},
    {"ui2d.rn", cast<Instruction::UIToFP>},
    {"ui2f.rn", cast<Instruction::UIToFP>},
};

Value *roux::simtMaths(IRBuilder<> &builder, StringRef name, Type *result, Operands operands) {
  std::string plain = name.str();
  if (size_t at = plain.find(".ftz"); at != plain.npos)
    plain.erase(at, 4);
  StringRef bare = plain;
  for (const Maths &maths : table)
    if (bare == maths.name)
      return maths.make(builder, result, operands);
  for (StringRef type : {".f32", ".f64", ".f", ".d"})
    if (bare.consume_back(type))
      break;
  for (const Maths &maths : table)
    if (bare == maths.name)
      return maths.make(builder, result, operands);
  return nullptr;
}

/// Integers of `bits` bits, as many as `like` has numbers.
static Type *integers(Type *like, unsigned bits) {
  Type *one = IntegerType::get(like->getContext(), bits);
  auto *vector = dyn_cast<VectorType>(like);
  return vector ? VectorType::get(one, vector->getElementCount()) : one;
}

Value *roux::simtRound(IRBuilder<> &b, Value *value, Type *result) {
  Type *words = integers(result, 32);
  auto number = [&](uint64_t n) { return ConstantInt::get(words, n); };
  Value *bits = b.CreateBitCast(value, words);
  Value *odd = b.CreateAnd(b.CreateLShr(bits, 16), number(1));
  Value *rounded = b.CreateAdd(bits, b.CreateAdd(odd, number(0x7fff)));
  Value *isNumber = b.CreateFCmpORD(value, value);
  Value *chosen = b.CreateSelect(isNumber, b.CreateLShr(rounded, 16), number(0x7fff));
  return b.CreateBitCast(b.CreateTrunc(chosen, integers(result, 16)), result);
}
