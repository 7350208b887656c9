#include <catch2/catch.hpp>

#include "tests/fault-injection/oracles/forged/forged.hpp"

/// Each oracle of what must never happen: a forged violation that it finds, and the nearest legal history, in which it finds nothing.

using namespace escrow;
using namespace escrow::oracles;
using protocol::Phase;
using protocol::ProblemCode;
using tests::saga;
using tests::tcc;

namespace {

constexpr auto action = OperationName::action;
constexpr auto compensate = OperationName::compensate;
constexpr auto try_ = OperationName::try_;
constexpr auto confirm = OperationName::confirm;
constexpr auto cancel = OperationName::cancel;

tests::Draft interactive() { return tests::Draft(protocol::Mode::tcc).interactive().with({"b0"}); }

}  // namespace

TEST_CASE("S1 tells half a commit from a whole one", "[oracles][S1]") {
  Forged half(saga({"b0", "b1"}));
  half.write().effect(0, action).end(Status::committed);
  CHECK(half.found_by("S1") == 1);
  Forged whole(saga({"b0", "b1"}));
  whole.write().effect(0, action).effect(1, action).end(Status::committed);
  CHECK(whole.found_by("S1") == 0);
}

TEST_CASE("S1 tells an abort that left something from one that left nothing", "[oracles][S1]") {
  Forged left(saga({"b0"}));
  left.write().effect(0, action).end(Status::aborted);
  CHECK(left.found_by("S1") == 1);
  Forged nothing(saga({"b0"}));
  nothing.write().effect(0, action).effect(0, compensate).end(Status::aborted);
  CHECK(nothing.found_by("S1") == 0);
}

TEST_CASE("S2 tells a confirm beside a cancel from two cancels", "[oracles][S2]") {
  Forged mixed(tcc({"b0", "b1"}));
  mixed.write().effect(0, confirm).effect(1, cancel);
  CHECK(mixed.found_by("S2") == 1);
  Forged same(tcc({"b0", "b1"}));
  same.write().effect(0, cancel).effect(1, cancel);
  CHECK(same.found_by("S2") == 0);
}

TEST_CASE("S3 tells an effect twice from two operations once", "[oracles][S3]") {
  Forged twice(tcc({"b0"}));
  twice.write().effect(0, try_).effect(0, try_);
  CHECK(twice.found_by("S3") == 1);
  Forged once(tcc({"b0"}));
  once.write().effect(0, try_).effect(0, confirm);
  CHECK(once.found_by("S3") == 0);
}

TEST_CASE("S4 tells a confirm before its try from one behind it", "[oracles][S4]") {
  Forged before(tcc({"b0"}));
  before.write().effect(0, confirm).effect(0, try_);
  CHECK(before.found_by("S4") == 1);
  Forged behind(tcc({"b0"}));
  behind.write().effect(0, try_).effect(0, confirm);
  CHECK(behind.found_by("S4") == 0);
}

TEST_CASE("S5 tells a null compensation without its mark from one with it", "[oracles][S5]") {
  Forged without(tcc({"b0"}));
  without.write().journal(0, cancel, What::mark).row(0, "cancel", "cancel", "done");
  CHECK(without.found_by("S5") == 1);
  Forged nothing_at_all(tcc({"b0"}));
  nothing_at_all.write().journal(0, cancel, What::mark);
  CHECK(nothing_at_all.found_by("S5") == 1);
  Forged with(tcc({"b0"}));
  with.write().journal(0, cancel, What::mark).row(0, "try", "cancel", "none").row(0, "cancel", "cancel", "done");
  CHECK(with.found_by("S5") == 0);
}

TEST_CASE("S6 tells a try behind its cancel from one before it", "[oracles][S6]") {
  Forged behind(tcc({"b0"}));
  behind.write().journal(0, cancel, What::mark).effect(0, try_);
  CHECK(behind.found_by("S6") == 1);
  Forged before(tcc({"b0"}));
  before.write().effect(0, try_).effect(0, cancel);
  CHECK(before.found_by("S6") == 0);
}

TEST_CASE("S7 tells undos in the order of the calls from those against it", "[oracles][S7]") {
  Forged along(saga({"b0", "b1"}));
  along.write().effect(0, action).effect(1, action).effect(0, compensate).effect(1, compensate);
  CHECK(along.found_by("S7") == 1);
  Forged against(saga({"b0", "b1"}));
  against.write().effect(0, action).effect(1, action).effect(1, compensate).effect(0, compensate);
  CHECK(against.found_by("S7") == 0);
}

TEST_CASE("S8 tells money from nowhere from money that moved", "[oracles][S8]") {
  Forged nowhere(saga({"b0"}));
  nowhere.history.accounts = {{0, 0, 100, {90, 0}}};
  nowhere.write().effect(0, action, {0, -10, 0, 11});
  CHECK(nowhere.found_by("S8") == 1);
  Forged moved(saga({"b0"}));
  moved.history.accounts = {{0, 0, 100, {90, 0}}};
  moved.write().effect(0, action, taken);
  CHECK(moved.found_by("S8") == 0);
}

TEST_CASE("S8 tells an account below zero from one that is empty", "[oracles][S8]") {
  Forged below(saga({"b0"}));
  below.history.accounts = {{0, 0, 9, {-1, 0}}};
  below.write().effect(0, action, taken);
  CHECK(below.found_by("S8") == 1);
  Forged empty(saga({"b0"}));
  empty.history.accounts = {{0, 0, 10, {0, 0}}};
  empty.write().effect(0, action, taken);
  CHECK(empty.found_by("S8") == 0);
}

TEST_CASE("S8 tells an end that keeps something set aside from one that gave it back", "[oracles][S8]") {
  const sim::Declared declared{0, 0, 0, {0, 10, false}};
  Forged kept(tcc({"b0"}));
  kept.history.declared = {declared};
  kept.history.accounts = {{0, 0, 100, {90, 10}}};
  kept.write().effect(0, try_, set_aside).end(Status::aborted);
  CHECK(kept.found_by("S8") == 1);
  Forged gave_back(tcc({"b0"}));
  gave_back.history.declared = {declared};
  gave_back.history.accounts = {{0, 0, 100, {100, 0}}};
  gave_back.write().effect(0, try_, set_aside).effect(0, cancel, {0, 10, -10, 0}).end(Status::aborted);
  CHECK(gave_back.found_by("S8") == 0);
}

TEST_CASE("S9 tells a lost acknowledgement from one that was kept", "[oracles][S9]") {
  Forged lost(interactive());
  lost.write().ask(Ask::commit).tell().end(Status::aborted);
  CHECK(lost.found_by("S9") == 1);
  Forged kept(interactive());
  kept.write().ask(Ask::commit).tell().end(Status::committed);
  CHECK(kept.found_by("S9") == 0);
}

TEST_CASE("S10 tells a confirm before the decision from one behind it", "[oracles][S10]") {
  Forged before(interactive());
  before.write().call(0, confirm, Phase::final).write(status(Status::committing));
  CHECK(before.found_by("S10") == 1);
  Forged behind(interactive());
  behind.write().write(status(Status::committing)).call(0, confirm, Phase::final);
  CHECK(behind.found_by("S10") == 0);
}

TEST_CASE("S10 tells a forward call after the abort from one before it", "[oracles][S10]") {
  Forged after(tcc({"b0"}));
  after.write().write(aborting_by()).call(0, try_);
  CHECK(after.found_by("S10") == 1);
  Forged before(tcc({"b0"}));
  before.write().call(0, try_).write(aborting_by());
  CHECK(before.found_by("S10") == 0);
}

TEST_CASE("S10 tells an answer ahead of the log from one behind it", "[oracles][S10]") {
  Forged ahead(interactive());
  ahead.write().ask(Ask::commit);
  ahead.value.status = Status::committing;
  ++ahead.value.revision;
  ahead.tell();
  CHECK(ahead.found_by("S10") == 1);
  Forged behind(interactive());
  behind.write().ask(Ask::commit).write(status(Status::committing)).tell();
  CHECK(behind.found_by("S10") == 0);
}

TEST_CASE("S11 tells a decision that was taken back from one that was carried out", "[oracles][S11]") {
  Forged taken_back(interactive());
  taken_back.write().write(status(Status::committing)).write(aborting_by());
  CHECK(taken_back.found_by("S11") == 1);
  Forged carried_out(interactive());
  carried_out.write().write(status(Status::committing)).end(Status::committed);
  CHECK(carried_out.found_by("S11") == 0);
}

TEST_CASE("S11 tells an abort past the pivot from the pivot's own refusal", "[oracles][S11]") {
  const auto with_pivot = [] { return tests::Draft(protocol::Mode::saga).with(protocol::Kind::saga, "b0", tests::pivot); };
  const auto reached = [](core::Transaction& value) { value.pivot_reached = true; };
  Forged past(with_pivot());
  past.write(reached).write(aborting_by(protocol::AbortCode::timeout));
  CHECK(past.found_by("S11") == 1);
  Forged refused(with_pivot());
  refused.write(reached).write(aborting_by(protocol::AbortCode::branch_failed));
  CHECK(refused.found_by("S11") == 0);
}

TEST_CASE("S12 tells a write of an earlier run from one of its own time", "[oracles][S12]") {
  Forged earlier(saga({"b0"}));
  earlier.write({}, 1).write({}, 2).write({}, 1);
  CHECK(earlier.found_by("S12") == 1);
  Forged in_time(saga({"b0"}));
  in_time.write({}, 1).write({}, 1).write({}, 2);
  CHECK(in_time.found_by("S12") == 0);
  Forged nameless(saga({"b0"}));
  nameless.write({}, 2);
  nameless.history.written.back().run = 1;
  CHECK(nameless.found_by("S12") == 1);
}

TEST_CASE("S13 tells a call after the end from the last one before it", "[oracles][S13]") {
  Forged after(saga({"b0"}));
  after.write().end(Status::committed).call(0, action);
  CHECK(after.found_by("S13") == 1);
  Forged before(saga({"b0"}));
  before.write().call(0, action).end(Status::committed);
  CHECK(before.found_by("S13") == 0);
}

TEST_CASE("S13 tells a call of a coordinator that is being stopped from one of its successor", "[oracles][S13]") {
  Forged stopping(saga({"b0"}));
  stopping.write().life(sim::Life::What::draining, 1).call(0, action, Phase::forward, 1, 1);
  CHECK(stopping.found_by("S13") == 1);
  Forged successor(saga({"b0"}));
  successor.write().life(sim::Life::What::draining, 1).call(0, action, Phase::forward, 1, 2);
  CHECK(successor.found_by("S13") == 0);
}

TEST_CASE("S14 tells a second request of an operation from its repeat", "[oracles][S14]") {
  Forged other(saga({"b0"}));
  other.write().call(0, action).ended(Class::unknown).call(0, action, Phase::forward, 2);
  other.history.sent.back().fingerprint = 7;
  CHECK(other.found_by("S14") == 1);
  Forged repeat(saga({"b0"}));
  repeat.write().call(0, action).ended(Class::unknown).call(0, action, Phase::forward, 2);
  CHECK(repeat.found_by("S14") == 0);
}

TEST_CASE("S14 tells two calls at once from one after the other", "[oracles][S14]") {
  Forged at_once(saga({"b0"}));
  at_once.write().call(0, action).call(0, compensate);
  CHECK(at_once.found_by("S14") == 1);
  Forged in_turn(saga({"b0"}));
  in_turn.write().call(0, action).ended(Class::unknown).call(0, compensate);
  CHECK(in_turn.found_by("S14") == 0);
}

TEST_CASE("S14 tells the same attempt twice from the next one", "[oracles][S14]") {
  Forged same(saga({"b0"}));
  same.write().calm().call(0, action).ended(Class::unknown).call(0, action);
  CHECK(same.found_by("S14") == 1);
  Forged next(saga({"b0"}));
  next.write().calm().call(0, action).ended(Class::unknown).call(0, action, Phase::forward, 2);
  CHECK(next.found_by("S14") == 0);
}

TEST_CASE("S15 tells an effect that nobody declared from one that was registered before", "[oracles][S15]") {
  Forged nobody(saga({"b0"}));
  nobody.write().effect(1, action);
  CHECK(nobody.found_by("S15") == 1);
  Forged too_early(saga({"b0"}));
  too_early.effect(0, action).write();
  CHECK(too_early.found_by("S15") == 1);
  Forged declared(saga({"b0"}));
  declared.write().effect(0, action);
  CHECK(declared.found_by("S15") == 0);
}

TEST_CASE("S16 tells an answer that no order explains from one that a race explains", "[oracles][S16]") {
  // The commit was told before the abort was asked: there is one order only.
  Forged impossible(interactive());
  impossible.ask(Ask::start).write();
  impossible.created = true;
  impossible.tell().ask(Ask::commit).write(status(Status::committing)).tell().ask(Ask::abort);
  impossible.value.status = Status::aborting;
  impossible.tell();
  CHECK(impossible.found_by("S16") == 1);
  // Both were open at once: the commit won.
  Forged race(interactive());
  race.ask(Ask::start).write();
  race.created = true;
  race.tell().ask(Ask::abort).ask(Ask::commit).write(status(Status::committing)).tell(3).refuse(ProblemCode::already_decided, 2);
  CHECK(race.found_by("S16") == 0);
}

TEST_CASE("S16 lets a question without an answer take effect late or never", "[oracles][S16]") {
  const auto begun = [] {
    Forged story(interactive());
    story.ask(Ask::start).write();
    story.created = true;
    story.tell();
    return story;
  };
  Forged late = begun();
  late.ask(Ask::commit).ask(Ask::look).tell().wait(1'000).write(status(Status::committing)).ask(Ask::look).tell();
  CHECK(late.found_by("S16") == 0);
  Forged never = begun();
  never.ask(Ask::commit).wait(1'000).ask(Ask::look).tell();
  CHECK(never.found_by("S16") == 0);
  Forged nobody_asked = begun();
  nobody_asked.write(status(Status::committing)).ask(Ask::look).tell();
  CHECK(nobody_asked.found_by("S16") == 1);
}

TEST_CASE("S16 tells a start that was made twice from its repeat", "[oracles][S16]") {
  Forged twice(interactive());
  twice.ask(Ask::start).write();
  twice.created = true;
  twice.tell().ask(Ask::start);
  twice.created = true;
  twice.tell();
  CHECK(twice.found_by("S16") == 1);
  Forged repeat(interactive());
  repeat.ask(Ask::start).write();
  repeat.created = true;
  repeat.tell().ask(Ask::start).tell();
  CHECK(repeat.found_by("S16") == 0);
}

TEST_CASE("S16 tells a look into the past from one that was asked before", "[oracles][S16]") {
  Forged past(interactive());
  past.ask(Ask::start).write();
  const auto early = past.value;
  past.created = true;
  past.tell().write().ask(Ask::look).tell().ask(Ask::look);
  past.value = early;
  past.tell();
  CHECK(past.found_by("S16") == 1);
  Forged crossed(interactive());
  crossed.ask(Ask::start).write();
  const auto first = crossed.value;
  crossed.created = true;
  crossed.tell().ask(Ask::look).write().ask(Ask::look).tell(3);
  crossed.value = first;
  crossed.tell(2);
  CHECK(crossed.found_by("S16") == 0);
}

TEST_CASE("S17 tells a refused abort that happened from one that did not", "[oracles][S17]") {
  Forged happened(interactive());
  happened.ask(Ask::start).write().tell().ask(Ask::abort).refuse(ProblemCode::past_pivot).write(aborting_by());
  CHECK(happened.found_by("S17") == 1);
  Forged unclear(interactive());
  unclear.ask(Ask::start).write().tell().ask(Ask::abort).refuse(ProblemCode::store_unavailable).write(aborting_by());
  CHECK(unclear.found_by("S17") == 0);
}

TEST_CASE("S17 tells a refused call that left its change from one that did not", "[oracles][S17]") {
  Forged left(saga({"b0"}));
  left.ask(Ask::start).write().effect(0, action).row(0, "action", "action", "refused");
  CHECK(left.found_by("S17") == 1);
  Forged clean(saga({"b0"}));
  clean.ask(Ask::start).write().journal(0, action, What::refused).row(0, "action", "action", "refused");
  CHECK(clean.found_by("S17") == 0);
}

TEST_CASE("S18 tells a log that lost something from one that kept it", "[oracles][S18]") {
  Forged lost(saga({"b0", "b1"}));
  lost.write();
  lost.history.written.back().given = std::make_shared<const core::Transaction>(lost.value);
  auto stored = lost.value;
  stored.branches[1].forward->maybe_done = true;
  lost.history.written.back().value = std::make_shared<const core::Transaction>(stored);
  CHECK(lost.found_by("S18") == 1);
  Forged kept(saga({"b0", "b1"}));
  kept.write();
  kept.history.written.back().given = std::make_shared<const core::Transaction>(kept.value);
  CHECK(kept.found_by("S18") == 0);
}

TEST_CASE("T1 tells a move that the models do not know from one that they do", "[oracles][T1]") {
  Forged unknown(interactive());
  unknown.write().write(status(Status::committing)).end(Status::aborted);
  CHECK(unknown.found_by("T1") == 1);
  Forged known(interactive());
  known.write().write(status(Status::committing)).end(Status::committed);
  CHECK(known.found_by("T1") == 0);
}

TEST_CASE("S18 tells a row that cannot be from one that can", "[oracles][S18]") {
  Forged without_order(saga({"b0", "b1"}));
  without_order.write([](core::Transaction& value) { value.branches[1].predecessors.clear(); });
  CHECK(without_order.found_by("S18") == 1);
  Forged without_reason(saga({"b0"}));
  without_reason.write().write(status(Status::aborting));
  CHECK(without_reason.found_by("S18") == 1);
  Forged possible(saga({"b0", "b1"}));
  possible.write().write(aborting_by());
  CHECK(possible.found_by("S18") == 0);
}

TEST_CASE("S18 tells a log that holds an older write from one that holds its last", "[oracles][S18]") {
  Forged older(saga({"b0"}));
  older.write().write();
  older.history.log = {older.history.written.front().value};
  CHECK(older.found_by("S18") == 1);
  Forged last(saga({"b0"}));
  last.write().write();
  CHECK(last.found_by("S18") == 0);
}

TEST_CASE("S14 tells the same wrong request every time from the declared one", "[oracles][S14]") {
  const auto declared_as = [](std::uint64_t fingerprint) {
    Forged story(saga({"b0"}));
    story.history.declared = {{0, 0, 0, {}, {fingerprint}}};
    story.write();
    for (int attempt = 1; attempt <= 2; ++attempt) {
      story.call(0, action, Phase::forward, attempt).ended(Class::unknown);
      story.history.sent.back().fingerprint = 7;
    }
    return story.found_by("S14");
  };
  CHECK(declared_as(8) == 1);
  CHECK(declared_as(0) == 1);
  CHECK(declared_as(7) == 0);
}

TEST_CASE("S15 tells an effect at another service from one at its own", "[oracles][S15]") {
  const auto at = [](int service) {
    Forged story(saga({"b0"}));
    story.history.declared = {{0, 0, 1, {}, {}}};
    story.write().effect(0, action);
    story.history.committed.back().service = service;
    return story.found_by("S15");
  };
  CHECK(at(0) == 1);
  CHECK(at(1) == 0);
}

TEST_CASE("S16 tells a refused start of what never was from one that was put off", "[oracles][S16]") {
  const auto told = [](Ask what, ProblemCode problem) {
    Forged story(interactive());
    story.ask(what).refuse(problem);
    return story.found_by("S16");
  };
  CHECK(told(Ask::start, ProblemCode::gid_conflict) == 1);
  CHECK(told(Ask::start, ProblemCode::not_found) == 1);
  CHECK(told(Ask::start, ProblemCode::overloaded) == 0);
  CHECK(told(Ask::commit, ProblemCode::already_decided) == 1);
  CHECK(told(Ask::commit, ProblemCode::not_found) == 0);
}

TEST_CASE("S17 tells what was settled by nobody's word from what an operator settled", "[oracles][S17]") {
  const auto check_resolved = [](bool is_asked) {
    Forged story(tests::Draft(protocol::Mode::message).interactive().check());
    story.ask(Ask::start).write();
    if (is_asked) story.ask(Ask::resolve, {-1});
    story.write([](core::Transaction& value) { value.check->resolved = true; });
    return story.found_by("S17");
  };
  CHECK(check_resolved(false) == 1);
  CHECK(check_resolved(true) == 0);
  const auto confirm_resolved = [](OperationName asked) {
    Forged story(interactive());
    story.ask(Ask::start).write().ask(Ask::resolve, {0});
    story.history.asked.back().operation = asked;
    story.write([](core::Transaction& value) { value.branches[0].confirm->resolved = true; });
    return story.found_by("S17");
  };
  CHECK(confirm_resolved(cancel) == 1);
  CHECK(confirm_resolved(confirm) == 0);
}
