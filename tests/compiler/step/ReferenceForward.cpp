//===- ReferenceForward.cpp - the forward operations ----------------------===//
//
// One function an operation, its formula and nothing else.
//
//===----------------------------------------------------------------------===//
#include "tests/compiler/step/Reference.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace mlir;

namespace roux::step::reference {

using Arrays = std::vector<Array>;

static Array embedding(EmbeddingOp op, ArrayRef<Array> in) {
  const Array &indexes = in[0], &table = in[1];
  Array out({indexes.rows(), table.columns()});
  for (int64_t t = 0; t < out.rows(); ++t)
    for (int64_t c = 0; c < out.columns(); ++c)
      out.at(t, c) = table.at(indexes.index(t) + op.getOffset(), c);
  return out;
}

static Array rmsNorm(RMSNormOp op, ArrayRef<Array> in) {
  const Array &x = in[0], &weight = in[1];
  int64_t size = weight.rows();
  double epsilon = op.getEpsilon().convertToDouble();
  Array out(x.shape);
  for (int64_t t = 0; t < x.rows(); ++t)
    for (int64_t begin = 0; begin < x.columns(); begin += size) {
      double sum = 0;
      for (int64_t c = 0; c < size; ++c)
        sum += x.at(t, begin + c) * x.at(t, begin + c);
      double scale = 1 / std::sqrt(sum / size + epsilon);
      for (int64_t c = 0; c < size; ++c)
        out.at(t, begin + c) = x.at(t, begin + c) * scale * (weight.values[c] + op.getAroundOne());
    }
  return out;
}

static Array layerNorm(LayerNormOp op, ArrayRef<Array> in) {
  int64_t size = in[1].rows();
  Array x = in[0];
  x.shape = {x.rows() * x.columns() / size, size}; // a row is a group
  Array out(x.shape);
  for (int64_t t = 0; t < x.rows(); ++t) {
    double mean = 0, variance = 0;
    for (int64_t c = 0; c < size; ++c)
      mean += x.at(t, c) / size;
    for (int64_t c = 0; c < size; ++c)
      variance += (x.at(t, c) - mean) * (x.at(t, c) - mean) / size;
    double scale = 1 / std::sqrt(variance + op.getEpsilon().convertToDouble());
    for (int64_t c = 0; c < size; ++c)
      out.at(t, c) =
          (x.at(t, c) - mean) * scale * in[1].values[c] + (op.getBias() ? in[2].values[c] : 0);
  }
  out.shape = in[0].shape;
  return out;
}

static Array linear(LinearOp op, ArrayRef<Array> in) {
  const Array &x = in[0], &weight = in[1];
  bool transposed = op.getTransposed();
  int64_t outputs = weight.shape[transposed ? 1 : 0];
  Array out({x.rows(), outputs});
  for (int64_t t = 0; t < x.rows(); ++t)
    for (int64_t o = 0; o < outputs; ++o) {
      double sum = 0;
      for (int64_t i = 0; i < x.columns(); ++i)
        sum += x.at(t, i) * (transposed ? weight.at(i, o) : weight.at(o, i));
      out.at(t, o) = sum + (in.size() > 2 ? in[2].values[o] : 0);
    }
  return out;
}

static Arrays rotation(RotationOp op, ArrayRef<Array> in) {
  ArrayRef<double> frequencies = op.getFrequencies();
  double scale = op.getScale().convertToDouble();
  Array cosine({in[0].rows(), static_cast<int64_t>(frequencies.size())}), sine(cosine.shape);
  for (int64_t t = 0; t < cosine.rows(); ++t)
    for (int64_t i = 0; i < cosine.columns(); ++i) {
      double frequency = frequencies[i];
      if (double length = in.size() > 1 ? in[1].values[t] : 0;
          op.getLimit() && length > static_cast<double>(*op.getLimit())) {
        double f = op.getStretch() ? op.getStretch()->convertToDouble() : 1;
        double n = 2.0 * static_cast<double>(cosine.columns());
        double stretch = f * length / static_cast<double>(*op.getLimit()) - (f - 1);
        frequency = op.getBeyond() ? (*op.getBeyond())[i]
                                   : frequency * std::pow(stretch, -2.0 * i / (n - 2));
      }
      double angle = in[0].values[t] * frequency;
      cosine.at(t, i) = scale * std::cos(angle);
      sine.at(t, i) = scale * std::sin(angle);
    }
  return {cosine, sine};
}

static Array rope(RopeOp op, ArrayRef<Array> in) {
  const Array &x = in[0], &cosine = in[1], &sine = in[2];
  int64_t pairs = cosine.columns();
  bool half = op.getStyle() == RopeStyle::half;
  Array out = x;
  for (int64_t t = 0; t < x.rows(); ++t)
    for (int64_t head = 0; head < x.columns(); head += op.headChannels())
      for (int64_t i = 0; i < pairs; ++i) {
        int64_t a = head + (half ? i : 2 * i), b = head + (half ? i + pairs : 2 * i + 1);
        double s = op.getInverse() ? -sine.at(t, i) : sine.at(t, i), c = cosine.at(t, i);
        out.at(t, a) = x.at(t, a) * c - x.at(t, b) * s;
        out.at(t, b) = x.at(t, b) * c + x.at(t, a) * s;
      }
  return out;
}

std::pair<int64_t, int64_t> visible(const Array &segments, int64_t token, int64_t window) {
  int64_t first = 0;
  for (int64_t i = 0; i < segments.rows(); ++i)
    if (segments.index(i) <= token)
      first = segments.index(i);
  if (window)
    first = std::max(first, token - window + 1);
  return {first, token + 1};
}

double capped(double value, std::optional<llvm::APFloat> cap) {
  return cap ? cap->convertToDouble() * std::tanh(value / cap->convertToDouble()) : value;
}

static Arrays attention(AttentionOp op, ArrayRef<Array> in) {
  const Array &q = in[0], &k = in[1], &v = in[2], &segments = in[3];
  int64_t heads = op.getHeads(), share = heads / op.getKeyValueHeads();
  int64_t size = q.columns() / heads;
  double scale = op.getScale().convertToDouble();
  Array out(q.shape), logsumexp({q.rows(), heads});
  for (int64_t t = 0; t < q.rows(); ++t)
    for (int64_t h = 0; h < heads; ++h) {
      int64_t g = h / share;
      auto [begin, end] = visible(segments, t, op.getWindow().value_or(0));
      std::vector<double> scores;
      for (int64_t u = begin; u < end; ++u) {
        double dot = 0;
        for (int64_t c = 0; c < size; ++c)
          dot += q.at(t, h * size + c) * k.at(u, g * size + c);
        scores.push_back(capped(scale * dot, op.getSoftcap()));
      }
      logsumexp.at(t, h) = logSumExp(scores);
      for (int64_t u = begin; u < end; ++u)
        for (int64_t c = 0; c < size; ++c)
          out.at(t, h * size + c) +=
              std::exp(scores[u - begin] - logsumexp.at(t, h)) * v.at(u, g * size + c);
    }
  return {out, logsumexp};
}

double activate(ActivationKind kind, double x) {
  if (kind == ActivationKind::gelu)
    return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  if (kind == ActivationKind::relu)
    return std::max(x, 0.0);
  if (kind == ActivationKind::silu)
    return x / (1 + std::exp(-x));
  return x / 2 * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

static Array activation(ActivationKind kind, const Array &x) {
  Array out = x;
  for (double &value : out.values)
    value = activate(kind, value);
  return out;
}

static Array gate(GateOp op, ArrayRef<Array> in) {
  Array out = activation(op.getKind(), in[0]);
  for (size_t i = 0; i < out.values.size(); ++i)
    out.values[i] *= in[1].values[i];
  return out;
}

static Array add(ArrayRef<Array> in) {
  Array out = in[0];
  for (size_t i = 0; i < out.values.size(); ++i)
    out.values[i] += in[1].values[i];
  return out;
}

/// Where column c of a part is that begins at `begin` of the `all` columns of each group and has
/// `size` of them.
static int64_t columnOf(int64_t c, int64_t begin, int64_t size, int64_t all) {
  return c / size * all + begin + c % size;
}

static Arrays split(SplitOp op, ArrayRef<Array> in) {
  Arrays out;
  int64_t begin = 0, groups = op.getGroups(), all = in[0].columns() / groups;
  for (Value part : op.getParts()) {
    int64_t size = cast<RankedTensorType>(part.getType()).getDimSize(1);
    Array piece({in[0].rows(), size});
    for (int64_t t = 0; t < piece.rows(); ++t)
      for (int64_t c = 0; c < size; ++c)
        piece.at(t, c) = in[0].at(t, columnOf(c, begin, size / groups, all));
    out.push_back(piece);
    begin += size / groups;
  }
  return out;
}

static Array concat(ConcatOp op, ArrayRef<Array> in) {
  int64_t columns = 0, begin = 0, groups = op.getGroups();
  for (const Array &part : in)
    columns += part.columns();
  Array out({in[0].rows(), columns});
  for (const Array &part : in) {
    for (int64_t t = 0; t < part.rows(); ++t)
      for (int64_t c = 0; c < part.columns(); ++c)
        out.at(t, columnOf(c, begin, part.columns() / groups, columns / groups)) = part.at(t, c);
    begin += part.columns() / groups;
  }
  return out;
}

/// Of a column or a stream.
static int64_t width(const Array &array) {
  return array.shape.size() == 1 ? 1 : array.columns();
}

static Array pickRows(ArrayRef<Array> in) {
  std::vector<int64_t> shape = in[0].shape;
  shape[0] = in[1].rows();
  Array out(shape);
  for (int64_t i = 0; i < out.rows(); ++i)
    for (int64_t c = 0; c < width(out); ++c)
      out.values[i * width(out) + c] = in[0].values[in[1].index(i) * width(out) + c];
  return out;
}

static Array expandRows(ArrayRef<Array> in, int64_t tokens) {
  std::vector<int64_t> shape = in[0].shape;
  shape[0] = tokens;
  Array out(shape);
  for (int64_t i = 0; i < in[0].rows(); ++i)
    for (int64_t c = 0; c < width(out); ++c)
      out.values[in[1].index(i) * width(out) + c] = in[0].values[i * width(out) + c];
  return out;
}

std::vector<double> logits(const Array &hidden, const Array &vocabulary, const LogitForm &form,
                           int64_t token) {
  std::vector<double> z(vocabulary.rows());
  for (int64_t v = 0; v < vocabulary.rows(); ++v) {
    z[v] = form.bias ? form.bias->values[v] : 0;
    for (int64_t c = 0; c < vocabulary.columns(); ++c)
      z[v] += hidden.at(token, c) * vocabulary.at(v, c);
    z[v] = capped(z[v] * form.scale, form.softcap);
  }
  return z;
}

double logSumExp(const std::vector<double> &values) {
  double largest = *std::max_element(values.begin(), values.end()), sum = 0;
  for (double value : values)
    sum += std::exp(value - largest);
  return largest + std::log(sum);
}

static Arrays nll(const Array &hidden, const Array &vocabulary, const Array &labels,
                  const LogitForm &form) {
  Array nll({hidden.rows()}), logsumexp({hidden.rows()});
  for (int64_t t = 0; t < hidden.rows(); ++t)
    if (labels.index(t) >= 0) {
      std::vector<double> z = logits(hidden, vocabulary, form, t);
      logsumexp.values[t] = logSumExp(z);
      nll.values[t] = logsumexp.values[t] - z[labels.index(t)];
    }
  return {nll, logsumexp};
}

std::vector<double> prediction(ArrayRef<Array> teacher, int64_t token) {
  std::vector<double> q(teacher[1].rows());
  double sum = 0;
  for (int64_t v = 0; v < teacher[1].rows(); ++v) {
    for (int64_t c = 0; c < teacher[1].columns(); ++c)
      q[v] += teacher[0].at(token, c) * teacher[1].at(v, c);
    sum += q[v] = std::exp(q[v]);
  }
  for (double &each : q)
    each /= sum;
  return q;
}

double divergence(const std::vector<double> &logits, const std::vector<double> &teacher) {
  double sum = 0, whole = logSumExp(logits);
  for (size_t v = 0; v < logits.size(); ++v)
    sum += teacher[v] * (std::log(teacher[v]) - (logits[v] - whole));
  return sum;
}

static Arrays crossEntropy(CrossEntropyOp op, ArrayRef<Array> in) {
  LogitForm form(op, in, 2);
  size_t rest = form.bias ? 3 : 2;
  const Array &labels = in[rest];
  Arrays values = nll(in[0], in[1], labels, form);
  double loss = 0;
  Array weights({in[0].rows()});
  for (int64_t t = 0; t < in[0].rows(); ++t)
    if (labels.index(t) >= 0) {
      std::vector<double> arguments{values[0].values[t], values[1].values[t]}, read = arguments;
      if (op.getTeacher())
        read.push_back(
            divergence(logits(in[0], in[1], form, t), prediction(in.slice(rest + 1), t)));
      double value = runFormula(op.getFormula(), read)[0];
      for (const Array &input : in.drop_front(rest + (op.getTeacher() ? 3 : 1)))
        arguments.push_back(input.shape.empty() ? input.values[0] : input.values[t]);
      weights.values[t] = runFormula(op.getWeight(), arguments)[0];
      loss += weights.values[t] * value;
    }
  return {Array::scalar(loss), values[0], values[1], weights};
}

/// As the operation's description says it.
static Array dropout(DropoutOp op, ArrayRef<Array> in) {
  auto mixed = [](uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7feb352d;
    x = (x ^ (x >> 15)) * 0x846ca68b;
    return x ^ (x >> 16);
  };
  Array out = in[0];
  double share = op.getShare().convertToDouble();
  auto layer = static_cast<uint32_t>(in[2].values[0]) * 0x9e3779b9;
  size_t columns = out.values.size() / in[1].values.size();
  for (size_t i = 0; i < out.values.size(); ++i) {
    auto noise = static_cast<uint32_t>(static_cast<int64_t>(in[1].values[i / columns]));
    uint32_t seed = mixed(noise ^ (layer + static_cast<uint32_t>(op.getSalt()) * 0x85ebca6b));
    uint32_t bits = mixed(seed + static_cast<uint32_t>(i % columns) * 0x9e3779b9);
    out.values[i] *= bits < share * 0x1p32 ? 0 : 1 / (1 - share);
  }
  return out;
}

static Array globalNorm(ArrayRef<Array> in) {
  double sum = 0;
  for (const Array &gradient : in)
    for (double value : gradient.values)
      sum += value * value;
  return Array::scalar(std::sqrt(sum));
}

static Arrays adamW(AdamWOp op, ArrayRef<Array> in) {
  Arrays out{in[0], in[2], in[3]};
  double rate = in[4].values[0] * op.getShare().convertToDouble(), first = in[5].values[0],
         second = in[6].values[0];
  double factor = in.size() > 7 ? in[7].values[0] : 1;
  double beta1 = op.getBeta1().convertToDouble(), beta2 = op.getBeta2().convertToDouble();
  for (size_t i = 0; i < in[0].values.size(); ++i) {
    double g = in[1].values[i] * factor;
    double m = out[1].values[i] = beta1 * out[1].values[i] + (1 - beta1) * g;
    double v = out[2].values[i] = beta2 * out[2].values[i] + (1 - beta2) * g * g;
    out[0].values[i] =
        out[0].values[i] * (1 - rate * op.getDecay().convertToDouble()) -
        rate * (m / first) / (std::sqrt(v / second) + op.getEpsilon().convertToDouble());
  }
  return out;
}

std::vector<Array> runForward(Operation *op, ArrayRef<Array> in, int64_t tokens) {
  return llvm::TypeSwitch<Operation *, Arrays>(op)
      .Case([&](EmbeddingOp op) { return Arrays{embedding(op, in)}; })
      .Case([&](RMSNormOp op) { return Arrays{rmsNorm(op, in)}; })
      .Case([&](LayerNormOp op) { return Arrays{layerNorm(op, in)}; })
      .Case([&](LinearOp op) { return Arrays{linear(op, in)}; })
      .Case([&](RotationOp op) { return rotation(op, in); })
      .Case([&](RopeOp op) { return Arrays{rope(op, in)}; })
      .Case([&](AttentionOp op) { return attention(op, in); })
      .Case([&](ActivationOp op) { return Arrays{activation(op.getKind(), in[0])}; })
      .Case([&](GateOp op) { return Arrays{gate(op, in)}; })
      .Case([&](AddOp) { return Arrays{add(in)}; })
      .Case([&](SplitOp op) { return split(op, in); })
      .Case([&](ConcatOp op) { return Arrays{concat(op, in)}; })
      .Case([&](ScaleOp op) {
        Array out = in[0];
        for (double &value : out.values)
          value *= op.getFactor().convertToDouble();
        return Arrays{out};
      })
      .Case([&](DropoutOp op) { return Arrays{dropout(op, in)}; })
      .Case([&](SoftcapOp op) {
        Array out = in[0];
        for (double &value : out.values)
          value = capped(value, op.getCap());
        return Arrays{out};
      })
      .Case([&](CastOp) { return Arrays{in[0]}; })
      .Case([&](PickRowsOp) { return Arrays{pickRows(in)}; })
      .Case([&](ExpandRowsOp) { return Arrays{expandRows(in, tokens)}; })
      .Case([&](CrossEntropyOp op) { return crossEntropy(op, in); })
      .Case([&](NLLOp op) {
        LogitForm form(op, in, 2);
        return nll(in[0], in[1], in.back(), form);
      })
      .Case([&](GlobalNormOp) { return Arrays{globalNorm(in)}; })
      .Case([&](ClipFactorOp op) {
        double limit = op.getLimit().convertToDouble(), norm = in[0].values[0];
        return Arrays{Array::scalar(norm > limit ? limit / norm : norm == norm ? 1 : norm)};
      })
      .Case([&](AdamWOp op) { return adamW(op, in); })
      .Default([](Operation *) { return Arrays{}; });
}

} // namespace roux::step::reference
