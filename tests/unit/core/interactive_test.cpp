#include <catch2/catch.hpp>

#include <algorithm>

#include "coordinator/core/turn.hpp"
#include "tests/unit/core/story.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::Durability;
using core::Duration;
using protocol::Kind;
using protocol::Mode;
using protocol::Order;

namespace {

std::shared_ptr<const protocol::BranchRequest> given(Kind kind, std::string_view id, const BranchEdit& edit = {}) {
  return std::make_shared<const protocol::BranchRequest>(branch(kind, id, true, edit));
}

std::vector<std::string> pointers(const core::Decision& decision) {
  std::vector<std::string> found;
  for (const auto& fault : decision.faults) found.push_back(fault.pointer);
  return found;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST_CASE("a registration is recorded whole and is a barrier", "[core][registration]") {
  Story story(Draft(Mode::tcc).interactive());
  story.apply(core::BranchesRegistered{{given(Kind::tcc, "a"), given(Kind::tcc, "b")}});
  CHECK(story.decision.created);
  CHECK(story.durability() == Durability::barrier);
  CHECK(story.told() == "branch_registered branch_registered");
  CHECK(story.decision.history[1].branch->text() == "b");
  CHECK(story.states() == "a.confirm=waiting a.cancel=waiting b.confirm=waiting b.cancel=waiting");
  CHECK(story.transaction.branches[1].registered_revision == 2);
  CHECK(story.ready().empty());
}

TEST_CASE("a registration of known branches changes nothing", "[core][registration]") {
  Story story(Draft(Mode::tcc).interactive().with({"a"}));
  story.apply(core::BranchesRegistered{{given(Kind::tcc, "a")}});
  CHECK_FALSE(story.decision.created);
  CHECK(story.refusal().empty());
  CHECK(story.durability() == Durability::none);
  story.apply(core::BranchesRegistered{{given(Kind::tcc, "a"), given(Kind::tcc, "b")}});
  CHECK(story.decision.created);
  CHECK(story.told() == "branch_registered");
}

TEST_CASE("a branch with other content conflicts and nothing of the array is recorded", "[core][registration]") {
  Story story(Draft(Mode::tcc).interactive().with({"a", "b"}));
  const auto other = [](protocol::BranchRequest& branch) {
    branch.confirm_url = "http://elsewhere/";
    branch.payload = "{}";
  };
  story.apply(core::BranchesRegistered{{given(Kind::tcc, "new"), given(Kind::tcc, "a"), given(Kind::tcc, "b", other)}});
  CHECK(story.refusal() == "branch_conflict");
  auto differs = story.decision.differs;
  std::ranges::sort(differs);
  CHECK(differs == Strings{"/2/confirm", "/2/payload"});
  CHECK(story.transaction.branches.size() == 2);
}

TEST_CASE("faults of a registration point into what was given", "[core][registration]") {
  Story story(Draft(Mode::saga).interactive().with({"a", "b"}));
  story.apply(core::BranchesRegistered{
      {given(Kind::saga, "a"), given(Kind::saga, "c"), given(Kind::saga, "b"), given(Kind::saga, "d", after({"c"}))}});
  CHECK(story.refusal() == "invalid");
  CHECK(pointers(story.decision) == Strings{"/3/after"});
  story.apply(core::BranchesRegistered{{given(Kind::saga, "a"), given(Kind::saga, "c"), given(Kind::saga, "c")}});
  CHECK(story.refusal() == "invalid");
  CHECK(pointers(story.decision) == Strings{"/2/id"});
}

TEST_CASE("more branches than the limit are refused", "[core][registration][limit]") {
  Story story(Draft(Mode::tcc).interactive().with({"a", "b"}));
  story.apply(core::BranchesRegistered{{given(Kind::tcc, "c"), given(Kind::tcc, "d")}, 3});
  CHECK(story.refusal() == "invalid");
  CHECK(pointers(story.decision) == Strings{""});
  story.apply(core::BranchesRegistered{{given(Kind::tcc, "a"), given(Kind::tcc, "c")}, 3});
  CHECK(story.decision.created);
}

TEST_CASE("the first branch decides whether the transaction is a graph", "[core][registration][order]") {
  Story story(Draft(Mode::saga).interactive());
  SECTION("a graph") {
    story.apply(core::BranchesRegistered{{given(Kind::saga, "a", after({}))}});
    CHECK(story.transaction.order == Order::graph);
    story.apply(core::BranchesRegistered{{given(Kind::saga, "b", after({"a"})), given(Kind::saga, "c", after({}))}});
    CHECK(story.decision.created);
    story.apply(core::BranchesRegistered{{given(Kind::saga, "d")}});
    CHECK(story.refusal() == "invalid");
    story.abort();
    CHECK(story.ready() == "b.compensate c.compensate");
  }
  SECTION("no graph") {
    story.apply(core::BranchesRegistered{{given(Kind::saga, "a")}});
    CHECK(story.transaction.order == Order::sequential);
    story.apply(core::BranchesRegistered{{given(Kind::saga, "b", after({"a"}))}});
    CHECK(story.refusal() == "invalid");
    CHECK(pointers(story.decision) == Strings{"/0/after"});
  }
}

TEST_CASE("messages that were registered first do not decide about the graph", "[core][registration][order]") {
  Story story(mixed().interactive());
  if (GENERATE(true, false)) {
    story.apply(core::BranchesRegistered{{given(Kind::message, "m")}});
    story.apply(core::BranchesRegistered{{given(Kind::saga, "a", after({})), given(Kind::saga, "b", after({}))}});
  } else {
    story.apply(
        core::BranchesRegistered{{given(Kind::message, "m"), given(Kind::saga, "a", after({})), given(Kind::saga, "b", after({}))}});
  }
  REQUIRE(story.decision.created);
  CHECK(story.transaction.order == Order::graph);
  story.apply(core::BranchesRegistered{{given(Kind::saga, "c", after({"a"}))}});
  REQUIRE(story.decision.created);
  story.abort();
  CHECK(story.ready() == "c.compensate b.compensate");
}

TEST_CASE("registered sagas are undone in reverse and registered tccs together", "[core][registration][undo]") {
  Story saga_story(Draft(Mode::saga).interactive());
  Story tcc_story(Draft(Mode::tcc).interactive());
  for (const auto* id : {"a", "b", "c"}) {
    saga_story.apply(core::BranchesRegistered{{given(Kind::saga, id)}});
    tcc_story.apply(core::BranchesRegistered{{given(Kind::tcc, id)}});
  }
  saga_story.abort();
  CHECK(saga_story.ready() == "c.compensate");
  CHECK(saga_story.serve("c.compensate", ok()).ready() == "b.compensate");
  tcc_story.abort();
  CHECK(tcc_story.ready() == "c.cancel b.cancel a.cancel");
}

TEST_CASE("after a decision nothing is registered, not even what is known", "[core][registration]") {
  Story story(Draft(Mode::tcc).interactive().with({"a"}));
  story.commit();
  story.apply(core::BranchesRegistered{{given(Kind::tcc, "b")}});
  CHECK(story.refusal() == "already_decided");
  story.apply(core::BranchesRegistered{{given(Kind::tcc, "a")}});
  CHECK(story.refusal() == "already_decided");
}

TEST_CASE("driven transactions refuse what only an initiator may ask, also when they have ended", "[core][interactive]") {
  Story story(saga({"a"}));
  if (GENERATE(true, false)) story.serve("a.action", ok());
  CHECK(story.commit().refusal() == "not_interactive");
  story.apply(core::Extended{1'000, std::nullopt});
  CHECK(story.refusal() == "not_interactive");
  story.apply(core::BranchesRegistered{{given(Kind::saga, "b")}});
  CHECK(story.refusal() == "not_interactive");
}

TEST_CASE("commit confirms what was registered", "[core][interactive]") {
  Story story(Draft(Mode::tcc).interactive().with({"a", "b"}));
  story.apply(core::CommitRequested{"kim", "all tried"});
  CHECK(story.told() == "commit_decided");
  CHECK(story.decision.history.front().actor == "kim");
  CHECK(story.decision.history.front().detail == "all tried");
  CHECK(story.ready() == "a.confirm b.confirm");
  CHECK(story.states() == "a.confirm=waiting a.cancel=skipped b.confirm=waiting b.cancel=skipped");
  CHECK(story.commit().refusal().empty());
  CHECK(story.abort().refusal() == "already_decided");
  story.serve("a.confirm b.confirm", ok());
  CHECK(story.status() == "committed");
  CHECK(story.commit().refusal().empty());
  CHECK(story.abort().refusal() == "already_decided");
}

TEST_CASE("abort undoes what was registered and may be repeated", "[core][interactive]") {
  Story story(Draft(Mode::tcc).interactive().with({"a"}));
  story.abort();
  CHECK(story.told() == "abort_decided");
  CHECK(story.abort().refusal().empty());
  CHECK(story.commit().refusal() == "already_decided");
  story.serve("a.cancel", ok());
  CHECK(story.status() == "aborted");
  CHECK(story.abort().refusal().empty());
  CHECK(story.commit().refusal() == "already_decided");
}

TEST_CASE("commit and abort without any branch end at once", "[core][interactive]") {
  Story story(Draft(GENERATE(Mode::saga, Mode::tcc, Mode::mixed)).interactive());
  SECTION("commit") {
    story.commit();
    CHECK(story.told() == "commit_decided committed");
  }
  SECTION("abort") {
    story.abort();
    CHECK(story.told() == "abort_decided aborted");
  }
  CHECK(story.durability() == Durability::barrier);
}

TEST_CASE("an interactive saga is committed by its word alone", "[core][interactive]") {
  Story story(Draft(Mode::saga).interactive().with({"a", "b"}));
  story.commit();
  CHECK(story.told() == "commit_decided committed");
  CHECK(story.states() == "a.compensate=skipped b.compensate=skipped");
}

TEST_CASE("an interactive transaction that nobody ends is aborted by its timeout", "[core][interactive][timeout]") {
  Story story(Draft(Mode::tcc).interactive().with({"a"}).timeout_ms(500));
  story.pass(Duration(500));
  CHECK(story.status() == "aborting");
  CHECK(story.ready() == "a.cancel");
}

TEST_CASE("extend counts from now and may come earlier", "[core][interactive][extend]") {
  Story story(Draft(Mode::tcc).interactive().with({"a"}));
  story.pass(Duration(1'000)).apply(core::Extended{GENERATE(500, 500'000), "kim"});
  const auto deadline = *story.transaction.deadline_at;
  CHECK((deadline == story.now + Duration(500) || deadline == story.now + Duration(500'000)));
  CHECK(story.told() == "extended");
  CHECK(story.durability() == Durability::barrier);
  CHECK(core::due_at(story.transaction) == deadline);
  story.pass(deadline - story.now - Duration(1));
  CHECK(story.status() == "active");
  story.pass(Duration(1));
  CHECK(story.status() == "aborting");
  story.apply(core::Extended{500, std::nullopt});
  CHECK(story.refusal() == "already_decided");
}

TEST_CASE("a message with a check has no deadline to extend", "[core][interactive][extend]") {
  Story story(message({"m"}).check());
  story.apply(core::Extended{500, std::nullopt});
  CHECK(story.refusal() == "invalid");
  CHECK_FALSE(story.transaction.deadline_at.has_value());
}
