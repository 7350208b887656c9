#include "tests/fault-injection/proxy/rulebook.hpp"

#include <algorithm>
#include <utility>

namespace escrow::proxy {

void Rulebook::add(Rule rule, std::uint64_t since) { active_.push_back({std::move(rule), ++last_number_, since, 0, 0}); }

void Rulebook::set_swarm(std::optional<SwarmOptions> options) {
  swarm_.reset();
  if (options) swarm_.emplace(std::move(*options));
}

bool Rulebook::remove(const std::string& name) {
  return std::erase_if(active_, [&](const Active& one) { return one.rule.name == name; }) > 0;
}

void Rulebook::clear() {
  active_.clear();
  swarm_.reset();
}

bool Rulebook::strikes(Active& one, const Call& call) const {
  const std::int64_t number = one.matched++;
  if (number < one.rule.skip || (one.rule.times && one.struck >= *one.rule.times)) return false;
  if (one.rule.probability >= 1) return true;
  const std::uint64_t drawn = Hash()
                                  .add(seed_)
                                  .add(one.rule.name)
                                  .add(call.gid)
                                  .add(call.branch)
                                  .add(call.operation)
                                  .add(static_cast<std::uint64_t>(number))
                                  .value();
  return static_cast<double>(drawn >> 11U) * 0x1.0p-53 < one.rule.probability;
}

Chosen Rulebook::choose(const Call& call) {
  Chosen chosen;
  for (Active& one : active_) {
    if (one.rule.action.is_of_links() || !fits(one.rule.match, call)) continue;
    // Those behind the one that strikes count the request, too: the second commit is the second one, whatever befell the first.
    if (!strikes(one, call) || chosen.rule != 0) continue;
    ++one.struck;
    chosen = {one.rule.name, one.number, one.since, one.rule.action};
  }
  if (chosen.rule == 0 && swarm_) {
    if (auto drawn = swarm_->draw(call)) {
      chosen.name = "swarm: " + std::string(name_of(drawn->first));
      chosen.action = std::move(drawn->second);
    }
  }
  return chosen;
}

bool Rulebook::is_in_force(std::uint64_t rule) const {
  return std::ranges::any_of(active_, [rule](const Active& one) { return one.number == rule; });
}

bool Rulebook::refuses(const std::string& link) const {
  return std::ranges::any_of(active_,
                             [&](const Active& one) { return one.rule.action.refuses && fits(one.rule.match.link.value_or("*"), link); });
}

bool Rulebook::swallows(const std::string& link) const {
  return std::ranges::any_of(active_,
                             [&](const Active& one) { return one.rule.action.swallows && fits(one.rule.match.link.value_or("*"), link); });
}

std::vector<Rulebook::Use> Rulebook::uses() const {
  std::vector<Use> all;
  for (const Active& one : active_) all.push_back({one.rule.name, one.matched, one.struck});
  return all;
}

}  // namespace escrow::proxy
