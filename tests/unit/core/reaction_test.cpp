#include "coordinator/core/reaction.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <map>

#include "tests/unit/core/story.hpp"

using namespace escrow;
using namespace escrow::tests;
using core::EventKind;
using core::Reaction;
using protocol::Kind;
using protocol::Status;

namespace {

struct Example {
  std::string name;
  Story story;
};

/// Transactions in each status, as different as they come: driven and interactive, with and without pivot and check, in every phase.
std::map<Status, std::vector<Example>> examples() {
  std::map<Status, std::vector<Example>> all;
  const auto add = [&](std::string name, Story story) {
    const Status status = story.transaction.status;
    all[status].push_back({std::move(name), std::move(story)});
  };
  const auto pivoted = [] {
    return mixed().with(Kind::tcc, "a").with(Kind::saga, "p", pivot).with(Kind::saga, "z").with(Kind::message, "m");
  };

  add("a driven saga that nobody has called", Story(saga({"a", "b"})));
  add("a driven saga in a call", Story(saga({"a", "b"})).call("a.action"));
  add("a driven tcc that backs off", Story(tcc({"a", "b"})).serve("a.try", lost()));
  add("a saga past its pivot", Story(pivoted()).serve("a.try", ok()).serve("p.action", lost()));
  add("an interactive tcc", Story(Draft(protocol::Mode::tcc).interactive().with({"a"})));
  add("an interactive saga without branches", Story(Draft(protocol::Mode::saga).interactive()));
  add("a message that is asked about", Story(message({"m"}).check()).pass(core::Duration(10'000)).serve("check", lost()));

  add("a driven message", Story(message({"m"})));
  add("a message that backs off", Story(message({"m"})).serve("m.action", refused()));
  add("a tcc that confirms", Story(tcc({"a", "b"})).serve("a.try b.try", ok()).serve("a.confirm", ok()).call("b.confirm"));
  add("a saga behind its pivot", Story(pivoted()).serve("a.try p.action", ok()).serve("z.action", lost()));
  add("an interactive tcc that commits", Story(Draft(protocol::Mode::tcc).interactive().with({"a"})).commit());
  add("a message that was resolved", Story(message({"m"}).check()).resolve("check"));

  add("a saga that compensates", Story(saga({"a", "b"})).serve("a.action", ok()).serve("b.action", refused()));
  add("a saga that aborts in a call", Story(saga({"a", "b"})).call("a.action").abort());
  add("a tcc that backs off cancelling", Story(tcc({"a", "b"})).serve("a.try", ok()).serve("b.try", refused()).serve("a.cancel", lost()));
  add("a pivot that stands in attention",
      Story(mixed().with(Kind::saga, "p", last_word)).serve("p.action", lost()).wait_for("p.action").serve("p.action", refused()));
  add("an interactive saga that aborts", Story(Draft(protocol::Mode::saga).interactive().with({"a"})).abort());

  add("a saga that committed", Story(saga({"a"})).serve("a.action", ok()));
  add("an interactive saga that committed", Story(Draft(protocol::Mode::saga).interactive().with({"a"})).commit());
  add("a message that an operator ended", Story(message({"m"})).resolve("m.action"));

  add("a saga that aborted", Story(saga({"a"})).serve("a.action", refused()));
  add("an interactive tcc that aborted", Story(Draft(protocol::Mode::tcc).interactive()).abort());
  add("a message that its check refused", Story(message({"m"}).check()).pass(core::Duration(10'000)).serve("check", refused()));
  return all;
}

/// An event of each kind, one for each operation where it names one.
std::vector<core::Event> events_of(EventKind kind, const Story& story) {
  std::vector<core::Event> events;
  const auto each_operation = [&](const std::function<void(core::OperationRef)>& add) {
    add({0, protocol::Role::check});
    add({99, protocol::Role::forward});
    for (std::uint32_t i = 0; i < story.transaction.branches.size(); ++i) {
      for (const auto role : protocol::all_roles) add({i, role});
    }
  };
  const auto request = [&](std::string_view id) {
    return std::make_shared<const protocol::BranchRequest>(branch(Kind::saga, id, story.transaction.request->interactive));
  };
  switch (kind) {
    case EventKind::branches_registered:
      events = {core::BranchesRegistered{{request("new")}}, core::BranchesRegistered{{}}, core::BranchesRegistered{{request("a")}}};
      break;
    case EventKind::commit_requested: events = {core::CommitRequested{}}; break;
    case EventKind::abort_requested:
      events = {core::AbortRequested{}, core::AbortRequested{protocol::AbortCode::operator_, "kim", "enough"}};
      break;
    case EventKind::extended: events = {core::Extended{5, std::nullopt}}; break;
    case EventKind::time_passed: events = {core::TimePassed{}}; break;
    case EventKind::called: each_operation([&](core::OperationRef ref) { events.emplace_back(core::Called{ref}); }); break;
    case EventKind::answered:
      for (const auto& outcome : {ok("{}"), refused(), in_progress(), postponed(core::Duration(900)), lost()}) {
        each_operation([&](core::OperationRef ref) { events.emplace_back(core::Answered{ref, outcome, 0.5}); });
      }
      break;
    case EventKind::resolved:
      for (const bool succeeded : {true, false}) {
        each_operation([&](core::OperationRef ref) { events.emplace_back(core::Resolved{ref, succeeded, "by hand", "kim"}); });
      }
      break;
    case EventKind::retried_now: events = {core::RetriedNow{}}; break;
    case EventKind::adopted: events = {core::Adopted{false}, core::Adopted{true}}; break;
  }
  return events;
}

bool needs_interactive(EventKind kind) {
  return kind == EventKind::branches_registered || kind == EventKind::commit_requested || kind == EventKind::extended;
}

}  // namespace

TEST_CASE("every event in every status reacts as the table says", "[core][table]") {
  const auto all = examples();
  REQUIRE(all.size() == 5);
  for (const auto& [status, stories] : all) {
    for (std::size_t k = 0; k < core::event_kinds; ++k) {
      const auto kind = static_cast<EventKind>(k);
      for (const auto& example : stories) {
        for (const auto& event : events_of(kind, example.story)) {
          for (const core::Duration later : {core::Duration(0), core::Duration(100'000)}) {
            INFO(example.name << ": " << to_string(kind) << " in " << to_string(status));
            Story story = example.story;
            story.now += later;
            const auto before = dump(story.transaction);
            REQUIRE(core::kind_of(event) == kind);
            story.apply(event);  // holds the promises, too
            if (needs_interactive(kind) && !story.transaction.request->interactive) {
              CHECK(story.refusal() == "not_interactive");
              CHECK(dump(story.transaction) == before);
              continue;
            }
            switch (core::reaction(status, kind)) {
              case Reaction::already_decided:
                CHECK(story.refusal() == "already_decided");
                CHECK(dump(story.transaction) == before);
                break;
              case Reaction::repeat:
              case Reaction::ignore:
                CHECK(story.refusal().empty());
                CHECK(story.durability() == core::Durability::none);
                CHECK(dump(story.transaction) == before);
                break;
              case Reaction::decide: CHECK(story.refusal() != "already_decided"); break;
            }
          }
        }
      }
    }
  }
}

TEST_CASE("a cell of the table has a sentence if and only if a handler decides", "[core][table]") {
  for (std::size_t k = 0; k < core::event_kinds; ++k) {
    for (const auto status : {Status::active, Status::committing, Status::aborting, Status::committed, Status::aborted}) {
      const auto kind = static_cast<EventKind>(k);
      CHECK(core::meaning(status, kind).empty() == (core::reaction(status, kind) != Reaction::decide));
    }
    CHECK_FALSE(to_string(static_cast<EventKind>(k)).empty());
  }
}

TEST_CASE("every cell that decides does something to some transaction", "[core][table]") {
  const auto all = examples();
  for (const auto& [status, stories] : all) {
    for (std::size_t k = 0; k < core::event_kinds; ++k) {
      const auto kind = static_cast<EventKind>(k);
      if (core::reaction(status, kind) != Reaction::decide || protocol::is_terminal(status)) continue;
      bool changed = false;
      for (const auto& example : stories) {
        for (const auto& event : events_of(kind, example.story)) {
          Story story = example.story;
          story.now += core::Duration(100'000);
          const auto before = dump(story.transaction);
          story.apply(event);
          changed = changed || dump(story.transaction) != before;
        }
      }
      INFO(to_string(kind) << " in " << to_string(status));
      // In the second phase the clock alone raises attention, and only where a Retry-After asked for a long pause: told by its own test.
      if (kind != EventKind::time_passed || status == Status::active) CHECK(changed);
    }
  }
}
