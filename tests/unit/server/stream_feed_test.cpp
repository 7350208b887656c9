#include "coordinator/server/stream/feed.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <sstream>
#include <vector>

using namespace escrow;
using namespace escrow::server;
using protocol::EventType;

/// Who gets which events, without a log and without a socket.
namespace {

using Seqs = std::vector<std::int64_t>;
constexpr std::size_t plenty = 1U << 20U;

engine::EventTypes types_of(std::initializer_list<EventType> types) {
  engine::EventTypes out;
  for (const EventType type : types) out.add(type);
  return out;
}

/// The log as the feed sees it: events by seq, what has been told of them, and pages.
class Log {
 public:
  void write(std::initializer_list<EventType> types) { write(std::vector<EventType>(types)); }
  void write(const std::vector<EventType>& types) {
    engine::DurableEvents durable;
    durable.first_seq = last() + 1;
    for (const EventType type : types) {
      store::StoredEvent event;
      event.seq = last() + 1;
      event.gid = *protocol::Gid::parse("g");
      event.event.type = type;
      events_.push_back(std::move(event));
      durable.types.add(type);
    }
    durable.last_seq = last();
    untold_.push_back(durable);
  }
  void tell_next(Feed& feed) {
    feed.durable(untold_.front());
    untold_.pop_front();
  }
  void tell(Feed& feed) {
    while (!untold_.empty()) tell_next(feed);
  }
  /// The write happened, but nobody could say so.
  void lose_next(Feed& feed) {
    untold_.pop_front();
    engine::DurableEvents durable;
    durable.is_certain = false;
    feed.durable(durable);
  }
  [[nodiscard]] bool has_untold() const { return !untold_.empty(); }
  [[nodiscard]] std::int64_t last() const { return static_cast<std::int64_t>(events_.size()); }

  [[nodiscard]] engine::EventPage page(std::int64_t after, std::size_t limit) {
    ++pages;
    engine::EventPage page;
    for (const auto& event : events_) {
      if (event.seq > after && page.events.size() < limit) page.events.push_back(event);
    }
    page.up_to = page.events.empty() ? std::max(after, last()) : page.events.back().seq;
    page.has_more = page.up_to < last();
    return page;
  }
  [[nodiscard]] Seqs expected(const engine::EventTypes& types, std::int64_t after) const {
    Seqs out;
    for (const auto& event : events_) {
      if (event.seq > after && types.contains(event.event.type)) out.push_back(event.seq);
    }
    return out;
  }

  int pages = 0;

 private:
  std::vector<store::StoredEvent> events_;
  std::deque<engine::DurableEvents> untold_;
};

void feed_all(Feed& feed, Log& log, std::size_t limit = 100) {
  for (int page = 0; page < 10'000; ++page) {
    const auto after = feed.begin_page();
    if (!after) return;
    feed.page_read(log.page(*after, limit));
  }
  FAIL("the feed never has enough");
}

Seqs ids(const std::string& text) {
  Seqs out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("id: ")) out.push_back(std::stoll(line.substr(4)));
  }
  return out;
}

/// A reader and what it has been sent.
struct Client {
  Client(Feed& feed, Log& log, engine::EventTypes wanted, std::int64_t from)
      : types(wanted), after(from), reader(feed, wanted, from, log.last()) {}

  /// Takes what there is; false: cut off.
  bool take(Log& log, std::size_t most = plenty, std::size_t page_limit = 100) {
    for (int turn = 0; turn < 10'000; ++turn) {
      std::string out;
      const auto next = reader.next(most, out);
      if (next == FeedReader::Next::read_log) reader.log_read(log.page(reader.place(), page_limit), out);
      for (const std::int64_t seq : ids(out)) got.push_back(seq);
      if (next == FeedReader::Next::cut_off) return false;
      if (next == FeedReader::Next::wait) return true;
    }
    FAIL("the reader never has enough");
    return false;
  }

  engine::EventTypes types;
  std::int64_t after;
  FeedReader reader;
  Seqs got;
};

}  // namespace

TEST_CASE("each reader of the stream gets what it wants, in order", "[server][stream]") {
  Feed feed{RingLimits()};
  Log log;
  log.write({EventType::started});
  log.tell(feed);
  Client all(feed, log, engine::EventTypes::all(), log.last());
  Client attention(feed, log, types_of({EventType::attention_raised}), log.last());
  log.write({EventType::started, EventType::attention_raised});
  log.write({EventType::aborted});
  log.tell(feed);
  feed_all(feed, log);
  CHECK(all.take(log));
  CHECK(attention.take(log));
  CHECK(all.got == Seqs{2, 3, 4});
  CHECK(attention.got == Seqs{3});
  CHECK(attention.reader.place() == 4);
  CHECK(log.pages == 1);
}

TEST_CASE("what no reader wants is not read from the log", "[server][stream]") {
  Feed feed{RingLimits()};
  Log log;
  log.write({EventType::started});
  log.tell(feed);
  CHECK_FALSE(feed.begin_page());
  Client client(feed, log, types_of({EventType::attention_raised}), log.last());
  for (int i = 0; i < 100; ++i) log.write({EventType::started, EventType::committed});
  log.tell(feed);
  CHECK_FALSE(feed.begin_page());
  CHECK(feed.head() == log.last());
  log.write({EventType::attention_raised});
  log.tell(feed);
  feed_all(feed, log);
  CHECK(log.pages == 1);
  CHECK(client.take(log));
  CHECK(client.got == Seqs{log.last()});
}

TEST_CASE("a reader that resumes reads the log until it has reached the others", "[server][stream]") {
  Feed feed{RingLimits{.events = 10, .bytes = plenty}};
  Log log;
  Client first(feed, log, engine::EventTypes::all(), 0);
  for (int i = 0; i < 50; ++i) {
    log.write({EventType::started});
    log.tell(feed);
    feed_all(feed, log);
    CHECK(first.take(log));
  }
  Client late(feed, log, engine::EventTypes::all(), 7);
  CHECK(late.take(log, plenty, 5));
  CHECK(late.got.size() == 43);
  log.write({EventType::aborted});
  log.tell(feed);
  feed_all(feed, log);
  const int pages = log.pages;
  CHECK(late.take(log));
  CHECK(late.got == log.expected(late.types, 7));
  CHECK(log.pages == pages);
}

TEST_CASE("a reader that wants more than those before it misses nothing", "[server][stream]") {
  Feed feed{RingLimits()};
  Log log;
  Client narrow(feed, log, types_of({EventType::attention_raised}), 0);
  log.write({EventType::attention_raised});
  log.tell(feed);
  const auto after = feed.begin_page();
  REQUIRE(after);
  // Told while the page is read, wanted by nobody; then somebody comes who wants it.
  log.write({EventType::started});
  const auto page = log.page(*after, 1);
  log.tell(feed);
  Client wide(feed, log, engine::EventTypes::all(), 1);
  feed.page_read(page);
  feed_all(feed, log);
  CHECK(wide.take(log));
  CHECK(wide.got == Seqs{2});
  CHECK(narrow.take(log));
  CHECK(narrow.got == Seqs{1});
}

TEST_CASE("a reader that falls out of the ring is cut off, one that catches up is not", "[server][stream]") {
  Feed feed{RingLimits{.events = 10, .bytes = plenty}};
  Log log;
  log.write({EventType::started});
  log.tell(feed);
  Client slow(feed, log, engine::EventTypes::all(), log.last());
  Client coming(feed, log, engine::EventTypes::all(), 0);
  CHECK(slow.take(log));
  for (int i = 0; i < 11; ++i) log.write({EventType::started});
  log.tell(feed);
  feed_all(feed, log);
  CHECK_FALSE(slow.take(log));
  CHECK(coming.take(log, plenty, 3));
  CHECK(coming.got == log.expected(coming.types, 0));
}

TEST_CASE("the ring of the stream is bounded in bytes, too", "[server][stream]") {
  EventRing ring(RingLimits{.events = 1'000, .bytes = 100});
  for (int i = 1; i <= 20; ++i) ring.append(i, EventType::started, std::string(30, 'x'));
  CHECK(ring.bytes() <= 100);
  CHECK(ring.size() == 3);
  CHECK(ring.floor() == 17);
  ring.append(21, EventType::started, std::string(500, 'x'));
  CHECK(ring.size() == 1);
  std::string out;
  const auto taken = ring.take(0, engine::EventTypes::all(), 10, out);
  CHECK(out.size() == 500);
  CHECK(taken.up_to == 21);
}

TEST_CASE("a reader is given a chunk at a time", "[server][stream]") {
  Feed feed{RingLimits()};
  Log log;
  Client client(feed, log, engine::EventTypes::all(), 0);
  for (int i = 0; i < 100; ++i) log.write({EventType::started});
  log.tell(feed);
  feed_all(feed, log);
  std::string out;
  CHECK(client.reader.next(1'000, out) == FeedReader::Next::send);
  CHECK(out.size() < 1'500);
  CHECK(client.reader.place() == ids(out).back());
}

TEST_CASE("what a failed commit may have written is looked for in the log", "[server][stream]") {
  Feed feed{RingLimits()};
  Log log;
  Client client(feed, log, types_of({EventType::aborted}), 0);
  log.write({EventType::aborted});
  log.lose_next(feed);
  REQUIRE(feed.begin_page());
  feed.page_failed();
  feed_all(feed, log);
  CHECK(client.take(log));
  CHECK(client.got == Seqs{1});
  CHECK_FALSE(feed.begin_page());
}

TEST_CASE("what is told out of order is looked for in the log", "[server][stream]") {
  Feed feed{RingLimits()};
  Log log;
  Client client(feed, log, types_of({EventType::aborted}), 0);
  log.write({EventType::aborted});
  log.write({EventType::started});
  engine::DurableEvents second;
  second.first_seq = 2;
  second.last_seq = 2;
  second.types.add(EventType::started);
  feed.durable(second);
  feed_all(feed, log);
  log.tell_next(feed);
  CHECK(client.take(log));
  CHECK(client.got == Seqs{1});
}

TEST_CASE("readers of the stream get each event exactly once, whatever comes between", "[server][stream]") {
  constexpr std::array all_types{EventType::started, EventType::aborted, EventType::attention_raised, EventType::committed};
  std::size_t received = 0;
  std::size_t cut_off = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto roll = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
    Feed feed{RingLimits{.events = static_cast<std::size_t>(2 + roll(20)), .bytes = plenty}};
    Log log;
    std::vector<std::unique_ptr<Client>> clients;
    std::optional<engine::EventPage> page_on_its_way;
    const auto check = [&](const Client& client, bool is_whole) {
      Seqs expected = log.expected(client.types, client.after);
      if (!is_whole) expected.resize(std::min(expected.size(), client.got.size()));
      CHECK(client.got == expected);
      received += client.got.size();
    };
    const auto take = [&](std::size_t index) {
      if (clients[index]->take(log, static_cast<std::size_t>(1 + roll(2'000)), static_cast<std::size_t>(1 + roll(10)))) return;
      ++cut_off;
      check(*clients[index], false);
      clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(index));
    };
    for (int step = 0; step < 300; ++step) {
      switch (roll(7)) {
        case 0:
        case 1: {
          std::vector<EventType> types;
          for (int i = roll(4); i >= 0; --i) types.push_back(all_types[static_cast<std::size_t>(roll(4))]);
          log.write(types);
          break;
        }
        case 2:
          if (log.has_untold() && roll(10) == 0) {
            log.lose_next(feed);
          } else if (log.has_untold()) {
            log.tell_next(feed);
          }
          break;
        case 3:
          if (page_on_its_way) {
            feed.page_read(*page_on_its_way);
            page_on_its_way.reset();
          } else if (const auto after = feed.begin_page()) {
            if (roll(8) == 0) {
              feed.page_failed();
            } else {
              page_on_its_way = log.page(*after, static_cast<std::size_t>(1 + roll(5)));
            }
          }
          break;
        case 4:
          if (clients.size() < 4) {
            engine::EventTypes types;
            for (const EventType type : all_types) {
              if (roll(2) == 0) types.add(type);
            }
            const std::int64_t after = roll(2) == 0 ? log.last() : roll(static_cast<int>(log.last()) + 1);
            clients.push_back(std::make_unique<Client>(feed, log, types, after));
          } else if (roll(3) == 0) {
            check(*clients.front(), false);
            clients.erase(clients.begin());
          }
          break;
        default:
          if (!clients.empty()) take(static_cast<std::size_t>(roll(static_cast<int>(clients.size()))));
      }
    }
    if (page_on_its_way) feed.page_read(*page_on_its_way);
    log.tell(feed);
    while (!clients.empty()) {
      // Each takes what there is after every page: nobody is too slow any more.
      bool is_done = true;
      for (std::size_t i = clients.size(); i > 0; --i) take(i - 1);
      if (const auto after = feed.begin_page()) {
        feed.page_read(log.page(*after, 1));
        is_done = false;
      }
      if (!is_done) continue;
      for (std::size_t i = clients.size(); i > 0; --i) take(i - 1);
      for (const auto& client : clients) check(*client, true);
      clients.clear();
    }
  }
  CHECK(received > 10'000);
  CHECK(cut_off > 20);
}

TEST_CASE("a reader that catches up is told of what retention removed before it came there", "[stream]") {
  Feed feed({100, plenty});
  Log log;
  log.write({EventType::started, EventType::aborted, EventType::started, EventType::aborted, EventType::started});
  log.tell(feed);
  FeedReader reader(feed, engine::EventTypes::all(), 1, log.last(), 2);
  auto page = log.page(1, 1);
  page.complete_from = 2;
  std::string out;
  reader.log_read(page, out);
  CHECK(out.find("event: gap") == std::string::npos);
  CHECK(ids(out) == Seqs{2});
  // While it was sent this, what it had not seen yet up to 4 was removed.
  page = log.page(4, 100);
  page.complete_from = 5;
  out.clear();
  reader.log_read(page, out);
  CHECK(out.starts_with("id: 2\nevent: gap\ndata: {\"after\":2,\"complete_from\":5}\n\n"));
  CHECK(ids(out) == Seqs{2, 5});
  // Once: and what was removed behind its back is none of its business.
  page.complete_from = 6;
  out.clear();
  reader.log_read(page, out);
  CHECK(out.empty());
}

TEST_CASE("a reader whose next events were removed before they were read is cut off", "[stream]") {
  Feed feed({100, plenty});
  Log log;
  Client client(feed, log, engine::EventTypes::all(), 0);
  log.write({EventType::started});
  log.tell(feed);
  feed_all(feed, log);
  CHECK(client.take(log));
  CHECK(client.got == Seqs{1});
  log.write({EventType::started, EventType::aborted});
  log.tell(feed);
  REQUIRE(feed.begin_page() == 1);
  engine::EventPage page;
  page.up_to = 3;
  page.complete_from = 4;
  CHECK(feed.page_read(page));
  CHECK_FALSE(client.take(log));
  CHECK(client.got == Seqs{1});
}

TEST_CASE("a doubt that arises while a page is read is not settled by that page", "[stream]") {
  Feed feed({100, plenty});
  Log log;
  Client client(feed, log, engine::EventTypes::all(), 0);
  log.write({EventType::started});
  log.tell(feed);
  const auto after = feed.begin_page();
  REQUIRE(after);
  const auto page = log.page(*after, 100);
  log.write({EventType::aborted});
  log.lose_next(feed);
  feed.page_read(page);
  feed_all(feed, log);
  CHECK(client.take(log));
  CHECK(client.got == Seqs{1, 2});
  CHECK_FALSE(feed.begin_page());
}
