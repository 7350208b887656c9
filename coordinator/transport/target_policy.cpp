#include "coordinator/transport/target_policy.hpp"

#include "coordinator/transport/errors.hpp"
#include "coordinator/transport/http_message.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace escrow::transport {
namespace {

namespace ip = boost::asio::ip;

std::string_view without_final_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool is_host_rule(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

ip::address_v4 bytes_at(const ip::address_v6::bytes_type& bytes, std::size_t at) {
  return ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

/// The address itself and every other one that a packet to it may end up at.
std::vector<ip::address> meanings(const ip::address& address) {
  std::vector<ip::address> all{address};
  if (address.is_v6()) {
    const auto bytes = address.to_v6().to_bytes();
    const auto starts_with = [&](std::initializer_list<unsigned char> prefix) {
      return std::equal(prefix.begin(), prefix.end(), bytes.begin());
    };
    if (starts_with({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) all.emplace_back(bytes_at(bytes, 12));  // mapped
    if (starts_with({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) && bytes_at(bytes, 12).to_uint() > 1) {
      all.emplace_back(bytes_at(bytes, 12));  // compatible
    }
    if (starts_with({0, 0x64, 0xff, 0x9b})) all.emplace_back(bytes_at(bytes, 12));                          // NAT64
    if (starts_with({0x20, 0x02})) all.emplace_back(bytes_at(bytes, 2));                                    // 6to4
    if (starts_with({0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0})) all.emplace_back(bytes_at(bytes, 12));     // translated (RFC 2765)
    if (starts_with({0x20, 0x01, 0, 0})) all.emplace_back(ip::address_v4(~bytes_at(bytes, 12).to_uint()));  // Teredo
  }
  for (std::size_t i = 0, known = all.size(); i < known; ++i) {
    // The kernel connects to itself when asked for 0.0.0.0 or ::.
    if (!all[i].is_unspecified()) continue;
    all.emplace_back(ip::address_v4::loopback());
    all.emplace_back(ip::address_v6::loopback());
  }
  return all;
}

}  // namespace

std::optional<ip::address> literal_address(std::string_view host) {
  boost::system::error_code failure;
  const std::string text(without_final_dot(host));
  auto address = ip::make_address(text, failure);
  if (!failure) return address;
  // The forms of inet_aton, which getaddrinfo takes as well: fewer parts, octal, hexadecimal.
  in_addr legacy{};
  if (text.empty() || inet_aton(text.c_str(), &legacy) == 0) return std::nullopt;
  return ip::address_v4(ntohl(legacy.s_addr));
}

bool TargetPolicy::Network::contains(const ip::address& other) const {
  if (address.is_v4() != other.is_v4()) return false;
  const auto same_prefix = [this](const auto& a, const auto& b) {
    const unsigned whole = prefix_length / 8;
    const unsigned rest = prefix_length % 8;
    if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
    return rest == 0 || (a[whole] >> (8 - rest)) == (b[whole] >> (8 - rest));
  };
  return address.is_v4() ? same_prefix(address.to_v4().to_bytes(), other.to_v4().to_bytes())
                         : same_prefix(address.to_v6().to_bytes(), other.to_v6().to_bytes());
}

bool TargetPolicy::Rules::name(std::string_view host) const {
  host = without_final_dot(host);
  return std::any_of(hosts.begin(), hosts.end(), [&](std::string_view rule) {
    if (!rule.starts_with("*.")) return equals_ignoring_case(rule, host);
    rule.remove_prefix(1);  // keeps the dot: *.example.com does not name example.com, nor badexample.com
    return host.size() > rule.size() && equals_ignoring_case(host.substr(host.size() - rule.size()), rule);
  });
}

bool TargetPolicy::Rules::name(const std::vector<ip::address>& any_of) const {
  return std::any_of(networks.begin(), networks.end(), [&](const Network& network) {
    return std::any_of(any_of.begin(), any_of.end(), [&](const ip::address& address) { return network.contains(address); });
  });
}

std::optional<TargetPolicy::Network> TargetPolicy::parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  boost::system::error_code failure;
  Network network;
  network.address = ip::make_address(std::string(text.substr(0, slash)), failure);
  if (failure || (network.address.is_v6() && network.address.to_v6().scope_id() != 0)) return std::nullopt;
  const unsigned longest = network.address.is_v4() ? 32 : 128;
  network.prefix_length = longest;
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), network.prefix_length);
  if (fault != std::errc{} || end != digits.data() + digits.size() || network.prefix_length > longest) return std::nullopt;
  return network;
}

Result<TargetPolicy::Rules> TargetPolicy::parse_rules(const std::vector<std::string>& entries, std::string_view setting) {
  Rules rules;
  for (const std::string& entry : entries) {
    std::string_view text(entry);
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    if (const auto network = parse_network(text)) {
      rules.networks.push_back(*network);
    } else if (is_host_rule(text) && !literal_address(text)) {
      rules.hosts.emplace_back(without_final_dot(text));
    } else {
      return Error{Errc::target_rule_invalid, std::string(setting) + ": \"" + entry + "\" is neither a host nor a network"};
    }
  }
  return rules;
}

Result<TargetPolicy> TargetPolicy::make(const std::vector<std::string>& allow, const std::vector<std::string>& deny) {
  auto allowed = parse_rules(allow, "targets.allow");
  if (!allowed) return std::move(allowed).error();
  auto denied = parse_rules(deny, "targets.deny");
  if (!denied) return std::move(denied).error();
  TargetPolicy policy;
  policy.allow_ = *std::move(allowed);
  policy.deny_ = *std::move(denied);
  return policy;
}

const std::vector<TargetPolicy::Network>& TargetPolicy::refused_by_default() {
  static const std::vector<Network> networks = [] {
    constexpr std::array<std::string_view, 7> texts = {
        "169.254.0.0/16",      // link-local; AWS, Azure, GCP and OpenStack serve their metadata here
        "fe80::/10",           // link-local
        "fd00:ec2::/32",       // AWS: metadata, credentials of containers
        "fd20:ce::254",        // GCP metadata
        "168.63.129.16/32",    // Azure's agent
        "100.100.100.200/32",  // Alibaba Cloud metadata
        "192.0.0.192/32",      // Oracle Cloud metadata
    };
    std::vector<Network> parsed;
    for (const std::string_view text : texts) parsed.push_back(parse_network(text).value());
    return parsed;
  }();
  return networks;
}

bool TargetPolicy::allows(std::string_view host, const ip::address& address) const {
  const std::vector<ip::address> all = meanings(address);
  if (deny_.name(host) || deny_.name(all)) return false;
  const bool address_is_named = allow_.name(all);
  const auto& refused = refused_by_default();
  const bool is_refused_by_default = std::any_of(refused.begin(), refused.end(), [&](const Network& network) {
    return std::any_of(all.begin(), all.end(), [&](const ip::address& meaning) { return network.contains(meaning); });
  });
  if (is_refused_by_default && !address_is_named) return false;
  return allow_.empty() || address_is_named || allow_.name(host);
}

bool TargetPolicy::forbids_literal(std::string_view host) const {
  if (const auto address = literal_address(host)) return !allows(host, *address);
  // A name that no rule allows may still resolve to an address that one does.
  return deny_.name(host) || (!allow_.empty() && allow_.networks.empty() && !allow_.name(host));
}

}  // namespace escrow::transport
