#include <cmath>

#include <saltus/architecture.h>

#include "core/entries.h"

namespace saltus {
namespace architectures {
namespace {

bool are_whole(std::initializer_list<double> values) {
  return std::ranges::all_of(values, [](double value) { return value == std::floor(value); });
}

}  // namespace

std::string_view Mlp::conflict() const {
  return are_whole({depth, width, residual}) ? ""
                                             : "depth, width and residual of mlp are whole numbers";
}

std::string_view Cnn::conflict() const {
  return are_whole({blocks, filters}) ? "" : "blocks and filters of cnn are whole numbers";
}

std::string_view Resnet::conflict() const {
  return are_whole({blocks, filters}) ? "" : "blocks and filters of resnet are whole numbers";
}

}  // namespace architectures

const std::vector<Architecture>& architecture_list() {
  static const std::vector<Architecture> list = usual_entries<Architecture>();
  return list;
}

std::string_view name_of(const Architecture& architecture) {
  return entry_name(architecture);
}

Architecture parse_architecture(std::string_view text) {
  auto architecture = parse_entry<Architecture>("network", text, "mlp:depth=5");
  validate(architecture);
  return architecture;
}

std::string text_of(const Architecture& architecture) {
  return std::string(name_of(architecture)) + values_of(architecture, ":");
}

void validate(const Architecture& architecture) {
  validate_entry(architecture);
}

}  // namespace saltus
