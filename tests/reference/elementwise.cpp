// Layers that take each element alone, and those that only move them.
#include <algorithm>
#include <cstddef>
#include <string>
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

using Parameters = kernels::Parameters<long double>;

long double f_of(int id, long double x, const Parameters& parameters) {
  long double y = 0;
  kernels::dispatch(id, [&]<class Entry>() { y = Entry::f(x, parameters); });
  return y;
}

double df_of(int id, double x, const Parameters& parameters) {
  long double slope = 0;
  kernels::dispatch(
      id, [&]<class Entry>() { slope = Entry::df(static_cast<long double>(x), parameters); });
  return static_cast<double>(slope);
}

/// f's derivative with respect to a parameter, as a difference: of what the list says of f alone.
double df_by_parameter(int id, double x, Parameters parameters, std::size_t place) {
  constexpr long double kStep = 1e-6L;
  long double& value = parameters.values[place];
  const long double middle = value;
  value = middle + kStep;
  const long double above = f_of(id, x, parameters);
  value = middle - kStep;
  const long double below = f_of(id, x, parameters);
  return static_cast<double>((above - below) / (2 * kStep));
}

/// The parameters of element i: those that are learned are weights, of the layer or of a channel.
Parameters parameters_at(const Activation& activation, const Call& call, std::int64_t i) {
  Parameters parameters = kernels::parameters_of<long double>(activation.ref());
  for (std::size_t p = 0; p < activation.info().parameters.size(); ++p) {
    if (activation.learned(p) == Learned::no) continue;
    const Values& values = call.weight(std::string(activation.info().parameters[p].name).c_str());
    parameters.values[p] = values[i % values.size()];
  }
  return parameters;
}

}  // namespace

double value_of(const Activation& activation, double x) {
  return static_cast<double>(
      f_of(activation.ref().id, x, kernels::parameters_of<long double>(activation.ref())));
}

double slope_of(const Activation& activation, double x) {
  return df_of(activation.ref().id, x, kernels::parameters_of<long double>(activation.ref()));
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

// y = f(x), dx = dy f'(x), and for a learned parameter p the sum of dy df/dp
Batch forward(const Activation& layer, const Call& call) {
  Batch y = call.input();
  for (std::int64_t i = 0; i < y.size(); ++i) {
    double& value = y.values[i];
    value = static_cast<double>(f_of(layer.ref().id, value, parameters_at(layer, call, i)));
  }
  return y;
}

Gradients backward(const Activation& layer, const Call& call, const Batch& dy) {
  const Batch& x = call.input();
  Batch dx(x.rows, x.shape);
  for (std::int64_t i = 0; i < dx.size(); ++i)
    dx.values[i] = dy.values[i] * df_of(layer.ref().id, x.values[i], parameters_at(layer, call, i));
  Gradients gradients{{std::move(dx)}, {}};
  for (std::size_t p = 0; p < layer.info().parameters.size(); ++p) {
    if (layer.learned(p) == Learned::no) continue;
    const std::string name(layer.info().parameters[p].name);
    Values sums(call.weight(name.c_str()).size());
    for (std::int64_t i = 0; i < x.size(); ++i) {
      sums[i % sums.size()] += dy.values[i] * df_by_parameter(layer.ref().id, x.values[i],
                                                              parameters_at(layer, call, i), p);
    }
    gradients.weights.emplace(call.weight_name(name.c_str()), std::move(sums));
  }
  return gradients;
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
