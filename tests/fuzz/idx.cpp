// IDX files, plain and gzip.
#include "data/idx.h"

#include <cmath>

#include "tests/fuzz/bytes_file.h"
#include "tests/fuzz/gzip_mutator.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace saltus;
  static const fuzz::BytesFile file;
  try {
    const IdxArray array = read_idx(file.holding(data, size), 1, 4);
    fuzz::require(!array.dims.empty() && array.dims.size() <= 4);
    std::size_t count = 1;
    for (const std::int64_t extent : array.dims) count *= static_cast<std::size_t>(extent);
    std::visit([&](const auto& values) { fuzz::require(values.size() == count); }, array.values);
    if (const auto* floats = std::get_if<std::vector<float>>(&array.values)) {
      for (const float value : *floats) fuzz::require(std::isfinite(value));
    }
  } catch (const DataError&) {
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  // A plain file stays one: its bytes are what is read.
  const bool packed = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
  if (packed) return saltus::fuzz::mutate_gzip(data, size, max_size, seed);
  return LLVMFuzzerMutate(data, size, max_size);
}
