"""Reading C++ just far enough for the house checks: comments, literals, brackets."""

import bisect
import re

CODE = (".cpp", ".hpp")

_TOKEN = re.compile(
    r"""
    (?P<raw>\b(?:u8|[uUL])?R"(?P<tag>[^()\s\\"]{0,16})\((?:.|\n)*?\)(?P=tag)")
  | (?P<comment>//[^\n]*|/\*(?:.|\n)*?\*/)
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<digits>\b\d[\w.]*(?:'\w+)+)
  | (?P<char>'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE,
)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """The same text, same length, with comments blanked; literals stay."""
    return _TOKEN.sub(lambda m: _blank(m.group()) if m.lastgroup == "comment" else m.group(), text)


def code_only(text):
    """The same text, same length, with comments and the insides of literals blanked."""

    def replace(match):
        if match.lastgroup == "comment":
            return _blank(match.group())
        if match.group("digits"):
            return match.group()
        return '"' + _blank(match.group()[1:-1]) + '"'

    return _TOKEN.sub(replace, text)


class Lines:
    """Offset to line number."""

    def __init__(self, text):
        self._starts = [0] + [m.end() for m in re.finditer("\n", text)]

    def at(self, offset):
        return bisect.bisect_right(self._starts, offset)


def includes(text):
    """Every include as (line, path, quoted)."""
    clean = without_comments(text)
    lines = Lines(clean)
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)', clean, re.MULTILINE):
        yield lines.at(match.start()), match.group(1) or match.group(2), match.group(1) is not None


PAIRS = {"(": ")", "[": "]", "{": "}"}


def matching(code, opening):
    """The offset of the bracket that closes the one at `opening`, or the end of the text."""
    depth = 0
    for offset in range(opening, len(code)):
        if code[offset] in "([{":
            depth += 1
        elif code[offset] in ")]}":
            depth -= 1
            if depth == 0:
                return offset
    return len(code)
