"""check_report.py PROGRAM: the page of saltus report in Chromium: no word in the console, nothing asked of the network,
a table that sorts by mouse and by keyboard, both widths and colour schemes.

Chromium is the system's (Debian: apt-get install chromium), or what SALTUS_CHROMIUM names. Screenshots stay in the
folder that SALTUS_SCREENSHOTS names, if it does."""
import itertools
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from playwright.sync_api import sync_playwright

SKIPPED = 77


def write_data(folder):
    """Four IDX files of images 8 x 8 of two classes: the left or the right half is bright."""
    folder.mkdir()
    for part, count in (("train", 64), ("t10k", 32)):
        labels = bytes(i % 2 for i in range(count))
        pixels = bytes((200 if (column < 4) == (label == 0) else 0) + (7 * i + 5 * column) % 50
                       for i, label in enumerate(labels) for _ in range(8) for column in range(8))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, count) + labels)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, count, 8, 8) + pixels)


SWEEPS = {
    "usual": ["--activations", "relu,selu,gelu,elu,where(x < 0 , 0.1 * x, x), swish:beta=learned", "--epochs", "3",
              "--seeds", "3"],
    "diverged": ["--activations", "relu,elu", "--epochs", "2", "--seeds", "2", "--learning-rate", "1e30",
                 "--clipvalue", "none", "--loss", "categorical_crossentropy"],
    "single": ["--activations", "relu", "--epochs", "1"],
    "many": ["--activations", "all", "--epochs", "1", "--seeds", "2", "--train-limit", "16"],
}


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = Path(scratch.name)
        write_data(cls.folder / "data")
        for name, options in SWEEPS.items():
            sweep = [PROGRAM, "sweep", "--data", "data", "--batch-size", "16", "--threads", "1", "--device", "cpu",
                     "--out", name, *options]
            for command in (sweep, [PROGRAM, "report", name]):
                subprocess.run(command, cwd=cls.folder, check=True, stdout=subprocess.DEVNULL)
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        cls.browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        cls.addClassCleanup(cls.browser.close)

    def open(self, name, width=1280, scheme="light"):
        page = self.browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.addCleanup(page.close)
        self.words, self.asked = [], []
        page.on("console", lambda message: self.words.append(message.text))
        page.on("pageerror", lambda error: self.words.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        address = (self.folder / name / "report.html").as_uri()
        page.goto(address)
        self.assertEqual([url for url in self.asked if url != address and not url.startswith("data:")], [])
        return page

    def column(self, page, title):
        titles = page.eval_on_selector_all("thead button", "all => all.map(one => one.textContent)")
        return page.eval_on_selector_all(
            f"tbody td:nth-child({titles.index(title) + 1})", "all => all.map(one => one.textContent)")

    def test_quiet_and_fitting_everywhere(self):
        for name, width, scheme in itertools.product(SWEEPS, (1280, 390), ("light", "dark")):
            with self.subTest(name=name, width=width, scheme=scheme):
                page = self.open(name, width, scheme)
                self.assertEqual(self.words, [])
                self.assertEqual(page.evaluate("document.documentElement.scrollWidth"), width, "the page scrolls")
                self.assertEqual(page.evaluate("[...document.querySelectorAll('svg')].filter("
                                               "one => one.getBoundingClientRect().width < 200).length"), 0)
                background = page.evaluate("getComputedStyle(document.body).backgroundColor")
                self.assertEqual(background, "rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 26)")
                if folder := os.environ.get("SALTUS_SCREENSHOTS"):
                    page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)

    def test_table_sorts(self):
        page = self.open("usual")
        ranks = self.column(page, "rank")
        self.assertEqual(ranks, sorted(ranks, key=int))
        head = page.locator("th", has_text=re.compile("^rank$"))
        self.assertEqual(head.get_attribute("aria-sort"), "ascending")
        head.locator("button").click()
        self.assertEqual(head.get_attribute("aria-sort"), "descending")
        self.assertEqual(self.column(page, "rank"), ranks[::-1])
        accuracy = page.locator("th", has_text=re.compile("^accuracy, %$"))
        accuracy.locator("button").focus()
        page.keyboard.press("Enter")
        self.assertEqual(accuracy.get_attribute("aria-sort"), "ascending")
        self.assertEqual(head.get_attribute("aria-sort"), "none")
        means = [float(text.split()[0]) for text in self.column(page, "accuracy, %")]
        self.assertEqual(means, sorted(means))
        # What has no number is last, both ways.
        difference = page.locator("th", has_text=re.compile("^to first$")).locator("button")
        for _ in range(2):
            difference.click()
            self.assertEqual(self.column(page, "to first")[-1], "\N{EN DASH}")
        page.locator("th", has_text=re.compile("^activation$")).locator("button").click()
        names = self.column(page, "activation")
        self.assertEqual(names, sorted(names))
        self.assertEqual(self.words, [])

    def test_names_do_not_stand_in_each_other(self):
        for name in SWEEPS:
            page = self.open(name)
            overlaps = page.evaluate("""[...document.querySelectorAll('svg')].flatMap(svg => {
                const boxes = [...svg.querySelectorAll('text')].map(one => ({words: one.textContent,
                    note: one.classList.contains('note'), box: one.getBoundingClientRect()}));
                const room = svg.getBoundingClientRect();
                const named = words => svg.getAttribute('aria-label') + ': ' + words;
                const outside = boxes.filter(({box}) => box.left < room.left - 1 || box.right > room.right + 1 ||
                    box.top < room.top - 1 || box.bottom > room.bottom + 1)
                    .map(({words}) => named(words + ' is cut off'));
                // Notes stand on the lines that they are of, and have an edge.
                const names = boxes.filter(({note}) => !note);
                return outside.concat(names.flatMap((a, i) => names.slice(i + 1).filter(b =>
                    Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left) > 1 &&
                    Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top) > 4)
                    .map(b => named(a.words + ' stands in ' + b.words))));
            })""")
            self.assertEqual(overlaps, [], name)

    def test_prints_bright(self):
        page = self.open("usual", scheme="dark")
        page.emulate_media(media="print", color_scheme="dark")
        self.assertEqual(page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        self.assertEqual(page.pdf()[:5], b"%PDF-")


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    CHROMIUM = os.environ.get("SALTUS_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not CHROMIUM:
        print("skipped check_report: there is no chromium (Debian: apt-get install chromium)")
        sys.exit(SKIPPED)
    unittest.main()
