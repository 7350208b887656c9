#include "coordinator/transport/strangers.hpp"

#include <algorithm>
#include <vector>

namespace escrow::transport {
namespace {

constexpr std::size_t network_bytes = 8;

}  // namespace

std::string neighbourhood_of(const boost::asio::ip::address& address) {
  if (!address.is_v6()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  std::fill(bytes.begin() + network_bytes, bytes.end(), std::uint8_t{0});
  return boost::asio::ip::address_v6(bytes).to_string();
}

void Strangers::Place::take(Stranger& stranger, const std::string& neighbourhood) {
  leave();
  neighbourhood_ = neighbourhood;
  std::list<Stranger*>& there = all_.by_neighbourhood_[neighbourhood_];
  at_ = there.insert(there.end(), &stranger);
  ++all_.size_;
}

void Strangers::Place::leave() {
  if (!at_) return;
  const auto there = all_.by_neighbourhood_.find(neighbourhood_);
  there->second.erase(*at_);
  at_.reset();
  --all_.size_;
  if (there->second.empty()) all_.by_neighbourhood_.erase(there);
}

bool Strangers::make_room() {
  // Those being handled are few and stay; the next most crowded place is looked at only where all of one are.
  std::vector<const std::list<Stranger*>*> crowds;
  crowds.reserve(by_neighbourhood_.size());
  for (const auto& [neighbourhood, strangers] : by_neighbourhood_) crowds.push_back(&strangers);
  std::ranges::make_heap(crowds, {}, [](const auto* strangers) { return strangers->size(); });
  while (!crowds.empty()) {
    const std::list<Stranger*>& strangers = *crowds.front();
    // It leaves at once, and with it the list may go.
    for (Stranger* const stranger : strangers) {
      if (stranger->make_room()) return true;
    }
    std::ranges::pop_heap(crowds, {}, [](const auto* others) { return others->size(); });
    crowds.pop_back();
  }
  return false;
}

}  // namespace escrow::transport
