#include <map>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <escrow/cleaner.hpp>
#include <escrow/error.hpp>

#include "tests/unit/client-sdk/participant/bank.hpp"
#include "tests/unit/client-sdk/participant/calls.hpp"

namespace escrow {
namespace {

constexpr std::int64_t day = 24LL * 3600 * 1000;

/// A participant whose clock and coordinator are the test's.
struct Fixture {
  test::TemporaryFolder folder;
  test::Bank bank{folder.file("bank.db")};
  sqlite::Connections connections{folder.file("bank.db")};
  std::int64_t now = 100 * day;
  std::string store = "store-A";
  bool reachable = true;
  std::map<std::string, Standing> standings;
  std::vector<std::string> asked;
  std::function<void()> while_asking = [] {};

  CleanerQuestions questions() {
    return {[this]() -> Result<std::string> {
              if (!reachable) return make_error(Errc::unavailable, "down");
              return store;
            },
            [this](const std::string& gid) -> Result<Standing> {
              asked.push_back(gid);
              while_asking();
              if (!reachable) return make_error(Errc::unavailable, "down");
              const auto found = standings.find(gid);
              return found == standings.end() ? Standing::not_found : found->second;
            }};
  }
  sqlite::Cleaner cleaner(CleanerOptions options = {}) {
    return sqlite::Cleaner(connections, questions(), options, [this] { return now; });
  }
  void perform(const std::string& gid, Operation operation, const std::string& branch = "stock") {
    const bool forward = operation == Operation::action || operation == Operation::try_;
    const auto call = test::call_of(operation, forward ? Phase::forward : Phase::final, gid, branch);
    const auto answer =
        sqlite::Barrier(bank.db(), [this] { return now; }).run(call, [](const std::string&) { return Outcome::succeeded(); });
    REQUIRE(answer.kind() == Outcome::Kind::succeeded);
  }
  std::int64_t clean() {
    auto once = cleaner();
    const auto report = once.clean();
    REQUIRE(report.has_value());
    return report->removed_rows;
  }
  std::int64_t rows(const std::string& gid) { return bank.number("select count(*) from escrow_barrier where gid = '" + gid + "'"); }
};

}  // namespace

TEST_CASE("rows go a week after their branch is settled, and not before, whatever the coordinator says", "[sdk][cleaner]") {
  Fixture fixture;
  fixture.reachable = false;
  fixture.perform("tried", Operation::try_);
  fixture.perform("confirmed", Operation::try_);
  fixture.perform("confirmed", Operation::confirm);
  fixture.perform("undone", Operation::compensate);
  fixture.now += 7 * day - 1;
  CHECK(fixture.clean() == 0);
  fixture.now += 1;
  CHECK(fixture.clean() == 4);
  CHECK(fixture.rows("tried") == 1);
  CHECK(fixture.rows("confirmed") == 0);
  CHECK(fixture.rows("undone") == 0);
  fixture.now += 1000 * day;
  CHECK(fixture.clean() == 0);
}

TEST_CASE("a settled branch takes no other branch of its transaction with it", "[sdk][cleaner]") {
  Fixture fixture;
  fixture.standings["g"] = Standing::unfinished;
  fixture.perform("g", Operation::action, "first");
  fixture.perform("g", Operation::compensate, "first");
  fixture.perform("g", Operation::action, "second");
  fixture.now += 8 * day;
  CHECK(fixture.clean() == 2);
  CHECK(fixture.rows("g") == 1);
}

TEST_CASE("rows of a terminal transaction go, those of an unfinished one stay for ever", "[sdk][cleaner]") {
  Fixture fixture;
  fixture.standings = {{"over", Standing::terminal}, {"open", Standing::unfinished}};
  fixture.perform("over", Operation::action);
  fixture.perform("open", Operation::action);
  CHECK(fixture.clean() == 0);
  CHECK(fixture.asked.empty());
  fixture.now += day;
  CHECK(fixture.clean() == 1);
  CHECK(fixture.rows("over") == 0);
  fixture.now += 1000 * day;
  CHECK(fixture.clean() == 0);
  CHECK(fixture.rows("open") == 1);
}

TEST_CASE("an unknown gid counts only from the store the row was written under, and after twice the retention", "[sdk][cleaner]") {
  Fixture fixture;
  CHECK(fixture.clean() == 0);  // learns of store-A
  fixture.now += 1;
  fixture.perform("gone", Operation::action);
  fixture.now += 14 * day;
  CHECK(fixture.clean() == 0);
  fixture.now += 1;
  fixture.store = "store-B";
  CHECK(fixture.clean() == 0);
  fixture.now += 100 * day;
  CHECK(fixture.clean() == 0);
  fixture.store = "store-A";
  CHECK(fixture.clean() == 1);
}

TEST_CASE("a row from before any store was known is not removed because of an unknown gid", "[sdk][cleaner]") {
  Fixture fixture;
  fixture.perform("early", Operation::action);
  fixture.now += 100 * day;
  CHECK(fixture.clean() == 0);
  CHECK(fixture.clean() == 0);
  CHECK(fixture.rows("early") == 1);
}

TEST_CASE("a coordinator that is replaced while it is asked removes nothing by not knowing", "[sdk][cleaner]") {
  Fixture fixture;
  CHECK(fixture.clean() == 0);
  fixture.now += 1;
  fixture.perform("gone", Operation::action);
  fixture.now += 20 * day;
  fixture.while_asking = [&] { fixture.store = "store-B"; };
  CHECK(fixture.clean() == 0);
  fixture.while_asking = [] {};
  fixture.store = "store-A";
  CHECK(fixture.clean() == 1);
}

TEST_CASE("a row that arrives while the coordinator is asked keeps its transaction", "[sdk][cleaner]") {
  Fixture fixture;
  fixture.standings["g"] = Standing::terminal;
  fixture.perform("g", Operation::action, "first");
  fixture.now += 2 * day;
  fixture.while_asking = [&] { fixture.perform("g", Operation::action, "second"); };
  CHECK(fixture.clean() == 0);
  CHECK(fixture.rows("g") == 2);
}

TEST_CASE("a message row of the initiator is asked about like any other", "[sdk][cleaner]") {
  Fixture fixture;
  fixture.standings["m"] = Standing::terminal;
  sqlite::execute(fixture.bank.db(), "begin immediate");
  REQUIRE(sqlite::record_message(fixture.bank.db(), "m", [&] { return fixture.now; }).has_value());
  sqlite::execute(fixture.bank.db(), "commit");
  fixture.now += 2 * day;
  CHECK(fixture.clean() == 1);
}

TEST_CASE("passes are bounded and come round to everything", "[sdk][cleaner]") {
  Fixture fixture;
  for (int i = 0; i < 25; ++i) {
    const std::string gid = "g" + std::to_string(i);
    fixture.standings[gid] = i % 2 == 0 ? Standing::terminal : Standing::unfinished;
    fixture.perform(gid, Operation::action);
    fixture.now += 1;
  }
  fixture.now += 2 * day;
  auto cleaner = fixture.cleaner(CleanerOptions().batch(10));
  std::int64_t removed = 0;
  int passes = 0;
  bool at_end = false;
  for (; passes < 10 && !at_end; ++passes) {
    fixture.asked.clear();
    const auto report = cleaner.clean();
    REQUIRE(report.has_value());
    CHECK(fixture.asked.size() <= 10);
    removed += report->removed_rows;
    at_end = report->at_end;
  }
  CHECK(passes == 3);
  CHECK(removed == 13);
  fixture.asked.clear();
  REQUIRE(cleaner.clean().has_value());
  CHECK(fixture.asked.front() == "g1");
}

TEST_CASE("a busy database stops a pass without harm", "[sdk][cleaner]") {
  Fixture fixture;
  fixture.connections =
      sqlite::Connections(fixture.folder.file("bank.db"), sqlite::ConnectionOptions().busy_timeout(std::chrono::milliseconds(0)));
  fixture.perform("g", Operation::compensate);
  fixture.now += 8 * day;
  sqlite::execute(fixture.bank.db(), "begin immediate");
  auto cleaner = fixture.cleaner();
  const auto report = cleaner.clean();
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().code == Errc::busy);
  sqlite::execute(fixture.bank.db(), "rollback");
  CHECK(fixture.clean() == 2);
}

TEST_CASE("a cleaner in the background stops when asked", "[sdk][cleaner]") {
  Fixture fixture;
  auto cleaner = fixture.cleaner();
  std::jthread background([&](const std::stop_token& stop) { cleaner.run(stop, std::chrono::hours(1)); });
  background.request_stop();
  background.join();
  CHECK(fixture.rows("none") == 0);
}

}  // namespace escrow
