// Training that goes on in another process: run it twice. Whoever trains for three epochs, saves,
// loads and trains for three more gets the bits of six epochs at once.
//
//     continue [mnist | fashion-mnist | FOLDER]
#include <filesystem>
#include <iostream>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

Model beginning(const ImageDataset& data) {
  const ImageSet& train = data.train;
  Sequential model({train.height, train.width, train.channels},
                   {Flatten{}, Dense{.units = 64, .activation = "relu"},
                    Dense{.units = data.classes}, Softmax{}});
  model.compile({.metrics = {metrics::CategoricalAccuracy{}}});
  return model;
}

int main(int argc, char** argv) {
  const ImageDataset data = load_dataset(argc > 1 ? argv[1] : "mnist");
  const ImageSet train = data.train.first(2000);
  const std::filesystem::path file = "continue.safetensors";
  Model model = std::filesystem::exists(file) ? Model::load(file) : beginning(data);
  const int done = static_cast<int>(model.history().epoch.size());
  const History history = model.fit(train, {.epochs = done + 3, .initial_epoch = done});
  model.save(file);
  std::cout << "epochs " << done << " to " << done + 2 << ": loss " << history.at("loss").back()
            << '\n';
}
