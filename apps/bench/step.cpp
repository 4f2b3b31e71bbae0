#include <chrono>
#include <iostream>

#include <saltus/error.h>

#include "network.h"

namespace saltus::bench {

void converse(const nlohmann::json& description,
              const std::function<nlohmann::json(const std::string& line)>& answer) {
  std::cout << description << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) std::cout << answer(line) << std::endl;
}

void serve(const nlohmann::json& description, const std::function<double(int steps)>& run) {
  converse(description, [&](const std::string& line) -> nlohmann::json {
    if (!line.starts_with("run "))
      throw InvalidArgument("expected `run STEPS`, got `" + line + "`");
    const int steps = std::stoi(line.substr(4));
    const auto start = std::chrono::steady_clock::now();
    const double loss = run(steps);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    return {{"steps", steps}, {"seconds_per_step", seconds.count() / steps}, {"loss", loss}};
  });
}

void step(const Options& options) {
  const Images images(options.data);
  Model model = make_model(options.activation, options);
  FitOptions fit;
  fit.batch_size = kBatch;
  model.fit(images.first(2), fit);
  serve({{"engine", "Saltus"}, {"version", "Saltus " SALTUS_VERSION}, {"variant", "Model::fit"}},
        [&](int steps) { return model.fit(images.first(steps), fit).at("loss").back(); });
}

}  // namespace saltus::bench
