#include "coordinator/server/log.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "protocol/json_writer.hpp"
#include "protocol/timestamp.hpp"

namespace escrow::server {
namespace {

using namespace std::chrono_literals;

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void append_value(std::string& out, const LogField& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    protocol::append_json_string(out, *text);
  } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    out.append(std::to_string(*number));
  } else {
    out.append(std::get<bool>(field.value) ? "true" : "false");
  }
}

std::string line_of(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  std::string out = "{\"at\":\"";
  protocol::append_timestamp(out, now_ms());
  out.append("\",\"level\":\"").append(to_string(level)).append("\",\"event\":");
  protocol::append_json_string(out, event);
  for (const LogField& field : fields) {
    out.push_back(',');
    protocol::append_json_string(out, field.name);
    out.push_back(':');
    append_value(out, field);
  }
  out.append("}\n");
  return out;
}

/// Waits until the descriptor takes bytes, at most `timeout`.
bool is_writable(int descriptor, std::chrono::milliseconds timeout) {
  pollfd waited{descriptor, POLLOUT, 0};
  return ::poll(&waited, 1, static_cast<int>(timeout.count())) > 0 && (waited.revents & POLLOUT) != 0;
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "error";
}

std::optional<LogLevel> log_level_of(std::string_view text) {
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    if (to_string(level) == text) return level;
  }
  return std::nullopt;
}

struct Logger::State {
  State(int to, std::size_t limit) : descriptor(to), queue_bytes(limit), writer([this] { run(); }) {}

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return stopping || !lines.empty(); });
      if (lines.empty()) return;
      std::string line = std::move(lines.front());
      lines.pop_front();
      waiting_bytes -= line.size();
      if (const std::uint64_t lost = dropped - told_dropped; lost > 0) {
        told_dropped = dropped;
        line = line_of(LogLevel::warning, "log lines dropped", {{"count", static_cast<std::int64_t>(lost)}}) + line;
      }
      writing = true;
      lock.unlock();
      put(line);
      lock.lock();
      writing = false;
      if (lines.empty()) idle.notify_all();
    }
  }

  /// A pipe that polls as writable takes this much without blocking (POSIX: PIPE_BUF), so this thread can always be stopped.
  void put(std::string_view text) {
    constexpr std::size_t portion = 4'096;
    while (!text.empty()) {
      if (!is_writable(descriptor, 100ms)) {
        if (give_up()) return;
        continue;
      }
      const ssize_t written = ::write(descriptor, text.data(), std::min(text.size(), portion));
      if (written > 0) {
        text.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno != EINTR && errno != EAGAIN) {
        return;  // a full disk or a closed pipe: this line is lost, the next one may fit
      }
    }
  }
  bool give_up() {
    const std::lock_guard lock(mutex);
    return stopping && std::chrono::steady_clock::now() > last_moment;
  }

  const int descriptor;
  const std::size_t queue_bytes;
  std::mutex mutex;
  std::condition_variable changed;
  std::condition_variable idle;
  std::deque<std::string> lines;
  std::size_t waiting_bytes = 0;
  std::uint64_t dropped = 0;
  std::uint64_t told_dropped = 0;
  bool writing = false;
  bool stopping = false;
  std::chrono::steady_clock::time_point last_moment;
  std::thread writer;  // last: it uses all of the above
};

Logger::Logger(int descriptor, LogLevel least, std::size_t queue_bytes)
    : least_(least), state_(std::make_unique<State>(descriptor, queue_bytes)) {}

Logger::~Logger() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->last_moment = std::chrono::steady_clock::now() + 1s;
  }
  state_->changed.notify_all();
  state_->writer.join();
}

void Logger::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!wants(level)) return;
  std::string line = line_of(level, event, fields);
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->waiting_bytes + line.size() > state_->queue_bytes) {
      ++state_->dropped;
      return;
    }
    state_->waiting_bytes += line.size();
    state_->lines.push_back(std::move(line));
  }
  state_->changed.notify_one();
}

void Logger::flush() {
  std::unique_lock lock(state_->mutex);
  state_->idle.wait_for(lock, 1s, [this] { return state_->lines.empty() && !state_->writing; });
}

std::uint64_t Logger::dropped() const {
  const std::lock_guard lock(state_->mutex);
  return state_->dropped;
}

}  // namespace escrow::server
