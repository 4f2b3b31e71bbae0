// Models as files.
#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/model.h>

#include "core/boundary.h"
#include "train/model_file.h"
#include "train/model_state.h"

namespace saltus {
namespace {

/// The loss or metric of that name: one that the caller brought, or one of ours.
template <class Named>
Named find_named(const std::vector<Named>& brought, std::string_view what, const std::string& name,
                 Named (*parse)(std::string_view)) {
  const auto found =
      std::ranges::find_if(brought, [&](const Named& one) { return one.name() == name; });
  if (found != brought.end()) return *found;
  try {
    return parse(name);
  } catch (const InvalidArgument&) {
    throw InvalidArgument(fmt::format(
        "the model was compiled with the custom {0} '{1}', which a file cannot hold: load it in "
        "C++ and give Model::load() that {0} in its options",
        what, name));
  }
}

CompileOptions options_of(const train::CompiledWith& compiled, const LoadOptions& options) {
  CompileOptions result{
      .loss = find_named(options.losses, "loss", compiled.loss, &parse_loss),
      .optimizer = compiled.optimizer,
      .schedule = compiled.schedule,
      .ema_momentum = compiled.ema_momentum,
      .device = options.device,
      .precision = options.precision.value_or(compiled.precision),
      .libraries = options.libraries,
      .threads = options.threads,
      .seed = compiled.seed,
      .terminate_on_nan = compiled.terminate_on_nan,
  };
  for (const std::string& metric : compiled.metrics) {
    result.metrics.push_back(find_named(options.metrics, "metric", metric, &parse_metric));
  }
  return result;
}

}  // namespace

const History& Model::history() const {
  static const History none;
  const State& state = this->state();
  return state.trainer ? state.trainer->history(0) : none;
}

void Model::save(const std::filesystem::path& file) const try {
  State& state = this->state();
  if (state.trainer) {
    train::write_model(file, state.trainer->file(0));
  } else {
    train::write_model(file, {state.graph, std::nullopt, {.weights = state.all()}});
  }
} catch (...) {
  throw_as_promised();
}

Model Model::load(const std::filesystem::path& file, const LoadOptions& options) try {
  train::ModelFile read = train::read_model(file);
  Model model(std::move(read.graph));
  State& state = model.state();
  state.given.assign(state.weights.size(), true);
  if (read.compiled && options.compile) {
    const CompileOptions compiled = options_of(*read.compiled, options);
    state.trainer = std::make_unique<train::Trainer>(
        std::vector<train::Entry>{{state.graph, compiled.optimizer, compiled.seed,
                                   compiled.schedule, compiled.ema_momentum}},
        compiled);
    state.trainer->restore(0, read.state);
  } else {
    state.values = std::move(read.state.weights);
  }
  return model;
} catch (...) {
  throw_as_promised();
}

void Model::save_weights(const std::filesystem::path& file) const try {
  train::write_weights(file, weights(), state().all());
} catch (...) {
  throw_as_promised();
}

void Model::load_weights(const std::filesystem::path& file) try {
  const auto values = train::weights_of(train::read_weights(file), weights(), file);
  for (std::size_t i = 0; i < values.size(); ++i) state().set(i, values[i]);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
