// Products by the libraries that the backend can use, as it uses them.
#include <stdexcept>

#include "arena.h"
#include "backend/cuda/libraries/library.h"
#include "peers.h"

namespace saltus::bench {
namespace {

struct Source {
  const char* name;
  const char* file;
  const char* version;  ///< a function of it
  std::shared_ptr<cuda::Multiplier> (*load)(Precision);
};

constexpr Source kCublas = {"cuBLASLt", "libcublasLt.so.13", "cublasLtGetVersion",
                            cuda::load_cublas};
constexpr Source kCudnn = {"cuDNN", "libcudnn.so.9", "cudnnGetVersion", cuda::load_cudnn};

Contestant product_by(const Source& source, Precision precision, std::vector<cuda::Problem> sets) {
  try {
    const auto multiplier = source.load(precision);
    const plan::DType wanted = sets.front().out.type;
    const plan::DType result = multiplier->result(wanted, sets.front().a.type);
    for (cuda::Problem& problem : sets) problem.out.type = result;
    const std::shared_ptr<const cuda::Multiplication> product = multiplier->plan(sets.front());
    const auto arena = std::make_shared<Arena>();
    std::byte* const workspace = arena->zeros<std::byte>(1, cuda::Multiplier::kRoom).data;
    return {name_with_version(source.name, source.file, source.version),
            [=](int set, cudaStream_t stream) {
              static_cast<void>(arena);  // owns the workspace
              static_cast<void>(multiplier);
              product->start(sets[static_cast<std::size_t>(set)], workspace, stream);
            },
            result == wanted ? "" : "its result is bf16, ours fp32"};
  } catch (const std::runtime_error& error) {
    return {source.name, nullptr, error.what()};
  }
}

}  // namespace

std::string name_with_version(const char* name, const char* file, const char* function) {
  const std::size_t version = cuda::Library(file).function<std::size_t()>(function)();
  return std::string(name) + " " + std::to_string(version / 10000) + "." +
         std::to_string(version % 10000 / 100);
}

Contestant cublas_dense(Precision precision, const std::vector<cuda::Problem>& sets) {
  return product_by(kCublas, precision, sets);
}

Contestant cudnn_convolution(Precision precision, const std::vector<cuda::Problem>& sets) {
  return product_by(kCudnn, precision, sets);
}

}  // namespace saltus::bench
