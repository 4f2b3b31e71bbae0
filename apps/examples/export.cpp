// A trained model for other programs: an ONNX file, which onnxruntime runs and Netron draws.
#include <iostream>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

int main(int argc, char** argv) {
  const ImageDataset data = load_dataset(argc > 1 ? argv[1] : "mnist");
  const ImageSet train = data.train.first(2000);
  Sequential model({train.height, train.width, train.channels},
                   {Conv2D{.filters = 8, .activation = "mish"}, MaxPooling2D{}, Flatten{},
                    Dense{.units = data.classes}, Softmax{}});
  model.compile({});
  model.fit(train);
  model.export_onnx("digits.onnx");
  std::cout << "wrote digits.onnx; its input is floats from 0 to 1, one image after another\n";
}
