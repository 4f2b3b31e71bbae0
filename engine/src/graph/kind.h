// What each kind of layer is called. Each layer's rule says it (ops/).
#pragma once

#include <string_view>

#include <saltus/layers.h>

namespace saltus {

/// Keras's class name and the name that it makes from it for layers that were given none.
struct Kind {
  std::string_view class_name;    ///< "MaxPooling2D"
  std::string_view default_name;  ///< "max_pooling2d"
};

Kind kind_of(const Layer& layer);

}  // namespace saltus
