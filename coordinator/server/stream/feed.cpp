#include "coordinator/server/stream/feed.hpp"

#include <algorithm>
#include <utility>

#include "coordinator/server/stream/sse.hpp"
#include "protocol/assert.hpp"

namespace escrow::server {

void Feed::durable(const engine::DurableEvents& events) {
  if (!events.is_certain) {
    is_uncertain_ = true;
    is_doubt_new_ = is_reading_;
    return;
  }
  // Told late: a page that was read in the meantime had it already, or a reader began behind it.
  if (events.last_seq <= durable_until_) return;
  // Something in between was not told, or will be told later: the log knows.
  const bool is_next = events.first_seq == durable_until_ + 1;
  durable_until_ = events.last_seq;
  if (!is_next || wanted_.intersects(events.types)) read_until_ = durable_until_;
  skip_unwanted();
}

void Feed::skip_unwanted() {
  if (readers_.empty()) {
    is_uncertain_ = false;
    read_until_ = head_;
  }
  if (!is_uncertain_ && read_until_ <= head_) head_ = std::max(head_, durable_until_);
}

std::optional<std::int64_t> Feed::begin_page() {
  if (!wants_page()) return std::nullopt;
  is_reading_ = true;
  return head_;
}

void Feed::page_failed() {
  is_reading_ = false;
  is_doubt_new_ = false;
}

bool Feed::page_read(const engine::EventPage& page) noexcept {
  ESCROW_ASSERT(is_reading_);
  is_reading_ = false;
  bool is_new = false;
  // Removed before it was read: whoever is at the head misses it.
  if (page.complete_from > head_ + 1) {
    ring_.lose(page.complete_from - 1);
    is_new = true;
  }
  for (const store::StoredEvent& event : page.events) {
    // Those who joined while it was read are served, too; if all have left, nothing is kept.
    if (!wanted_.contains(event.event.type)) continue;
    std::string frame;
    std::string whole;
    sse::append_event(frame, event, hides_words_);
    if (hides_words_) sse::append_event(whole, event, false);
    if (whole == frame) whole.clear();
    ring_.append(event.seq, event.event.type, std::move(frame), std::move(whole));
    is_new = true;
  }
  head_ = std::max(head_, page.up_to);
  is_uncertain_ = is_uncertain_ && (page.has_more || is_doubt_new_);
  is_doubt_new_ = false;
  skip_unwanted();
  return is_new;
}

void Feed::join(FeedReader& reader, std::int64_t last) {
  if (readers_.empty()) {
    head_ = std::max(head_, last);
    durable_until_ = std::max(durable_until_, last);
  }
  readers_.push_back(&reader);
  wanted_.add(reader.types_);
  reader.ring_from_ = head_;
  // What nobody wanted so far has been told and not been read: now somebody does.
  read_until_ = std::max(read_until_, durable_until_);
  skip_unwanted();
}

void Feed::leave(FeedReader& reader) {
  readers_.remove(&reader);
  wanted_ = engine::EventTypes();
  for (const FeedReader* other : readers_) wanted_.add(other->types_);
  if (readers_.empty()) ring_.clear();
  skip_unwanted();
}

FeedReader::FeedReader(Feed& feed, engine::EventTypes types, std::int64_t after, std::int64_t last, std::int64_t complete_from,
                       bool sees_words)
    : feed_(feed), types_(types), sees_words_(sees_words), place_(after), complete_from_(complete_from) {
  feed_.join(*this, last);
}

FeedReader::~FeedReader() { feed_.leave(*this); }

FeedReader::Next FeedReader::next(std::size_t most, std::string& out) {
  const bool fell_out = place_ < feed_.ring_.floor();
  if (fell_out && is_live_) return Next::cut_off;
  if (fell_out || place_ < ring_from_) return Next::read_log;
  is_live_ = true;
  const auto taken = feed_.ring_.take(place_, types_, most, out, sees_words_);
  events_ += taken.events;
  place_ = taken.is_full ? taken.up_to : std::max(place_, feed_.head());
  return taken.events > 0 ? Next::send : Next::wait;
}

void FeedReader::log_read(const engine::EventPage& page, std::string& out) {
  if (page.complete_from > std::max(complete_from_, place_ + 1)) sse::append_gap(out, place_, page.complete_from, place_);
  complete_from_ = std::max(complete_from_, page.complete_from);
  for (const store::StoredEvent& event : page.events) {
    if (event.seq <= place_ || !types_.contains(event.event.type)) continue;
    sse::append_event(out, event, feed_.hides_words_ && !sees_words_);
    ++events_;
  }
  place_ = std::max(place_, page.up_to);
}

}  // namespace escrow::server
