#include <cstring>

#include <cublasLt.h>

#include "tests/engine/cuda/stand_ins/elements.h"
#include "tests/engine/cuda/stand_ins/stand_ins.h"

// NOLINTBEGIN(readability-identifier-naming): cuBLAS's names

struct cublasLtContext {};
struct cublasLtMatmulDescOpaque_t {
  cublasComputeType_t compute;
  cublasOperation_t a = CUBLAS_OP_N;
  cublasOperation_t b = CUBLAS_OP_N;
};
struct cublasLtMatrixLayoutOpaque_t {
  cudaDataType type;
  std::uint64_t rows, columns;
  std::int64_t ld;
  std::int32_t trials = 1;
  std::int64_t stride = 0;
};
struct cublasLtMatmulPreferenceOpaque_t {
  std::uint64_t workspace = 0;
  std::uint32_t reductions = 7;
  std::uint32_t alignment = 256;
};

namespace saltus::tests {
namespace {

/// What an algorithm is, in its first word; the second is the alignment that it takes for granted.
enum Algorithm : std::uint64_t {
  kOfOneTrial,  ///< takes no more, and adds up in another order
  kRounds,      ///< adds up parts in the type of the output
  kPlain
};

cublasStatus_t status(const char* name, bool works = true) {
  if (fails(name)) return CUBLAS_STATUS_INTERNAL_ERROR;
  return works ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

/// Copies an attribute's value, if it has the size that it must have.
template <class T>
bool take(T& value, const void* from, std::size_t bytes) {
  if (bytes != sizeof(T)) return false;
  std::memcpy(&value, from, bytes);
  return true;
}

/// A matrix of each trial, column by column.
struct Matrix {
  Elements elements;
  std::int64_t ld, stride;
  bool transposed;

  Matrix(const void* data, const cublasLtMatrixLayoutOpaque_t& layout, cublasOperation_t operation)
      : elements{const_cast<void*>(data), layout.type == CUDA_R_16BF},
        ld(layout.ld),
        stride(layout.stride),
        transposed(operation == CUBLAS_OP_T) {}

  std::int64_t place(int trial, std::int64_t row, std::int64_t column) const {
    return trial * stride + (transposed ? row * ld + column : column * ld + row);
  }
  float at(int trial, std::int64_t row, std::int64_t column) const {
    return elements.load(place(trial, row, column));
  }
};

bool is_aligned(const void* data, std::uint64_t alignment) {
  return reinterpret_cast<std::uintptr_t>(data) % alignment == 0;
}

}  // namespace
}  // namespace saltus::tests

using namespace saltus::tests;  // NOLINT(google-build-using-namespace)

std::size_t cublasLtGetVersion() {
  return 130000;
}

const char* cublasLtGetStatusString(cublasStatus_t status) {
  return status == CUBLAS_STATUS_INVALID_VALUE ? "CUBLAS_STATUS_INVALID_VALUE"
                                               : "CUBLAS_STATUS_INTERNAL_ERROR";
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  if (fails("cublasLtCreate")) return CUBLAS_STATUS_INTERNAL_ERROR;
  *handle = new cublasLtContext;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete handle;
  return status("cublasLtDestroy");
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* description,
                                        cublasComputeType_t compute, cudaDataType scale) {
  if (fails("cublasLtMatmulDescCreate")) return CUBLAS_STATUS_INTERNAL_ERROR;
  if (scale != CUDA_R_32F) return CUBLAS_STATUS_INVALID_VALUE;
  *description = new cublasLtMatmulDescOpaque_t{compute};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description) {
  delete description;
  return status("cublasLtMatmulDescDestroy");
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t description,
                                              cublasLtMatmulDescAttributes_t name,
                                              const void* value, std::size_t bytes) {
  return status(
      "cublasLtMatmulDescSetAttribute",
      take(name == CUBLASLT_MATMUL_DESC_TRANSA ? description->a : description->b, value, bytes));
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                          std::uint64_t rows, std::uint64_t columns,
                                          std::int64_t ld) {
  if (fails("cublasLtMatrixLayoutCreate")) return CUBLAS_STATUS_INTERNAL_ERROR;
  *layout = new cublasLtMatrixLayoutOpaque_t{type, rows, columns, ld};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return status("cublasLtMatrixLayoutDestroy");
}
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t name,
                                                const void* value, std::size_t bytes) {
  return status("cublasLtMatrixLayoutSetAttribute", name == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT
                                                        ? take(layout->trials, value, bytes)
                                                        : take(layout->stride, value, bytes));
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  if (fails("cublasLtMatmulPreferenceCreate")) return CUBLAS_STATUS_INTERNAL_ERROR;
  *preference = new cublasLtMatmulPreferenceOpaque_t;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return status("cublasLtMatmulPreferenceDestroy");
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t name,
                                                    const void* value, std::size_t bytes) {
  const auto set = [&] {
    if (name == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
      return take(preference->workspace, value, bytes);
    if (name == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK)
      return take(preference->reductions, value, bytes);
    return take(preference->alignment, value, bytes);
  };
  return status("cublasLtMatmulPreferenceSetAttribute", set());
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t /*handle*/, cublasLtMatmulDesc_t /*description*/, cublasLtMatrixLayout_t a,
    cublasLtMatrixLayout_t /*b*/, cublasLtMatrixLayout_t /*c*/, cublasLtMatrixLayout_t /*d*/,
    cublasLtMatmulPreference_t preference, int wanted, cublasLtMatmulHeuristicResult_t results[],
    int* count) {
  if (fails("cublasLtMatmulAlgoGetHeuristic")) return CUBLAS_STATUS_INTERNAL_ERROR;
  *count = 0;
  const auto add = [&](Algorithm algorithm) {
    if (*count < wanted)
      results[(*count)++] = {{{algorithm, preference->alignment}}, preference->workspace};
  };
  if (a->trials == 1) add(kOfOneTrial);
  if (preference->reductions != CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE) add(kRounds);
  add(kPlain);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t /*handle*/,
                                       cublasLtMatmulDesc_t /*description*/,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t /*b*/,
                                       cublasLtMatrixLayout_t /*c*/, cublasLtMatrixLayout_t /*d*/,
                                       const cublasLtMatmulAlgo_t* algorithm,
                                       cublasLtMatmulHeuristicResult_t* result) {
  if (fails("cublasLtMatmulAlgoCheck")) return CUBLAS_STATUS_INTERNAL_ERROR;
  if (algorithm->data[0] == kOfOneTrial && a->trials > 1) return CUBLAS_STATUS_NOT_SUPPORTED;
  *result = {*algorithm, 1};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t /*handle*/, cublasLtMatmulDesc_t description,
                              const void* alpha, const void* a, cublasLtMatrixLayout_t a_layout,
                              const void* b, cublasLtMatrixLayout_t b_layout, const void* beta,
                              const void* /*c*/, cublasLtMatrixLayout_t /*c_layout*/, void* d,
                              cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace,
                              std::size_t workspace_bytes, cudaStream_t stream) {
  if (fails("cublasLtMatmul")) return CUBLAS_STATUS_INTERNAL_ERROR;
  const auto [kind, alignment] = std::pair(algorithm->data[0], algorithm->data[1]);
  const bool fits = a_layout->trials == b_layout->trials && a_layout->trials == d_layout->trials;
  if (!fits || *static_cast<const float*>(alpha) != 1 || *static_cast<const float*>(beta) != 0 ||
      !is_aligned(a, alignment) || !is_aligned(b, alignment) || !is_aligned(d, alignment))
    return CUBLAS_STATUS_INVALID_VALUE;
  const Matrix left(a, *a_layout, description->a);
  const Matrix right(b, *b_layout, description->b);
  const Matrix out(d, *d_layout, CUBLAS_OP_N);
  const auto m = static_cast<std::int64_t>(d_layout->rows);
  const auto n = static_cast<std::int64_t>(d_layout->columns);
  const auto k = static_cast<std::int64_t>(left.transposed ? a_layout->rows : a_layout->columns);
  const auto others =
      static_cast<std::int64_t>(right.transposed ? b_layout->columns : b_layout->rows);
  if (k != others) return CUBLAS_STATUS_INVALID_VALUE;
  const bool tf32 = description->compute == CUBLAS_COMPUTE_32F_FAST_TF32;
  const auto multiply = [=, trials = a_layout->trials, kind = kind] {
    use_workspace(workspace, workspace_bytes);
    const auto factor = [&](float x) { return tf32 ? rounded_to_tf32(x) : x; };
    for (int trial = 0; trial < trials; ++trial) {
      for (std::int64_t column = 0; column < n; ++column) {
        for (std::int64_t row = 0; row < m; ++row) {
          float sum = 0;
          for (std::int64_t i = 0; i < k; ++i) {
            const std::int64_t place = kind == kOfOneTrial ? k - 1 - i : i;
            sum += factor(left.at(trial, row, place)) * factor(right.at(trial, place, column));
            if (kind == kRounds) sum = rounded_to_tf32(sum);
          }
          out.elements.save(sum, out.place(trial, row, column));
        }
      }
    }
  };
  return put_into(stream, multiply) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

// NOLINTEND(readability-identifier-naming)

namespace saltus::tests {

std::map<std::string, void*> cublas_functions() {
#define SALTUS_STAND_IN(name) \
  { #name, reinterpret_cast < void*>(&(name)) }
  return {SALTUS_STAND_IN(cublasLtGetVersion),
          SALTUS_STAND_IN(cublasLtGetStatusString),
          SALTUS_STAND_IN(cublasLtCreate),
          SALTUS_STAND_IN(cublasLtDestroy),
          SALTUS_STAND_IN(cublasLtMatmulDescCreate),
          SALTUS_STAND_IN(cublasLtMatmulDescDestroy),
          SALTUS_STAND_IN(cublasLtMatmulDescSetAttribute),
          SALTUS_STAND_IN(cublasLtMatrixLayoutCreate),
          SALTUS_STAND_IN(cublasLtMatrixLayoutDestroy),
          SALTUS_STAND_IN(cublasLtMatrixLayoutSetAttribute),
          SALTUS_STAND_IN(cublasLtMatmulPreferenceCreate),
          SALTUS_STAND_IN(cublasLtMatmulPreferenceDestroy),
          SALTUS_STAND_IN(cublasLtMatmulPreferenceSetAttribute),
          SALTUS_STAND_IN(cublasLtMatmulAlgoGetHeuristic),
          SALTUS_STAND_IN(cublasLtMatmulAlgoCheck),
          SALTUS_STAND_IN(cublasLtMatmul)};
#undef SALTUS_STAND_IN
}

}  // namespace saltus::tests
