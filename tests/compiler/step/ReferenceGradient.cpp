//===- ReferenceGradient.cpp - the gradient operations --------------------===//
//
// The formulas of StepGradientOps.td; finite differences of the forward
// operations are what holds both to account.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/Reference.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numbers>

using namespace mlir;

namespace roux::step::reference {

using Arrays = std::vector<Array>;

double activateSlope(ActivationKind kind, double x) {
  if (kind == ActivationKind::gelu)
    return (1 + std::erf(x / std::sqrt(2.0))) / 2 +
           x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
  if (kind == ActivationKind::relu)
    return x > 0;
  if (kind == ActivationKind::silu) {
    double s = 1 / (1 + std::exp(-x));
    return s * (1 + x * (1 - s));
  }
  double root = std::sqrt(2 / std::numbers::pi);
  double t = std::tanh(root * (x + 0.044715 * x * x * x));
  return (1 + t) / 2 + x / 2 * (1 - t * t) * root * (1 + 3 * 0.044715 * x * x);
}

static std::vector<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().vec();
}

static Array embeddingGrad(EmbeddingGradOp op, ArrayRef<Array> in) {
  Array out(shapeOf(op.getResult()));
  for (int64_t t = 0; t < in[0].rows(); ++t)
    for (int64_t c = 0; c < in[0].columns(); ++c)
      out.at(in[1].index(t) + op.getOffset(), c) += in[0].at(t, c);
  return out;
}

static Arrays rmsNormGrad(RMSNormGradOp op, ArrayRef<Array> in) {
  const Array &gradient = in[0], &x = in[1], &weight = in[2];
  int64_t size = weight.rows();
  Array dx(x.shape), dw(weight.shape);
  for (int64_t t = 0; t < x.rows(); ++t)
    for (int64_t begin = 0; begin < x.columns(); begin += size) {
      double squares = 0, dot = 0;
      for (int64_t c = 0; c < size; ++c) {
        squares += x.at(t, begin + c) * x.at(t, begin + c);
        dot +=
            gradient.at(t, begin + c) * (weight.values[c] + op.getAroundOne()) * x.at(t, begin + c);
      }
      double r = 1 / std::sqrt(squares / size + op.getEpsilon().convertToDouble());
      for (int64_t c = 0; c < size; ++c) {
        double g = gradient.at(t, begin + c), value = x.at(t, begin + c);
        dx.at(t, begin + c) =
            r * (g * (weight.values[c] + op.getAroundOne()) - value * r * r / size * dot);
        dw.values[c] += g * value * r;
      }
    }
  return {dx, dw};
}

static Arrays layerNormGrad(LayerNormGradOp op, ArrayRef<Array> in) {
  const Array &weight = in[2];
  int64_t size = weight.rows();
  Array gradient = in[0], x = in[1];
  gradient.shape = x.shape = {x.rows() * x.columns() / size, size}; // a row is a group
  Array dx(x.shape), dw(weight.shape), db(weight.shape);
  for (int64_t t = 0; t < x.rows(); ++t) {
    double mean = 0, variance = 0, meanG = 0, meanGX = 0;
    for (int64_t c = 0; c < size; ++c)
      mean += x.at(t, c) / size;
    for (int64_t c = 0; c < size; ++c)
      variance += (x.at(t, c) - mean) * (x.at(t, c) - mean) / size;
    double r = 1 / std::sqrt(variance + op.getEpsilon().convertToDouble());
    for (int64_t c = 0; c < size; ++c) {
      double g = gradient.at(t, c) * weight.values[c];
      meanG += g / size;
      meanGX += g * (x.at(t, c) - mean) * r / size;
    }
    for (int64_t c = 0; c < size; ++c) {
      double normal = (x.at(t, c) - mean) * r;
      dx.at(t, c) = (gradient.at(t, c) * weight.values[c] - meanG - normal * meanGX) * r;
      dw.values[c] += gradient.at(t, c) * normal;
      db.values[c] += gradient.at(t, c);
    }
  }
  dx.shape = in[1].shape;
  return {dx, dw, db};
}

static Array linearGrad(LinearGradOp op, ArrayRef<Array> in) {
  Array out(shapeOf(op.getResult()));
  for (int64_t t = 0; t < in[0].rows(); ++t)
    for (int64_t o = 0; o < in[0].columns(); ++o)
      for (int64_t i = 0; i < in[1].columns(); ++i)
        (op.getTransposed() ? out.at(i, o) : out.at(o, i)) += in[0].at(t, o) * in[1].at(t, i);
  return out;
}

static Array sumRows(ArrayRef<Array> in) {
  Array out({in[0].columns()});
  for (int64_t t = 0; t < in[0].rows(); ++t)
    for (int64_t c = 0; c < in[0].columns(); ++c)
      out.values[c] += in[0].at(t, c);
  return out;
}

static Arrays attentionGrad(AttentionGradOp op, ArrayRef<Array> in) {
  const Array &gradient = in[0], &q = in[1], &k = in[2], &v = in[3], &out = in[4];
  const Array &logsumexp = in[5], &segments = in[6];
  int64_t heads = op.getHeads(), share = heads / op.getKeyValueHeads();
  int64_t size = q.columns() / heads;
  double scale = op.getScale().convertToDouble();
  Array dq(q.shape), dk(k.shape), dv(v.shape);
  for (int64_t t = 0; t < q.rows(); ++t)
    for (int64_t h = 0; h < heads; ++h) {
      int64_t g = h / share;
      double d = 0;
      for (int64_t c = 0; c < size; ++c)
        d += gradient.at(t, h * size + c) * out.at(t, h * size + c);
      auto [begin, end] = visible(segments, t, op.getWindow().value_or(0));
      for (int64_t u = begin; u < end; ++u) {
        double score = 0, towards = 0;
        for (int64_t c = 0; c < size; ++c) {
          score += q.at(t, h * size + c) * k.at(u, g * size + c);
          towards += gradient.at(t, h * size + c) * v.at(u, g * size + c);
        }
        score = capped(scale * score, op.getSoftcap());
        double p = std::exp(score - logsumexp.at(t, h)), e = p * (towards - d);
        if (op.getSoftcap())
          e *= 1 - std::pow(score / op.getSoftcap()->convertToDouble(), 2);
        for (int64_t c = 0; c < size; ++c) {
          dq.at(t, h * size + c) += scale * e * k.at(u, g * size + c);
          dk.at(u, g * size + c) += scale * e * q.at(t, h * size + c);
          dv.at(u, g * size + c) += p * gradient.at(t, h * size + c);
        }
      }
    }
  return {dq, dk, dv};
}

static Array activationGrad(ActivationGradOp op, ArrayRef<Array> in) {
  Array out = in[0];
  for (size_t i = 0; i < out.values.size(); ++i)
    out.values[i] *= activateSlope(op.getKind(), in[1].values[i]);
  return out;
}

static Arrays gateGrad(GateGradOp op, ArrayRef<Array> in) {
  Array dgate = in[0], dup = in[0];
  for (size_t i = 0; i < dgate.values.size(); ++i) {
    dgate.values[i] *= in[2].values[i] * activateSlope(op.getKind(), in[1].values[i]);
    dup.values[i] *= activate(op.getKind(), in[1].values[i]);
  }
  return {dgate, dup};
}

static Arrays crossEntropyGrad(CrossEntropyGradOp op, ArrayRef<Array> in) {
  LogitForm form(op, in, 3);
  const Array &hidden = in[1], &vocabulary = in[2];
  double seed = in[0].values[0];
  in = in.drop_front(form.bias ? 1 : 0); // those below are one further on then
  const Array &labels = in[3];
  ArrayRef<Array> teacher = in.slice(4, op.getTeacher() ? 2 : 0);
  in = in.drop_front(teacher.size()); // the same
  const Array &weights = in[4];
  Array dhidden(hidden.shape), dvocabulary(vocabulary.shape), dbias({vocabulary.rows()});
  for (int64_t t = 0; t < hidden.rows(); ++t) {
    if (labels.index(t) < 0)
      continue;
    std::vector<double> z = logits(hidden, vocabulary, form, t), q;
    std::vector<double> read{in[5].values[t], in[6].values[t]};
    if (!teacher.empty()) {
      q = prediction(teacher, t);
      read.push_back(divergence(z, q));
    }
    std::vector<double> slopes = runFormula(op.getDerivative(), read);
    double factor = seed * weights.values[t];
    for (int64_t v = 0; v < vocabulary.rows(); ++v) {
      double p = std::exp(z[v] - in[6].values[t]);
      double e = factor * ((slopes[0] + slopes[1]) * p - (v == labels.index(t) ? slopes[0] : 0));
      if (!q.empty())
        e += factor * slopes[2] * (p - q[v]);
      e *= form.scale;
      if (form.softcap)
        e *= 1 - std::pow(z[v] / form.softcap->convertToDouble(), 2);
      dbias.values[v] += e;
      for (int64_t c = 0; c < hidden.columns(); ++c) {
        dhidden.at(t, c) += e * vocabulary.at(v, c);
        dvocabulary.at(v, c) += e * hidden.at(t, c);
      }
    }
  }
  if (form.bias)
    return {dhidden, dvocabulary, dbias};
  return {dhidden, dvocabulary};
}

std::vector<Array> runGradient(Operation *op, ArrayRef<Array> in) {
  return llvm::TypeSwitch<Operation *, Arrays>(op)
      .Case([&](EmbeddingGradOp op) { return Arrays{embeddingGrad(op, in)}; })
      .Case([&](RMSNormGradOp op) { return rmsNormGrad(op, in); })
      .Case([&](LayerNormGradOp op) { return layerNormGrad(op, in); })
      .Case([&](LinearGradOp op) { return Arrays{linearGrad(op, in)}; })
      .Case([&](SumRowsOp) { return Arrays{sumRows(in)}; })
      .Case([&](AttentionGradOp op) { return attentionGrad(op, in); })
      .Case([&](ActivationGradOp op) { return Arrays{activationGrad(op, in)}; })
      .Case([&](GateGradOp op) { return gateGrad(op, in); })
      .Case([&](CrossEntropyGradOp op) { return crossEntropyGrad(op, in); })
      .Default([](Operation *) { return Arrays{}; });
}

} // namespace roux::step::reference
