"""hardened.py must notice what is missing: programs linked without each thing. test_hardened.py COMPILER"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import hardened

COMPILER = sys.argv.pop()
LINKED = ["-fPIE", "-pie", "-Wl,-z,relro,-z,now,-z,noexecstack"]
SOURCE = "#include <cstring>\nint main(int count, char** words) { char text[64]; std::strcpy(text, words[0]); return text[count % 64]; }\n"


class Hardened(unittest.TestCase):
    def faults(self, *options, optimized=False):
        with tempfile.TemporaryDirectory() as folder:
            source, program = pathlib.Path(folder) / "a.cpp", pathlib.Path(folder) / "a"
            source.write_text(SOURCE)
            subprocess.run([COMPILER, "-O2", "-U_FORTIFY_SOURCE", *options, source, "-o", program], check=True, capture_output=True)
            return " ".join(hardened.faults(program, optimized))

    def test_nothing_is_missing(self):
        self.assertEqual(self.faults(*LINKED), "")

    def test_each_option_of_the_linker_is_missed(self):
        for replaced, word in ((["-fno-pie", "-no-pie", LINKED[2]], "PIE"), ([*LINKED[:2], "-Wl,-z,norelro,-z,now"], "RELRO"),
                               ([*LINKED[:2], "-Wl,-z,relro,-z,lazy"], "BIND_NOW"), ([*LINKED, "-Wl,-z,execstack"], "stack"),
                               ([*LINKED, "-Wl,-rpath,/somewhere"], "RPATH")):
            with self.subTest(word):
                self.assertIn(word, self.faults(*replaced))

    def test_each_option_of_the_compiler_is_missed(self):
        bare = self.faults(*LINKED, "-fno-stack-protector", "-fcf-protection=none", "-fno-stack-clash-protection", optimized=True)
        for word in ("stack protector", "_FORTIFY_SOURCE"):
            self.assertIn(word, bare)
        self.assertNotIn("_FORTIFY_SOURCE", self.faults(*LINKED, "-D_FORTIFY_SOURCE=2", optimized=True))
        self.assertNotIn("stack protector", self.faults(*LINKED, "-fstack-protector-strong", optimized=True))


if __name__ == "__main__":
    unittest.main()
