#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/server/config.hpp"

/// Every setting of `escrowd` in one table: the file, the environment, the flags and docs/settings.md all come from it.
namespace escrow::server {

struct Setting {
  /// As in the file, sections joined with dots: `limits.body_bytes`.
  std::string key;
  /// Another name of it; empty: none. (`store` is short for `store.location`.)
  std::string alias;
  /// What values there are, for people.
  std::string values;
  std::string help;
  bool is_list = false;
  /// Its value is shown nowhere.
  bool is_hidden = false;
  /// An empty value is refused rather than taken for none.
  bool is_never_empty = false;
  /// Puts a value in; the answer says what is wrong with it. Not a list: exactly one value comes.
  std::function<std::optional<std::string>(Config&, const std::vector<std::string>&)> set;
  /// The value as it would be written.
  std::function<std::string(const Config&)> get;
};

[[nodiscard]] const std::vector<Setting>& settings();

/// By key or alias; null: there is no such setting.
[[nodiscard]] const Setting* find_setting(std::string_view key);

/// `limits.body_bytes` is `ESCROW_LIMITS_BODY_BYTES`.
[[nodiscard]] std::string environment_name(std::string_view key);

/// `scheme://user:password@rest?password=...` with the passwords as `***`; how a location is shown wherever it is shown.
[[nodiscard]] std::string without_password(const std::string& value);

/// What `GET /v1/info` shows of a configuration: a JSON array of `{"key", "value", "is_default"}`, with passwords in URLs as `***`.
[[nodiscard]] std::string settings_json(const Config& config);

/// docs/settings.md.
[[nodiscard]] std::string settings_document();

}  // namespace escrow::server
