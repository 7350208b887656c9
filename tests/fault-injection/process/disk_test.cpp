#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "tests/fault-injection/process/database.hpp"
#include "tests/fault-injection/process/places.hpp"
#include "tests/fault-injection/process/stops.hpp"
#include "tests/support/escrowd_process.hpp"

using namespace escrow;
using namespace escrow::processes;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// Asks until it is so, each time after a moment; false after half a minute.
bool eventually(KeptProcess& coordinator, const std::function<bool()>& holds) {
  const auto life = coordinator.life().number;
  for (int turn = 0; turn < 3'000; ++turn) {
    if (holds()) return true;
    coordinator.wait_for_end(life, 10ms);
  }
  return false;
}

unsigned readiness(KeptProcess& coordinator) {
  return static_cast<unsigned>(testing::send_http(coordinator.life().port, "GET", "/healthz/ready").status);
}

std::string driven(const std::string& gid, const Urls& urls) {
  return nlohmann::json{
      {"gid", gid},
      {"mode", "saga"},
      {"retry", {{"initial_ms", 5}, {"max_ms", 40}, {"max_attempts", 0}}},
      {"branches",
       {{{"id", "b0"}, {"action", urls.of(0, "/action")}, {"compensate", urls.of(0, "/compensate")}, {"payload", {0, 1, 0, 0}}}}}}
      .dump();
}

/// While the log can't be written new work is refused in the right words, and the coordinator is not ready; behind it goes on by itself.
void refuses_and_comes_back(Stage& stage, const std::function<void()>& break_it, const std::function<void()>& mend_it) {
  stage.play(Family::saga);
  // A transaction that is under way when it breaks.
  const auto under_way = stage.take(Family::pivot);
  const std::string held = stage.workplace().path("held");
  std::ofstream(held) << "x";
  stage.service(1).set_rules("service.before hold while " + held);
  auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), under_way); });
  KeptProcess& coordinator = stage.coordinator();
  const auto life = coordinator.life();
  CHECK(eventually(coordinator, [&] {
    return DatabaseFile(stage.log_path())
               .rows("select 1 from audit where gid = 't" + std::to_string(under_way[0].transaction) + "'")
               .size() >= 2;
  }));
  break_it();
  const auto refused = testing::send_http(life.port, "POST", "/v1/transactions", driven("t900000", stage.urls()));
  CHECK(refused.status == 503);
  CHECK(refused.body.find("store_unavailable") != std::string::npos);
  CHECK(refused.header("Retry-After").has_value());
  CHECK(eventually(coordinator, [&] { return readiness(coordinator) == 503; }));
  // What the participants answer meanwhile can't be written down.
  fs::remove(held);
  mend_it();
  CHECK(eventually(coordinator, [&] { return readiness(coordinator) == 200; }));
  clients.get();
  stage.play(Family::tcc);
  CHECK(coordinator.endings().empty());
  CHECK(stage.verdict() == "");
  CHECK(stage.last_status() == 0);
}

void refuses_with(const std::string& error) {
  Stage stage;
  const std::string flag = stage.workplace().path("broken");
  const std::string rules = "store.begin error:" + error + " while " + flag + "\nstore.upkeep.begin error:" + error + " while " + flag;
  refuses_and_comes_back(
      stage,
      [&] {
        stage.coordinator().set_rules(rules);
        std::ofstream(flag) << "x";
      },
      [&] { fs::remove(flag); });
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// What strikes is counted.
Stage::Wanted traced() {
  Stage::Wanted wanted;
  wanted.is_traced = true;
  return wanted;
}

/// Runs `escrowd` on a file until it ends or is ready; its exit status, or nothing.
std::optional<int> start_on(const std::string& path, const std::string& errors, const std::string& rules = "") {
  testing::ChildProcess child({ESCROWD, "--listen", "127.0.0.1:0", "--store", "sqlite:" + path}, errors,
                              {"FAULT_POINTS=" + rules, "SSL_CERT_FILE=/dev/null"});
  if (child.read_line(60s)) return std::nullopt;
  return child.wait();
}

}  // namespace

TEST_CASE("B06 a full disk refuses new work and it goes on by itself when there is room", "[process]") { refuses_with("FULL"); }

TEST_CASE("B01 a log that stays busy refuses new work and it goes on by itself when it is free", "[process]") { refuses_with("BUSY"); }

TEST_CASE("B07 a disk that becomes read-only refuses new work and it goes on by itself when it can be written", "[process]") {
  refuses_with("READONLY");
}

TEST_CASE("B06 a file that the kernel lets grow no further refuses new work and goes on when it may grow again", "[process]") {
  Stage stage;
  const auto may_grow = [&](rlim_t bytes) {
    // Only the soft one: the hard one is the machine's, and not everybody may raise it.
    rlimit limit{};
    REQUIRE(::prlimit(stage.coordinator().pid(), RLIMIT_FSIZE, nullptr, &limit) == 0);
    const rlim_t before = std::exchange(limit.rlim_cur, bytes);
    REQUIRE(::prlimit(stage.coordinator().pid(), RLIMIT_FSIZE, &limit, nullptr) == 0);
    return before;
  };
  rlim_t before = RLIM_INFINITY;
  refuses_and_comes_back(stage, [&] { before = may_grow(0); }, [&] { may_grow(before); });
}

TEST_CASE("B11 the log or its write-ahead log moved away under the process is noticed and nothing is written elsewhere", "[process]") {
  for (const std::string suffix : {"", "-wal"}) {
    INFO("escrow.db" << suffix);
    Stage stage;
    const std::string path = stage.log_path() + suffix;
    const std::string away = stage.workplace().path("away");
    const auto mend = [&] {
      // A reader that opens the database finds no write-ahead log and makes an empty one.
      CHECK((!fs::exists(path) || fs::file_size(path) == 0));
      fs::rename(away, path);
    };
    refuses_and_comes_back(stage, [&] { fs::rename(path, away); }, mend);
  }
}

TEST_CASE("B11 another file in the place of the log is noticed and not written to", "[process]") {
  Stage stage;
  const std::string away = stage.workplace().path("away");
  std::string before;
  const auto replace = [&] {
    fs::rename(stage.log_path(), away);
    fs::copy_file(away, stage.log_path());
    before = bytes_of(stage.log_path());
  };
  const auto mend = [&] {
    CHECK(bytes_of(stage.log_path()) == before);
    fs::rename(away, stage.log_path());
  };
  refuses_and_comes_back(stage, replace, mend);
}

TEST_CASE("B09 a log that somebody has damaged is refused with 1, whichever part of its first page it was, and not replaced", "[process]") {
  Workplace workplace;
  const std::string path = workplace.path("damaged.db");
  CHECK_FALSE(start_on(path, workplace.path("log")).has_value());
  DatabaseFile(path).rows("pragma wal_checkpoint(truncate)");
  const std::string sound = bytes_of(path);
  for (const std::size_t at : {0U, 18U, 100U, 105U}) {
    INFO("at byte " << at);
    std::string damaged = sound;
    for (std::size_t i = at; i < at + 8; ++i) damaged[i] = static_cast<char>(~damaged[i]);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    CHECK(start_on(path, workplace.path("log")) == 1);
    CHECK(bytes_of(path) == damaged);
  }
}

TEST_CASE("B12 a program that reads the log for long holds back no writer, and the log is emptied behind it", "[process]") {
  Stage stage;
  stage.play(Family::saga);
  std::size_t rounds = 0;
  const auto pages = [&] { return fs::file_size(stage.log_path() + "-wal") / 4096; };
  {
    DatabaseFile reader(stage.log_path());
    reader.rows("begin; select count(*) from transactions");
    const auto seen = reader.rows("select count(*) from audit");
    // More than a checkpoint's worth of pages.
    for (; rounds < 400 && pages() < 1'500; ++rounds) stage.play(families.at(rounds % families.size()));
    CHECK(pages() >= 1'500);
    CHECK(reader.rows("select count(*) from audit") == seen);
  }
  const auto grown = pages();
  for (std::size_t round = 0; round < 2 * rounds; ++round) stage.play(families.at(round % families.size()));
  // A try of a checkpoint comes with every thousand pages; then it is written from its beginning again, not three thousand pages further.
  CHECK(pages() <= grown + 1'300);
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
}

TEST_CASE("B08 on a disk whose every commit takes a tenth of a second everything ends as planned", "[process]") {
  Stage stage(traced());
  stage.coordinator().set_rules("store.commit.before delay:100");
  for (const Family family : families) {
    const auto before = stage.strikes();
    stage.play(family);
    CHECK(stage.strikes() >= before + 2);
  }
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
}

TEST_CASE("B08 a commit that hangs past every deadline decides nothing twice and all of it ends behind it", "[process]") {
  Stage::Wanted wanted = traced();
  wanted.timing = {400, 200};
  Stage stage(wanted);
  const std::string hanging = stage.workplace().path("hanging");
  KeptProcess& coordinator = stage.coordinator();
  for (const Family family : families) {
    const auto plans = stage.take(family);
    std::ofstream(hanging) << "x";
    const auto before = stage.strikes();
    coordinator.set_rules("store.commit.before hold at 2 while " + hanging);
    auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
    CHECK(stage.wait_for_strikes(before + 1));
    // The hang is the fault: twice as long as any deadline.
    coordinator.wait_for_end(coordinator.life().number, 800ms);
    fs::remove(hanging);
    clients.get();
    coordinator.set_rules("");
  }
  CHECK(coordinator.endings().empty());
  CHECK(stage.verdict() == "");
}

TEST_CASE("B18 commits that are done and say that they failed are read again and taken as done", "[process]") {
  Stage stage(traced());
  for (const Family family : families) {
    const auto before = stage.strikes();
    stage.coordinator().set_rules("store.commit.after error:IOERR times 5 at 2");
    stage.play(family);
    CHECK(stage.strikes() > before);
  }
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
}

TEST_CASE("B02 a failed sync ends the process with 1 and the next life reads what the disk really holds", "[process]") {
  Stage stage;
  for (const Family family : families) {
    for (const char* point : {"store.commit.before", "store.commit.after"}) {
      stage.coordinator().set_rules(std::string(point) + " error:IOERR_FSYNC at 2");
      stage.play(family);
    }
  }
  const auto endings = stage.coordinator().endings();
  CHECK(endings == std::vector<int>(2 * families.size(), 1));
  CHECK(stage.verdict() == "");
}

TEST_CASE("B13 a second coordinator on the file of a running one ends with 1 and disturbs nothing", "[process]") {
  Stage stage;
  const auto plans = stage.take(Family::tcc);
  // Or the second one is the first.
  (void)stage.coordinator().life();
  auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
  for (int i = 0; i < 5; ++i) CHECK(start_on(stage.log_path(), stage.workplace().path("second.log")) == 1);
  clients.get();
  stage.play(Family::saga);
  CHECK(stage.coordinator().endings().empty());
  CHECK(stage.verdict() == "");
}

TEST_CASE("B15 killed at each step of making the schema the next start has all of it", "[process]") {
  Workplace workplace;
  const auto schema_of = [](const std::string& path) {
    DatabaseFile file(path);
    return std::pair(file.rows("select version from schema_version order by version"),
                     file.rows("select type, name, sql from sqlite_schema order by type, name"));
  };
  const std::string whole = workplace.path("whole.db");
  CHECK_FALSE(start_on(whole, workplace.path("log")).has_value());
  std::vector<std::string> rules;
  for (const char* point : {"open.locked", "open.begun", "open.checked", "open.emptied", "open.run.before", "open.run.after"})
    rules.push_back(point + std::string(" kill"));
  for (std::size_t version = 1; version <= schema_of(whole).first.size(); ++version) {
    for (const char* point : {"migration.before", "migration.written", "migration.after"})
      rules.push_back(point + std::string(" kill at ") + std::to_string(version));
  }
  int number = 0;
  for (const std::string& rule : rules) {
    INFO(rule);
    const std::string path = workplace.path("new" + std::to_string(++number) + ".db");
    CHECK(start_on(path, workplace.path("log"), rule) == 137);
    // And once more; what has been made is not made again.
    const auto again = start_on(path, workplace.path("log"), rule);
    CHECK(again.value_or(137) == 137);
    CHECK_FALSE(start_on(path, workplace.path("log")).has_value());
    DatabaseFile file(path);
    CHECK(file.rows("pragma integrity_check")[0][0] == "ok");
    CHECK(schema_of(path) == schema_of(whole));
    CHECK(file.rows("select count(*) from meta")[0][0] == "1");
  }
}

TEST_CASE("B15 a newer schema is refused with 1 and not a byte of it is touched", "[process]") {
  Workplace workplace;
  const std::string path = workplace.path("newer.db");
  CHECK_FALSE(start_on(path, workplace.path("log")).has_value());
  {
    DatabaseFile file(path);
    file.rows("insert into schema_version values (99, 0); pragma wal_checkpoint(truncate)");
  }
  const std::string before = bytes_of(path);
  CHECK(start_on(path, workplace.path("log")) == 1);
  CHECK(bytes_of(path) == before);
}

TEST_CASE("B14 behind an old copy of the log the calls are repeated and have no second effect", "[process]") {
  Stage stage;
  KeptProcess& coordinator = stage.coordinator();
  const std::string held = stage.workplace().path("held");
  std::vector<Plan> plans;
  for (const Family family : {Family::saga, Family::mixed, Family::pivot}) {
    const auto taken = stage.take(family);
    plans.insert(plans.end(), taken.begin(), taken.end());
  }
  // All are started, some are called, and nobody is answered: what the log knows is that they were begun.
  std::ofstream(held) << "x";
  for (int service = 0; service < 2; ++service) stage.service(service).set_rules("service.after hold while " + held);
  auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
  CHECK(eventually(coordinator, [&] { return DatabaseFile(stage.log_path()).rows("select 1 from transactions").size() == plans.size(); }));
  const std::string copy = stage.workplace().path("copy.db");
  // As a backup is made: a copy of one moment.
  DatabaseFile(stage.log_path()).rows("vacuum into '" + copy + "'");
  fs::remove(held);
  clients.get();
  // All have ended; now the log is as it was before. A life that is held up leaves the time to put the copy there.
  const std::string away = stage.workplace().path("away");
  std::ofstream(away) << "x";
  coordinator.plan_rules({"open.locked hold while " + away});
  coordinator.kill();
  CHECK(eventually(stage.service(0), [&] { return coordinator.endings().size() == 1; }));
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(stage.log_path() + suffix);
  fs::copy_file(copy, stage.log_path(), fs::copy_options::overwrite_existing);
  fs::remove(away);
  CHECK(eventually(stage.service(0), [&] {
    (void)coordinator.life();
    return DatabaseFile(stage.log_path()).rows("select 1 from transactions where finished_at_ms is null").empty();
  }));
  CHECK(stage.verdict() == "");
}

TEST_CASE("a copy of the files at any moment, as a stopped machine leaves them, holds everything acknowledged", "[process]") {
  Stage stage;
  KeptProcess& coordinator = stage.coordinator();
  int copies = 0;
  for (const Family family : families) {
    const auto places = places_of(family);
    const int before = copies;
    for (std::size_t i = 0; i < places.size(); i += 9) {
      const auto plans = stage.take(family);
      coordinator.set_rules(rule_at(places[i], "stop", 1, plans.front().transaction));
      auto clients = std::async(std::launch::async, [&] { run_all(stage.initiator(), plans); });
      if (!wait_for_stop(coordinator, clients)) {
        coordinator.set_rules("");
        go_on(coordinator, clients);
        clients.get();
        continue;
      }
      const auto told = stage.witness().told();
      const std::string copy = stage.workplace().path("copy" + std::to_string(++copies) + ".db");
      for (const char* suffix : {"", "-wal"}) fs::copy_file(stage.log_path() + suffix, copy + suffix);
      coordinator.set_rules("");
      go_on(coordinator, clients);
      clients.get();
      // The next coordinator opens it; its calls are held back, since this is a world of its own.
      CHECK_FALSE(start_on(copy, stage.workplace().path("copy.log"), "call.before kill").value_or(137) != 137);
      DatabaseFile file(copy);
      CHECK(file.rows("pragma integrity_check")[0][0] == "ok");
      std::map<std::string, std::string> statuses;
      for (const auto& row : file.rows("select gid, status from transactions")) statuses[row[0]] = row[1];
      for (const ToldNote& note : told) {
        if (note.told.problem || !note.status) continue;
        const auto found = statuses.find("t" + std::to_string(note.told.transaction));
        INFO("t" << note.told.transaction << " was told " << protocol::to_string(*note.status));
        REQUIRE(found != statuses.end());
        if (*note.status == protocol::Status::committed || *note.status == protocol::Status::aborted)
          CHECK(found->second == protocol::to_string(*note.status));
        if (*note.status == protocol::Status::committing) CHECK((found->second == "committing" || found->second == "committed"));
        if (*note.status == protocol::Status::aborting) CHECK((found->second == "aborting" || found->second == "aborted"));
      }
    }
    // Most places are come to each time that the family is played.
    CHECK(copies - before >= 2);
  }
  CHECK(stage.verdict() == "");
  std::printf("%d copies\n", copies);
}
