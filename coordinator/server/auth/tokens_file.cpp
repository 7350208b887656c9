#include "coordinator/server/auth/tokens_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "protocol/timestamp.hpp"

namespace escrow::server::auth {
namespace {

constexpr std::string_view name_fault = "name must be 1 to 128 characters of A-Z a-z 0-9 . _ @ -";
constexpr std::string_view role_fault = "roles must name at least one of read, initiate, operate, admin, and nothing else";
constexpr std::string_view hash_fault = "hash must be sha256: and 64 hexadecimal digits, as escrowd token prints it";

/// The highest of them; nothing: one is no role, or there is none.
std::optional<Role> highest(const std::vector<std::string>& words) {
  std::optional<Role> out;
  for (const std::string& word : words) {
    const auto role = role_of(word);
    if (!role) return std::nullopt;
    out = std::max(out.value_or(Role::read), *role);
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t end = text.find(separator);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

/// One map of the file.
class EntryReader {
 public:
  EntryReader(std::size_t number, TokenFaults& faults) : number_(number), faults_(faults) {}

  TokenEntry read(const YAML::Node& map) {
    if (!map.IsMap()) {
      fault("must be a map with name, roles and hash");
      return {};
    }
    std::set<std::string> seen;
    for (const auto& member : map) {
      const std::string key = member.first.as<std::string>();
      if (!seen.insert(key).second) fault("a member stands twice");
      read_member(key, member.second);
    }
    if (!seen.contains("name")) fault(name_fault);
    if (!seen.contains("roles")) fault(role_fault);
    if (!seen.contains("hash") && !seen.contains("certificate")) fault("needs a hash, a certificate, or both");
    return std::move(entry_);
  }

 private:
  void fault(std::string_view what) { faults_.push_back(fmt::format("entry {}: {}", number_, what)); }

  void read_member(const std::string& key, const YAML::Node& value) {
    if (key == "roles") return read_roles(value);
    if (key == "limits") return read_limits(value);
    if (key != "name" && key != "hash" && key != "expires_at" && key != "certificate") {
      // `hash:sha256:...` without a space is one name; what may be a hash, or a token in its place, is never shown.
      const bool is_word = key.size() <= 16 && std::ranges::all_of(key, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
      return fault(is_word ? "there is no member " + key : "has a member whose name is no word; is there a space behind each colon?");
    }
    if (!value.IsScalar()) return fault(key + " must be one plain value");
    const std::string& text = value.Scalar();
    if (key == "name") {
      if (!is_principal_name(text)) return fault(name_fault);
      entry_.name = text;
    } else if (key == "hash") {
      entry_.hash = parse_hash(text);
      if (!entry_.hash) fault(hash_fault);
    } else if (key == "expires_at") {
      entry_.expires_at = protocol::parse_timestamp(text);
      if (!entry_.expires_at) fault("expires_at must be a time such as 2027-01-31T00:00:00Z");
    } else {
      entry_.certificate = certificate_name(text);
      if (!entry_.certificate) fault("certificate must be a name, or dns:NAME, uri:URI or cn:COMMON NAME");
    }
  }

  void read_roles(const YAML::Node& value) {
    std::vector<std::string> words;
    if (value.IsScalar()) words.push_back(value.Scalar());
    for (const auto& word : value) {
      if (!word.IsScalar()) return fault(role_fault);
      words.push_back(word.Scalar());
    }
    const auto role = highest(words);
    if (!role) return fault(role_fault);
    entry_.role = *role;
  }

  void read_limits(const YAML::Node& map) {
    if (!map.IsMap()) return fault("limits must be a map");
    for (const auto& member : map) {
      const std::string key = member.first.as<std::string>();
      std::optional<std::int64_t>* const place = key == "rate_per_s"                ? &entry_.limits.rate_per_s
                                                 : key == "burst"                   ? &entry_.limits.burst
                                                 : key == "unfinished_transactions" ? &entry_.limits.unfinished_transactions
                                                 : key == "stream_clients"          ? &entry_.limits.stream_clients
                                                                                    : nullptr;
      if (place == nullptr) {
        fault("limits has no member " + key);
        continue;
      }
      std::int64_t value = -1;
      if (!member.second.IsScalar() || !YAML::convert<std::int64_t>::decode(member.second, value) || value < 0 || value > 1'000'000'000)
        fault("limits." + key + " must be an integer from 0 to 1000000000");
      *place = value;
    }
  }

  std::size_t number_;
  TokenFaults& faults_;
  TokenEntry entry_;
};

}  // namespace

Result<std::vector<TokenEntry>, TokenFaults> parse_tokens_file(const std::string& yaml) {
  TokenFaults faults;
  std::vector<TokenEntry> entries;
  try {
    const YAML::Node root = YAML::Load(yaml);
    // An empty file is one that is being written rather than one that shuts everybody out.
    if (!root.IsSequence() || root.size() == 0) return TokenFaults{"must be a list with at least one entry"};
    if (root.size() > entry_limit) return TokenFaults{fmt::format("has more than {} entries", entry_limit)};
    for (const auto& node : root) entries.push_back(EntryReader(entries.size() + 1, faults).read(node));
  } catch (const YAML::Exception& error) {
    // What it says of the text would quote it.
    return TokenFaults{fmt::format("is not well-formed YAML near line {}", error.mark.line + 1)};
  }
  if (faults.empty()) faults = check_entries(entries);
  if (!faults.empty()) return faults;
  return entries;
}

Result<std::vector<TokenEntry>, TokenFaults> parse_token_lines(const std::vector<std::string>& lines) {
  TokenFaults faults;
  std::vector<TokenEntry> entries;
  for (const std::string& line : lines) {
    const auto fault = [&](std::string_view what) { faults.push_back(fmt::format("entry {}: {}", entries.size() + 1, what)); };
    TokenEntry entry;
    const std::vector<std::string> parts = split(line, ':');
    if (parts.size() != 4) {
      fault("must be NAME:ROLE:sha256:HEX");
    } else {
      if (!is_principal_name(parts[0])) fault(name_fault);
      const auto role = highest(split(parts[1], '+'));
      if (!role) fault(role_fault);
      entry.hash = parse_hash(parts[2] + ":" + parts[3]);
      if (!entry.hash) fault(hash_fault);
      entry.name = parts[0];
      entry.role = role.value_or(Role::read);
    }
    entries.push_back(std::move(entry));
  }
  if (faults.empty()) faults = check_entries(entries);
  if (!faults.empty()) return faults;
  return entries;
}

TokenFaults check_entries(const std::vector<TokenEntry>& entries) {
  TokenFaults faults;
  std::set<TokenHash> seen;
  std::map<std::string, std::size_t> by_certificate;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].hash && !seen.insert(*entries[i].hash).second)
      faults.push_back(fmt::format("entry {}: another entry has the same hash", i + 1));
    if (entries[i].hash || !entries[i].certificate) continue;
    // Which of two would count, nobody who reads the file should have to know. The same name and role twice is how a time is prolonged.
    const auto [first, is_new] = by_certificate.emplace(*entries[i].certificate, i);
    const TokenEntry& other = entries[first->second];
    if (!is_new && (other.name != entries[i].name || other.role != entries[i].role))
      faults.push_back(fmt::format("entry {}: entry {} gives the same certificate another name or role", i + 1, first->second + 1));
  }
  return faults;
}

}  // namespace escrow::server::auth
