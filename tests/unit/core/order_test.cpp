#include <catch2/catch.hpp>

#include <chrono>

#include "coordinator/core/order.hpp"
#include "coordinator/core/turn.hpp"
#include "tests/unit/core/story.hpp"

using namespace escrow;
using namespace escrow::tests;
using protocol::Kind;
using protocol::Order;

TEST_CASE("a saga calls one branch after another as listed", "[core][order]") {
  Story story(saga({"a", "b", "c"}));
  CHECK(story.ready() == "a.action");
  story.serve("a.action", ok());
  CHECK(story.ready() == "b.action");
  story.call("b.action");
  CHECK(story.ready().empty());
  CHECK(story.turns() == "b.action");
  story.answer("b.action", ok()).serve("c.action", ok());
  CHECK(story.status() == "committed");
  CHECK(story.states() ==
        "a.action=succeeded a.compensate=skipped b.action=succeeded b.compensate=skipped c.action=succeeded c.compensate=skipped");
}

TEST_CASE("a tcc tries all at once and confirms only after every try", "[core][order]") {
  Story story(tcc({"a", "b", "c"}));
  CHECK(story.ready() == "a.try b.try c.try");
  story.serve("c.try a.try", ok());
  CHECK(story.status() == "active");
  CHECK(story.turns() == "b.try");
  story.serve("b.try", ok());
  CHECK(story.status() == "committing");
  CHECK(story.ready() == "a.confirm b.confirm c.confirm");
  story.serve("b.confirm c.confirm a.confirm", ok());
  CHECK(story.status() == "committed");
}

TEST_CASE("an order that is given beats the one of the mode", "[core][order]") {
  CHECK(Story(saga({"a", "b"}).order(Order::parallel)).ready() == "a.action b.action");
  Story story(tcc({"a", "b"}).order(Order::sequential));
  CHECK(story.ready() == "a.try");
  CHECK(story.serve("a.try", ok()).ready() == "b.try");
}

TEST_CASE("in a graph a branch waits for all it comes after and for nothing else", "[core][order]") {
  // Listed against the order: only `after` counts.
  Story story(mixed()
                  .with(Kind::saga, "join", after({"left", "right"}))
                  .with(Kind::tcc, "left", after({"root"}))
                  .with(Kind::saga, "right", after({"root"}))
                  .with(Kind::saga, "alone")
                  .with(Kind::saga, "root"));
  CHECK(story.ready() == "alone.action root.action");
  story.serve("root.action", ok());
  CHECK(story.ready() == "left.try right.action alone.action");
  story.serve("right.action", ok());
  CHECK(story.ready() == "left.try alone.action");
  story.serve("left.try", ok());
  CHECK(story.ready() == "join.action alone.action");
  story.serve("join.action alone.action", ok());
  CHECK(story.status() == "committing");
  CHECK(story.ready() == "left.confirm");
}

TEST_CASE("messages have no place in the order", "[core][order]") {
  Story story(mixed().with(Kind::saga, "a").with(Kind::message, "m").with(Kind::saga, "b"));
  CHECK(story.ready() == "a.action");
  story.serve("a.action", ok());
  CHECK(story.ready() == "b.action");
  story.serve("b.action", ok());
  CHECK(story.status() == "committing");
  CHECK(story.ready() == "m.action");
}

TEST_CASE("a saga compensates what was done in reverse order", "[core][order][undo]") {
  Story story(saga({"a", "b", "c"}));
  story.serve("a.action b.action", ok()).serve("c.action", refused());
  CHECK(story.ready() == "b.compensate");
  story.call("b.compensate");
  CHECK(story.turns() == "b.compensate");
  story.answer("b.compensate", ok());
  CHECK(story.ready() == "a.compensate");
  story.serve("a.compensate", ok());
  CHECK(story.status() == "aborted");
  CHECK(story.states() ==
        "a.action=succeeded a.compensate=succeeded b.action=succeeded b.compensate=succeeded c.action=failed c.compensate=skipped");
}

TEST_CASE("branches without order are undone together", "[core][order][undo]") {
  Story story(tcc({"a", "b", "c"}));
  story.serve("a.try b.try", ok()).serve("c.try", refused());
  CHECK(story.ready() == "b.cancel a.cancel");
}

TEST_CASE("in a graph a branch is undone only after all that came after it", "[core][order][undo]") {
  Story story(mixed()
                  .with(Kind::saga, "root")
                  .with(Kind::saga, "left", after({"root"}))
                  .with(Kind::saga, "right", after({"root"}))
                  .with(Kind::saga, "join", after({"left", "right"}))
                  .with(Kind::saga, "last", after({"join"})));
  story.serve("root.action left.action right.action join.action", ok()).serve("last.action", refused());
  CHECK(story.ready() == "join.compensate");
  story.serve("join.compensate", ok());
  CHECK(story.ready() == "right.compensate left.compensate");
  story.serve("left.compensate", ok());
  CHECK(story.ready() == "right.compensate");
  story.serve("right.compensate", ok());
  CHECK(story.ready() == "root.compensate");
}

TEST_CASE("an undo waits across a branch that has nothing to undo", "[core][order][undo]") {
  Story story(saga({"a"}).with(Kind::saga, "b", without_undo).with({"c", "d"}));
  story.serve("a.action b.action c.action", ok()).serve("d.action", refused());
  CHECK(story.ready() == "c.compensate");
  CHECK(story.serve("c.compensate", ok()).ready() == "a.compensate");
}

TEST_CASE("a stuck undo holds back those before it and no others", "[core][order][undo]") {
  Story story(mixed()
                  .with(Kind::saga, "root")
                  .with(Kind::saga, "stuck", after({"root"}))
                  .with(Kind::saga, "other")
                  .with(Kind::saga, "no", after({"stuck", "other"})));
  story.serve("root.action stuck.action other.action", ok()).serve("no.action", refused());
  story.serve("stuck.compensate", refused()).serve("other.compensate", ok());
  CHECK(story.ready().empty());
  CHECK(story.turns() == "stuck.compensate");
  story.resolve("stuck.compensate");
  CHECK(story.ready() == "root.compensate");
}

TEST_CASE("confirms and messages run together and never wait for each other", "[core][order]") {
  Story story(mixed().with(Kind::tcc, "a").with(Kind::tcc, "b").with(Kind::message, "m"));
  story.serve("a.try b.try", ok());
  CHECK(story.ready() == "a.confirm b.confirm m.action");
  story.serve("a.confirm", refused()).serve("b.confirm m.action", ok());
  CHECK(story.status() == "committing");
  CHECK(story.turns() == "a.confirm");
}

TEST_CASE("a thousand branches take no time to speak of", "[core][order][limit]") {
  const auto order = GENERATE(Order::sequential, Order::parallel, Order::graph);
  constexpr int count = 1000;
  Draft draft(protocol::Mode::saga);
  draft.order(order);
  for (int i = 0; i < count; ++i) {
    std::vector<std::string> before;
    // Ten before each: a graph with ten thousand edges.
    for (int b = std::max(0, i - 10); b < i && order == Order::graph; ++b) before.push_back(std::to_string(b));
    draft.with(Kind::saga, std::to_string(i), order == Order::graph ? after(before) : BranchEdit{});
  }
  const auto began = std::chrono::steady_clock::now();
  auto begun = core::begin(draft.request(), {}, core::Time{});
  auto& transaction = begun.transaction;
  std::vector<core::OperationRef> undone;
  const auto serve = [&](core::OperationRef ref, const core::Outcome& outcome) {
    (void)core::decide(transaction, core::Called{ref}, core::Time{});
    (void)core::decide(transaction, core::Answered{ref, outcome}, core::Time{});
    if (ref.role == protocol::Role::undo) undone.push_back(ref);
  };
  for (int round = 0; round < 3 * count && !transaction.is_terminal(); ++round) {
    const auto ready = core::ready(transaction, core::Time{});
    REQUIRE_FALSE(ready.empty());
    for (const auto ref : ready) serve(ref, ref.branch == count - 1 ? refused() : ok());
  }
  CHECK(to_string(transaction.status) == "aborted");
  REQUIRE(undone.size() == count - 1);
  if (order != Order::parallel) {
    for (std::size_t i = 0; i < undone.size(); ++i) REQUIRE(undone[i].branch == count - 2 - i);
  }
  // Generous for a debug build on a busy machine: quadratic in edges would take minutes.
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));
}
