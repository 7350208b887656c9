#!/usr/bin/env python3
"""Each check of the house must fail on a planted violation, and stay silent on its nearest harmless neighbour."""

import unittest
from unittest import mock

import coroutines
import house
import readmes
import registered
from source import code_only, includes

HEADER = "#pragma once\n"


class Layers(unittest.TestCase):
    def faults(self, path, text):
        return house.layers({path: text})

    def test_a_layer_that_looks_up_is_found(self):
        for path, included in [
            ("protocol/a.hpp", "coordinator/core/b.hpp"),
            ("coordinator/core/a.cpp", "coordinator/store/b.hpp"),
            ("coordinator/store/sqlite/a.cpp", "coordinator/transport/b.hpp"),
            ("coordinator/transport/a.cpp", "coordinator/store/b.hpp"),
            ("coordinator/engine/node/a.cpp", "coordinator/server/b.hpp"),
            ("coordinator/async/a.cpp", "protocol/words.hpp"),
            ("client-sdk/src/a.cpp", "coordinator/core/b.hpp"),
            ("examples/order-inventory/a.cpp", "protocol/b.hpp"),
            ("examples/order-inventory/a.cpp", "client-sdk/include/escrow/b.hpp"),
            ("cli/a.cpp", "coordinator/core/b.hpp"),
            ("protocol/a.hpp", "protocol/../coordinator/core/b.hpp"),
            ("attic/a.cpp", "vector"),
        ]:
            with self.subTest(path=path, included=included):
                self.assertEqual(len(self.faults(path, f'\n#include "{included}"\n')), 1)

    def test_the_sdk_is_not_for_the_coordinator(self):
        self.assertEqual(len(self.faults("coordinator/server/a.cpp", "#include <escrow/client.hpp>\n")), 1)
        self.assertEqual(self.faults("examples/order-inventory/a.cpp", "#include <escrow/client.hpp>\n"), [])

    def test_what_looks_down_is_allowed(self):
        for path, included in [
            ("coordinator/core/a.cpp", "protocol/b.hpp"),
            ("coordinator/store/sqlite/a.cpp", "coordinator/core/b.hpp"),
            ("coordinator/engine/driver/a.cpp", "coordinator/transport/b.hpp"),
            ("coordinator/main.cpp", "coordinator/server/b.hpp"),
            ("coordinator/async/a.cpp", "protocol/assert.hpp"),
            ("tests/unit/core/a.cpp", "coordinator/core/b.hpp"),
        ]:
            with self.subTest(path=path):
                self.assertEqual(self.faults(path, f'#include "{included}"\n'), [])

    def test_a_comment_includes_nothing(self):
        self.assertEqual(self.faults("protocol/a.hpp", '// #include "coordinator/core/b.hpp"\n/*\n#include "cli/a.hpp"\n*/\n'), [])


class Banned(unittest.TestCase):
    def test_core_takes_no_clock_no_threads_no_json_no_network(self):
        for line in [
            "#include <boost/asio/io_context.hpp>",
            "#include <nlohmann/json.hpp>",
            "#include <thread>",
            "#include <mutex>",
            "#include <sqlite3.h>",
            "auto now = std::chrono::system_clock::now();",
        ]:
            with self.subTest(line=line):
                self.assertEqual(len(house.banned({"coordinator/core/a.cpp": line + "\n"})), 1)

    def test_a_header_on_the_way_does_not_hide_it(self):
        tree = {
            "coordinator/engine/node/a.cpp": '#include "coordinator/transport/client.hpp"\n',
            "coordinator/transport/client.hpp": '#include "coordinator/async/task.hpp"\n',
            "coordinator/async/task.hpp": "#include <boost/asio/awaitable.hpp>\n",
        }
        self.assertEqual(len(house.banned(tree)), 1)
        self.assertIn("coordinator/async/task.hpp", house.banned(tree)[0])

    def test_the_node_reads_no_clock(self):
        self.assertEqual(len(house.banned({"coordinator/engine/node/a.cpp": "x = steady_clock::now ();\n"})), 1)
        self.assertEqual(house.banned({"coordinator/engine/node/a.cpp": '// clock::now()\nlog("clock::now()");\n'}), [])
        self.assertEqual(house.banned({"coordinator/engine/driver/a.cpp": "x = steady_clock::now();\n"}), [])

    def test_public_sdk_headers_hold_no_boost_and_no_json_library(self):
        for line in ["#include <boost/asio.hpp>", "#include <nlohmann/json_fwd.hpp>"]:
            self.assertEqual(len(house.banned({"client-sdk/include/escrow/a.hpp": line})), 1)
            self.assertEqual(house.banned({"client-sdk/src/a.cpp": line}), [])

    def test_a_test_does_not_sleep(self):
        for path, line in [
            ("tests/unit/a.cpp", "std::this_thread::sleep_for(1ms);"),
            ("tests/unit/a.cpp", "usleep(10);"),
            ("tests/integration/a.py", "    time.sleep(1)"),
            ("tests/integration/a.sh", "  sleep 1"),
            ("tests/console/a.ts", "await page.waitForTimeout(100);"),
            ("tests/console/a.ts", "await new Promise((resolve) => setTimeout(resolve, 100));"),
        ]:
            with self.subTest(line=line):
                self.assertEqual(len(house.banned({path: line + "\n"})), 1)
        self.assertEqual(house.banned({"tests/unit/a.cpp": "// sleep_for\n"}), [])
        self.assertEqual(house.banned({"tests/console/a.ts": "test.setTimeout(100);\n"}), [])

    def test_nothing_is_detached(self):
        self.assertEqual(len(house.banned({"coordinator/server/a.cpp": "co_spawn(io, run(), asio::detached);\n"})), 1)


class Coroutines(unittest.TestCase):
    def faults(self, text):
        return coroutines.check("a.cpp", text)

    def test_an_aggregate_inside_co_await_is_found(self):
        for text in [
            "Task<void> f() { co_await call({.name = s}); }",
            "Task<void> f() { co_await call(Request{s, 1}); }",
            "Task<void> f() { auto r = co_await outer(inner({s})); }",
            "Task<void> f() { if (auto r = co_await call({s}); !r) { co_return; } }",
            "Task<void> f() { use(Pair{s, co_await g()}); }",
        ]:
            with self.subTest(text=text):
                self.assertEqual(len(self.faults(text)), 1)

    def test_a_capturing_lambda_inside_co_await_is_found(self):
        for text in [
            "Task<void> f() { co_await call([s] { use(s); }); }",
            "Task<void> f() { co_await call([&]() mutable -> int { return 1; }); }",
            "Task<void> f() { return_to(co_await call([this](int a) { g(a); })); }",
        ]:
            with self.subTest(text=text):
                self.assertEqual(len(self.faults(text)), 1)

    def test_a_capturing_lambda_that_is_a_coroutine_is_found(self):
        for text in [
            "void f() { spawn([s]() -> Task<void> { co_return; }); }",
            "void f() { auto t = [&](int a) -> Task<int> { int b = co_await g(a); co_return b; }; }",
        ]:
            with self.subTest(text=text):
                self.assertEqual(len(self.faults(text)), 1)

    def test_harmless_neighbours_pass(self):
        for text in [
            "Task<void> f() { Request r{s, 1}; co_await call(std::move(r)); }",
            "Task<void> f() { co_await call(std::move(r), {}); }",
            "Task<void> f() { co_await call([] { return 1; }); }",
            "Task<void> f() { co_await table[index].call(); }",
            "Task<void> f() { if (co_await g()) { Request r{s}; } }",
            "Task<void> f() { for (;;) { co_await g(); Request r{s}; } }",
            "Task<void> f() { auto [ec, n] = co_await s.async_read(b, as_tuple(use_awaitable)); Request r{n}; }",
            "void f() { spawn([]() -> Task<void> { co_return; }); }",
            "void f() { auto run = [s] { return named(s); }; spawn(run()); }",
            'Task<void> f() { co_await log("{not} [&] braces", 1); }',
            "// co_await call({.name = s});\n",
            "void f() { auto outer = [s] { return [](int a) -> Task<int> { co_return a; }; }; }",
            "[[nodiscard]] Task<void> f();",
        ]:
            with self.subTest(text=text):
                self.assertEqual(self.faults(text), [])


class Names(unittest.TestCase):
    def faults(self, text):
        return house.names({"tests/unit/a.cpp": text})

    def test_names_that_discovery_mangles_are_found(self):
        for name in ["a; b", 'a \\"b\\"', "a [b", "~hidden", "ends with a space "]:
            with self.subTest(name=name):
                self.assertEqual(len(self.faults(f'TEST_CASE("{name}", "[core]") {{}}')), 1)
        self.assertEqual(len(self.faults('TEST_CASE("one"\n " two", "[core]") {}')), 1)

    def test_a_sentence_passes(self):
        self.assertEqual(self.faults("TEST_CASE(\"a saga doesn't compensate, in order: [x] and (y)\", \"[core][saga]\") {}"), [])
        self.assertEqual(self.faults('// TEST_CASE("a; b")\n'), [])


class Files(unittest.TestCase):
    def setUp(self):
        # These trees have nothing of what the project makes exceptions for.
        exceptions = mock.patch.dict(house.rules.LONG_FILES, clear=True)
        exceptions.start()
        self.addCleanup(exceptions.stop)

    def test_an_exception_for_a_long_file_that_is_gone_is_found(self):
        self.assertEqual(len(house.files({"dev": "\n" * 501})), 1)
        house.rules.LONG_FILES["dev"] = "one concept"
        self.assertEqual(house.files({"dev": "\n" * 501}), [])
        self.assertEqual(len(house.files({})), 1)

    def test_a_long_file_is_found(self):
        listed = {"cli/CMakeLists.txt": "escrow_library(cli SOURCES a.cpp)"}
        self.assertEqual(len(house.files({**listed, "cli/a.cpp": "\n" * 501})), 1)
        self.assertEqual(house.files({**listed, "cli/a.cpp": "\n" * 500}), [])

    def test_what_is_unfinished_is_found(self):
        listed = {"cli/CMakeLists.txt": "escrow_library(cli SOURCES a.cpp)"}
        self.assertEqual(len(house.files({**listed, "cli/a.cpp": "// TO" + "DO: later\n"})), 1)

    def test_a_source_that_no_build_names_is_found(self):
        self.assertEqual(len(house.files({"cli/CMakeLists.txt": "add_executable(x b.cpp)", "cli/a.cpp": "\n"})), 1)
        self.assertEqual(len(house.files({"protocol/CMakeLists.txt": "SOURCES b.cpp", "protocol/a.hpp": HEADER})), 1)
        self.assertEqual(house.files({"client-sdk/src/a.hpp": HEADER}), [])
        self.assertEqual(len(house.files({"cli/CMakeLists.txt": "add_executable(x a.cpp)", "core/a.cpp": "\n", "cli/a.cpp": "\n"})), 1)

    def test_a_header_without_guard_and_a_path_of_one_machine_are_found(self):
        listed = {"cli/CMakeLists.txt": "HEADERS a.hpp"}
        self.assertEqual(len(house.files({**listed, "cli/a.hpp": "int a();\n"})), 1)
        self.assertEqual(len(house.files({**listed, "cli/a.hpp": HEADER + "// see /ho" + "me/me/notes\n"})), 1)
        self.assertEqual(house.files({**listed, "cli/a.hpp": HEADER}), [])


class Registered(unittest.TestCase):
    def test_a_test_that_ctest_does_not_know_is_found(self):
        self.assertEqual(len(registered.compare("core", ["a", "b"], ["core/a"])), 1)

    def test_an_entry_that_selects_no_test_is_found(self):
        self.assertEqual(len(registered.compare("core", ["a; b"], ["core/a", "core/ b"])), 3)

    def test_equal_lists_pass(self):
        self.assertEqual(registered.compare("core", ["a", "b"], ["core/b", "core/a", "store/c"]), [])

    def test_a_program_without_tests_is_found(self):
        self.assertEqual(len(registered.compare("core", [], [])), 1)


class Readmes(unittest.TestCase):
    PAGE = "# A\n\nRun `./dev test`, see [docs](docs/a.md) or <http://127.0.0.1:1/>.\n\n```sh\n./dev demo\n```\n\n## B\n"

    def test_a_translation_passes(self):
        self.assertEqual(readmes.compare(self.PAGE, "# 甲\n\n见[文档](docs/a.md)、<http://127.0.0.1:1/>，运行 `./dev test`。\n\n```sh\n./dev demo\n```\n\n## 乙\n"), [])

    def test_what_differs_is_found(self):
        for old, new in [("./dev demo", "./dev"), ("`./dev test`", "`./dev tests`"), ("docs/a.md", "docs/b.md"), ("## B", "### B"), (":1/", ":2/")]:
            self.assertEqual(len(readmes.compare(self.PAGE, self.PAGE.replace(old, new))), 1, old)


class Source(unittest.TestCase):
    def test_literals_and_comments_are_no_code(self):
        text = "a(\"x{\\\"y\"); // b{\nauto r = R\"(q{)\"; char c = '{'; int n = 1'000'000; /* { */"
        self.assertNotIn("{", code_only(text))
        self.assertEqual(len(code_only(text)), len(text))
        self.assertIn("1'000'000", code_only(text))

    def test_includes_are_found_with_their_lines(self):
        self.assertEqual(list(includes('\n#include "a/b.hpp"\n#  include <c>\n')), [(2, "a/b.hpp", True), (3, "c", False)])


if __name__ == "__main__":
    unittest.main()
