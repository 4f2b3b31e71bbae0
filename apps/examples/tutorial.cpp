// The tutorial: a convolutional network learns MNIST, its history goes into a table, and the model
// into a file that is loaded again.
//
//     tutorial [mnist | fashion-mnist | FOLDER]
#include <iostream>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

int main(int argc, char** argv) {
  const ImageDataset mnist = load_dataset(argc > 1 ? argv[1] : "mnist");
  const ImageSet& train = mnist.train;
  Model model = Sequential(
      {train.height, train.width, train.channels},
      {Conv2D{.filters = 32, .activation = "gelu"}, Conv2D{.filters = 64, .activation = "gelu"},
       MaxPooling2D{}, AlphaDropout{0.25}, Flatten{}, Dense{.units = 128, .activation = "gelu"},
       AlphaDropout{0.5}, Dense{.units = mnist.classes}, Softmax{}});
  model.compile({.optimizer = Adam{.clipping = {.clipvalue = 0.5}},
                 .metrics = {metrics::CategoricalAccuracy{}}});
  model.fit(train, {.epochs = 20,
                    .batch_size = 128,
                    .validation_data = mnist.test,
                    .callbacks = {progress_bar(std::cout), csv_logger("history.csv")}});
  model.save("tutorial.safetensors");

  Model again = Model::load("tutorial.safetensors");
  std::cout << "accuracy " << again.evaluate(mnist.test).at("categorical_accuracy") << '\n';
}
