"""What g++ 12 gets wrong around co_await, as a lint (CONTRIBUTING.md, Coroutines).

g++ 12 destroys some temporaries of a co_await expression twice: aggregates and lambdas with captures. And the captures of a lambda
that is itself a coroutine are gone when it is resumed after its closure died.
"""

import re

from source import Lines, code_only, matching

_AWAIT = re.compile(r"\bco_await\b")
_COROUTINE = re.compile(r"\bco_(await|return|yield)\b")
_AFTER_NAME = re.compile(r"(\w|\)|\])\s*$")
_KEYWORD_BEFORE = re.compile(r"\b(return|co_return|co_await|co_yield|case|else|throw)\s*$")


def _lambdas(code):
    """Every lambda as (introducer offset, captures, body start, body end)."""
    for match in re.finditer(r"\[", code):
        start = match.start()
        before = code[:start]
        if before.endswith("[") or code.startswith("[[", start):
            continue  # an attribute
        if _AFTER_NAME.search(before[-80:]) and not _KEYWORD_BEFORE.search(before[-80:]):
            continue  # a subscript, or a structured binding (`auto [a, b]`)
        if re.search(r"\bauto\s*(&{1,2}|\*)?\s*$", before[-80:]):
            continue
        end = matching(code, start)
        # Between introducer and body: template parameters, parameters, specifiers, a return type.
        position = end + 1
        while position < len(code) and code[position] not in "{;)]},":
            if code[position] in "(":
                position = matching(code, position)
            elif code[position] == "<":
                depth = 0
                while position < len(code):
                    depth += {"<": 1, ">": -1}.get(code[position], 0)
                    if depth == 0 or code[position] in ";{":
                        break
                    position += 1
            position += 1
        if position < len(code) and code[position] == "{":
            yield start, code[start + 1 : end].strip(), position, matching(code, position)


def _initializes(code, brace):
    """Whether the brace begins an initializer; the formatter leaves no space before those, and one before every block."""
    before = code[max(0, brace - 80) : brace]
    return bool(re.search(r"[\w>(]$|[,=(]\s*$|\breturn\s+$", before))


def _opening(code, closing):
    depth = 0
    for offset in range(closing, -1, -1):
        depth += (code[offset] in ")]}") - (code[offset] in "([{")
        if depth == 0:
            return offset
    return 0


def _start(code, offset):
    while offset > 0:
        offset -= 1
        if code[offset] == ";" or (code[offset] == "{" and not _initializes(code, offset)):
            return offset + 1
        if code[offset] in ")]}":
            opening = _opening(code, offset)
            if code[offset] == "}" and not _initializes(code, opening):
                return offset + 1
            offset = opening
    return 0


def _statement(code, offset):
    """The full expression around `offset`: from the statement's start to its `;`, or to the bracket that ends it."""
    start = _start(code, offset)
    depth = 0
    for end in range(offset, len(code)):
        if code[end] in "([{":
            depth += 1
        elif code[end] in ")]}":
            depth -= 1
            if depth < 0 and code[end] == "}":
                return start, end
        elif code[end] == ";" and depth <= 0:
            return start, end
        if code[end] == "{" and depth == 0:
            return start, end  # `if (co_await x) {`: the block is not part of the expression
    return start, len(code)


def check(path, text):
    code = code_only(text)
    lines = Lines(code)
    lambdas = list(_lambdas(code))
    found = []

    for start, captures, body, end in lambdas:
        inner = list(code[body : end + 1])
        for other, _, other_body, other_end in lambdas:
            if body < other and other_end <= end:
                inner[other_body - body : other_end + 1 - body] = " " * (other_end + 1 - other_body)
        if captures and _COROUTINE.search("".join(inner)):
            found.append((lines.at(start), "a lambda with captures is a coroutine: make it a named function with parameters"))

    for match in _AWAIT.finditer(code):
        start, end = _statement(code, match.start())
        expression_end = end
        bodies = [(s, b, e) for s, _, b, e in lambdas if start <= s < expression_end]
        for s, captures, body, _ in [l for l in lambdas if start <= l[0] < expression_end]:
            if captures:
                found.append((lines.at(s), "a lambda with captures inside a co_await expression: g++ 12 destroys it twice, name it before"))
        for brace in re.finditer(r"\{", code[start:expression_end]):
            offset = start + brace.start()
            if any(b <= offset <= e for _, b, e in bodies):
                continue
            close = matching(code, offset)
            if code[offset + 1 : close].strip():
                found.append((lines.at(offset), "braces inside a co_await expression: g++ 12 destroys aggregates twice, build the value before"))
    return [f"{path}:{line}: {message}" for line, message in sorted(set(found))]
