#include "backend/backend.h"

namespace saltus::backend {

int moments_of(const Optimizer& optimizer) {
  return std::visit([](const auto& o) { return static_cast<int>(o.moments()); }, optimizer);
}

}  // namespace saltus::backend
