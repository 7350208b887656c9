#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>

#include "coordinator/engine/durable_events.hpp"
#include "coordinator/engine/engine.hpp"
#include "coordinator/server/stream/event_ring.hpp"

/// Who gets which events of the whole history, and what has to be read from the log for it. Plain and synchronous: `event_stream.hpp` reads
/// and sends.
///
/// One reader of the log feeds all that keep up: what it reads goes into a ring, from which each takes what it wants. Whoever comes with a
/// place before the ring reads the log by itself, page by page, until it has reached the ring. Whoever was in the ring and has fallen out
/// of it again is too slow and is cut off. So a reader costs no memory of its own, and a slow one holds up nobody.
namespace escrow::server {

class FeedReader;

class Feed {
 public:
  /// `hides_words`: what participants said is shown only to readers that see it.
  explicit Feed(RingLimits limits, bool hides_words = false) : ring_(limits), hides_words_(hides_words) {}
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  /// Told by the engine. Where nobody wants any of the types the log is not read at all.
  void durable(const engine::DurableEvents& events);

  /// Whether `begin_page` would answer a place: cheap, asked after every write.
  [[nodiscard]] bool wants_page() const { return !is_reading_ && !readers_.empty() && (read_until_ > head_ || is_uncertain_); }
  /// The place behind which a page of the log is wanted now; nothing: all that anybody wants is in the ring, or a page is on its way. The
  /// caller reads it and gives it to `page_read`, or calls `page_failed`.
  [[nodiscard]] std::optional<std::int64_t> begin_page();
  /// True: something new stands in the ring. A page of which only a part got there would be read and sent again: an exception on the way
  /// ends the process.
  bool page_read(const engine::EventPage& page) noexcept;
  void page_failed();

  /// Everything up to here that anybody wants is in the ring, or has been pushed out of it.
  [[nodiscard]] std::int64_t head() const { return head_; }

 private:
  friend class FeedReader;
  void join(FeedReader& reader, std::int64_t last);
  void leave(FeedReader& reader);
  void skip_unwanted();

  EventRing ring_;
  const bool hides_words_;
  std::list<FeedReader*> readers_;
  engine::EventTypes wanted_;
  std::int64_t head_ = 0;
  /// The largest seq that was told.
  std::int64_t durable_until_ = 0;
  /// Up to here there may be something that somebody wants.
  std::int64_t read_until_ = 0;
  /// There may be events that nobody was told of.
  bool is_uncertain_ = false;
  /// The doubt arose while a page was read, which may not have seen what it is about.
  bool is_doubt_new_ = false;
  bool is_reading_ = false;
};

/// One reader of the whole history: its filter and its place.
class FeedReader {
 public:
  /// Wants `types` behind `after`; `last` is the largest seq in the log, read just now, and what is missing before `complete_from` it
  /// knows. Must not outlive the feed.
  FeedReader(Feed& feed, engine::EventTypes types, std::int64_t after, std::int64_t last, std::int64_t complete_from = 1,
             bool sees_words = false);
  ~FeedReader();
  FeedReader(const FeedReader&) = delete;
  FeedReader& operator=(const FeedReader&) = delete;

  enum class Next : std::uint8_t {
    /// Nothing to send before the ring has something new.
    wait,
    /// What it was given is to be sent.
    send,
    /// A page of the log behind `place` is to be read and given to `log_read`.
    read_log,
    /// Too slow, or what it has not seen yet has been removed: its stream ends, and when it comes again it is told what it has missed.
    cut_off
  };
  /// Appends what comes next to `out`, until `out` holds some `most` bytes.
  [[nodiscard]] Next next(std::size_t most, std::string& out);
  /// Appends what it wants of a page of the log; before it, that something behind its place has been removed by now.
  void log_read(const engine::EventPage& page, std::string& out);

  /// Up to here it has been sent everything that it wants.
  [[nodiscard]] std::int64_t place() const { return place_; }
  [[nodiscard]] std::uint64_t events() const { return events_; }

 private:
  friend class Feed;
  Feed& feed_;
  const engine::EventTypes types_;
  const bool sees_words_;
  std::int64_t place_;
  std::int64_t complete_from_;
  /// The ring holds what it wants from here on only: before, nobody may have wanted it.
  std::int64_t ring_from_ = 0;
  bool is_live_ = false;
  std::uint64_t events_ = 0;
};

}  // namespace escrow::server
