#include <catch2/catch.hpp>
#include <optional>

#include "tests/fault-injection/oracles/forged/forged.hpp"

/// The causes of an abort: for each code a forged abort without its cause, and the nearest one that has it.

using namespace escrow;
using namespace escrow::oracles;
using protocol::Phase;
using tests::saga;

namespace {

constexpr auto action = OperationName::action;

tests::Draft interactive() { return tests::Draft(protocol::Mode::tcc).interactive().with({"b0"}); }

}  // namespace

TEST_CASE("S21 tells a timeout before its time from one in time and in the time of a clock that is ahead", "[oracles][S21]") {
  const auto after = [](std::int64_t ms, std::int64_t ahead_ms = 0) {
    Forged story(tests::Draft(protocol::Mode::saga).with({"b0"}).timeout_ms(5'000));
    story.life(sim::Life::What::started);
    story.history.life.back().ahead = core::Duration(ahead_ms);
    story.write().wait(ms).write(aborting_by(protocol::AbortCode::timeout));
    return story.found_by("S21");
  };
  CHECK(after(4'000) == 1);
  CHECK(after(5'000) == 0);
  CHECK(after(4'000, 1'000) == 0);
  Forged moved(tests::Draft(protocol::Mode::saga).with({"b0"}).timeout_ms(5'000));
  moved.write().wait(4'000).write(aborting_by(protocol::AbortCode::timeout));
  auto sooner = *moved.history.written.back().value;
  sooner.deadline_at = sooner.started_at + core::Duration(1'000);
  moved.history.written.back().value = std::make_shared<const core::Transaction>(sooner);
  CHECK(moved.found_by("S21") == 1);
}

TEST_CASE("S21 tells an abort for a refusal that nobody gave from one for a refusal", "[oracles][S21]") {
  const auto by = [](int branch, Class outcome) {
    Forged story(saga({"b0", "b1"}));
    story.write().call(branch, action).ended(outcome, 409).write(aborting_by(protocol::AbortCode::branch_failed));
    auto named = *story.history.written.back().value;
    named.abort_reason->branch = named.branches[0].request->id;
    story.history.written.back().value = std::make_shared<const core::Transaction>(named);
    return story.found_by("S21");
  };
  CHECK(by(0, Class::unknown) == 1);
  CHECK(by(1, Class::refused) == 1);
  CHECK(by(0, Class::refused) == 0);
}

TEST_CASE("S21 tells attempts that are left from attempts that are used up", "[oracles][S21]") {
  const auto after = [](int attempts, Class last) {
    Forged story(tests::Draft(protocol::Mode::saga).with({"b0"}).max_attempts(2));
    story.write();
    for (int attempt = 1; attempt < attempts; ++attempt) story.call(0, action, Phase::forward, attempt).ended(Class::unknown, 0);
    story.call(0, action, Phase::forward, attempts).ended(last, 0).write([](core::Transaction& value) {
      aborting_by(protocol::AbortCode::attempts_exhausted)(value);
      value.abort_reason->branch = value.branches[0].request->id;
    });
    return story.found_by("S21");
  };
  CHECK(after(1, Class::unknown) == 1);
  // Who was put off has not used an attempt up.
  CHECK(after(2, Class::postponed) == 1);
  CHECK(after(2, Class::unknown) == 0);
}

TEST_CASE("S21 tells a check that said nothing from one that said no", "[oracles][S21]") {
  const auto by = [](Class outcome, unsigned status) {
    Forged story(tests::Draft(protocol::Mode::message).interactive().check());
    story.write().call(-1, OperationName::check).ended(outcome, status).write(aborting_by(protocol::AbortCode::check_refused));
    return story.found_by("S21");
  };
  CHECK(by(Class::in_progress, 425) == 1);
  CHECK(by(Class::refused, 422) == 1);
  CHECK(by(Class::refused, 409) == 0);
}

TEST_CASE("S21 tells an abort that nobody asked for from one that somebody did", "[oracles][S21]") {
  const auto by = [](protocol::AbortCode code, std::optional<Ask> what) {
    Forged story(interactive());
    story.write();
    if (what) story.ask(*what, {-1});
    story.write(aborting_by(code));
    return story.found_by("S21");
  };
  CHECK(by(protocol::AbortCode::initiator, std::nullopt) == 1);
  CHECK(by(protocol::AbortCode::initiator, Ask::abort) == 0);
  CHECK(by(protocol::AbortCode::operator_, Ask::commit) == 1);
  CHECK(by(protocol::AbortCode::operator_, Ask::resolve) == 0);
}
