#pragma once

#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace escrow::transport {

/// One signing secret of a target as it stands in the file, by member. Whoever signs says what it means.
using SigningEntry = std::map<std::string, std::string>;

/// What belongs to the targets that `match` names: by whom they are believed to be who they are, who we are to them, and what calls to
/// them are signed with.
struct TargetCredential {
  /// HOST, *.HOST or *, each with :PORT behind it or for every port; an IPv6 address stands in brackets.
  std::string match;
  /// PEM; empty: the authorities that hold for all targets. With it, no other authority counts.
  std::string ca_file;
  /// PEM; empty: the certificate that is shown to all targets, if there is one.
  std::string certificate_file;
  std::string key_file;
  std::vector<SigningEntry> signing;
};

/// The credentials of all targets (targets.credentials_file), in the order of the file.
class TargetCredentials {
 public:
  /// None.
  TargetCredentials() = default;

  /// Appends one. Error: Errc::target_rule_invalid, with what is wrong with `match`.
  Result<void> add(TargetCredential credential);

  /// The first that names this host and port, as Url::host() and Url::port() give them; null: none does. It lives as long as this.
  [[nodiscard]] const TargetCredential* find(std::string_view host, std::uint16_t port) const;
  /// Its place, from 0; size() if none matches.
  [[nodiscard]] std::size_t index_of(std::string_view host, std::uint16_t port) const;

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] const TargetCredential& operator[](std::size_t index) const { return entries_[index].credential; }

 private:
  struct Entry {
    TargetCredential credential;
    std::string host;  // in lower case, without a final dot; `*` and `*.` keep their star
    std::uint16_t port = 0;

    [[nodiscard]] bool names(std::string_view wanted_host, std::uint16_t wanted_port) const;
  };

  std::vector<Entry> entries_;
};

}  // namespace escrow::transport
