#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>

#include "coordinator/store/memory/log.hpp"
#include "coordinator/store/store.hpp"
#include "tests/contract/transactions.hpp"

/// The thread in front of the log: group commit, order, bounds, shutdown.

using namespace escrow;
using namespace escrow::testing;
using store::Log;
using store::Reader;
using store::Store;
using store::Urgency;
using store::Write;
using store::WriteAnswer;
using store::WriteResult;

namespace {

constexpr std::chrono::seconds patience{30};

/// A log in memory whose commits a test can hold, and answer in its place.
struct Control {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_held = false;
  int waiting = 0;
  std::vector<std::size_t> batches;
  std::optional<WriteAnswer> answer;
  std::optional<std::string> fatal;
  bool no_readers = false;

  void hold() {
    const std::lock_guard lock(mutex);
    is_held = true;
  }
  void release() {
    const std::lock_guard lock(mutex);
    is_held = false;
    changed.notify_all();
  }
  void wait_until_held() {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, patience, [this] { return waiting > 0; }));
  }
};

class ControlledLog final : public Log {
 public:
  explicit ControlledLog(std::shared_ptr<Control> control)
      : control_(std::move(control)), log_(store::open_memory_log(store::make_memory_disk("00000000-0000-4000-8000-000000000000"))) {}

  std::vector<WriteResult> apply(const std::vector<Write>& writes) override {
    std::unique_lock lock(control_->mutex);
    control_->batches.push_back(writes.size());
    ++control_->waiting;
    control_->changed.notify_all();
    control_->changed.wait(lock, [this] { return !control_->is_held; });
    --control_->waiting;
    if (control_->answer) return std::vector<WriteResult>(writes.size(), WriteResult{*control_->answer, 0, "as told"});
    return log_->apply(writes);
  }
  Result<std::size_t> remove_finished(std::int64_t before_ms, std::int64_t until_ms, std::size_t limit) override {
    return log_->remove_finished(before_ms, until_ms, limit);
  }
  Result<std::size_t> remove_tombstones(std::int64_t until_ms, std::size_t limit) override {
    return log_->remove_tombstones(until_ms, limit);
  }
  Result<void> probe() override { return log_->probe(); }
  const std::string& store_id() const override { return log_->store_id(); }
  std::int64_t run() const override { return log_->run(); }
  std::int64_t latest_ms() const override { return log_->latest_ms(); }
  bool is_durable() const override { return false; }
  std::optional<std::string> fatal() const override {
    const std::lock_guard lock(control_->mutex);
    return control_->fatal;
  }
  Result<std::unique_ptr<Reader>> open_reader() override {
    if (control_->no_readers) return Error{make_error_code(store::LogErrc::unavailable), "no readers"};
    return log_->open_reader();
  }

 private:
  std::shared_ptr<Control> control_;
  std::unique_ptr<Log> log_;
};

/// Collects answers and lets a test wait for them.
class Answers {
 public:
  Store::WriteDone take(const std::string& name) {
    return [this, name](WriteResult result) {
      const std::lock_guard lock(mutex_);
      given_.emplace_back(name, result.answer);
      changed_.notify_all();
    };
  }
  std::vector<std::pair<std::string, WriteAnswer>> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, patience, [&] { return given_.size() >= count; }));
    return given_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, WriteAnswer>> given_;
};

struct Bench {
  explicit Bench(store::StoreSettings settings = {}) : store(std::in_place, std::make_unique<ControlledLog>(control), settings) {}
  /// A test that fails early must not hang.
  ~Bench() { control->release(); }
  void start(const std::string& name, Urgency urgency = Urgency::owed) {
    store->write(start_of(started(name)), urgency, answers.take(name));
  }

  std::shared_ptr<Control> control = std::make_shared<Control>();
  Answers answers;
  std::optional<Store> store;
};

}  // namespace

TEST_CASE("what is queued becomes one commit when it is asked for, or goes along with a write, or is written at the end", "[store]") {
  Bench bench;
  const auto queue = [&](const std::string& name) { bench.store->queue(start_of(started(name)), Urgency::owed, bench.answers.take(name)); };
  for (const char* name : {"a", "b", "c"}) queue(name);
  // Work on the writer's thread does not take it along.
  std::promise<void> worked;
  bench.store->maintain([&](Log&) { worked.set_value(); });
  worked.get_future().get();
  CHECK(bench.store->metrics().queued == 3);
  bench.store->commit_queued();
  CHECK(bench.answers.wait_for(3).size() == 3);
  queue("d");
  bench.start("e");
  CHECK(bench.answers.wait_for(5).size() == 5);
  queue("f");
  bench.store.reset();
  CHECK(bench.answers.wait_for(6).size() == 6);
  CHECK(bench.control->batches == std::vector<std::size_t>{3, 2, 1});
}

TEST_CASE("all writes that wait become one commit", "[store]") {
  Bench bench;
  bench.control->hold();
  bench.start("first");
  bench.control->wait_until_held();
  for (int i = 0; i < 20; ++i) bench.start("gid" + std::to_string(i));
  CHECK(bench.store->metrics().queued == 20);
  bench.control->release();
  for (const auto& [name, answer] : bench.answers.wait_for(21)) CHECK(answer == WriteAnswer::ok);
  bench.store.reset();
  CHECK(bench.control->batches == std::vector<std::size_t>{1, 20});
}

TEST_CASE("a commit is bounded and the rest follows at once", "[store]") {
  Bench bench({.batch_writes = 8});
  bench.control->hold();
  bench.start("first");
  bench.control->wait_until_held();
  for (int i = 0; i < 20; ++i) bench.start("gid" + std::to_string(i));
  bench.control->release();
  bench.answers.wait_for(21);
  bench.store.reset();
  CHECK(bench.control->batches == std::vector<std::size_t>{1, 8, 8, 4});
}

TEST_CASE("writes of one transaction are applied in the order of the calls", "[store]") {
  Bench bench({.batch_writes = 3});
  auto transaction = started("chain");
  bench.store->write(start_of(transaction), Urgency::owed, bench.answers.take("0"));
  for (int i = 1; i < 50; ++i) bench.store->write(next_of(transaction), Urgency::owed, bench.answers.take(std::to_string(i)));
  const auto given = bench.answers.wait_for(50);
  for (std::size_t i = 0; i < given.size(); ++i) {
    CHECK(given[i].first == std::to_string(i));
    CHECK(given[i].second == WriteAnswer::ok);
  }
}

TEST_CASE("what waits behind a refused write of its transaction is refused with it", "[store]") {
  Bench bench({.batch_writes = 1});
  auto transaction = started("chain");
  bench.control->hold();
  bench.control->answer = WriteAnswer::unavailable;
  bench.store->write(start_of(transaction), Urgency::owed, bench.answers.take("start"));
  bench.control->wait_until_held();
  bench.store->write(next_of(transaction), Urgency::owed, bench.answers.take("next"));
  bench.start("other");
  bench.store->write(next_of(transaction), Urgency::owed, bench.answers.take("last"));
  bench.control->release();
  const auto given = bench.answers.wait_for(4);
  CHECK(given[0] == std::pair(std::string("start"), WriteAnswer::unavailable));
  CHECK(given[1] == std::pair(std::string("next"), WriteAnswer::unavailable));
  CHECK(given[2] == std::pair(std::string("last"), WriteAnswer::unavailable));
  CHECK(given[3].first == "other");
  bench.store.reset();
  CHECK(bench.control->batches.size() == 2);
}

TEST_CASE("a full queue refuses new work and takes what is owed", "[store]") {
  Bench bench({.queue_writes = 2});
  bench.control->hold();
  bench.start("first");
  bench.control->wait_until_held();
  bench.start("second", Urgency::new_work);
  bench.start("third", Urgency::new_work);
  bench.start("third.owed", Urgency::owed);
  bench.start("new", Urgency::new_work);
  bench.start("owed", Urgency::owed);
  bench.control->release();
  for (const auto& [name, answer] : bench.answers.wait_for(6)) CHECK(answer == (name == "new" ? WriteAnswer::overloaded : WriteAnswer::ok));
  CHECK(bench.store->metrics().refused == 1);
}

TEST_CASE("the end writes everything that waits and answers everybody once", "[store]") {
  Bench bench({.batch_writes = 4});
  bench.control->hold();
  for (int i = 0; i < 30; ++i) bench.start("gid" + std::to_string(i));
  std::atomic<int> reads = 0;
  for (int i = 0; i < 5; ++i) bench.store->read([&](Reader*) { ++reads; });
  std::atomic<int> pieces = 0;
  for (int i = 0; i < 5; ++i) bench.store->maintain([&](Log&) { ++pieces; });
  bench.control->release();
  bench.store.reset();
  const auto given = bench.answers.wait_for(30);
  CHECK(given.size() == 30);
  for (const auto& [name, answer] : given) CHECK(answer == WriteAnswer::ok);
  CHECK(reads == 5);
  CHECK(pieces == 5);
}

TEST_CASE("reads go on while a commit hangs", "[store]") {
  Bench bench;
  bench.start("first");
  bench.answers.wait_for(1);
  bench.control->hold();
  bench.start("second");
  bench.control->wait_until_held();
  std::promise<bool> found;
  bench.store->read([&](Reader* reader) {
    found.set_value(reader != nullptr && reader->load(protocol::Gid::parse("first").value())->transaction.has_value());
  });
  auto answer = found.get_future();
  REQUIRE(answer.wait_for(patience) == std::future_status::ready);
  CHECK(answer.get());
  bench.control->release();
}

TEST_CASE("a reader that cannot be opened is a null pointer", "[store]") {
  auto control = std::make_shared<Control>();
  control->no_readers = true;
  Store with_none(std::make_unique<ControlledLog>(control), {});
  std::promise<bool> was_null;
  with_none.read([&](Reader* reader) { was_null.set_value(reader == nullptr); });
  CHECK(was_null.get_future().get());
}

TEST_CASE("past the bound only reads of new work are refused", "[store]") {
  Bench bench({.queue_reads = 1, .reader_threads = 1});
  std::promise<void> begun, go;
  auto may_go = go.get_future().share();
  bench.store->read([&, may_go](Reader*) {
    begun.set_value();
    may_go.wait_for(patience);
  });
  begun.get_future().wait_for(patience);
  std::atomic<int> refused = 0, served = 0;
  const auto count = [&](Reader* reader) { ++(reader != nullptr ? served : refused); };
  bench.store->read(count, Urgency::new_work);
  bench.store->read(count, Urgency::new_work);
  bench.store->read(count, Urgency::owed);
  go.set_value();
  bench.store.reset();
  CHECK(refused == 1);
  CHECK(served == 2);
}

TEST_CASE("maintenance runs between commits, one piece at a time", "[store]") {
  Bench bench({.batch_writes = 1});
  bench.control->hold();
  bench.start("first");
  bench.control->wait_until_held();
  std::mutex mutex;
  std::vector<std::string> order;
  const auto note = [&](const std::string& what) {
    const std::lock_guard lock(mutex);
    order.push_back(what);
  };
  for (int i = 0; i < 3; ++i) bench.store->maintain([&](Log&) { note("piece"); });
  for (int i = 0; i < 3; ++i) {
    bench.store->write(start_of(started("gid" + std::to_string(i))), Urgency::owed, [&](const WriteResult&) { note("write"); });
  }
  bench.control->release();
  bench.store.reset();
  CHECK(order == std::vector<std::string>{"write", "piece", "write", "piece", "write", "piece"});
}

TEST_CASE("a fatal log is told once, to a handler that comes late as well", "[store]") {
  for (const bool late : {false, true}) {
    Bench bench;
    std::atomic<int> told = 0;
    std::promise<std::string> why;
    const auto handler = [&](const std::string& what) {
      if (++told == 1) why.set_value(what);
    };
    if (!late) bench.store->on_fatal(handler);
    {
      const std::lock_guard lock(bench.control->mutex);
      bench.control->fatal = "fsync failed";
      bench.control->answer = WriteAnswer::unknown;
    }
    bench.start("first");
    bench.start("second");
    bench.answers.wait_for(2);
    if (late) bench.store->on_fatal(handler);
    auto answer = why.get_future();
    REQUIRE(answer.wait_for(patience) == std::future_status::ready);
    CHECK(answer.get() == "fsync failed");
    bench.store.reset();
    CHECK(told == 1);
  }
}

TEST_CASE("a commit that hangs is told while it hangs", "[store]") {
  Bench bench({.slow_commit = std::chrono::milliseconds(20)});
  std::promise<std::string> told;
  bench.store->on_slow([&](std::string what) { told.set_value(std::move(what)); });
  bench.control->hold();
  bench.start("first");
  auto answer = told.get_future();
  REQUIRE(answer.wait_for(patience) == std::future_status::ready);
  CHECK_FALSE(answer.get().empty());
  bench.control->release();
}

TEST_CASE("the counters add up", "[store]") {
  Bench bench;
  bench.start("first");
  bench.start("first");
  bench.answers.wait_for(2);
  bench.start("second");
  bench.answers.wait_for(3);
  const auto metrics = bench.store->metrics();
  CHECK(metrics.writes == 2);
  CHECK(metrics.conflicts == 1);
  CHECK(metrics.commits >= 2);
  CHECK(metrics.write_duration_sum_s > 0);
  std::uint64_t measured = 0;
  for (const auto bucket : metrics.write_duration_buckets) measured += bucket;
  CHECK(measured == 3);
  CHECK(metrics.write_duration_buckets.size() == store::write_duration_bounds_s.size() + 1);
}

TEST_CASE("only known locations are opened", "[store]") {
  for (const char* location : {"", "sqlite", "sqlite:", "postgres://x", "/tmp/x.db"}) {
    const auto log = store::open_log(location);
    REQUIRE_FALSE(log);
    CHECK(log.error().code == store::LogErrc::invalid_location);
  }
  const auto log = store::open_log("sqlite::memory:");
  REQUIRE(log);
  CHECK_FALSE((*log)->is_durable());
}
