#include "coordinator/server/stream/event_ring.hpp"

#include <algorithm>
#include <utility>

#include "protocol/assert.hpp"

namespace escrow::server {

void EventRing::append(std::int64_t seq, protocol::EventType type, std::string frame, std::string whole) {
  ESCROW_ASSERT(frames_.empty() || frames_.back().seq < seq);
  frames_.push_back({seq, type, std::move(frame), std::move(whole)});
  bytes_ += frames_.back().size();
  while (frames_.size() > 1 && (frames_.size() > limits_.events || bytes_ > limits_.bytes)) {
    floor_ = frames_.front().seq;
    bytes_ -= frames_.front().size();
    frames_.pop_front();
  }
}

void EventRing::lose(std::int64_t up_to) {
  while (!frames_.empty() && frames_.front().seq <= up_to) {
    bytes_ -= frames_.front().size();
    frames_.pop_front();
  }
  floor_ = std::max(floor_, up_to);
}

void EventRing::clear() {
  frames_.clear();
  bytes_ = 0;
  floor_ = 0;
}

EventRing::Taken EventRing::take(std::int64_t after, const engine::EventTypes& types, std::size_t most, std::string& out,
                                 bool sees_words) const {
  Taken taken;
  taken.up_to = after;
  auto frame = std::ranges::upper_bound(frames_, after, {}, &Frame::seq);
  for (; frame != frames_.end(); ++frame) {
    if (out.size() >= most) {
      taken.is_full = true;
      break;
    }
    taken.up_to = frame->seq;
    if (!types.contains(frame->type)) continue;
    out.append(sees_words && !frame->whole.empty() ? frame->whole : frame->text);
    ++taken.events;
  }
  return taken;
}

}  // namespace escrow::server
