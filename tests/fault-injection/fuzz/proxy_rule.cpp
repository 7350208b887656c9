#include "tests/fault-injection/fuzz/targets.hpp"
#include "tests/fault-injection/proxy/rule_file.hpp"

namespace escrow::fuzz {

/// A rules file, or the rules that a proxy is given while it runs. Clean errors, and the same text means the same twice.
void proxy_rule(std::string_view input) {
  Input in(input);
  const bool is_file = in.below(2) == 0;
  const std::string text(in.rest());
  if (is_file) {
    const auto file = proxy::read_rules_file(text);
    if (!file) return check(!file.error().detail.empty(), "refused without a word");
    const auto again = proxy::read_rules_file(text);
    check(again && again->set.rules.size() == file->set.rules.size() && again->links.size() == file->links.size(),
          "read otherwise when read again");
    for (const auto& link : file->links) check(!link.to.empty(), "a link that leads nowhere");
    return;
  }
  const auto set = proxy::read_rule_set(text, 7);
  if (!set) check(!set.error().detail.empty(), "refused without a word");
}

}  // namespace escrow::fuzz
