#include <map>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include <escrow/context.hpp>

namespace escrow {
namespace {

const std::string incoming = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::map<std::string, std::string> outgoing() {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : outgoing_headers()) headers[name] = value;
  return headers;
}

}  // namespace

TEST_CASE("outside a handler nothing is carried on", "[sdk][context]") {
  CHECK(Context::current() == nullptr);
  CHECK(outgoing_headers().empty());
}

TEST_CASE("an outgoing call keeps the trace, has a new span each time, and names the transaction", "[sdk][context]") {
  const ContextScope scope(Context("order-17", incoming, "vendor=1"));
  auto first = outgoing();
  auto second = outgoing();
  CHECK(first["Escrow-Gid"] == "order-17");
  CHECK(first["tracestate"] == "vendor=1");
  CHECK(first["traceparent"].substr(0, 36) == incoming.substr(0, 36));
  CHECK(first["traceparent"].size() == incoming.size());
  CHECK(first["traceparent"].substr(52) == "-01");
  CHECK(first["traceparent"] != incoming);
  CHECK(first["traceparent"] != second["traceparent"]);
}

TEST_CASE("contexts nest and belong to their thread", "[sdk][context]") {
  const ContextScope outer(Context("outer", incoming, ""));
  {
    const ContextScope inner(Context("inner", incoming, ""));
    CHECK(Context::current()->gid() == "inner");
    std::thread([] { CHECK(Context::current() == nullptr); }).join();
  }
  CHECK(Context::current()->gid() == "outer");
}

TEST_CASE("a malformed traceparent is left out, with its tracestate", "[sdk][context]") {
  for (const std::string& bad : {std::string(), std::string("00-1-2-3"), "ff" + incoming.substr(2), incoming + "-x",
                                 "00-" + std::string(32, '0') + incoming.substr(35), incoming.substr(0, 36) + std::string(16, '0') + "-01",
                                 std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")}) {
    CAPTURE(bad);
    const ContextScope scope(Context("g", bad, "vendor=1"));
    CHECK(outgoing().count("traceparent") == 0);
    CHECK(outgoing().count("tracestate") == 0);
  }
}

TEST_CASE("a later version of traceparent is read as far as it is known", "[sdk][context]") {
  const Context context("g", "cc" + incoming.substr(2) + "-what-the-future-brings", "");
  CHECK(context.child_traceparent().substr(0, 36) == incoming.substr(0, 36));
}

TEST_CASE("a new traceparent is one", "[sdk][context]") {
  const auto fresh = new_traceparent();
  CHECK_FALSE(Context("", fresh, "").traceparent().empty());
  CHECK(fresh != new_traceparent());
}

}  // namespace escrow
