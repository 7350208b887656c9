#include <catch2/catch.hpp>

#include "tests/contract/logs.hpp"
#include "tests/contract/transactions.hpp"

/// What every log keeps, for how long, and what it never forgets.

using namespace escrow;
using namespace escrow::testing;
using protocol::Gid;
using store::WriteAnswer;

namespace {

const char* any_kind() { return GENERATE("memory", "sqlite memory", "sqlite file"); }

Gid gid(const std::string& text) { return Gid::parse(text).value(); }

void write_ended(store::Log& log, const std::string& name, std::int64_t finished_at_ms) {
  auto transaction = started(name);
  auto request = std::make_shared<protocol::StartRequest>(*transaction.request);
  request->attributes = {{"customer", name}};
  transaction.request = request;
  const std::vector<store::Write> writes{start_of(transaction), end_of(transaction, finished_at_ms)};
  for (const auto& answer : log.apply(writes)) REQUIRE(answer.answer == WriteAnswer::ok);
}

}  // namespace

TEST_CASE("finished transactions go after their time and leave tombstones", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  for (int i = 0; i < 5; ++i) write_ended(*log, "old" + std::to_string(i), 2'000);
  write_ended(*log, "young", 3'000);
  REQUIRE(log->apply({start_of(started("unfinished"))})[0].answer == WriteAnswer::ok);

  CHECK(*log->remove_finished(3'000, 9'000, 3) == 3);
  CHECK(*log->remove_finished(3'000, 9'000, 3) == 2);
  CHECK(*log->remove_finished(3'000, 9'000, 3) == 0);

  const auto reader = std::move(*log->open_reader());
  for (int i = 0; i < 5; ++i) {
    const auto found = reader->load(gid("old" + std::to_string(i)));
    CHECK(found->retired);
    CHECK_FALSE(found->transaction);
    CHECK(reader->events(gid("old" + std::to_string(i)), 0, 10)->empty());
  }
  CHECK(reader->load(gid("young"))->transaction);
  CHECK(reader->load(gid("unfinished"))->transaction);
  CHECK(reader->list({.attributes = {{"customer", "old1"}}}, 10, std::nullopt)->transactions.empty());
  CHECK(reader->list({}, 10, std::nullopt)->transactions.size() == 2);
  CHECK(reader->events_after(0, 100)->size() == 4);
}

TEST_CASE("a retired gid never runs again until its tombstone goes", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  write_ended(*log, "old", 2'000);
  CHECK(*log->remove_finished(2'001, 9'000, 10) == 1);
  const auto again = log->apply({start_of(started("old")), start_of(started("other"))});
  CHECK(again[0].answer == WriteAnswer::conflict);
  CHECK(again[1].answer == WriteAnswer::ok);

  CHECK(*log->remove_tombstones(8'999, 10) == 0);
  CHECK(log->apply({start_of(started("old"))})[0].answer == WriteAnswer::conflict);
  CHECK(*log->remove_tombstones(9'000, 10) == 1);
  CHECK(log->apply({start_of(started("old"))})[0].answer == WriteAnswer::ok);
  const auto reader = std::move(*log->open_reader());
  CHECK_FALSE(reader->load(gid("old"))->retired);
}

TEST_CASE("tombstones go in bounded steps", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  for (int i = 0; i < 5; ++i) write_ended(*log, "old" + std::to_string(i), 2'000);
  REQUIRE(*log->remove_finished(3'000, 4'000, 100) == 5);
  CHECK(*log->remove_tombstones(10'000, 2) == 2);
  CHECK(*log->remove_tombstones(10'000, 2) == 2);
  CHECK(*log->remove_tombstones(10'000, 2) == 1);
}

TEST_CASE("a number of the history is never given twice, not even after everything was removed", "[store]") {
  const auto place = log_place(any_kind());
  auto log = place->open();
  write_ended(*log, "a", 2'000);
  write_ended(*log, "b", 2'000);
  {
    const auto reader = std::move(*log->open_reader());
    CHECK(*reader->seq_range() == std::pair<std::int64_t, std::int64_t>(1, 6));
  }
  REQUIRE(*log->remove_finished(3'000, 9'000, 100) == 2);
  if (place->remembers()) {
    log.reset();
    log = place->open();
  }
  const auto reader = std::move(*log->open_reader());
  CHECK(*reader->seq_range() == std::pair<std::int64_t, std::int64_t>(7, 6));
  CHECK(log->apply({start_of(started("c"))})[0].last_seq == 7);
  CHECK(*reader->seq_range() == std::pair<std::int64_t, std::int64_t>(7, 7));
}

TEST_CASE("a write to a removed transaction is a conflict", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  auto transaction = started("old");
  REQUIRE(log->apply({start_of(transaction)})[0].answer == WriteAnswer::ok);
  auto ended = transaction;
  REQUIRE(log->apply({end_of(ended)})[0].answer == WriteAnswer::ok);
  REQUIRE(*log->remove_finished(9'000, 9'000, 1) == 1);
  CHECK(log->apply({next_of(ended)})[0].answer == WriteAnswer::conflict);
}
