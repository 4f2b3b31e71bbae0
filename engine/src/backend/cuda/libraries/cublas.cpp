// Dense products by cuBLASLt, one call for all trials.
#include <stdexcept>

#include <fmt/format.h>

#include <saltus/error.h>

#include "backend/cuda/libraries/multiplier.h"

#if defined(SALTUS_HAS_CUBLASLT)
#include <algorithm>
#include <array>
#include <utility>

#include <cublasLt.h>

#include "backend/cuda/libraries/library.h"
#include "backend/cuda/libraries/made.h"

namespace saltus::cuda {
namespace {

constexpr const char* kName = "libcublasLt.so.13";
constexpr int kCandidates = 16;
constexpr int kManyTrials = 64;  // more than a device is best at

template <class Handle>
using Owned = Made<Handle, cublasStatus_t>;

void check(const Library& library, cublasStatus_t status, const char* call, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  throw DeviceError(fmt::format("{}:{}: {}: {}", __FILE__, line, call,
                                SALTUS_OF(library, cublasLtGetStatusString)(status)));
}

/// Makes a call and throws DeviceError where it fails.
#define SALTUS_LT(library, name, ...) \
  check(library, SALTUS_OF(library, name)(__VA_ARGS__), #name, __LINE__)

/// Makes a handle or descriptor by `create`, to be given back by `destroy`.
#define SALTUS_LT_MADE(library, Handle, create, destroy, ...)     \
  [&] {                                                           \
    Handle made = nullptr;                                        \
    SALTUS_LT(library, create, &made __VA_OPT__(, ) __VA_ARGS__); \
    return Owned<Handle>(made, {SALTUS_OF(library, destroy)});    \
  }()

/// The way cuBLAS has it, column by column: out [m][n] = a [m][k] b [k][n]. Our arrays are the
/// transposed ones of theirs, so that out' = b' a'.
struct Shape {
  std::int64_t m, n, k;
  bool a_transposed, b_transposed;
};

Shape shape_of(const Problem& problem) {
  const std::int64_t in = problem.window.channels_in;
  const std::int64_t out = problem.window.channels_out;
  const std::int64_t rows = std::int64_t{problem.rows} * problem.window.image.height;
  switch (problem.kind) {
    case ProductKind::forward:
      return {out, rows, in, false, false};
    case ProductKind::backward_data:
      return {in, rows, out, true, false};
    case ProductKind::backward_filter:
      break;
  }
  return {out, in, rows, false, true};
}

cudaDataType type_of(const Array& array) {
  return array.type == plan::DType::bf16 ? CUDA_R_16BF : CUDA_R_32F;
}

class Product : public Multiplication {
 public:
  Product(std::shared_ptr<const Library> library, cublasLtHandle_t handle,
          cublasComputeType_t compute, const Problem& problem)
      : library_(std::move(library)),
        handle_(handle),
        description_(SALTUS_LT_MADE(*library_, cublasLtMatmulDesc_t, cublasLtMatmulDescCreate,
                                    cublasLtMatmulDescDestroy, compute, CUDA_R_32F)) {
    const Shape shape = shape_of(problem);
    set_transposed(CUBLASLT_MATMUL_DESC_TRANSA, shape.a_transposed);
    set_transposed(CUBLASLT_MATMUL_DESC_TRANSB, shape.b_transposed);
    a_ = layout(problem.b, shape.m, shape.k, shape.a_transposed);
    b_ = layout(problem.a, shape.k, shape.n, shape.b_transposed);
    out_ = layout(problem.out, shape.m, shape.n, false);
    choose(problem);
  }

  void start(const Problem& problem, void* room, cudaStream_t stream) const override {
    constexpr float kOne = 1;
    constexpr float kNone = 0;
    SALTUS_LT(*library_, cublasLtMatmul, handle_, description_.get(), &kOne, problem.b.data,
              a_.get(), problem.a.data, b_.get(), &kNone, problem.out.data, out_.get(),
              problem.out.data, out_.get(), &algorithm_, room, Multiplier::kRoom, stream);
  }

 private:
  using MatrixLayout = Owned<cublasLtMatrixLayout_t>;

  void set_transposed(cublasLtMatmulDescAttributes_t which, bool transposed) {
    const cublasOperation_t operation = transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    SALTUS_LT(*library_, cublasLtMatmulDescSetAttribute, description_.get(), which, &operation,
              sizeof(operation));
  }

  MatrixLayout layout(const Array& array, std::int64_t rows, std::int64_t columns,
                      bool transposed) const {
    if (transposed) std::swap(rows, columns);
    return SALTUS_LT_MADE(*library_, cublasLtMatrixLayout_t, cublasLtMatrixLayoutCreate,
                          cublasLtMatrixLayoutDestroy, type_of(array),
                          static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(columns),
                          rows);
  }

  /// The first algorithm for one trial that takes many: with how many others a trial is computed
  /// must not decide its bits.
  void choose(const Problem& problem) {
    const auto preference =
        SALTUS_LT_MADE(*library_, cublasLtMatmulPreference_t, cublasLtMatmulPreferenceCreate,
                       cublasLtMatmulPreferenceDestroy);
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t which, auto value) {
      SALTUS_LT(*library_, cublasLtMatmulPreferenceSetAttribute, preference.get(), which, &value,
                sizeof(value));
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{Multiplier::kRoom});
    // Parts of sums are added up as floats, and in a fixed order.
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
    for (const auto which :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(which, std::uint32_t{Multiplier::kAlignment});
    std::array<cublasLtMatmulHeuristicResult_t, kCandidates> found = {};
    int count = 0;
    SALTUS_LT(*library_, cublasLtMatmulAlgoGetHeuristic, handle_, description_.get(), a_.get(),
              b_.get(), out_.get(), out_.get(), preference.get(), kCandidates, found.data(),
              &count);
    set_trials(problem, std::max(problem.trials, kManyTrials));
    for (int i = 0; i < count; ++i) {
      algorithm_ = found[static_cast<std::size_t>(i)].algo;
      if (!takes_all_trials()) continue;
      set_trials(problem, problem.trials);
      return;
    }
    const Shape shape = shape_of(problem);
    throw DeviceError(fmt::format(
        "cublasLtMatmulAlgoGetHeuristic knows no way to multiply {} x {} by {} x {} for {} trials; "
        "leave gemm cublas away",
        shape.n, shape.k, shape.k, shape.m, problem.trials));
  }

  void set_trials(const Problem& problem, std::int32_t trials) const {
    set_trials(a_, problem.b, trials);
    set_trials(b_, problem.a, trials);
    set_trials(out_, problem.out, trials);
  }
  void set_trials(const MatrixLayout& matrices, const Array& array, std::int32_t trials) const {
    const std::int64_t stride = array.stride / plan::size_of(array.type);
    SALTUS_LT(*library_, cublasLtMatrixLayoutSetAttribute, matrices.get(),
              CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &trials, sizeof(trials));
    SALTUS_LT(*library_, cublasLtMatrixLayoutSetAttribute, matrices.get(),
              CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof(stride));
  }

  bool takes_all_trials() const {
    cublasLtMatmulHeuristicResult_t result = {};
    const cublasStatus_t status = SALTUS_OF(*library_, cublasLtMatmulAlgoCheck)(
        handle_, description_.get(), a_.get(), b_.get(), out_.get(), out_.get(), &algorithm_,
        &result);
    return status == CUBLAS_STATUS_SUCCESS && result.workspaceSize <= Multiplier::kRoom;
  }

  std::shared_ptr<const Library> library_;
  cublasLtHandle_t handle_;
  Owned<cublasLtMatmulDesc_t> description_;
  MatrixLayout a_, b_, out_;
  cublasLtMatmulAlgo_t algorithm_ = {};
};

class Cublas : public Multiplier {
 public:
  Cublas(Precision precision, Library library)
      : library_(std::make_shared<const Library>(library)),
        // Products of bf16 and of floats are exact, and sums are floats; tf32 has to be asked for.
        compute_(precision == Precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F),
        handle_(SALTUS_LT_MADE(*library_, cublasLtHandle_t, cublasLtCreate, cublasLtDestroy)) {}

  std::unique_ptr<Multiplication> plan(const Problem& problem) override {
    return std::make_unique<Product>(library_, handle_.get(), compute_, problem);
  }
  bool turns_weights() const override { return false; }
  plan::DType result(plan::DType wanted, plan::DType /*operands*/) const override { return wanted; }

 private:
  std::shared_ptr<const Library> library_;
  cublasComputeType_t compute_;
  Owned<cublasLtHandle_t> handle_;
};

}  // namespace

std::shared_ptr<Multiplier> load_cublas(Precision precision) {
  try {
    return std::make_shared<Cublas>(precision, Library(kName));
  } catch (const DeviceError&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw DeviceError(fmt::format(
        "gemm cublas needs cuBLASLt, which cannot be loaded ({}): install libcublas-13-0 or pip's "
        "nvidia-cublas and put its folder on LD_LIBRARY_PATH, or leave gemm away",
        error.what()));
  }
}

}  // namespace saltus::cuda

#else

namespace saltus::cuda {

std::shared_ptr<Multiplier> load_cublas(Precision /*precision*/) {
  throw DeviceError(
      "this build of saltus has no cuBLASLt: build it where cublasLt.h is installed, or leave gemm "
      "away");
}

}  // namespace saltus::cuda

#endif
