#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// What is fed with hostile input: each target reads the input as its file says, and finds fault with more than crashes.
namespace escrow::fuzz {

/// The oracle of a target says that this must not be.
class Finding : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void check(bool holds, const std::string& otherwise) {
  if (!holds) throw Finding(otherwise);
}

/// Reads an input from its front; past its end everything is 0.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return first;
  }
  /// Below `limit`, which is at most 65536.
  std::size_t below(std::size_t limit) {
    const std::size_t high = limit > 256 ? byte() : 0;
    return limit == 0 ? 0 : (high * 256 + byte()) % limit;
  }
  [[nodiscard]] bool is_empty() const { return bytes_.empty(); }
  [[nodiscard]] std::string_view rest() const { return bytes_; }
  /// Up to the next line break, which is taken, too.
  std::string_view line() {
    const std::string_view line = bytes_.substr(0, bytes_.find('\n'));
    bytes_.remove_prefix(line.size() == bytes_.size() ? line.size() : line.size() + 1);
    return line;
  }

 private:
  std::string_view bytes_;
};

struct Target {
  const char* name;
  void (*run)(std::string_view input);
  /// Longer inputs find nothing that shorter ones don't.
  std::size_t longest;
};
/// What has the product alone before it, and what simulates whole worlds.
[[nodiscard]] const std::vector<Target>& product_targets();
[[nodiscard]] const std::vector<Target>& world_targets();
/// Null: there is none of that name among them.
[[nodiscard]] inline const Target* target_named(std::string_view name, const std::vector<Target>& targets) {
  const auto found = std::ranges::find_if(targets, [name](const Target& target) { return name == target.name; });
  return found == targets.end() ? nullptr : &*found;
}

void http_server(std::string_view input);
void http_answer(std::string_view input);
void api_json(std::string_view input);
void api_stateful(std::string_view input);
void url_policy(std::string_view input);
void config(std::string_view input);
void log_row(std::string_view input);
void db_file(std::string_view input);
void barrier(std::string_view input);
void proxy_rule(std::string_view input);
void scenario_yaml(std::string_view input);

}  // namespace escrow::fuzz
