#include "backend/cuda/products.h"

#include <saltus/kernels/convolution/convolution.h>

namespace saltus::cuda {
namespace {

using kernels::Bf16;
using plan::kNone;

constexpr auto kFloat = std::int64_t{sizeof(float)};
static_assert(kernels::Activate::kIdentity == kernels::Epilogue<float>::kIdentity);

class OwnProducts : public Products {
 public:
  OwnProducts(const plan::Program& program, Precision precision, int max_rows)
      : tensors_(program),
        bf16_(precision == Precision::bf16),
        engine_(engine_of(precision)),
        max_rows_(max_rows) {}

  Launch forward(const ForwardProduct& product) const override {
    if (!bf16_) return forward<float, float>(product);
    return tensors_.is_bf16(product.y) ? forward<Bf16, Bf16>(product)
                                       : forward<Bf16, float>(product);
  }
  Launch backward(const BackwardProduct& product) const override {
    return bf16_ ? backward<Bf16>(product) : backward<float>(product);
  }

 private:
  template <class T, class Out>
  Launch forward(const ForwardProduct& p) const {
    return {
        [p, t = tensors_, engine = engine_](const StepContext& at) {
          const kernels::Epilogue<Out> epilogue = {t.of<Out>(at, p.y), t.floats(at, p.b), p.slot,
                                                   t.floats(at, p.slope)};
          kernels::convolution_forward<T, Out>(
              engine,
              {p.window, t.of<T>(at, p.x), t.weight<T>(at, p.w), epilogue, workspace<float>(at)},
              at.context);
        },
        kernels::convolution_forward_workspace(engine_, p.window, max_rows_) * kFloat};
  }

  template <class T>
  Launch backward(const BackwardProduct& p) const {
    return {[p, t = tensors_, engine = engine_](const StepContext& at) {
              const kernels::PerTrial<const T> dy = t.template of<T>(at, p.dy);
              const auto backward_data = [&]<class Out>(kernels::PerTrial<Out> dx) {
                kernels::convolution_backward_data<T, Out>(
                    engine, {p.window, dy, t.template weight<T>(at, p.w), dx}, at.context);
              };
              if (t.is_bf16(p.dx)) {
                if constexpr (std::is_same_v<T, Bf16>) backward_data(t.template of<Bf16>(at, p.dx));
              } else if (p.dx != kNone) {
                backward_data(t.floats(at, p.dx));
              }
              if (p.dw == kNone) return;
              kernels::convolution_backward_filter<T>(
                  engine,
                  {p.window, t.template of<T>(at, p.x), dy, t.floats(at, p.dw), t.floats(at, p.db),
                   workspace<float>(at)},
                  at.context);
            },
            p.dw == kNone
                ? 0
                : kernels::convolution_backward_filter_workspace(p.window, max_rows_) * kFloat};
  }

  Tensors tensors_;
  bool bf16_;
  kernels::Engine engine_;
  int max_rows_;
};

}  // namespace

std::unique_ptr<Products> own_products(const plan::Program& program, Precision precision,
                                       int max_rows) {
  return std::make_unique<OwnProducts>(program, precision, max_rows);
}

}  // namespace saltus::cuda
