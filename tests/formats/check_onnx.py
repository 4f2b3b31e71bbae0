"""check_onnx.py EXPORT_MODELS [--errors] [--write]: files of export_onnx() as ONNX's checker and onnxruntime see
them. --errors prints how far predictions differ, --write writes the table in docs/onnx.md that is tested here."""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "onnx.md"
TABLE = re.compile("(?<=<!-- activations -->\n).*(?=<!-- end -->)", re.DOTALL)

# Of max(1, |y|): both sides compute in floats, each with exponentials of its own.
BOUND = 1e-5


def setUpModule():
    global scratch, folder
    scratch = tempfile.TemporaryDirectory()
    folder = Path(scratch.name)
    subprocess.run([PROGRAM, folder], check=True)


def tearDownModule():
    scratch.cleanup()


def models():
    return json.loads((folder / "models.json").read_text())


def floats(model, role):
    values = np.fromfile(folder / f"{model['stem']}.{role}s", np.float32)
    return values.reshape(-1, *model[role]["shape"])


def path_of(model):
    return folder / f"{model['stem']}.onnx"


def operators(name):
    model = next(model for model in models() if model["name"] == name)
    return [node.op_type for node in onnx.load(path_of(model)).graph.node]


def table():
    rows = ["| activation | operators |", "|---|---|"]
    for model in models():
        if model["activation"] and ":" not in model["name"]:
            rows.append(f"| {model['name']} | {', '.join(sorted(set(operators(model['name']))))} |")
    return "\n".join(rows) + "\n"



def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path_of(model), options, providers=["CPUExecutionProvider"])


class Files(unittest.TestCase):
    def test_the_checker_accepts_them(self):
        for model in models():
            with self.subTest(model["name"]):
                onnx.checker.check_model(path_of(model), full_check=True)

    def expect_the_same_predictions(self, predictor_of):
        for model in models():
            with self.subTest(model["name"]):
                inputs, expected = floats(model, "input"), floats(model, "output")
                [outputs] = predictor_of(model).run(None, {model["input"]["name"]: inputs})
                self.assertEqual(outputs.shape, expected.shape)
                error = np.abs(outputs - expected) / np.maximum(1, np.abs(expected))
                worst = np.argmax(error)
                if "--errors" in sys.argv:
                    print(f"{error.max():8.1e} {model['name']}")
                self.assertLessEqual(error.max(), BOUND,
                                     f"{outputs.flat[worst]}, not {expected.flat[worst]}, at place {worst}")

    def test_onnxruntime_predicts_the_same(self):
        self.expect_the_same_predictions(session)

    def test_the_definitions_of_operators_give_the_same(self):
        with np.errstate(all="ignore"):  # branches of them that are not taken overflow
            self.expect_the_same_predictions(lambda model: ReferenceEvaluator(str(path_of(model))))

    def test_a_batch_may_have_any_size(self):
        model = models()[0]
        inputs, expected = floats(model, "input"), floats(model, "output")
        predict = session(model)
        for count in 1, 3:
            [outputs] = predict.run([model["output"]["name"]], {model["input"]["name"]: inputs[:count]})
            np.testing.assert_allclose(outputs, expected[:count], atol=BOUND)

    def test_names_and_shapes(self):
        for model in models():
            with self.subTest(model["name"]):
                graph = onnx.load(path_of(model)).graph
                for given, said in (graph.input, model["input"]), (graph.output, model["output"]):
                    extents = [dim.dim_param or dim.dim_value for dim in given[0].type.tensor_type.shape.dim]
                    self.assertEqual(([value.name for value in given], extents),
                                     ([said["name"]], ["batch", *said["shape"]]))
                names = [node.name for node in graph.node]
                self.assertEqual(len(names), len(set(names)))

    def test_versions(self):
        model = onnx.load(path_of(models()[0]))
        self.assertEqual((model.ir_version, model.opset_import[0].version), (8, 17))
        self.assertEqual(model.producer_name, "saltus")
        self.assertRegex(model.producer_version, r"^\d+\.\d+\.\d+")

    def test_images_are_transposed_no_more_than_needed(self):
        self.assertEqual([op for op in operators("tutorial") if op in ("Transpose", "Conv", "Selu", "MaxPool", "Gemm")],
                         ["Transpose", "Conv", "Conv", "Selu", "MaxPool", "Transpose", "Gemm", "Gemm"])
        self.assertEqual(operators("residual").count("Transpose"), 2)

    def test_the_example_of_the_documentation_runs(self):
        model = models()[0]
        code = re.search(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)[1]
        for word, ours in ("digits.onnx", path_of(model)), ("28, 28, 1", str(model["input"]["shape"])[1:-1]):
            self.assertIn(word, code)
            code = code.replace(word, str(ours))
        names = {}
        exec(code, names)
        self.assertEqual(names["outputs"].shape, (5, *model["output"]["shape"]))

    def test_the_documentation_has_every_layer(self):
        page = PAGE.read_text()
        for kind in {kind for model in models() for kind in model["kinds"]} - {"InputLayer"}:
            self.assertRegex(page, rf"(?m)^\|[^|]*\b{kind}\b.*\|$")

    def test_the_documentation_has_every_activation(self):
        if "--write" in sys.argv:
            PAGE.write_text(TABLE.sub(table(), PAGE.read_text()))
        self.assertEqual(TABLE.search(PAGE.read_text())[0], table(), "run this with --write")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(argv=[word for word in sys.argv if word not in ("--errors", "--write")])
