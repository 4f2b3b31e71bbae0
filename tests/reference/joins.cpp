// Layers that multiply or join their inputs.
#include "reference/formula.h"

namespace saltus::reference {
namespace {

/// The place of channel c of a batch's vector v in another batch with so many channels.
std::int64_t place(std::int64_t v, std::int64_t channels, std::int64_t c) {
  return v * channels + c;
}

std::int64_t vectors_of(const Batch& batch) {
  return batch.size() / batch.channels();
}

}  // namespace

Batch forward(const layers::Multiply&, const Call& call) {
  Batch y = call.input();
  for (std::int64_t i = 0; i < y.size(); ++i) {
    y.values[i] = 1;
    for (const Batch* x : call.inputs) y.values[i] *= x->values[i];
  }
  return y;
}

// Each input's gradient is dy times all other inputs.
Gradients backward(const layers::Multiply&, const Call& call, const Batch& dy) {
  Gradients gradients;
  for (const Batch* x : call.inputs) {
    Batch dx = dy;
    bool skipped = false;  // an input that stands twice counts as one of them
    for (const Batch* other : call.inputs) {
      if (other == x && !skipped) {
        skipped = true;
        continue;
      }
      for (std::int64_t i = 0; i < dx.size(); ++i) dx.values[i] *= other->values[i];
    }
    gradients.inputs.push_back(std::move(dx));
  }
  return gradients;
}

Batch forward(const layers::Concatenate&, const Call& call) {
  Batch y(call.input().rows, call.node.shape);
  std::int64_t first = 0;
  for (const Batch* x : call.inputs) {
    for (std::int64_t v = 0; v < vectors_of(*x); ++v) {
      for (std::int64_t c = 0; c < x->channels(); ++c) {
        y.values[place(v, y.channels(), first + c)] = x->values[place(v, x->channels(), c)];
      }
    }
    first += x->channels();
  }
  return y;
}

Gradients backward(const layers::Concatenate&, const Call& call, const Batch& dy) {
  Gradients gradients;
  std::int64_t first = 0;
  for (const Batch* x : call.inputs) {
    Batch dx(x->rows, x->shape);
    for (std::int64_t v = 0; v < vectors_of(dx); ++v) {
      for (std::int64_t c = 0; c < dx.channels(); ++c) {
        dx.values[place(v, dx.channels(), c)] = dy.values[place(v, dy.channels(), first + c)];
      }
    }
    first += x->channels();
    gradients.inputs.push_back(std::move(dx));
  }
  return gradients;
}

template struct Formula<layers::Multiply>;
template struct Formula<layers::Concatenate>;

}  // namespace saltus::reference
