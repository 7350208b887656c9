#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/result.hpp"
#include "tests/fault-injection/proxy/rule.hpp"
#include "tests/fault-injection/proxy/swarm.hpp"

/// The rules file: YAML, and so also JSON. Whatever it does not know is an error that says where it stands.
namespace escrow::proxy {

/// Whoever connects to `listen` talks to `to`.
struct LinkOptions {
  std::string name;
  std::string listen = "127.0.0.1:0";
  std::string to;
};

/// Links stop one after another, and go on in another order.
struct Swizzle {
  /// Empty: all of them.
  std::vector<std::string> links;
  Duration every{200};
  Duration hold{1000};
  int rounds = 1;
};

/// What of a rules file may change while the proxy runs.
struct RuleSet {
  std::vector<Rule> rules;
  std::optional<SwarmOptions> swarm;
  std::optional<Swizzle> swizzle;
};

struct RulesFile {
  std::uint64_t seed = 1;
  std::vector<LinkOptions> links;
  RuleSet set;
};

/// `seed`: instead of the file's own.
[[nodiscard]] Result<RulesFile> read_rules_file(const std::string& text, std::optional<std::uint64_t> seed = std::nullopt);
/// The same without links, for a proxy that runs.
[[nodiscard]] Result<RuleSet> read_rule_set(const std::string& text, std::uint64_t seed);

}  // namespace escrow::proxy
