#pragma once

#include "protocol/result.hpp"

#include <boost/asio/ip/address.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace escrow::transport {

/// Which hosts and networks may be called (targets.allow, targets.deny; docs/protocol.md section 4): the guard against
/// a start request that makes the coordinator call what only the coordinator can reach.
///
/// Rules are host names (`pay.example.com`, `*.example.com`), addresses and networks (`10.0.0.0/8`, `fd00::/8`).
/// `deny` beats `allow`. With an empty `allow` everything else is permitted; otherwise only what it names, by host or
/// by address. Link-local and cloud metadata addresses are refused unless a network in `allow` names them: a host name
/// never opens them, since whoever owns the name chooses the address.
class TargetPolicy {
 public:
  /// The defaults: everything but link-local and metadata addresses.
  TargetPolicy() = default;

  /// Error: Errc::target_rule_invalid, naming the entry.
  static Result<TargetPolicy> make(const std::vector<std::string>& allow, const std::vector<std::string>& deny);

  /// Asked at call time with the address that `host` was resolved to. IPv4 addresses that travel inside IPv6 ones
  /// (mapped, compatible, NAT64, 6to4) count as both; unspecified ones count as loopback, as the kernel takes them.
  [[nodiscard]] bool allows(std::string_view host, const boost::asio::ip::address& address) const;

  /// Asked when a transaction starts: whether what can be said without resolving forbids this host already. Sees
  /// through numeric forms (0x7f.1, 2130706433, ::ffff:a9fe:a9fe). `host` as Url::host() gives it.
  [[nodiscard]] bool forbids_literal(std::string_view host) const;

 private:
  struct Network {
    boost::asio::ip::address address;
    unsigned prefix_length = 0;

    [[nodiscard]] bool contains(const boost::asio::ip::address& other) const;
  };
  struct Rules {
    std::vector<std::string> hosts;
    std::vector<Network> networks;

    [[nodiscard]] bool empty() const { return hosts.empty() && networks.empty(); }
    [[nodiscard]] bool name(std::string_view host) const;
    [[nodiscard]] bool name(const std::vector<boost::asio::ip::address>& any_of) const;
  };

  static std::optional<Network> parse_network(std::string_view text);
  static Result<Rules> parse_rules(const std::vector<std::string>& entries, std::string_view setting);
  static const std::vector<Network>& refused_by_default();

  Rules allow_;
  Rules deny_;
};

/// The address that a host means if it is one in any numeric form that the system's resolver takes.
[[nodiscard]] std::optional<boost::asio::ip::address> literal_address(std::string_view host);

}  // namespace escrow::transport
