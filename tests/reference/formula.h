// What a file with a layer's formula includes. It has
//     Batch forward(const L&, const Call&);
//     Gradients backward(const L&, const Call&, const Batch& dy);
// and ends with
//     template struct Formula<L>;
#pragma once

#include "reference/layers.h"

namespace saltus::reference {

template <class L>
Batch Formula<L>::output(const L& layer, const Call& call) {
  return forward(layer, call);
}

template <class L>
Gradients Formula<L>::gradients(const L& layer, const Call& call, const Batch& dy) {
  return backward(layer, call, dy);
}

}  // namespace saltus::reference
