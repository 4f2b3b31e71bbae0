#include <saltus/model.h>

#include "core/boundary.h"
#include "core/file.h"
#include "store/onnx.h"

namespace saltus {

void Model::export_onnx(const std::filesystem::path& file) const try {
  std::vector<std::vector<float>> values;
  for (const Weight& weight : weights()) values.push_back(get_weights(weight.name));
  write_file_atomic(file, store::onnx_bytes(graph(), values));
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
