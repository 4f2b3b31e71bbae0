// NumPy's files of arrays.
#include "store/npz.h"

#include "tests/fuzz/bytes_file.h"
#include "tests/fuzz/npz_mutator.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace saltus;
  static const fuzz::BytesFile file;
  try {
    for (const store::Tensor& tensor : store::read_npz(file.holding(data, size)).tensors) {
      std::size_t values = 1;
      for (const std::int64_t extent : tensor.shape) values *= static_cast<std::size_t>(extent);
      fuzz::require(tensor.values.size() == values && values <= 2000 * size);
    }
  } catch (const DataError&) {
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  return saltus::fuzz::mutate_npz(data, size, max_size, seed);
}
