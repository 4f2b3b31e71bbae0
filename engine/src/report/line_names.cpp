#include "report/line_names.h"

#include <algorithm>

namespace saltus {

void move_apart(std::vector<LineName>& names, double top, double bottom) {
  std::ranges::stable_sort(names, {}, &LineName::y);
  double least = top;
  for (LineName& name : names) {
    name.y = std::max(name.y, least);
    least = name.y + kNameHeight;
  }
  double most = bottom;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    name->y = std::min(name->y, most);
    most = name->y - kNameHeight;
  }
}

}  // namespace saltus
