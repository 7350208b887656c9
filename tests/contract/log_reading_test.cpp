#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "tests/contract/logs.hpp"
#include "tests/contract/transactions.hpp"

/// What every log owes its readers.

using namespace escrow;
using namespace escrow::testing;
using protocol::Gid;
using protocol::Status;
using store::Filter;
using store::WriteAnswer;

namespace {

const char* any_kind() { return GENERATE("memory", "sqlite memory", "sqlite file"); }

Gid gid(const std::string& text) { return Gid::parse(text).value(); }

/// A log with its reader.
struct Bench {
  explicit Bench(const std::string& kind) : place(log_place(kind)), log(place->open()), reader(std::move(*log->open_reader())) {}

  void write(const store::Write& write) { REQUIRE(log->apply({write}).at(0).answer == WriteAnswer::ok); }
  void start(const std::string& name, std::int64_t started_at_ms, const std::string& label = "",
             std::map<std::string, std::string> attributes = {}) {
    auto transaction = started(name, started_at_ms);
    auto request = std::make_shared<protocol::StartRequest>(*transaction.request);
    if (!label.empty()) request->name = label;
    request->attributes = std::move(attributes);
    transaction.request = request;
    write(start_of(transaction, started_at_ms));
    transactions.insert_or_assign(name, transaction);
  }
  std::vector<std::string> names(const Filter& filter, std::size_t limit = 100) {
    std::vector<std::string> found;
    std::optional<std::string> cursor;
    for (int page = 0; page < 1'000; ++page) {
      auto answered = reader->list(filter, limit, cursor);
      REQUIRE(answered);
      CHECK(answered->transactions.size() <= limit);
      for (const auto& transaction : answered->transactions) found.push_back(transaction.gid().text());
      cursor = answered->next_cursor;
      if (!cursor) return found;
    }
    FAIL("a list without end");
    return found;
  }

  std::unique_ptr<LogPlace> place;
  std::unique_ptr<store::Log> log;
  std::unique_ptr<store::Reader> reader;
  std::map<std::string, core::Transaction> transactions;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("what is due comes earliest first and page by page, nothing twice and nothing lost", "[store]") {
  Bench bench(any_kind());
  for (int i = 0; i < 30; ++i) bench.write(start_of(started("gid" + std::to_string(i)), 100 + (i * 7) % 10));
  auto ended = started("ended");
  bench.write(start_of(ended, 100));
  bench.write(end_of(ended));
  bench.write(start_of(started("later"), 5'000));

  std::set<std::string> seen;
  std::optional<store::DuePosition> after;
  std::int64_t last_ms = 0;
  for (int page = 0; page < 100; ++page) {
    const auto due = bench.reader->load_due(1'000, 4, after);
    REQUIRE(due);
    CHECK(due->transactions.size() <= 4);
    for (const auto& [due_at_ms, transaction] : due->transactions) {
      CHECK(due_at_ms >= last_ms);
      last_ms = due_at_ms;
      CHECK(seen.insert(transaction.gid().text()).second);
    }
    after = due->next;
    if (!after) {
      CHECK(due->complete_until_ms == 1'000);
      break;
    }
    CHECK(due->complete_until_ms == last_ms - 1);
  }
  CHECK(seen.size() == 30);
  CHECK_FALSE(seen.contains("later"));
  CHECK(bench.reader->load_due(99, 10)->transactions.empty());
  CHECK(bench.reader->load_due(5'000, 100)->transactions.size() == 31);
}

TEST_CASE("what is due moves with every write", "[store]") {
  Bench bench(any_kind());
  auto transaction = started("gid");
  bench.write(start_of(transaction, 100));
  bench.write(next_of(transaction, 900));
  CHECK(bench.reader->load_due(500, 10)->transactions.empty());
  REQUIRE(bench.reader->load_due(900, 10)->transactions.size() == 1);
  CHECK(bench.reader->load_due(900, 10)->transactions[0].first == 900);
  transaction.run = bench.log->run();
  CHECK(text_of(bench.reader->load_due(900, 10)->transactions[0].second) == text_of(transaction));
}

TEST_CASE("a list is newest first and newer transactions never disturb a cursor", "[store]") {
  Bench bench(any_kind());
  for (int i = 0; i < 9; ++i) bench.start("gid" + std::to_string(i), 1'000 + i / 3);
  CHECK(bench.names({}) == Names{"gid8", "gid7", "gid6", "gid5", "gid4", "gid3", "gid2", "gid1", "gid0"});
  CHECK(bench.names({}, 2) == bench.names({}));
  CHECK(bench.names({}, 9) == bench.names({}));

  const auto first = bench.reader->list({}, 4, std::nullopt);
  REQUIRE(first->next_cursor);
  bench.start("newer", 1'002);
  bench.write(end_of(bench.transactions.at("gid1")));
  const auto second = bench.reader->list({}, 100, first->next_cursor);
  Names rest;
  for (const auto& transaction : second->transactions) rest.push_back(transaction.gid().text());
  CHECK(rest == Names{"gid4", "gid3", "gid2", "gid1", "gid0"});
  CHECK_FALSE(second->next_cursor);
  CHECK(bench.names({}).front() == "newer");
}

TEST_CASE("a list is filtered by everything it can be", "[store]") {
  Bench bench(any_kind());
  bench.start("a", 1'000, "order", {{"customer", "c-1"}, {"shop", "x"}});
  bench.start("b", 1'001, "order", {{"customer", "c-2"}});
  bench.start("c", 1'002, "refund", {{"customer", "c-1"}});
  bench.start("d", 1'003);
  bench.write(end_of(bench.transactions.at("b"), 2'000));
  auto& stuck = bench.transactions.at("c");
  stuck.branches[1].undo->attention = core::Attention{core::from_ms(1'500), "refused"};
  stuck.status = Status::aborting;
  bench.write(next_of(stuck));

  CHECK(bench.names({.status = {Status::active}}) == Names{"d", "a"});
  CHECK(bench.names({.status = {Status::aborting, Status::committed}}) == Names{"c", "b"});
  CHECK(bench.names({.status = {Status::aborted}}).empty());
  CHECK(bench.names({.mode = protocol::Mode::saga}) == Names{"d", "c", "b", "a"});
  CHECK(bench.names({.mode = protocol::Mode::tcc}).empty());
  CHECK(bench.names({.name = "order"}) == Names{"b", "a"});
  CHECK(bench.names({.name = "Order"}).empty());
  CHECK(bench.names({.attention = true}) == Names{"c"});
  CHECK(bench.names({.attention = false}) == Names{"d", "b", "a"});
  CHECK(bench.names({.attributes = {{"customer", "c-1"}}}) == Names{"c", "a"});
  CHECK(bench.names({.attributes = {{"customer", "c-1"}, {"shop", "x"}}}) == Names{"a"});
  CHECK(bench.names({.attributes = {{"customer", "x"}}}).empty());
  CHECK(bench.names({.started_after_ms = 1'001}) == Names{"d", "c"});
  CHECK(bench.names({.started_before_ms = 1'001}) == Names{"a"});
  CHECK(bench.names({.started_after_ms = 1'000, .started_before_ms = 1'003}) == Names{"c", "b"});
  CHECK(bench.names({.status = {Status::active}, .name = "order", .attributes = {{"shop", "x"}}}, 1) == Names{"a"});
}

TEST_CASE("a list that is oldest first is the other one backwards, whatever the filters and pages", "[store]") {
  Bench bench(any_kind());
  for (int i = 0; i < 20; ++i) {
    const std::string name = "gid" + std::to_string(i);
    bench.start(name, 1'000 + i / 3, i % 2 == 0 ? "even" : "odd", {{"rest", std::to_string(i % 3)}, {"shop", "x"}});
    if (i % 4 == 0) bench.write(end_of(bench.transactions.at(name)));
    if (i % 5 != 1) continue;
    auto& stuck = bench.transactions.at(name);
    stuck.branches[1].undo->attention = core::Attention{core::from_ms(1'500), "refused"};
    bench.write(next_of(stuck));
  }
  const std::vector<Filter> filters{{},
                                    {.status = {Status::active}},
                                    {.status = {Status::active, Status::committed}, .name = "even"},
                                    {.attention = true},
                                    {.attributes = {{"rest", "1"}}},
                                    {.attributes = {{"rest", "1"}, {"shop", "x"}}},
                                    {.started_after_ms = 1'002},
                                    {.started_before_ms = 1'004},
                                    {.name = "odd", .started_after_ms = 1'001, .started_before_ms = 1'005}};
  for (std::size_t i = 0; i < filters.size(); ++i) {
    for (const std::size_t limit : {1, 3, 100}) {
      INFO("filter " << i << ", pages of " << limit);
      Filter filter = filters[i];
      Names expected = bench.names(filter);
      CHECK_FALSE(expected.empty());
      std::ranges::reverse(expected);
      filter.oldest_first = true;
      CHECK(bench.names(filter, limit) == expected);
    }
  }
  // A cursor is one of its own list.
  Filter oldest_first;
  oldest_first.oldest_first = true;
  const auto page = bench.reader->list({}, 3, std::nullopt);
  CHECK_FALSE(bench.reader->list(oldest_first, 3, page->next_cursor));
}

TEST_CASE("a list has no branches, except to name what stands in attention", "[store]") {
  Bench bench(any_kind());
  bench.start("calm", 1'000, "place-order", {{"customer", "c-1"}});
  bench.start("stuck", 1'001);
  auto& stuck = bench.transactions.at("stuck");
  stuck.branches[1].undo->attention = core::Attention{core::from_ms(1'500), "refused"};
  bench.write(next_of(stuck));
  const auto page = bench.reader->list({}, 10, std::nullopt);
  REQUIRE(page->transactions.size() == 2);
  const auto& first = page->transactions[0];
  REQUIRE(first.branches.size() == 2);
  CHECK(first.branches[1].request->id.text() == "inventory");
  CHECK_FALSE(first.branches[1].request->payload);
  CHECK(first.branches[1].undo->attention->reason == "refused");
  const auto& second = page->transactions[1];
  CHECK(second.branches.empty());
  CHECK(second.request->name == "place-order");
  CHECK(second.request->attributes.at("customer") == "c-1");
  CHECK(second.deadline_at == bench.transactions.at("calm").deadline_at);
}

TEST_CASE("a cursor that no list gave is refused", "[store]") {
  Bench bench(any_kind());
  bench.start("a", 1'000);
  for (const char* cursor :
       {"", "x", "n1", "n1-1", "n1-1-", "n1-1-2x", "n1--1-2", "n1-01-2", "n1-1- 2", "n1-99999999999999999999-1", "n2-1-2"}) {
    CAPTURE(cursor);
    const auto page = bench.reader->list({}, 10, std::string(cursor));
    REQUIRE_FALSE(page);
    CHECK(page.error().code == store::LogErrc::invalid_cursor);
  }
}

TEST_CASE("the history of one transaction and of all is told in the order of its numbers", "[store]") {
  Bench bench(any_kind());
  auto first = started("first");
  auto second = started("second");
  RandomTransactions random(99);
  std::vector<core::HistoryEvent> told;
  while (told.size() < 5) {
    for (auto& event : random.history()) told.push_back(std::move(event));
  }
  bench.write(start_of(first));
  bench.write(start_of(second));
  ++first.revision;
  bench.write(store::encode_write(first, std::nullopt, told));
  bench.write(end_of(second));

  const auto events = bench.reader->events(gid("first"), 0, 100);
  REQUIRE(events->size() == told.size() + 1);
  for (std::size_t i = 0; i < told.size(); ++i) {
    const auto& stored = events->at(i + 1);
    CHECK(stored.seq == static_cast<std::int64_t>(i) + 3);
    CHECK(stored.gid == first.gid());
    CHECK(stored.event.type == told[i].type);
    CHECK(stored.event.at == told[i].at);
    CHECK(stored.event.branch == told[i].branch);
    CHECK(stored.event.operation == told[i].operation);
    CHECK(stored.event.attempt == told[i].attempt);
    CHECK(stored.event.detail == told[i].detail);
    CHECK(stored.event.actor == told[i].actor);
  }
  CHECK(bench.reader->events(gid("first"), events->at(1).seq, 2)->front().seq == events->at(2).seq);
  CHECK(bench.reader->events(gid("first"), 0, 2)->size() == 2);
  CHECK(bench.reader->events(gid("nobody"), 0, 2)->empty());
  CHECK(bench.reader->events_after(1, 2)->front().gid == second.gid());
  CHECK(bench.reader->events_after(1'000, 2)->empty());
}

TEST_CASE("unfinished transactions and those in attention are counted", "[store]") {
  Bench bench(any_kind());
  for (int i = 0; i < 4; ++i) bench.start("gid" + std::to_string(i), 1'000);
  bench.write(end_of(bench.transactions.at("gid0")));
  auto& stuck = bench.transactions.at("gid1");
  stuck.status = Status::aborting;
  stuck.branches[0].undo->attention = core::Attention{core::from_ms(1), "x"};
  bench.write(next_of(stuck));
  const auto check = [&](std::int64_t active, std::int64_t aborting, std::int64_t attention) {
    const auto counts = bench.reader->counts();
    CHECK(counts->unfinished.at(Status::active) == active);
    CHECK(counts->unfinished.at(Status::committing) == 0);
    CHECK(counts->unfinished.at(Status::aborting) == aborting);
    CHECK(counts->attention == attention);
  };
  check(2, 1, 1);
  stuck.branches[0].undo->attention.reset();
  bench.write(next_of(stuck));
  check(2, 1, 0);
  if (!bench.place->remembers()) return;
  bench.reader.reset();
  bench.log.reset();
  bench.log = bench.place->open();
  bench.reader = std::move(*bench.log->open_reader());
  check(2, 1, 0);
}
