#include <algorithm>
#include <chrono>
#include <iostream>
#include <utility>

#include <saltus/error.h>
#include <saltus/version.h>

#include "network.h"

namespace saltus::bench {

void converse(const nlohmann::json& description,
              const std::function<nlohmann::json(const std::string& line)>& answer) {
  std::cout << description << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) std::cout << answer(line) << std::endl;
}

void serve(const nlohmann::json& description, const std::function<double(int steps)>& run) {
  int done = 0;
  converse(description, [&](const std::string& line) -> nlohmann::json {
    if (!line.starts_with("run "))
      throw InvalidArgument("expected `run STEPS`, got `" + line + "`");
    const int steps = std::stoi(line.substr(4));
    const auto start = std::chrono::steady_clock::now();
    const double loss = run(steps);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    const int first = std::exchange(done, done + steps);
    return {{"first_step", first},
            {"steps", steps},
            {"seconds_per_step", seconds.count() / steps},
            {"loss", loss}};
  });
}

void step(const Options& options) {
  const Images images(options.data);
  Model model = make_model(options.activation, options);
  if (!options.weights.empty()) {
    const std::vector<std::vector<float>> values = read_weights(options.weights, model.weights());
    for (std::size_t i = 0; i < values.size(); ++i)
      model.set_weights(model.weights()[i].name, values[i]);
  }
  FitOptions fit;
  fit.batch_size = kBatch;
  fit.shuffle = false;
  std::int64_t next = 0;
  const auto run = [&](int steps) {
    double sum = 0;
    for (std::int64_t left = steps; left > 0;) {
      const std::int64_t first = next % images.whole_batches();
      const std::int64_t count = std::min(left, images.whole_batches() - first);
      sum += model.fit(images.batches_from(first, count), fit).at("loss").back() *
             static_cast<double>(count);
      next += count;
      left -= count;
    }
    return sum / steps;
  };
  serve({{"engine", "Saltus"}, {"version", "Saltus " SALTUS_VERSION}, {"variant", "Model::fit"}},
        run);
}

}  // namespace saltus::bench
