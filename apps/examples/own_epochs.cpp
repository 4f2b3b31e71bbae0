// A loop over epochs of one's own: fit() goes on where it stopped, and in between anything may
// happen.
#include <iostream>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

int main(int argc, char** argv) {
  const ImageDataset data = load_dataset(argc > 1 ? argv[1] : "mnist");
  const ImageSet train = data.train.first(2000);
  Sequential model({train.height, train.width, train.channels},
                   {Flatten{}, Dense{.units = 64, .activation = "relu"},
                    Dense{.units = data.classes}, Softmax{}});
  model.compile({.metrics = {metrics::CategoricalAccuracy{}}});
  double best = 0;
  for (int epoch = 0; epoch < 5; ++epoch) {
    model.fit(train, {.epochs = epoch + 1, .initial_epoch = epoch, .batch_size = 100});
    const double accuracy = model.evaluate(data.test).at("categorical_accuracy");
    std::cout << "epoch " << epoch << ": accuracy " << accuracy << '\n';
    if (accuracy < best) break;  // it was better before
    best = accuracy;
  }
}
