#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "coordinator/async/event.hpp"
#include "coordinator/async/task_group.hpp"
#include "coordinator/engine/engine.hpp"
#include "coordinator/server/problem.hpp"
#include "coordinator/server/stream/feed.hpp"
#include "coordinator/server/stream/log_turns.hpp"
#include "coordinator/server/stream/stream_limits.hpp"
#include "coordinator/server/stream/stream_query.hpp"
#include "coordinator/transport/http_message.hpp"

/// `GET /v1/events`: carries what `Feed` decides between the log and the readers. On the engine's executor. Nothing runs while nothing is
/// written, and no transaction ever waits for a reader.
namespace escrow::server {

struct StreamMetrics {
  std::size_t clients = 0;
  /// Events sent, each counted once a reader.
  std::uint64_t events = 0;
  /// Readers that were too slow.
  std::uint64_t cut_off = 0;
};

class EventStream {
 public:
  /// Answers `GET /v1/overview` without its series, with what participants said or without; nothing: it can't be read now.
  using OverviewSource = std::function<async::Task<std::optional<std::string>>(bool hides_words)>;

  /// Before the engine recovers: from then on it is told of what becomes durable.
  EventStream(engine::Engine& engine, StreamLimits limits, OverviewSource overview);
  /// Only after `end` has returned, unless nothing was ever opened.
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  /// The body of an answer. Its reader counts from now until the body is destroyed, and is served whatever happens between now and its
  /// first byte. Problems: `overloaded`, `not_found`, `store_unavailable`.
  async::Task<Result<transport::BodyStream, Problem>> open(StreamQuery query);

  /// Who else is told what becomes durable; before the engine recovers.
  void also_tell(engine::DurableHandler handler) { also_told_ = std::move(handler); }

  /// Ends what runs for all readers; the readers themselves have been ended by the server.
  async::Task<> end();

  [[nodiscard]] StreamMetrics metrics() const;

 private:
  class Session;
  class Admission;

  void on_durable(const protocol::Gid& gid, const engine::DurableEvents& events);
  async::Task<> feed_readers();
  async::Task<> tell_overview();
  /// The latest message for those who want to be told how it goes; empty while nobody does. Each has a number.
  struct OverviewMessage {
    std::string text;
    std::uint64_t number = 0;
  };
  [[nodiscard]] bool anybody_wants_overview(bool with_words) const;
  void take_overview(const std::string& overview, bool with_words);
  [[nodiscard]] OverviewMessage& message_for(bool with_words) { return with_words ? whole_overview_ : overview_message_; }

  engine::Engine& engine_;
  const StreamLimits limits_;
  const OverviewSource overview_;
  engine::DurableHandler also_told_;
  Feed feed_;
  async::Event told_;
  LogTurns turns_;
  std::list<Session*> sessions_;
  std::unordered_multimap<std::string, Session*> by_gid_;
  StreamMetrics metrics_;
  OverviewMessage overview_message_;
  /// For readers that see what is hidden from the others.
  OverviewMessage whole_overview_;
  bool tells_overview_ = false;
  bool feeds_readers_ = false;
  async::TaskGroup tasks_;
};

}  // namespace escrow::server
