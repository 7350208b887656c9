#include "coordinator/server/stream/event_stream.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

#include "coordinator/async/persist.hpp"
#include "coordinator/server/stream/sse.hpp"

namespace escrow::server {
namespace {

namespace asio = boost::asio;

/// Events read for all at once, and for one reader that catches up.
constexpr std::size_t feed_page = 500;
constexpr std::size_t reader_page = 200;
/// What is given to the kernel at once.
constexpr std::size_t chunk_bytes = std::size_t{64} << 10U;
/// While much is written the log is read in steps: each read costs something, and nobody sees the difference.
constexpr std::chrono::milliseconds step{20};
constexpr std::chrono::seconds pause_after_failure{1};
constexpr std::chrono::seconds overview_step{1};

std::size_t feed_page_of(const StreamLimits& limits) { return std::clamp<std::size_t>(limits.ring.events / 2, 1, feed_page); }

/// Wakes who waits now.
void wake(async::Event& event) {
  event.set();
  event.reset();
}

}  // namespace

/// A place among `limits.stream_clients`, as long as it lives.
class EventStream::Admission {
 public:
  explicit Admission(StreamMetrics& metrics) : metrics_(metrics) { ++metrics_.clients; }
  ~Admission() { --metrics_.clients; }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

 private:
  StreamMetrics& metrics_;
};

/// One reader, from its admission to its end.
class EventStream::Session {
 public:
  Session(EventStream& stream, std::shared_ptr<Admission> admission, StreamQuery query, engine::EventRange range, bool is_gone);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  async::Task<> run(transport::BodyWriter& writer);

  /// Something of its gid has become durable, or the ring has something new.
  void tell() {
    is_told_ = true;
    wake(told_);
  }
  [[nodiscard]] bool reads_all() const { return reader_.has_value(); }
  [[nodiscard]] bool wants_overview() const { return query_.overview; }
  /// Whether it is sent more than the others.
  [[nodiscard]] bool sees_hidden() const { return stream_.limits_.hides_words && query_.sees_words; }

 private:
  enum class Filled : std::uint8_t { nothing_more, more_may_follow, ended };
  async::Task<Filled> fill(std::string& out, async::Clock::time_point heartbeat_at);
  async::Task<Filled> fill_from_log(std::string& out, async::Clock::time_point heartbeat_at);
  [[nodiscard]] std::int64_t place() const { return reader_ ? reader_->place() : place_; }

  EventStream& stream_;
  const std::shared_ptr<Admission> admission_;
  const StreamQuery query_;
  std::string opening_;
  std::int64_t place_;
  std::optional<FeedReader> reader_;
  /// While it waits for a page of the log, or reads one.
  std::optional<LogTurn> turn_;
  async::Event told_;
  bool is_told_ = true;
  std::uint64_t overview_number_ = 0;
  std::list<Session*>::iterator entry_;
};

EventStream::Session::Session(EventStream& stream, std::shared_ptr<Admission> admission, StreamQuery query, engine::EventRange range,
                              bool is_gone)
    : stream_(stream),
      admission_(std::move(admission)),
      query_(std::move(query)),
      place_(query_.after.value_or(query_.gid ? 0 : range.last)),
      told_(stream.engine_.executor()) {
  // A place that the log never came to is one of another log.
  const bool is_ahead = place_ > range.last;
  if (is_ahead) place_ = range.last;
  sse::append_opening(opening_, place_);
  // Of a transaction that is there nothing has been removed.
  const bool is_torn = query_.after && *query_.after + 1 < range.complete_from && (!query_.gid || is_gone);
  if (is_ahead || is_torn) sse::append_gap(opening_, *query_.after, is_ahead ? range.last + 1 : range.complete_from, place_);
  if (!query_.gid) reader_.emplace(stream.feed_, query_.types, place_, range.last, range.complete_from, query_.sees_words);
  // What may throw comes first: a constructor that fails must leave no entry.
  std::list<Session*> entry{this};
  if (query_.gid) stream.by_gid_.emplace(query_.gid->text(), this);
  entry_ = entry.begin();
  stream.sessions_.splice(stream.sessions_.end(), entry);
}

EventStream::Session::~Session() {
  stream_.sessions_.erase(entry_);
  if (!query_.gid) return;
  const auto [first, last] = stream_.by_gid_.equal_range(query_.gid->text());
  const auto mine = std::find_if(first, last, [this](const auto& entry) { return entry.second == this; });
  if (mine != last) stream_.by_gid_.erase(mine);
}

async::Task<> EventStream::Session::run(transport::BodyWriter& writer) {
  std::string out = std::move(opening_);
  bool taken = co_await writer.write(out);
  auto heartbeat_at = async::Clock::now() + stream_.limits_.heartbeat;
  while (taken) {
    out.clear();
    const Filled filled = co_await fill(out, heartbeat_at);
    if (filled == Filled::ended) co_return;
    if (out.empty()) {
      // Who catches up through a long stretch that it does not want, or is woken for nothing again and again, hears of it as well.
      const bool is_due = async::Clock::now() >= heartbeat_at;
      if (filled == Filled::more_may_follow && !is_due) continue;
      if (filled == Filled::nothing_more && !is_due) {
        const bool is_woken = co_await told_.wait_until(heartbeat_at);
        if (is_woken) continue;
      }
      sse::append_heartbeat(out, place());
    }
    taken = co_await writer.write(out);
    heartbeat_at = async::Clock::now() + stream_.limits_.heartbeat;
  }
}

async::Task<EventStream::Session::Filled> EventStream::Session::fill(std::string& out, async::Clock::time_point heartbeat_at) {
  const OverviewMessage& message = stream_.message_for(sees_hidden());
  if (query_.overview && !message.text.empty() && overview_number_ != message.number) {
    overview_number_ = message.number;
    out.append(message.text);
  }
  bool wants_log = !reader_ && is_told_;
  if (reader_) {
    const std::uint64_t before = reader_->events();
    const FeedReader::Next next = reader_->next(chunk_bytes, out);
    stream_.metrics_.events += reader_->events() - before;
    wants_log = next == FeedReader::Next::read_log;
    if (next == FeedReader::Next::cut_off) {
      ++stream_.metrics_.cut_off;
      co_return Filled::ended;
    }
  }
  if (!wants_log) co_return Filled::nothing_more;
  const Filled filled = co_await fill_from_log(out, heartbeat_at);
  co_return filled;
}

async::Task<EventStream::Session::Filled> EventStream::Session::fill_from_log(std::string& out, async::Clock::time_point heartbeat_at) {
  if (!turn_) turn_.emplace(stream_.turns_);
  // What is there to be sent does not wait for the log.
  const bool is_our_turn = co_await turn_->come(out.empty() ? heartbeat_at : async::Clock::now());
  if (!is_our_turn) co_return Filled::more_may_follow;
  struct Leaves {
    std::optional<LogTurn>& turn;
    ~Leaves() { turn.reset(); }
  };
  const Leaves leaves{turn_};
  // What it is told of while the page is read may not be in the page.
  is_told_ = false;
  const auto page = co_await stream_.engine_.event_page(query_.gid, place(), reader_page);
  // It comes again with its place; by then the log may be readable.
  if (!page) co_return Filled::ended;
  if (reader_) {
    const std::uint64_t before = reader_->events();
    reader_->log_read(*page, out);
    stream_.metrics_.events += reader_->events() - before;
    co_return Filled::more_may_follow;
  }
  for (const store::StoredEvent& event : page->events) {
    if (!query_.types.contains(event.event.type)) continue;
    sse::append_event(out, event, stream_.limits_.hides_words && !query_.sees_words);
    ++stream_.metrics_.events;
  }
  place_ = std::max(place_, page->up_to);
  is_told_ = is_told_ || page->has_more;
  co_return is_told_ ? Filled::more_may_follow : Filled::nothing_more;
}

EventStream::EventStream(engine::Engine& engine, StreamLimits limits, OverviewSource overview)
    : engine_(engine),
      limits_(limits),
      overview_(std::move(overview)),
      feed_(limits.ring, limits.hides_words),
      told_(engine.executor()),
      turns_(engine.executor()),
      tasks_(engine.executor()) {
  engine_.on_durable([this](const protocol::Gid& gid, const engine::DurableEvents& events) { on_durable(gid, events); });
}

EventStream::~EventStream() = default;

async::Task<Result<transport::BodyStream, Problem>> EventStream::open(StreamQuery query) {
  using Opened = Result<transport::BodyStream, Problem>;
  if (metrics_.clients >= limits_.clients) {
    co_return Opened(Problem(protocol::ProblemCode::overloaded, "as many readers of the event stream as limits.stream_clients allows"));
  }
  auto admission = std::make_shared<Admission>(metrics_);
  bool is_gone = false;
  if (query.gid) {
    // What is kept back in memory is written first, so that the stream begins with all that has been told.
    const engine::Answer seen = co_await engine_.look(*query.gid, core::Duration(0));
    is_gone = seen.problem == protocol::ProblemCode::not_found;
    if (seen.problem && !(is_gone && query.after)) co_return Opened(Problem(*seen.problem, seen.detail));
  }
  const auto range = co_await engine_.event_range();
  if (!range) co_return Opened(Problem(protocol::ProblemCode::store_unavailable, range.error().detail));
  auto session = std::make_shared<Session>(*this, std::move(admission), std::move(query), *range, is_gone);
  // Noted when they run: what could not be begun is begun for the next reader.
  const auto nobody = [](std::string_view) {};
  if (session->reads_all() && !feeds_readers_) {
    tasks_.spawn(async::persist([this] { return feed_readers(); }, nobody));
    feeds_readers_ = true;
  }
  if (session->wants_overview() && !tells_overview_) {
    tasks_.spawn(async::persist([this] { return tell_overview(); }, nobody));
    tells_overview_ = true;
  }
  // A reader that resumes may be the first, or want what nobody wanted before.
  wake(told_);
  co_return Opened(transport::BodyStream([session](transport::BodyWriter& writer) { return session->run(writer); }));
}

void EventStream::on_durable(const protocol::Gid& gid, const engine::DurableEvents& events) {
  if (also_told_) also_told_(gid, events);
  feed_.durable(events);
  // A wake-up for each write that nobody wants would cost a transaction some 8 % of its time.
  if (feed_.wants_page()) wake(told_);
  if (by_gid_.empty()) return;
  const auto [first, last] = by_gid_.equal_range(gid.text());
  for (auto watching = first; watching != last; ++watching) watching->second->tell();
}

/// The one reader of the log that feeds all who keep up.
async::Task<> EventStream::feed_readers() {
  async::Timer timer(engine_.executor());
  // What an exception has ended may have been about to read one.
  feed_.page_failed();
  for (;;) {
    const auto after = feed_.begin_page();
    if (!after) {
      co_await told_.wait();
      continue;
    }
    const std::size_t limit = feed_page_of(limits_);
    const auto page = co_await engine_.event_page(std::nullopt, *after, limit);
    if (!page) {
      feed_.page_failed();
      timer.expires_after(pause_after_failure);
      co_await timer.async_wait(asio::use_awaitable);
      continue;
    }
    if (feed_.page_read(*page)) {
      for (Session* session : sessions_) {
        if (session->reads_all()) session->tell();
      }
    }
    if (page->events.size() >= limit) continue;
    timer.expires_after(step);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

/// How it goes, once a second for all who want to be told, and only while somebody does.
async::Task<> EventStream::tell_overview() {
  async::Timer timer(engine_.executor());
  for (;;) {
    for (const bool with_words : {false, true}) {
      if (!anybody_wants_overview(with_words)) {
        message_for(with_words).text.clear();
        continue;
      }
      const auto overview = co_await overview_(limits_.hides_words && !with_words);
      if (overview) take_overview(*overview, with_words);
    }
    if (std::ranges::none_of(sessions_, &Session::wants_overview)) {
      tells_overview_ = false;
      co_return;
    }
    timer.expires_after(overview_step);
    co_await timer.async_wait(asio::use_awaitable);
  }
}

bool EventStream::anybody_wants_overview(bool with_words) const {
  return std::ranges::any_of(sessions_,
                             [&](const Session* session) { return session->wants_overview() && session->sees_hidden() == with_words; });
}

void EventStream::take_overview(const std::string& overview, bool with_words) {
  std::string message;
  sse::append_message(message, "overview", overview);
  // The first member is the time, which is always another one.
  const auto behind_time = [](std::string_view text) { return text.substr(std::min(text.find(','), text.size())); };
  OverviewMessage& latest = message_for(with_words);
  if (behind_time(message) == behind_time(latest.text)) return;
  latest.text = std::move(message);
  ++latest.number;
  for (Session* session : sessions_) {
    if (session->wants_overview() && session->sees_hidden() == with_words) session->tell();
  }
}

async::Task<> EventStream::end() {
  tasks_.cancel();
  co_await tasks_.join();
}

StreamMetrics EventStream::metrics() const { return metrics_; }

}  // namespace escrow::server
