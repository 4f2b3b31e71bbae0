"""check_keras.py MODEL_FILES: scripts/keras_to_safetensors on what Keras writes, against what Keras predicts."""
import contextlib
import io
import logging
import os
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

os.environ |= {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}

import keras
import numpy as np
from keras import layers

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "keras_to_safetensors"
loader = SourceFileLoader("keras_to_safetensors", str(SCRIPT))
converter = module_from_spec(spec_from_loader(loader.name, loader))
loader.exec_module(converter)
logging.getLogger("absl").setLevel(logging.ERROR)  # that .h5 is old-fashioned

# Of max(1, |y|): both compute in floats and add in different orders.
BOUND = 1e-5


def functional():
    """Every layer, padding that is not the same on both sides, options that are not the defaults."""
    image = keras.Input((12, 9, 3), name="picture")
    x = layers.BatchNormalization(momentum=0.9, epsilon=0.01)(image)
    x = stem = layers.Conv2D(4, (4, 3), strides=(2, 1), padding="same", activation="gelu", name="stem")(x)
    x = layers.Conv2D(4, 2, padding="same", activation=layers.LeakyReLU(0.3), use_bias=False)(x)
    x = layers.DepthwiseConv2D((2, 3), strides=1, padding="same", activation="tanh")(x)
    x = layers.PReLU(shared_axes=[1, 2])(x)
    x = layers.GroupNormalization(2, epsilon=0.1)(layers.GroupNormalization(-1)(x))
    x = layers.LayerNormalization(epsilon=0.1)(layers.Add()([x, stem, x]))
    x = layers.Concatenate()([x, layers.Multiply()([x, stem, x])])
    x = layers.ZeroPadding2D(((1, 0), (2, 3)))(x)
    x = layers.DepthwiseConv2D(2, strides=(1, 2), depth_multiplier=2, use_bias=False)(x)
    x = layers.MaxPooling2D((3, 2), strides=2, padding="same")(x)
    x = layers.RMSNormalization(epsilon=0.1)(layers.PReLU()(x))
    x = layers.AveragePooling2D((2, 3), strides=(1, 2), padding="same")(x)
    x = layers.Softmax()(x)
    x = layers.SpatialDropout2D(0.1)(layers.Dropout(0.2)(x))
    x = layers.Flatten()(x)
    x = layers.Dense(24, activation="softmax", use_bias=False)(x)
    x = layers.Reshape((3, 4, -1))(x)
    x = layers.Conv2D(5, (1, 2), activation="log_softmax")(x)
    x = layers.ELU(alpha=0.5)(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.GaussianNoise(0.1)(layers.AlphaDropout(0.1)(x))
    x = layers.Activation("exponential")(x)
    x = layers.Dense(6, kernel_initializer="orthogonal", name="last")(x)
    return keras.Model(image, layers.Activation("log_softmax")(x))


def groups():
    return keras.Sequential([keras.Input((4, 4, 6)), layers.Normalization(), layers.GroupNormalization(2, center=False),
                             layers.GroupNormalization(3, scale=False), layers.Flatten()])


def rectifiers():
    return keras.Sequential([
        keras.Input((7,)), layers.Dense(9), layers.ReLU(), layers.Dense(9), layers.ReLU(max_value=6),
        layers.Dense(9), layers.ReLU(negative_slope=0.1), layers.Dense(9), layers.ReLU(threshold=0.5),
        layers.Dense(9), layers.LeakyReLU(), layers.BatchNormalization(scale=False),
        layers.BatchNormalization(center=False)])


def activations():
    """Each by its name, in a sum in which none hides another: exponential, which would, is in functional()."""
    x = keras.Input((5,))
    names = sorted(converter.ACTIVATIONS - {"exponential"})
    terms = [layers.Dense(4)(layers.Dense(3, activation=name)(x)) for name in names]
    return keras.Model(x, layers.Add()(terms))


def with_weights(model, seed=3):
    """No weight is what an initializer makes of it."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        for weight in layer.weights:
            low = 0.5 if weight.name in ("gamma", "moving_variance", "variance") else -0.5
            weight.assign(random.uniform(low, low + 1, weight.shape))
        if isinstance(layer, layers.Normalization):
            layer.finalize_state()  # it computes with copies of its weights
    return model


class Converted(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        keras.utils.clear_session()  # layers are named anew

    def convert(self, name, out):
        """Exit code and what is printed."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = converter.main([str(self.folder / name), str(self.folder / out)])
        return code, said.getvalue()

    def save(self, model, name):
        model.save(self.folder / name)

    def expect_the_same(self, model, *files, reach=2):
        inputs = np.random.default_rng(1).uniform(-reach, reach, (20, *model.input_shape[1:])).astype(np.float32)
        inputs.tofile(self.folder / "inputs")
        subprocess.run([PROGRAM, "predict", "inputs", "outputs", *files], cwd=self.folder, check=True)
        expected = keras.ops.convert_to_numpy(model(inputs))
        outputs = np.fromfile(self.folder / "outputs", np.float32).reshape(expected.shape)
        error = np.abs(outputs - expected) / np.maximum(1, np.abs(expected))
        self.assertLessEqual(error.max(), BOUND)

    def expect_refused(self, name, *reasons):
        code, said = self.convert(name, "refused.safetensors")
        self.assertEqual(code, 1)
        self.assertEqual(said.splitlines(), [f"{self.folder / name}: {reason}" for reason in reasons])
        self.assertFalse((self.folder / "refused.safetensors").exists())

    def expect_model_refused(self, model, *reasons):
        self.save(model, "model.keras")
        self.expect_refused("model.keras", *reasons)

    def test_models_predict_the_same(self):
        for make, reach in (functional, 2), (groups, 2), (rectifiers, 30), (activations, 6):  # so that all saturate
            for file in "model.keras", "model.h5":
                with self.subTest(make.__name__, file=file):
                    model = with_weights(make())
                    self.save(model, file)
                    code, said = self.convert(file, "model.safetensors")
                    self.assertEqual(code, 0, said)
                    self.expect_the_same(model, "model.safetensors", reach=reach)

    def test_weights_alone(self):
        model = with_weights(functional())
        self.save(model, "model.keras")
        self.convert("model.keras", "model.safetensors")
        with_weights(model, seed=4).save_weights(self.folder / "new.weights.h5")
        self.assertEqual(self.convert("new.weights.h5", "weights.safetensors"), (0, ""))
        self.expect_the_same(model, "model.safetensors", "weights.safetensors")

    def test_what_will_train_otherwise_is_said(self):
        frozen = layers.Dense(2, name="frozen", trainable=False)
        half = layers.Dense(2, name="half", dtype="mixed_bfloat16")
        shifted = layers.BatchNormalization(scale=False, name="shifted")
        self.save(keras.Sequential([keras.Input((3,)), frozen, half, shifted]), "model.keras")
        code, said = self.convert("model.keras", "model.safetensors")
        self.assertEqual((code, said.splitlines()), (0, [
            "note: frozen: it is frozen in Keras and will train here",
            "note: half: its dtype is mixed_bfloat16 in Keras and float32 here",
            "note: shifted: scale=False becomes a gamma that does nothing until it is trained"]))

    def test_unknown_layers_and_options_are_all_named(self):
        x = keras.Input((8, 8, 2))
        y = layers.Conv2D(2, 3, dilation_rate=2, name="holes")(x)
        y = layers.Conv2D(2, 3, groups=2, name="groups")(y)
        y = layers.DepthwiseConv2D(1, dilation_rate=(1, 2), name="apart")(y)
        y = layers.UnitNormalization(name="other")(y)
        y = layers.BatchNormalization(axis=1, name="rows")(y)
        y = layers.Softmax(axis=1, name="columns")(y)
        y = layers.GlobalAveragePooling2D(keepdims=True, name="kept")(y)
        y = layers.Dense(3, activation="sparsemax", name="sparse")(y)
        y = layers.ReLU(max_value=2, name="cut")(y)
        self.expect_model_refused(
            keras.Model(x, y),
            "holes: dilation_rate=[2, 2] is not known, only [1, 1]",
            "groups: groups=2 is not known, only 1",
            "apart: dilation_rate=[1, 2] is not known, only [1, 1]",
            "other: the layer UnitNormalization is not known",
            "rows: axis=1 is not known, only -1 or 3",
            "columns: axis=1 is not known, only -1",
            "kept: keepdims=True is not known, only False",
            "sparse: the activation sparsemax is not known",
            "cut: ReLU with max_value=2, negative_slope=0, threshold=0 is not known")

    def test_channels_first(self):
        x = keras.Input((2, 8, 8))
        y = layers.MaxPooling2D(data_format="channels_first", name="pool")(x)
        self.expect_model_refused(keras.Model(x, y), "pool: data_format=channels_first is not known, only channels_last")

    def test_operations_lambdas_and_nested_models(self):
        inner = keras.Sequential([keras.Input((3,)), layers.Dense(3)], name="inner")
        x = keras.Input((3,), name="x")
        y = layers.Dense(3, activation=lambda v: v, name="free")(inner(x) * 2)
        self.expect_model_refused(keras.Model(x, y),
                                  "inner: the layer Sequential is not known",
                                  "multiply: the layer Multiply is not known",
                                  "free: the activation a lambda is not known")

    def test_layers_that_are_shared(self):
        dense = layers.Dense(3, name="twice")
        x = keras.Input((3,))
        self.expect_model_refused(keras.Model(x, layers.Add()([dense(x), dense(dense(x))])),
                                  "twice: it is called 3 times, and layers cannot be shared")

    def test_several_inputs_and_outputs(self):
        a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
        c = layers.Add(name="c")([a, b])
        d = layers.Dense(3, name="d")(c)
        self.expect_model_refused(keras.Model([a, b], d), "the model has 2 inputs, a, b; only one can be")
        self.expect_model_refused(keras.Model(a, [layers.Dense(3, name="e")(a), layers.Dense(3, name="f")(a)]),
                                  "the model has 2 outputs, e, f; only one can be")

    def test_shapes_that_are_made_alike(self):
        x = keras.Input((3, 4))
        self.expect_model_refused(
            keras.Model(x, layers.Add(name="sum")([x, layers.Reshape((1, 12))(x)[:, :, :4]])),
            "get_item: the layer GetItem is not known",
            "sum: inputs of the shapes (None, 1, 4) and (None, 3, 4) cannot be added")

    def test_weights_that_a_layer_has_beside_its_own(self):
        dense = layers.Dense(3, name="adapted")
        model = keras.Sequential([keras.Input((4,)), dense])
        dense.enable_lora(2)
        self.expect_model_refused(model, "adapted: its weights lora_kernel_a, lora_kernel_b are not known")

    def test_other_classes_of_models(self):
        self.save(keras.Sequential([layers.Dense(3)]), "model.keras")
        self.expect_refused("model.keras", "the model has no input shape; build it before it is saved")
        with zipfile.ZipFile(self.folder / "own.keras", "w") as file:
            file.writestr("config.json", '{"class_name": "Own", "config": {}}')
        self.expect_refused("own.keras",
                            "a model of the class Own is not known, only Sequential and functional ones")

    def test_open_shapes(self):
        x = keras.Input((None, None, 1), name="any")
        self.expect_model_refused(
            keras.Model(x, layers.Conv2D(2, 3)(x)),
            "any: the shape (None, None, None, 1) has extents that are open; give them numbers")

    def test_dropout_that_stays(self):
        x = keras.Input((3,))
        self.expect_model_refused(keras.Model(x, layers.Dropout(0.5, name="on")(x, training=True)),
                                  "on: it is called with training=True")

    def test_unknown_layers_of_old_files(self):
        self.save(keras.Sequential([keras.Input((3,)), layers.UnitNormalization(name="other")]), "model.h5")
        self.expect_refused("model.h5", "other: the layer UnitNormalization is not known")

    def test_weights_of_unknown_layers(self):
        keras.Sequential([keras.Input((3,)), layers.EinsumDense("ab,bc->ac", 3, name="other"), layers.Dense(2),
                          layers.BatchNormalization(scale=False, name="shifted")]).save_weights(
            self.folder / "model.weights.h5")
        self.expect_refused("model.weights.h5",
                            "shifted: it has center=False or scale=False; take the whole model",
                            "other: the layer einsum_dense is not known")

    def test_the_documentation_names_all_that_is_known(self):
        page = set(re.findall(r"\w+", (SCRIPT.parents[1] / "docs" / "from-keras.md").read_text()))
        known = converter.LAYERS.keys() | converter.ELEMENTWISE.keys() | converter.ACTIVATIONS | converter.AS_LAYERS.keys()
        self.assertEqual(known - page, set())

    def test_files_that_are_none(self):
        with zipfile.ZipFile(self.folder / "other.keras", "w"):
            pass
        self.expect_refused("other.keras", "it is an archive without a config.json, so no model of Keras 3")
        (self.folder / "text.keras").write_text("no model")
        code, said = self.convert("text.keras", "out")
        self.assertEqual(code, 1)
        self.assertIn("text.keras", said)
        self.assertEqual(self.convert("missing.keras", "out")[0], 1)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(warnings="ignore")
