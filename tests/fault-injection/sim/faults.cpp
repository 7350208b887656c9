#include "tests/fault-injection/sim/faults.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "protocol/assert.hpp"

namespace escrow::sim {
namespace {

struct Declared {
  Point point;
  FaultPoint described;
};

constexpr std::array<Declared, fault_points> declared{{
    {Point::coordinator_crash, {"coordinator.crash", 0.005}},
    {Point::coordinator_crash_kept, {"coordinator.crash_kept", 0.002}},
    {Point::coordinator_crash_at_start, {"coordinator.crash_at_start", 0.02}},
    {Point::coordinator_pause, {"coordinator.pause", 0.003}},
    {Point::coordinator_drain, {"coordinator.drain", 0.003}},
    {Point::amnesia, {"coordinator.amnesia", 0.03}},
    {Point::clock_forward, {"clock.forward", 0.15}},
    {Point::clock_back, {"clock.back", 0.15}},
    {Point::store_unavailable, {"store.unavailable", 0.02}},
    {Point::store_overloaded, {"store.overloaded", 0.03}},
    {Point::store_unknown_applied, {"store.unknown_applied", 0.015}},
    {Point::store_unknown_lost, {"store.unknown_lost", 0.015}},
    {Point::store_slow, {"store.slow", 0.05}},
    {Point::store_read_failed, {"store.read_failed", 0.02}},
    {Point::write_survives_crash, {"store.write_survives_crash", 0.3}},
    {Point::row_damaged, {"store.row_damaged", 0.002}},
    {Point::row_retired, {"store.row_retired", 0.03}},
    {Point::conflict, {"store.conflict", 0.01}},
    {Point::lost_write_returns, {"store.lost_write_returns", 0.3}},
    {Point::late_write, {"store.late_write", 0.4}},
    {Point::service_down, {"net.service_down", 0.12}},
    {Point::service_silent, {"net.service_silent", 0.12}},
    {Point::service_deaf, {"net.service_deaf", 0.1}},
    {Point::request_reset, {"net.request_reset", 0.03}},
    {Point::request_lost, {"net.request_lost", 0.03}},
    {Point::answer_lost, {"net.answer_lost", 0.05}},
    {Point::delivered_late, {"net.delivered_late", 0.03}},
    {Point::duplicated_now, {"net.duplicated_now", 0.04}},
    {Point::duplicated_late, {"net.duplicated_late", 0.04}},
    {Point::slow_link, {"net.slow_link", 0.06}},
    {Point::garbled_answer, {"net.garbled_answer", 0.02}},
    {Point::proxy_before, {"net.proxy_before", 0.02}},
    {Point::proxy_after, {"net.proxy_after", 0.02}},
    {Point::participant_crash_before, {"participant.crash_before", 0.02}},
    {Point::participant_crash_after, {"participant.crash_after", 0.02}},
    {Point::participant_busy, {"participant.busy", 0.04}},
    {Point::participant_in_progress, {"participant.in_progress", 0.04}},
    {Point::participant_overloaded, {"participant.overloaded", 0.02}},
    {Point::participant_too_many, {"participant.too_many", 0.02}},
    {Point::participant_failed, {"participant.failed", 0.03}},
    {Point::refused_forward, {"participant.refused_forward", 0.08}},
    {Point::refused_final, {"participant.refused_final", 0.06}},
    {Point::api_request_lost, {"api.request_lost", 0.05}},
    {Point::api_answer_lost, {"api.answer_lost", 0.06}},
    {Point::api_duplicated, {"api.duplicated", 0.06}},
    {Point::api_duplicated_late, {"api.duplicated_late", 0.05}},
    {Point::client_dies, {"client.dies", 0.03}},
    {Point::client_choice, {"client.choice", 0}},
    {Point::operator_word, {"operator.word", 0}},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < declared.size(); ++i) {
    if (declared[i].point != static_cast<Point>(i)) return false;
  }
  return true;
}
static_assert(in_order(), "the table is indexed by point");

constexpr std::uint64_t swarm = 0x5a7a;

/// What draws are keyed with: points that came later have numbers of their own, so that what is drawn for the others stays as it was.
constexpr std::uint64_t key_of(Point point) {
  constexpr auto first_later = static_cast<std::uint64_t>(Point::conflict);
  constexpr std::uint64_t later = 3;
  const auto place = static_cast<std::uint64_t>(point);
  if (place < first_later) return place;
  return place < first_later + later ? 1'000 + place : place - later;
}

constexpr std::uint64_t count_bits = 0xfffff;

/// `draw >> 11 < threshold_of(p)` says the same as `fraction(draw) < p`.
std::uint64_t threshold_of(double probability) { return static_cast<std::uint64_t>(std::ceil(probability * 0x1.0p53)); }

}  // namespace

const FaultPoint& describe(Point point) {
  ESCROW_ASSERT(static_cast<std::size_t>(point) < fault_points);
  return declared[static_cast<std::size_t>(point)].described;
}

Faults::Faults(std::uint64_t seed) : seed_(seed) {
  for (std::size_t i = 0; i < fault_points; ++i) {
    Dice dice(seed, swarm, {.operation = static_cast<int>(key_of(static_cast<Point>(i)))});
    const bool off = dice.chance(0.25);
    const double scale = 3.0 * fraction(dice.draw());
    thresholds_[i] = off ? 0 : threshold_of(declared[i].described.weight * scale);
  }
}

Faults::Faults(std::uint64_t seed, Script script)
    : seed_(seed), scripted_(true), plain_(script.plain), script_(std::move(script.faults)), fate_(std::move(script.fate)) {}

std::uint64_t Faults::draw_of(Point point, std::uint64_t packed, std::uint32_t occurrence) const {
  return mixed(mixed(seed_, key_of(point) + 1), mixed(packed, occurrence));
}

std::uint64_t& Faults::slot_of(std::uint64_t hash) {
  std::size_t place = hash >> shift_;
  while (occasions_[place] != 0 && ((occasions_[place] ^ hash) & ~count_bits) != 0) place = (place + 1) & (occasions_.size() - 1);
  return occasions_[place];
}

void Faults::grow() {
  constexpr std::size_t smallest = 2048;
  std::vector<std::uint64_t> old(std::max(smallest, occasions_.size() * 2));
  old.swap(occasions_);
  shift_ = 64U - static_cast<unsigned>(std::countr_zero(occasions_.size()));
  for (const std::uint64_t slot : old) {
    if (slot != 0) slot_of(slot) = slot;
  }
}

std::uint32_t Faults::occasion(Point point, std::uint64_t packed) {
  if (used_ * 2 >= occasions_.size()) grow();
  // Never 0, which marks a free slot.
  const std::uint64_t hash = mixed(packed + static_cast<std::uint64_t>(point) * 0x9e3779b97f4a7c15U) | (count_bits + 1);
  std::uint64_t& slot = slot_of(hash);
  if (slot == 0) {
    slot = hash & ~count_bits;
    ++used_;
  }
  return static_cast<std::uint32_t>(slot++ & count_bits);
}

bool Faults::is_in_script(const Fired& fault) const {
  return std::ranges::any_of(script_, [&](const Fired& scripted) {
    if (scripted.point != fault.point) return false;
    if (!scripted.until_healed) return scripted.identity == fault.identity && scripted.occurrence == fault.occurrence;
    const Identity& one = scripted.identity;
    const Identity& other = fault.identity;
    const bool same_owner = one.transaction == other.transaction && one.branch == other.branch && one.operation == other.operation;
    // The place among a step's effects may be another one later; that of an outage is the service.
    const bool is_outage = fault.point == Point::service_down || fault.point == Point::service_silent || fault.point == Point::service_deaf;
    const bool same = same_owner && (!is_outage || one.place == other.place);
    // Later: a later attempt, or a later occasion of the same one.
    return !calm_ && same && (other.attempt > one.attempt || (one.attempt == other.attempt && fault.occurrence >= scripted.occurrence));
  });
}

bool Faults::is_scripted(const Fired& occasion, bool may_be_asked) {
  if (is_in_script(occasion)) return true;
  if (!fate_ || !may_be_asked) return false;
  const Fate fate = fate_(occasion.point);
  if (fate == Fate::passes) return false;
  script_.push_back(occasion);
  script_.back().until_healed = fate == Fate::strikes_until_healed && is_fault(occasion.point);
  return true;
}

bool Faults::chooses(Point point, Identity identity, double probability) {
  const std::uint64_t packed = identity.packed();
  const std::uint32_t occurrence = occasion(point, packed);
  const Fired choice{point, identity, occurrence};
  if (scripted_ ? !is_scripted(choice, true) : fraction(draw_of(point, packed, occurrence)) >= probability) return false;
  fired_.push_back(choice);
  return true;
}

bool Faults::fires(Point point, Identity identity) {
  const std::uint64_t threshold = thresholds_[static_cast<std::size_t>(point)];
  // What can't fire for the rest of the run need not be counted, unless somebody wants to know all occasions.
  if (!scripted_ && (calm_ || (threshold == 0 && !keeps_occasions_))) return false;
  const std::uint64_t packed = identity.packed();
  const std::uint32_t occurrence = occasion(point, packed);
  const Fired fault{point, identity, occurrence};
  if (keeps_occasions_ && !calm_) kept_occasions_.push_back(fault);
  if (scripted_) {
    if (!is_scripted(fault, !calm_)) return false;
    occasions_before_last_ = kept_occasions_.size();
  } else if (draw_of(point, packed, occurrence) >> 11U >= threshold) {
    return false;
  }
  fired_.push_back(fault);
  return true;
}

std::uint64_t Faults::draw(Point point, Identity identity) {
  // Odd, no multiple of 3 or 5, and in the middle as a fraction.
  if (plain_) return 0x8000000000000001U;
  const std::uint64_t packed = identity.packed();
  return draw_of(point, packed, occasion(point, packed));
}

}  // namespace escrow::sim
