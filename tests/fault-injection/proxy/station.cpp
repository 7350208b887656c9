#include "tests/fault-injection/proxy/station.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace escrow::proxy {

using boost::asio::ip::tcp;

Result<tcp::endpoint> endpoint_of(boost::asio::io_context& io, const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const auto fault = [&](const std::string& why) { return Error{std::make_error_code(std::errc::invalid_argument), text + ": " + why}; };
  if (colon == std::string::npos) return fault("no HOST:PORT");
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  tcp::resolver resolver(io);
  boost::system::error_code why;
  const auto found = resolver.resolve(host, text.substr(colon + 1), tcp::resolver::numeric_service, why);
  if (why) return fault(why.message());
  return found.begin()->endpoint();
}

Station::Station(boost::asio::io_context& io, RulesFile file, Limits limits, std::size_t remembered)
    : io_(io), limits_(limits), rules_(file.seed), ledger_(remembered), first_(std::move(file.set)), swizzle_timer_(io) {
  for (const LinkOptions& link : file.links) {
    const auto listen = endpoint_of(io, link.listen);
    const auto to = endpoint_of(io, link.to);
    if (!listen || !to) throw std::runtime_error("link " + link.name + ": " + (listen ? to : listen).error().detail);
    links_.emplace(link.name, std::make_unique<Link>(*this, link.name, *listen, *to));
  }
}

Station::~Station() = default;

Result<void> Station::open() {
  for (const auto& [name, link] : links_) {
    if (auto opened = link->open(); !opened) return opened;
  }
  add(std::move(first_));
  return {};
}

void Station::stop() {
  is_stopping_ = true;
  heal();
  for (const auto& [name, link] : links_) link->stop();
  bell_.ring();
}

void Station::add(RuleSet set) {
  for (Rule& rule : set.rules) rules_.add(std::move(rule), ledger_.next());
  if (set.swarm) rules_.set_swarm(std::move(set.swarm));
  if (set.swizzle) {
    swizzle_ = std::move(set.swizzle);
    run_swizzle();
  }
  rules_changed();
}

void Station::replace(RuleSet set) {
  heal();
  add(std::move(set));
}

bool Station::remove(const std::string& name) {
  const bool found = rules_.remove(name);
  rules_changed();
  return found;
}

void Station::heal() {
  rules_.clear();
  swizzle_.reset();
  swizzle_timer_.cancel();
  for (const auto& [name, link] : links_) link->set_clogged(false);
  rules_changed();
}

void Station::signal(const std::string& name) { record("signal", nullptr, name); }

void Station::rules_changed() {
  for (const auto& [name, link] : links_) link->rules_changed();
  record("rules", nullptr);
}

void Station::record(std::string what, std::shared_ptr<const Call> call, std::string note, int status, std::size_t bytes) {
  ledger_.add(std::move(what), std::move(call), std::move(note), status, bytes);
  bell_.ring();
}

Link* Station::link_named(const std::string& name) {
  const auto found = links_.find(name);
  return found == links_.end() ? nullptr : found->second.get();
}

bool Station::take_place() {
  if (places_ >= limits_.connections) return false;
  ++places_;
  return true;
}

void Station::give_place_back() {
  --places_;
  if (is_stopping_) return;
  for (const auto& [name, link] : links_) link->place_is_free();
}

void Station::run_swizzle() { step_swizzle(0); }

/// The first half of the steps of a round stops a link each, the second half lets one go each; who is when is drawn anew in each round.
void Station::step_swizzle(std::size_t step) {
  std::vector<std::string> names = swizzle_->links;
  if (names.empty()) {
    for (const auto& [name, link] : links_) names.push_back(name);
  }
  if (names.empty() || step >= 2 * names.size() * static_cast<std::size_t>(swizzle_->rounds)) return;
  const std::size_t round = step / (2 * names.size());
  const std::size_t place = step % (2 * names.size());
  const bool stops = place < names.size();
  std::ranges::sort(names, {}, [&](const std::string& name) {
    return Hash().add(rules_.seed()).add(stops ? "stop" : "go").add(round).add(name).value();
  });
  const std::string& name = names[place % names.size()];
  if (Link* link = link_named(name)) link->set_clogged(stops);
  record("link", nullptr, name + (stops ? " stops" : " goes on"));
  swizzle_timer_.expires_after(place + 1 == names.size() ? swizzle_->hold : swizzle_->every);
  swizzle_timer_.async_wait([this, step](const boost::system::error_code& fault) {
    if (!fault && swizzle_) step_swizzle(step + 1);
  });
}

}  // namespace escrow::proxy
