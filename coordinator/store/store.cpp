#include "coordinator/store/store.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "coordinator/faults/fault_point.hpp"

namespace escrow::store {
namespace {

using Clock = std::chrono::steady_clock;

struct QueuedWrite {
  Write write;
  Store::WriteDone done;
  Clock::time_point queued_at;
};

/// Counters and the histogram; written by the writer thread, read by any.
class Meter {
 public:
  void committed() { commits_.fetch_add(1, std::memory_order_relaxed); }

  void answered(WriteAnswer answer, Clock::duration took) {
    auto& counter = answer == WriteAnswer::ok ? writes_ : answer == WriteAnswer::conflict ? conflicts_ : refused_;
    counter.fetch_add(1, std::memory_order_relaxed);
    const double seconds = std::chrono::duration<double>(took).count();
    const auto bucket =
        static_cast<std::size_t>(std::ranges::lower_bound(write_duration_bounds_s, seconds) - write_duration_bounds_s.begin());
    buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_ns_.fetch_add(std::chrono::duration_cast<std::chrono::nanoseconds>(took).count(), std::memory_order_relaxed);
  }

  [[nodiscard]] StoreMetrics read() const {
    StoreMetrics metrics;
    metrics.commits = commits_;
    metrics.writes = writes_;
    metrics.conflicts = conflicts_;
    metrics.refused = refused_;
    metrics.write_duration_buckets.assign(buckets_.begin(), buckets_.end());
    metrics.write_duration_sum_s = static_cast<double>(sum_ns_.load()) * 1e-9;
    return metrics;
  }

 private:
  std::atomic<std::uint64_t> commits_ = 0, writes_ = 0, conflicts_ = 0, refused_ = 0;
  std::array<std::atomic<std::uint64_t>, write_duration_bounds_s.size() + 1> buckets_{};
  std::atomic<std::int64_t> sum_ns_ = 0;
};

/// Handlers that may be set after something has happened already.
class Alarms {
 public:
  void on_fatal(std::function<void(std::string)> handler) {
    std::unique_lock lock(mutex_);
    fatal_handler_ = std::move(handler);
    tell_fatal(lock);
  }
  void on_slow(std::function<void(std::string)> handler) {
    const std::lock_guard lock(mutex_);
    slow_handler_ = std::move(handler);
  }
  void fatal(std::string why) {
    std::unique_lock lock(mutex_);
    if (!fatal_) fatal_ = std::move(why);
    tell_fatal(lock);
  }
  void slow(std::string what) {
    std::unique_lock lock(mutex_);
    const auto handler = slow_handler_;
    lock.unlock();
    if (handler) handler(std::move(what));
  }

 private:
  void tell_fatal(std::unique_lock<std::mutex>& lock) {
    if (!fatal_ || !fatal_handler_ || std::exchange(told_, true)) return;
    const auto handler = fatal_handler_;
    const std::string why = *fatal_;
    lock.unlock();
    handler(why);
  }

  std::mutex mutex_;
  std::function<void(std::string)> fatal_handler_;
  std::function<void(std::string)> slow_handler_;
  std::optional<std::string> fatal_;
  bool told_ = false;
};

}  // namespace

struct Store::Impl {
  Impl(std::unique_ptr<Log> opened, StoreSettings wanted)
      : log(std::move(opened)),
        settings(wanted),
        store_id(log->store_id()),
        run(log->run()),
        latest_ms(log->latest_ms()),
        is_durable(log->is_durable()) {
    writer = std::thread([this] { write_until_stopped(); });
    for (std::size_t i = 0; i < std::max<std::size_t>(settings.reader_threads, 1); ++i)
      readers.emplace_back([this] { read_until_stopped(); });
    watcher = std::thread([this] { watch_until_stopped(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    something_to_write.notify_all();
    something_to_read.notify_all();
    writer.join();
    for (auto& reader : readers) reader.join();
    {
      const std::lock_guard lock(watch_mutex);
      written = true;
    }
    watch_ended.notify_all();
    watcher.join();
  }

  void write_until_stopped() {
    std::unique_lock lock(mutex);
    while (true) {
      something_to_write.wait(lock,
                              [this] { return stopping || (is_wanted && !queue.empty()) || !refused.empty() || !maintenance.empty(); });
      if (queue.empty() && refused.empty() && maintenance.empty() && stopping) return;
      std::vector<QueuedWrite> turned_away = std::exchange(refused, {});
      std::vector<QueuedWrite> batch = take_batch();
      std::function<void(Log&)> work;
      if (!maintenance.empty()) {
        work = std::move(maintenance.front());
        maintenance.pop_front();
      }
      lock.unlock();
      for (auto& write : turned_away) answer(write, {WriteAnswer::overloaded, 0, "too many writes wait for the log"});
      if (!batch.empty()) commit(batch);
      if (work) work(*log);
      if (auto what = log->tend()) alarms.slow(std::move(*what));
      if (auto why = log->fatal()) alarms.fatal(std::move(*why));
      // What a callback or a piece of work holds is destroyed outside the lock, too.
      work = nullptr;
      batch.clear();
      turned_away.clear();
      lock.lock();
    }
  }

  /// What has been queued since it was last asked for goes along, too.
  std::vector<QueuedWrite> take_batch() {
    if (!is_wanted && !stopping) return {};
    const std::size_t count = std::min(queue.size(), settings.batch_writes);
    const auto end = queue.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<QueuedWrite> batch(std::make_move_iterator(queue.begin()), std::make_move_iterator(end));
    queue.erase(queue.begin(), end);
    is_wanted = !queue.empty();
    return batch;
  }

  void commit(std::vector<QueuedWrite>& batch) {
    std::vector<Write> writes;
    writes.reserve(batch.size());
    for (auto& queued : batch) writes.push_back(std::move(queued.write));
    commit_began.store(Clock::now().time_since_epoch().count());
    ESCROW_FAULT_POINT("store.batch.before", std::to_string(writes.size()));
    const std::vector<WriteResult> results = log->apply(writes);
    ESCROW_FAULT_POINT("store.batch.after", std::to_string(writes.size()));
    commit_began.store(0);
    meter.committed();

    std::unordered_map<std::string, WriteAnswer> refused_gids;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (results[i].answer != WriteAnswer::ok) refused_gids.emplace(writes[i].gid.text(), results[i].answer);
    }
    // Those that wait rest on what was refused: taken out before anybody hears of it, so that what is queued after the answer is tried.
    std::vector<std::pair<QueuedWrite, WriteAnswer>> followers;
    if (!refused_gids.empty()) followers = take_followers(refused_gids);
    if (auto why = log->fatal()) alarms.fatal(std::move(*why));
    for (std::size_t i = 0; i < batch.size(); ++i) answer(batch[i], results[i]);
    for (auto& [write, given] : followers) answer(write, {given, 0, "an earlier write of the same transaction was refused"});
  }

  std::vector<std::pair<QueuedWrite, WriteAnswer>> take_followers(const std::unordered_map<std::string, WriteAnswer>& refused_gids) {
    std::vector<std::pair<QueuedWrite, WriteAnswer>> followers;
    const std::lock_guard lock(mutex);
    std::erase_if(queue, [&](QueuedWrite& queued) {
      const auto found = refused_gids.find(queued.write.gid.text());
      if (found == refused_gids.end()) return false;
      followers.emplace_back(std::move(queued), found->second);
      return true;
    });
    return followers;
  }

  void answer(QueuedWrite& write, WriteResult result) {
    meter.answered(result.answer, Clock::now() - write.queued_at);
    write.done(std::move(result));
  }

  void read_until_stopped() {
    std::unique_ptr<Reader> reader;
    std::unique_lock lock(mutex);
    while (true) {
      something_to_read.wait(lock, [this] { return stopping || !reads.empty() || !refused_reads.empty(); });
      if (reads.empty() && refused_reads.empty()) return;
      const bool is_refused = !refused_reads.empty();
      auto& from = is_refused ? refused_reads : reads;
      auto read = std::move(from.front());
      from.pop_front();
      lock.unlock();
      if (!is_refused && !reader) {
        if (auto opened = log->open_reader()) reader = std::move(*opened);
      }
      read(is_refused ? nullptr : reader.get());
      read = nullptr;
      lock.lock();
    }
  }

  /// A disk that hangs must be told while it hangs: the writer thread cannot.
  void watch_until_stopped() {
    std::int64_t told = 0;
    std::unique_lock lock(watch_mutex);
    while (!watch_ended.wait_for(lock, settings.slow_commit / 4, [this] { return written; })) {
      const std::int64_t began = commit_began;
      const auto took = Clock::now() - Clock::time_point(Clock::duration(began));
      if (began == 0 || began == told || took < settings.slow_commit) continue;
      told = began;
      alarms.slow("a commit to the log has been under way for more than " + std::to_string(settings.slow_commit.count()) +
                  " ms: the disk is slow or hangs");
    }
  }

  const std::unique_ptr<Log> log;
  const StoreSettings settings;
  const std::string store_id;
  const std::int64_t run;
  const std::int64_t latest_ms;
  const bool is_durable;
  Meter meter;
  Alarms alarms;

  mutable std::mutex mutex;
  std::condition_variable something_to_write;
  std::condition_variable something_to_read;
  std::deque<QueuedWrite> queue;
  std::vector<QueuedWrite> refused;
  std::deque<std::function<void(Log&)>> maintenance;
  std::deque<std::function<void(Reader*)>> reads;
  std::deque<std::function<void(Reader*)>> refused_reads;
  /// Whether somebody waits for what is in `queue`.
  bool is_wanted = false;
  bool stopping = false;

  /// When the commit under way began, in ticks of `Clock`; 0: there is none.
  std::atomic<std::int64_t> commit_began = 0;
  std::mutex watch_mutex;
  std::condition_variable watch_ended;
  bool written = false;

  std::thread writer;
  std::vector<std::thread> readers;
  std::thread watcher;
};

Store::Store(std::unique_ptr<Log> log, StoreSettings settings) : impl_(std::make_unique<Impl>(std::move(log), settings)) {}

Store::~Store() = default;

void Store::write(Write write, Urgency urgency, WriteDone done) {
  queue(std::move(write), urgency, std::move(done));
  commit_queued();
}

void Store::queue(Write write, Urgency urgency, WriteDone done) {
  QueuedWrite queued{std::move(write), std::move(done), Clock::now()};
  const std::lock_guard lock(impl_->mutex);
  const bool is_full = urgency == Urgency::new_work && impl_->queue.size() >= impl_->settings.queue_writes;
  if (is_full) {
    impl_->refused.push_back(std::move(queued));
  } else {
    impl_->queue.push_back(std::move(queued));
  }
}

void Store::commit_queued() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_wanted = true;
  }
  impl_->something_to_write.notify_one();
}

void Store::read(std::function<void(Reader*)> read, Urgency urgency) {
  {
    const std::lock_guard lock(impl_->mutex);
    const bool is_full = urgency == Urgency::new_work && impl_->reads.size() >= impl_->settings.queue_reads;
    (is_full ? impl_->refused_reads : impl_->reads).push_back(std::move(read));
  }
  impl_->something_to_read.notify_one();
}

void Store::maintain(std::function<void(Log&)> work) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->maintenance.push_back(std::move(work));
  }
  impl_->something_to_write.notify_one();
}

void Store::on_fatal(std::function<void(std::string)> handler) { impl_->alarms.on_fatal(std::move(handler)); }
void Store::on_slow(std::function<void(std::string)> handler) { impl_->alarms.on_slow(std::move(handler)); }

const std::string& Store::store_id() const { return impl_->store_id; }
std::int64_t Store::run() const { return impl_->run; }
std::int64_t Store::latest_ms() const { return impl_->latest_ms; }
bool Store::is_durable() const { return impl_->is_durable; }

StoreMetrics Store::metrics() const {
  StoreMetrics metrics = impl_->meter.read();
  const std::lock_guard lock(impl_->mutex);
  metrics.queued = impl_->queue.size();
  return metrics;
}

}  // namespace escrow::store
