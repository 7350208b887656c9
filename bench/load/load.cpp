#include "bench/load/load.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

namespace escrow::bench {
namespace {

constexpr auto slot = std::chrono::milliseconds(100);
constexpr auto pause_after_failure = std::chrono::milliseconds(10);
/// An open loop remembers this many arrivals that found no idle client; what is beyond is dropped and counted.
constexpr std::size_t longest_queue = 100'000;

Clock::duration seconds(double count) { return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count)); }

double own_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

}  // namespace

Load::Load(const Options& options) : options_(options), requests_(requests_for(options_)) {
  for (int i = 0; i < options_.clients; ++i) {
    initiators_.push_back(std::make_unique<Initiator>(poller_, options_, *requests_, static_cast<Initiator::Listener&>(*this)));
  }
}

Result Load::run() {
  begin_ = Clock::now();
  measured_from_ = begin_ + seconds(options_.warmup_s);
  end_ = measured_from_ + seconds(options_.seconds);
  double cpu_before = 0;
  poller_.at(measured_from_, [&] { cpu_before = own_cpu_s(); });
  poller_.at(end_, [&] {
    result_.cpu_s = own_cpu_s() - cpu_before;
    ending_ = true;
    waiting_.clear();
    if (in_hand_ == 0) poller_.stop();
  });
  poller_.at(end_ + seconds(options_.drain_s), [this] { poller_.stop(); });
  for (const auto& initiator : initiators_) {
    if (options_.rate > 0) {
      idle_.push_back(initiator.get());
    } else {
      start_next(*initiator, begin_);
    }
  }
  if (options_.rate > 0) arrive();
  poller_.run();
  if (!ending_) result_.cpu_s = own_cpu_s() - cpu_before;
  // Earlier than planned where all transactions wanted have ended.
  result_.seconds = std::min(options_.seconds, std::chrono::duration<double>(Clock::now() - measured_from_).count());
  result_.begun = started_;
  result_.unended = static_cast<std::uint64_t>(in_hand_);
  return result_;
}

std::string Load::next_gid() { return fmt::format("{}{:010d}", options_.gid_prefix, started_++); }

void Load::start_next(Initiator& initiator, Clock::time_point since) {
  if (!may_begin()) {
    if (in_hand_ == 0) poller_.stop();
    return;
  }
  // Spread evenly, so that every part of the run holds its share.
  aborts_owed_ += options_.abort_fraction;
  const bool aborts = aborts_owed_ >= 1;
  if (aborts) aborts_owed_ -= 1;
  ++in_hand_;
  initiator.start(next_gid(), aborts, since);
}

void Load::arrive() {
  const auto now = Clock::now();
  while (!ending_) {
    const auto due = begin_ + seconds(static_cast<double>(arrived_) / options_.rate);
    if (due > now) {
      poller_.at(due, [this] { arrive(); });
      return;
    }
    ++arrived_;
    if (!idle_.empty()) {
      Initiator* const initiator = idle_.back();
      idle_.pop_back();
      start_next(*initiator, due);
    } else if (waiting_.size() < longest_queue) {
      waiting_.push_back(due);
    } else {
      ++result_.dropped;
    }
  }
}

void Load::count(Ending ending, Clock::time_point now, const Initiator& initiator) {
  if (ending == Ending::wrong) ++result_.wrong;
  const bool well = ending != Ending::wrong && ending != Ending::refused;
  if (well) {
    const auto index = static_cast<std::size_t>((now - begin_) / slot);
    if (result_.ended_per_slot.size() <= index) result_.ended_per_slot.resize(index + 1);
    ++result_.ended_per_slot[index];
  }
  if (now < measured_from_ || now > end_) return;
  switch (ending) {
    case Ending::committed: ++result_.committed; break;
    case Ending::aborted: ++result_.aborted; break;
    case Ending::started: ++result_.started; break;
    case Ending::refused: ++result_.refused; break;
    case Ending::wrong: break;
  }
  if (!well) return;
  const auto us_since = [now](Clock::time_point then) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - then).count());
  };
  result_.latency.record(us_since(initiator.since()));
  result_.served.record(us_since(initiator.begun()));
}

void Load::ended(Initiator& initiator, Ending ending) {
  const auto now = Clock::now();
  count(ending, now, initiator);
  --in_hand_;
  if (ending_) {
    if (in_hand_ == 0) poller_.stop();
    return;
  }
  if (options_.rate > 0) {
    if (waiting_.empty()) {
      idle_.push_back(&initiator);
      return;
    }
    const auto since = waiting_.front();
    waiting_.pop_front();
    start_next(initiator, since);
  } else if (ending == Ending::wrong || ending == Ending::refused) {
    // A coordinator that is gone must not become a busy loop.
    poller_.at(now + pause_after_failure, [this, &initiator] {
      if (!ending_) start_next(initiator, Clock::now());
    });
  } else {
    start_next(initiator, now);
  }
}

}  // namespace escrow::bench
