#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "tests/contract/logs.hpp"
#include "tests/contract/transactions.hpp"

/// What every log owes its writer. Reading has a file of its own.

using namespace escrow;
using namespace escrow::testing;
using protocol::Gid;
using store::Log;
using store::Write;
using store::WriteAnswer;

namespace {

const char* any_kind() { return GENERATE("memory", "sqlite memory", "sqlite file"); }

Gid gid(const std::string& text) { return Gid::parse(text).value(); }

std::string loaded(store::Reader& reader, const std::string& name) {
  const auto found = reader.load(gid(name));
  REQUIRE(found);
  if (found->corrupt) return "corrupt: " + *found->corrupt;
  if (found->retired) return "retired";
  return found->transaction ? text_of(*found->transaction) : "nothing";
}

WriteAnswer apply(Log& log, const Write& write) { return log.apply({write}).at(0).answer; }

}  // namespace

TEST_CASE("what is written is read back as it was, at every revision", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  const auto reader = log->open_reader().value().release();
  const std::unique_ptr<store::Reader> owner(reader);
  RandomTransactions random(20260105);
  for (int i = 0; i < 40; ++i) {
    const std::string name = "gid." + std::to_string(i);
    auto transaction = random.start(name);
    for (int revision = 0; revision < 6; ++revision) {
      REQUIRE(apply(*log, store::encode_write(transaction, transaction.updated_at, random.history())) == WriteAnswer::ok);
      transaction.run = log->run();
      REQUIRE(loaded(*reader, name) == text_of(transaction));
      random.change(transaction);
    }
  }
}

TEST_CASE("a batch is durable and each write has its own answer", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  auto first = started("first");
  auto second = started("second");
  auto third = started("third");
  REQUIRE(apply(*log, start_of(first)) == WriteAnswer::ok);

  auto wrong = first;
  wrong.revision = 5;
  const auto answers = log->apply({start_of(second), start_of(first), store::encode_write(wrong, std::nullopt, {}), start_of(third)});
  REQUIRE(answers.size() == 4);
  CHECK(answers[0].answer == WriteAnswer::ok);
  CHECK(answers[1].answer == WriteAnswer::conflict);
  CHECK(answers[2].answer == WriteAnswer::conflict);
  CHECK(answers[3].answer == WriteAnswer::ok);
  CHECK_FALSE(answers[1].detail.empty());

  const auto reader = std::move(*log->open_reader());
  for (const char* name : {"first", "second", "third"}) CHECK(loaded(*reader, name).starts_with(name));
  CHECK(reader->load(gid("first"))->transaction->revision == 1);
}

TEST_CASE("writes of one transaction in one batch build on one another", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  auto transaction = started("chain");
  std::vector<Write> writes{start_of(transaction)};
  for (int i = 0; i < 5; ++i) writes.push_back(next_of(transaction));
  writes.push_back(end_of(transaction));
  for (const auto& answer : log->apply(writes)) CHECK(answer.answer == WriteAnswer::ok);
  const auto reader = std::move(*log->open_reader());
  transaction.run = log->run();
  CHECK(loaded(*reader, "chain") == text_of(transaction));
}

TEST_CASE("after a refused write the later ones of that transaction are refused in the batch", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  auto transaction = started("chain");
  REQUIRE(apply(*log, start_of(transaction)) == WriteAnswer::ok);
  auto other = started("other");
  auto stale = transaction;
  stale.revision = 7;
  const auto beyond = store::encode_write(stale, std::nullopt, {});
  const auto fitting = next_of(transaction);
  const auto answers = log->apply({beyond, fitting, start_of(other)});
  CHECK(answers[0].answer == WriteAnswer::conflict);
  CHECK(answers[1].answer == WriteAnswer::conflict);
  CHECK(answers[2].answer == WriteAnswer::ok);
  CHECK(apply(*log, fitting) == WriteAnswer::ok);
}

TEST_CASE("an empty batch is no work", "[store]") {
  const auto place = log_place(any_kind());
  CHECK(place->open()->apply({}).empty());
}

TEST_CASE("a write that cannot be stored is refused alone and leaves nothing", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  auto good = started("good");
  auto bad = start_of(started("bad"));
  bad.finished_at_ms = 5;  // an active transaction that has ended
  const auto answers = log->apply({bad, start_of(good)});
  CHECK(answers[0].answer == WriteAnswer::unavailable);
  CHECK(answers[1].answer == WriteAnswer::ok);
  const auto reader = std::move(*log->open_reader());
  CHECK(loaded(*reader, "bad") == "nothing");
  CHECK(reader->events_after(0, 10)->size() == 1);
}

TEST_CASE("gids that are prefixes of one another are different transactions", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  const auto reader = std::move(*log->open_reader());
  for (const char* name : {"a", "a1", "a1.", "A1", "a1.b", "a:1"}) REQUIRE(apply(*log, start_of(started(name))) == WriteAnswer::ok);
  for (const char* name : {"a", "a1", "a1.", "A1", "a1.b", "a:1"}) CHECK(reader->load(gid(name))->transaction->gid().text() == name);
  CHECK(loaded(*reader, "a1.c") == "nothing");
}

TEST_CASE("numbers of events grow over all transactions and are told with the answer", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  auto first = started("first");
  auto second = started("second");
  CHECK(log->apply({start_of(first)})[0].last_seq == 1);
  const auto answers = log->apply({start_of(second), start_of(second), end_of(first), store::encode_write(second, std::nullopt, {})});
  CHECK(answers[0].last_seq == 2);
  CHECK(answers[2].last_seq == 4);

  const auto reader = std::move(*log->open_reader());
  const auto all = reader->events_after(0, 100);
  REQUIRE(all->size() == 4);
  for (std::size_t i = 0; i < all->size(); ++i) CHECK(all->at(i).seq == static_cast<std::int64_t>(i) + 1);
  CHECK(*reader->seq_range() == std::pair<std::int64_t, std::int64_t>(1, 4));
}

TEST_CASE("the history is read from anywhere within the events of one write", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  auto transaction = started("several");
  auto write = start_of(transaction);
  write.history = {event(protocol::EventType::started, 1), event(protocol::EventType::extended, 2),
                   event(protocol::EventType::extended, 3)};
  CHECK(log->apply({write, start_of(started("other"))})[0].last_seq == 3);
  const auto reader = std::move(*log->open_reader());
  for (std::int64_t after = 0; after <= 5; ++after) {
    for (std::size_t limit = 0; limit <= 5; ++limit) {
      CAPTURE(after, limit);
      const auto all = reader->events_after(after, limit);
      const auto own = reader->events(transaction.gid(), after, limit);
      CHECK(all->size() == std::min<std::size_t>(limit, std::max<std::int64_t>(0, 4 - after)));
      CHECK(own->size() == std::min<std::size_t>(limit, std::max<std::int64_t>(0, 3 - after)));
      for (std::size_t i = 0; i < all->size(); ++i) CHECK(all->at(i).seq == after + static_cast<std::int64_t>(i) + 1);
      for (const auto& stored : *own) CHECK(core::to_ms(stored.event.at) == stored.seq);
    }
  }
}

TEST_CASE("a new run has the next number and stamps what it writes", "[store]") {
  const auto place = log_place(any_kind());
  auto log = place->open();
  const auto store_id = log->store_id();
  const auto run = log->run();
  CHECK(run >= 1);
  auto touched = started("touched", 5'000);
  auto untouched = started("untouched", 7'000);
  REQUIRE(log->apply({start_of(touched), start_of(untouched)})[1].answer == WriteAnswer::ok);
  log.reset();
  log = place->open();
  if (!place->remembers()) return;

  CHECK(log->store_id() == store_id);
  CHECK(log->run() == run + 1);
  CHECK(log->latest_ms() == 7'000);
  REQUIRE(apply(*log, next_of(touched)) == WriteAnswer::ok);
  const auto reader = std::move(*log->open_reader());
  CHECK(reader->load(gid("touched"))->transaction->run == run + 1);
  CHECK(reader->load(gid("untouched"))->transaction->run == run);
  CHECK(reader->events_after(0, 10)->back().seq == 3);
}

TEST_CASE("a probe of a healthy log succeeds", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  CHECK(log->probe());
  CHECK_FALSE(log->fatal());
  CHECK_FALSE(log->tend());
}

TEST_CASE("readers on other threads see whole writes only", "[store]") {
  const auto place = log_place(any_kind());
  const auto log = place->open();
  RandomTransactions random(7);
  std::vector<core::Transaction> transactions;
  std::vector<Write> starts;
  for (int i = 0; i < 8; ++i) {
    transactions.push_back(random.start("gid" + std::to_string(i)));
    starts.push_back(store::encode_write(transactions.back(), transactions.back().updated_at, {}));
  }
  for (const auto& answer : log->apply(starts)) REQUIRE(answer.answer == WriteAnswer::ok);

  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::atomic<int> faults = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, reader = std::shared_ptr<store::Reader>(std::move(*log->open_reader()))] {
      std::map<std::string, std::int64_t> seen;
      while (!stop) {
        for (int i = 0; i < 8; ++i) {
          const auto found = reader->load(gid("gid" + std::to_string(i)));
          if (!found || !found->transaction) {
            ++faults;
            continue;
          }
          auto& revision = seen[found->transaction->gid().text()];
          if (found->transaction->revision < revision) ++faults;
          revision = found->transaction->revision;
        }
        if (!reader->list({}, 5, std::nullopt)) ++faults;
        ++reads;
      }
    });
  }
  for (int round = 0; round < 60 || (reads < 4 && round < 100'000); ++round) {
    std::vector<Write> writes;
    for (auto& transaction : transactions) {
      if (transaction.branches.size() < 20)
        random.change(transaction);
      else
        ++transaction.revision;
      writes.push_back(store::encode_write(transaction, transaction.updated_at, random.history()));
    }
    for (const auto& answer : log->apply(writes)) {
      if (answer.answer != WriteAnswer::ok) ++faults;
    }
    (void)log->tend();
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  CHECK(faults == 0);
}
