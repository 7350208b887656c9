#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/fault-injection/proxy/call.hpp"
#include "tests/fault-injection/proxy/rule.hpp"
#include "tests/fault-injection/proxy/swarm.hpp"

/// The rules that are in force, and how often each has been used.
namespace escrow::proxy {

/// What happens to one request.
struct Chosen {
  /// The rule, or `swarm:` and the kind; empty: nothing.
  std::string name;
  /// Which rule, as long as it is in force; 0: none.
  std::uint64_t rule = 0;
  /// The entry of the ledger with which the rule began.
  std::uint64_t since = 0;
  Action action;
};

class Rulebook {
 public:
  explicit Rulebook(std::uint64_t seed) : seed_(seed) {}

  /// In force from entry `since` on, behind those that are there.
  void add(Rule rule, std::uint64_t since);
  void set_swarm(std::optional<SwarmOptions> options);
  /// False: there is none of that name.
  bool remove(const std::string& name);
  /// No rule and no swarm any more.
  void clear();

  /// The first rule that this request is for, or what the swarm draws for it.
  [[nodiscard]] Chosen choose(const Call& call);
  [[nodiscard]] bool is_in_force(std::uint64_t rule) const;
  [[nodiscard]] bool refuses(const std::string& link) const;
  [[nodiscard]] bool swallows(const std::string& link) const;

  struct Use {
    std::string name;
    std::int64_t matched = 0;
    std::int64_t struck = 0;
  };
  [[nodiscard]] std::vector<Use> uses() const;
  [[nodiscard]] std::uint64_t seed() const { return seed_; }

 private:
  struct Active {
    Rule rule;
    std::uint64_t number = 0;
    std::uint64_t since = 0;
    std::int64_t matched = 0;
    std::int64_t struck = 0;
  };
  [[nodiscard]] bool strikes(Active& one, const Call& call) const;

  std::uint64_t seed_;
  std::uint64_t last_number_ = 0;
  std::vector<Active> active_;
  std::optional<Swarm> swarm_;
};

}  // namespace escrow::proxy
