// Layers that take each element alone, and those that only move them.
#include <algorithm>
#include <utility>

#include <saltus/activation.h>
#include <saltus/kernels/activations.h>

#include "reference/formula.h"

namespace saltus::reference {
namespace {

/// Which alpha of a PReLU belongs to element i of a sample: axes that share one have extent 1.
std::int64_t alpha_index(const layers::PReLU& layer, const Shape& shape, std::int64_t i) {
  std::int64_t index = 0;
  std::int64_t stride = 1;
  for (auto axis = std::ssize(shape); axis >= 1; --axis) {
    const std::int64_t extent = shape.begin()[axis - 1];
    if (std::ranges::count(layer.shared_axes, axis) == 0) {
      index += i % extent * stride;
      stride *= extent;
    }
    i /= extent;
  }
  return index;
}

/// function<Entry>(x, parameters) for the activation's entry of the list, in double; the parameters
/// are the floats that every backend has.
template <typename Function>
double with_entry(const saltus::Activation& activation, double x, Function function) {
  const auto parameters = kernels::parameters_of<double>(activation.ref());
  double y = 0;
  kernels::dispatch(activation.ref().id,
                    [&]<class Entry>() { y = function.template operator()<Entry>(x, parameters); });
  return y;
}

}  // namespace

double value_of(const Activation& activation, double x) {
  return with_entry(activation, x, []<class Entry>(double at, const auto& parameters) {
    return Entry::f(at, parameters);
  });
}

double slope_of(const Activation& activation, double x) {
  return with_entry(activation, x, []<class Entry>(double at, const auto& parameters) {
    return Entry::df(at, parameters);
  });
}

Batch forward(const layers::Input&, const Call& call) {
  return call.input();
}

Gradients backward(const layers::Input&, const Call&, const Batch& dy) {
  return {{dy}, {}};
}

Batch forward(const layers::Flatten&, const Call& call) {
  const Batch& x = call.input();
  return {x.rows, {x.sample_size()}, x.values};
}

Gradients backward(const layers::Flatten&, const Call& call, const Batch& dy) {
  return {{Batch(dy.rows, call.input().shape, dy.values)}, {}};
}

Batch forward(const layers::Reshape&, const Call& call) {
  return {call.input().rows, call.node.shape, call.input().values};
}

Gradients backward(const layers::Reshape&, const Call& call, const Batch& dy) {
  return {{Batch(dy.rows, call.input().shape, dy.values)}, {}};
}

// y = f(x), dx = dy f'(x)
Batch forward(const Activation& layer, const Call& call) {
  Batch y = call.input();
  for (double& value : y.values) value = value_of(layer, value);
  return y;
}

Gradients backward(const Activation& layer, const Call& call, const Batch& dy) {
  Batch dx = call.input();
  for (std::int64_t i = 0; i < dx.size(); ++i) {
    dx.values[i] = dy.values[i] * slope_of(layer, dx.values[i]);
  }
  return {{std::move(dx)}, {}};
}

// y = max(x, 0) + alpha min(x, 0); as in Keras, max(x, 0) and min(x, 0) have derivative 0 at 0
Batch forward(const layers::PReLU& layer, const Call& call) {
  const Batch& x = call.input();
  const Values& alpha = call.weight("alpha");
  Batch y(x.rows, x.shape);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t a = alpha_index(layer, x.shape, i % x.sample_size());
    y.values[i] = std::max(x.values[i], 0.0) + alpha[a] * std::min(x.values[i], 0.0);
  }
  return y;
}

Gradients backward(const layers::PReLU& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  const Values& alpha = call.weight("alpha");
  Batch dx(x.rows, x.shape);
  Values d_alpha(alpha.size());
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t a = alpha_index(layer, x.shape, i % x.sample_size());
    const double slope = x.values[i] > 0 ? 1 : (x.values[i] < 0 ? alpha[a] : 0);
    dx.values[i] = dy.values[i] * slope;
    d_alpha[a] += dy.values[i] * std::min(x.values[i], 0.0);
  }
  return {{std::move(dx)}, {{call.weight_name("alpha"), std::move(d_alpha)}}};
}

// y = x_1 + x_2 + ...
Batch forward(const layers::Add&, const Call& call) {
  Batch y(call.input().rows, call.input().shape);
  for (const Batch* x : call.inputs) {
    for (std::int64_t i = 0; i < y.size(); ++i) y.values[i] += x->values[i];
  }
  return y;
}

Gradients backward(const layers::Add&, const Call& call, const Batch& dy) {
  return {Array<Batch>(std::ssize(call.inputs), dy), {}};
}

template struct Formula<layers::Input>;
template struct Formula<layers::Flatten>;
template struct Formula<layers::Reshape>;
template struct Formula<Activation>;
template struct Formula<layers::PReLU>;
template struct Formula<layers::Add>;

}  // namespace saltus::reference
