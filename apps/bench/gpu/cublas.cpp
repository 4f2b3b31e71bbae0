#include <limits>
#include <memory>

#if defined(SALTUS_HAS_CUBLASLT)
#include <cublasLt.h>

#include "arena.h"
#include "backend/cuda/libraries/library.h"
#include "peers.h"

namespace saltus::bench {
namespace {

constexpr std::size_t kWorkspace = std::size_t{64} << 20;
constexpr int kCandidates = 16;

const cuda::Library& library() {
  static const cuda::Library loaded("libcublasLt.so.13");
  return loaded;
}

void expect(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw std::runtime_error(std::string(what) + ": " +
                             SALTUS_OF(library(), cublasLtGetStatusString)(status));
}

#define SALTUS_LT(name, ...) expect(SALTUS_OF(library(), name)(__VA_ARGS__), #name)

/// As cuBLAS has it, column by column: out [m][n] = a [m][k] b [k][n].
struct Shape {
  std::int64_t m, n, k;
  bool a_transposed, b_transposed;
};

/// Our arrays are the transposed ones of theirs, so that out' = b' a'.
Shape shape_of(const Layer& layer) {
  const std::int64_t in = layer.window.channels_in;
  const std::int64_t out = layer.window.channels_out;
  const std::int64_t rows = std::int64_t{layer.rows} * layer.window.image.height;
  switch (layer.pass) {
    case Pass::forward:
      return {out, rows, in, false, false};
    case Pass::backward_data:
      return {in, rows, out, true, false};
    default:
      return {out, in, rows, false, true};
  }
}

class Product {
 public:
  explicit Product(const Layer& layer) : layer_(layer), shape_(shape_of(layer)) {
    const bool halves = layer.precision == Precision::bf16;
    const cudaDataType in = halves ? CUDA_R_16BF : CUDA_R_32F;
    const cudaDataType out =
        halves && layer.pass != Pass::backward_filter ? CUDA_R_16BF : CUDA_R_32F;
    const auto compute =
        layer.precision == Precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    SALTUS_LT(cublasLtCreate, &handle_);
    SALTUS_LT(cublasLtMatmulDescCreate, &description_, compute, CUDA_R_32F);
    set_transposed(CUBLASLT_MATMUL_DESC_TRANSA, shape_.a_transposed);
    set_transposed(CUBLASLT_MATMUL_DESC_TRANSB, shape_.b_transposed);
    a_ = layout(in, shape_.m, shape_.k, shape_.a_transposed);
    b_ = layout(in, shape_.k, shape_.n, shape_.b_transposed);
    out_ = layout(out, shape_.m, shape_.n, false);
    workspace_ = memory_.zeros<std::uint8_t>(1, kWorkspace).data;
    choose();
  }

  void start(int set, cudaStream_t stream) const {
    for (int trial = 0; trial < layer_.trials; ++trial) multiply(algorithm_, set, trial, stream);
  }

 private:
  void set_transposed(cublasLtMatmulDescAttributes_t which, bool transposed) {
    const cublasOperation_t operation = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    SALTUS_LT(cublasLtMatmulDescSetAttribute, description_, which, &operation, sizeof(operation));
  }

  static cublasLtMatrixLayout_t layout(cudaDataType type, std::int64_t rows, std::int64_t columns,
                                       bool transposed) {
    if (transposed) std::swap(rows, columns);
    cublasLtMatrixLayout_t made = nullptr;
    SALTUS_LT(cublasLtMatrixLayoutCreate, &made, type, static_cast<std::uint64_t>(rows),
              static_cast<std::uint64_t>(columns), rows);
    return made;
  }

  void multiply(const cublasLtMatmulAlgo_t& algorithm, int set, int trial,
                cudaStream_t stream) const {
    const Operands& operands = layer_.sets[static_cast<std::size_t>(set)];
    constexpr float kOne = 1;
    constexpr float kNone = 0;
    void* out = operands.out.of(trial);
    SALTUS_LT(cublasLtMatmul, handle_, description_, &kOne, operands.b.of(trial), a_,
              operands.a.of(trial), b_, &kNone, out, out_, out, out_, &algorithm, workspace_,
              kWorkspace, stream);
  }

  /// The quickest of the candidates, by a few runs of each.
  void choose() {
    cublasLtMatmulPreference_t preference = nullptr;
    SALTUS_LT(cublasLtMatmulPreferenceCreate, &preference);
    SALTUS_LT(cublasLtMatmulPreferenceSetAttribute, preference,
              CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &kWorkspace, sizeof(kWorkspace));
    std::vector<cublasLtMatmulHeuristicResult_t> found(kCandidates);
    int count = 0;
    SALTUS_LT(cublasLtMatmulAlgoGetHeuristic, handle_, description_, a_, b_, out_, out_, preference,
              kCandidates, found.data(), &count);
    if (count == 0) throw std::runtime_error("no algorithm");
    float best = std::numeric_limits<float>::infinity();
    for (int i = 0; i < count; ++i) {
      const cublasLtMatmulAlgo_t& algorithm = found[static_cast<std::size_t>(i)].algo;
      const float time = time_of(algorithm);
      if (time >= best) continue;
      best = time;
      algorithm_ = algorithm;
    }
  }

  [[nodiscard]] float time_of(const cublasLtMatmulAlgo_t& algorithm) const {
    constexpr int kRuns = 10;
    cudaEvent_t begin = nullptr;
    cudaEvent_t end = nullptr;
    SALTUS_CHECK(cudaEventCreate(&begin));
    SALTUS_CHECK(cudaEventCreate(&end));
    multiply(algorithm, 0, 0, bench_stream());
    SALTUS_CHECK(cudaEventRecord(begin, bench_stream()));
    for (int i = 0; i < kRuns; ++i) multiply(algorithm, 0, 0, bench_stream());
    SALTUS_CHECK(cudaEventRecord(end, bench_stream()));
    SALTUS_CHECK(cudaEventSynchronize(end));
    float milliseconds = 0;
    SALTUS_CHECK(cudaEventElapsedTime(&milliseconds, begin, end));
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
    return milliseconds;
  }

  Layer layer_;
  Shape shape_;
  Arena memory_;
  void* workspace_ = nullptr;
  cublasLtHandle_t handle_ = nullptr;
  cublasLtMatmulDesc_t description_ = nullptr;
  cublasLtMatrixLayout_t a_ = nullptr, b_ = nullptr, out_ = nullptr;
  cublasLtMatmulAlgo_t algorithm_ = {};
};

std::string name_with_version() {
  const std::size_t version = SALTUS_OF(library(), cublasLtGetVersion)();
  return "cuBLASLt " + std::to_string(version / 10000) + "." +
         std::to_string(version % 10000 / 100);
}

}  // namespace

Contestant cublas_dense(const Layer& layer) {
  try {
    const auto product = std::make_shared<Product>(layer);
    return {name_with_version(),
            [product](int set, cudaStream_t stream) { product->start(set, stream); }, ""};
  } catch (const std::runtime_error& error) {
    return {"cuBLASLt", nullptr, error.what()};
  }
}

}  // namespace saltus::bench

#endif
