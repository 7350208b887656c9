#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "escrow/client.hpp"
#include "escrow/interactive_scope.hpp"
#include "escrow/message.hpp"
#include "escrow/saga.hpp"
#include "escrow/tcc.hpp"
#include "tests/support/child_process.hpp"

/// SIGKILL at any moment, as often as one likes: no acknowledged transaction is lost, no told outcome changes, nothing is left half done.
/// Clients write what they were told to a file of their own; the audit reads that file, the log file and the participants' files, and
/// never asks anybody.
namespace {

using escrow::testing::ChildProcess;
using escrow::testing::TemporaryDirectory;
using namespace std::chrono_literals;

constexpr int kills = 50;
constexpr int clients = 48;
constexpr std::size_t unfinished_at_least = 20;

/// What clients were told, in a file that outlives everybody: "gid branch,branch told-word" a line.
class ToldFile {
 public:
  explicit ToldFile(const std::string& path) : file_(path, std::ios::app) {}
  void tell(const std::string& gid, const std::string& branches, const std::string& word) {
    const std::lock_guard lock(mutex_);
    file_ << gid << ' ' << branches << ' ' << word << '\n' << std::flush;
  }

 private:
  std::mutex mutex_;
  std::ofstream file_;
};

/// Counts acknowledged starts, so that a kill comes after some of them and not after some time.
class Progress {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool await(std::size_t count, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return count_ >= count; });
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

class Database {
 public:
  explicit Database(const std::string& path) {
    // Read and write: after a SIGKILL the WAL has to be recovered by whoever opens the file first.
    if (sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) throw std::runtime_error(path);
    sqlite3_busy_timeout(db_, 5000);
  }
  ~Database() { sqlite3_close(db_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  std::vector<std::vector<std::string>> rows(const std::string& sql) {
    std::vector<std::vector<std::string>> found;
    const auto collect = [](void* all, int columns, char** values, char**) {
      std::vector<std::string> row;
      for (int i = 0; i < columns; ++i) row.emplace_back(values[i] == nullptr ? "" : values[i]);
      static_cast<std::vector<std::vector<std::string>>*>(all)->push_back(std::move(row));
      return 0;
    };
    char* error = nullptr;
    if (sqlite3_exec(db_, sql.c_str(), collect, &found, &error) != SQLITE_OK) {
      const std::string what = error == nullptr ? "sqlite" : error;
      sqlite3_free(error);
      throw std::runtime_error(what + ": " + sql);
    }
    return found;
  }

 private:
  sqlite3* db_ = nullptr;
};

/// A coordinator that is killed and started again on the same file and port.
class Coordinator {
 public:
  explicit Coordinator(std::string directory) : directory_(std::move(directory)) { start(); }

  void start() {
    process_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{ESCROWD, "--listen", "127.0.0.1:" + port_, "--store", "sqlite:" + log_path(), "--log-level", "error"},
        directory_ + "/escrowd.err");
    const auto line = process_->read_line(20s);
    REQUIRE(line.has_value());
    url_ = line->substr(line->find("http://"));
    port_ = url_.substr(url_.rfind(':') + 1);
  }
  void kill() { process_->kill(); }
  int terminate() {
    process_->signal(SIGTERM);
    return process_->wait();
  }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] std::string log_path() const { return directory_ + "/escrow.db"; }

 private:
  std::string directory_;
  std::string port_ = "0";
  std::string url_;
  std::unique_ptr<ChildProcess> process_;
};

/// One client: transactions of every mode until it is told to stop, each told word written down.
class Load {
 public:
  Load(const escrow::Client& client, std::vector<std::string> banks, ToldFile& told, Progress& progress, std::atomic<bool>& stop)
      : client_(client), banks_(std::move(banks)), told_(told), progress_(progress), stop_(stop) {}

  void run(unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; !stop_; ++i) {
      const std::string gid = "t" + std::to_string(seed) + "-" + std::to_string(i);
      const bool refuse = random() % 4 == 0;
      switch (random() % 4) {
        case 0: tell(gid, refuse ? "a,b,no-c" : "a,b,c", client_.start(saga(gid, refuse))); break;
        case 1: tell(gid, refuse ? "a,no-b" : "a,b", client_.start(tcc(gid, refuse))); break;
        case 2: interactive(gid, refuse); break;
        default: tell(gid, "a,b", client_.start(message(gid))); break;
      }
    }
  }

 private:
  template <class Draft>
  Draft patient(Draft draft) const {
    using namespace std::chrono_literals;
    draft.retry(escrow::RetryOptions().initial(60ms).max(400ms).max_attempts(0)).timeout(60s);
    return draft;
  }
  std::string bank(std::size_t index, const std::string& path) const { return banks_[index % banks_.size()] + path; }

  escrow::Saga saga(const std::string& gid, bool refuse) const {
    auto draft = patient(escrow::Saga("crash").gid(gid));
    std::size_t index = 0;
    for (const std::string& id : {std::string("a"), std::string("b"), std::string(refuse ? "no-c" : "c")}) {
      draft.step(escrow::Step(id).action(bank(index, "/act")).compensate(bank(index, "/undo")).payload("{}"));
      ++index;
    }
    return draft;
  }
  escrow::TccBranch branch(const std::string& id, std::size_t index) const {
    return escrow::TccBranch(id).try_(bank(index, "/try")).confirm(bank(index, "/confirm")).cancel(bank(index, "/cancel")).payload("{}");
  }
  escrow::Tcc tcc(const std::string& gid, bool refuse) const {
    return patient(escrow::Tcc("crash").gid(gid)).branch(branch("a", 0)).branch(branch(refuse ? "no-b" : "b", 1));
  }
  escrow::Message message(const std::string& gid) const {
    return patient(escrow::Message("crash").gid(gid)).deliver("a", bank(0, "/deliver"), "{}").deliver("b", bank(1, "/deliver"), "{}");
  }

  void interactive(const std::string& gid, bool refuse) {
    escrow::TccScope scope(client_, patient(escrow::Tcc("crash").gid(gid)));
    const std::string branches = refuse ? "a,no-b" : "a,b";
    const auto first = scope.try_branch(branch("a", 0));
    const auto second = scope.try_branch(branch(refuse ? "no-b" : "b", 1));
    // Whether the transaction exists is known only if a branch of it was registered.
    told_.tell(gid, branches, first || second ? "tried" : "unknown");
    progress_.add();
    if (first && second) {
      if (const auto decided = scope.commit()) tell_status(gid, branches, *decided);
    } else if (const auto decided = scope.abort("a try failed")) {
      tell_status(gid, branches, *decided);
    }
  }

  void tell(const std::string& gid, const std::string& branches, const escrow::ClientResult<escrow::TransactionView>& started) {
    if (!started) {
      told_.tell(gid, branches, "unknown");
      return;
    }
    tell_status(gid, branches, *started);
    progress_.add();
    const auto ended = client_.wait(gid, std::chrono::seconds(5));
    if (ended) tell_status(gid, branches, *ended);
  }
  void tell_status(const std::string& gid, const std::string& branches, const escrow::TransactionView& view) {
    told_.tell(gid, branches, std::string(escrow::protocol::to_string(view.status())));
  }

  const escrow::Client& client_;
  std::vector<std::string> banks_;
  ToldFile& told_;
  Progress& progress_;
  std::atomic<bool>& stop_;
};

struct Told {
  std::set<std::string> branches;
  std::set<std::string> words;
};

std::map<std::string, Told> read_told(const std::string& path) {
  std::map<std::string, Told> all;
  std::ifstream file(path);
  for (std::string gid, branches, word; file >> gid >> branches >> word;) {
    Told& told = all[gid];
    std::istringstream ids(branches);
    for (std::string id; std::getline(ids, id, ',');) told.branches.insert(id);
    told.words.insert(word);
  }
  return all;
}

/// Effects by gid and branch, from the participants' own journals; an effect twice shows as a count above one.
std::map<std::string, std::map<std::string, std::map<std::string, int>>> read_effects(const std::vector<std::string>& paths) {
  std::map<std::string, std::map<std::string, std::map<std::string, int>>> effects;
  for (const auto& path : paths) {
    Database database(path);
    for (const auto& row : database.rows("select gid, branch, operation, count(*) from journal group by gid, branch, operation")) {
      effects[row[0]][row[1]][row[2]] = std::stoi(row[3]);
    }
    const auto sums = database.rows("select (select balance from account), (select coalesce(sum(moved), 0) from journal)");
    CHECK(sums[0][0] == sums[0][1]);
  }
  return effects;
}

}  // namespace

TEST_CASE("fifty SIGKILLs of the coordinator under load lose nothing and leave nothing half done", "[crash]") {
  TemporaryDirectory directory;
  std::vector<std::string> bank_files;
  std::vector<std::unique_ptr<ChildProcess>> bank_processes;
  std::vector<std::string> banks;
  for (int i = 0; i < 2; ++i) {
    bank_files.push_back(directory.path() + "/bank" + std::to_string(i) + ".db");
    bank_processes.push_back(
        std::make_unique<ChildProcess>(std::vector<std::string>{BANK, bank_files.back()}, directory.path() + "/bank.err"));
    const auto url = bank_processes.back()->read_line(20s);
    REQUIRE(url.has_value());
    banks.push_back(*url);
  }
  Coordinator coordinator(directory.path());
  const std::string told_path = directory.path() + "/told";
  ToldFile told(told_path);
  Progress progress;
  std::atomic<bool> stop = false;
  const escrow::Client client(escrow::ClientOptions().urls(coordinator.url()).attempt_timeout(10s).total_timeout(30s));
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < clients; ++i) {
    threads.emplace_back([&, i] { Load(client, banks, told, progress, stop).run(i); });
  }

  std::mt19937 random(20260105);
  std::size_t fewest_unfinished = 1'000'000;
  int rounds = 0;
  // A round that found too few unfinished is not counted, and there is a bound to those.
  for (int tries = 0; rounds < kills && tries < 2 * kills; ++tries) {
    const std::size_t more = 30 + random() % 40;
    const bool moved = progress.await(progress.count() + more, 30s);
    coordinator.kill();
    std::size_t unfinished = 0;
    {
      Database log(coordinator.log_path());
      unfinished = static_cast<std::size_t>(std::stoul(log.rows("select count(*) from transactions where finished_at_ms is null")[0][0]));
    }
    coordinator.start();
    CHECK(moved);
    if (!moved) break;
    if (unfinished < unfinished_at_least) continue;
    fewest_unfinished = std::min(fewest_unfinished, unfinished);
    ++rounds;
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  CHECK(rounds == kills);

  const auto all = read_told(told_path);
  for (const auto& [gid, what] : all) {
    // An interactive one that its client could not finish ends by its deadline.
    const auto ended = client.wait(gid, 90s);
    INFO(gid);
    if (!ended && ended.error().code() == escrow::Errc::not_found && what.words == std::set<std::string>{"unknown"}) continue;
    REQUIRE(ended);
    REQUIRE(ended->is_terminal());
  }
  CHECK(coordinator.terminate() == 0);

  Database log(coordinator.log_path());
  CHECK(log.rows("pragma integrity_check")[0][0] == "ok");
  std::map<std::string, std::string> outcomes;
  for (const auto& row : log.rows("select gid, status from transactions")) outcomes[row[0]] = row[1];
  const auto effects = read_effects(bank_files);

  std::size_t whole = 0;
  std::size_t undone = 0;
  for (const auto& [gid, what] : all) {
    INFO(gid);
    const auto outcome = outcomes.find(gid);
    if (outcome == outcomes.end()) {
      // Only what nobody was told of may be missing, and then nothing of it has happened.
      CHECK(what.words == std::set<std::string>{"unknown"});
      CHECK(!effects.contains(gid));
      continue;
    }
    const bool committed = outcome->second == "committed";
    const bool told_commit = what.words.contains("committed") || what.words.contains("committing");
    const bool told_abort = what.words.contains("aborted") || what.words.contains("aborting");
    CHECK((committed || outcome->second == "aborted"));
    CHECK_FALSE((told_commit && !committed));
    CHECK_FALSE((told_abort && committed));
    std::size_t done_branches = 0;
    for (const auto& branch : what.branches) {
      const auto of_gid = effects.find(gid);
      const auto of_branch = of_gid == effects.end() ? std::map<std::string, int>{} : [&] {
        const auto found = of_gid->second.find(branch);
        return found == of_gid->second.end() ? std::map<std::string, int>{} : found->second;
      }();
      const auto count = [&](const char* operation) { return of_branch.contains(operation) ? of_branch.at(operation) : 0; };
      const int forward = count("action") + count("try") + count("deliver");
      const int undo = count("compensate") + count("cancel");
      INFO(branch << " forward " << forward << " undo " << undo << " confirm " << count("confirm"));
      CHECK(forward <= 1);
      CHECK(undo <= forward);
      CHECK(forward - undo == (committed ? 1 : 0));
      CHECK(count("confirm") == (committed && count("try") > 0 ? 1 : 0));
      done_branches += forward - undo == 1 ? 1U : 0U;
    }
    (committed ? whole : undone) += 1;
    CHECK(done_branches == (committed ? what.branches.size() : 0U));
  }
  std::printf("%d kills, at least %zu unfinished each, %zu transactions: %zu whole, %zu undone\n", rounds, fewest_unfinished, all.size(),
              whole, undone);
  CHECK(whole > 200);
  CHECK(undone > 50);
}
