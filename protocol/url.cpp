#include "protocol/url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

// A parser of our own: the grammar is small, stricter than RFC 3986, and the SDK should not drag a library in for it.
namespace escrow::protocol {
namespace {

constexpr bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) { return a == to_lower(b); });
}

/// Letters, digits, '-', '_' and '.', in labels of 1 to 63; one dot may end it. Numbers such as 0x7f.1 are names here:
/// whoever resolves them checks the address.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  if (host.back() == '.') host.remove_suffix(1);
  std::size_t label = 0;
  for (const char c : host) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
    } else if (!(is_alphanumeric(c) || c == '-' || c == '_') || ++label > 63) {
      return false;
    }
  }
  return label > 0;
}

std::optional<std::string> canonical_ipv6(std::string_view text) {
  in6_addr address{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return std::nullopt;  // refuses zones, too
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  if (inet_ntop(AF_INET6, &address, canonical.data(), canonical.size()) == nullptr) return std::nullopt;
  return std::string(canonical.data());
}

/// pchar, '/' and '?' of RFC 3986; '|' and the like only percent-encoded.
constexpr auto target_characters = [] {
  std::array<bool, 256> allowed{};
  for (const char c : std::string_view("-._~!$&'()*+,;=:@/?")) allowed[static_cast<unsigned char>(c)] = true;
  for (int c = 0; c < 128; ++c) allowed[static_cast<std::size_t>(c)] |= is_alphanumeric(static_cast<char>(c));
  return allowed;
}();

bool is_target(std::string_view target) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target_characters[static_cast<unsigned char>(target[i])]) continue;
    if (target[i] != '%' || i + 2 >= target.size() || !is_hex(target[i + 1]) || !is_hex(target[i + 2])) return false;
    i += 2;
  }
  return true;
}

}  // namespace

Result<Url, std::string> Url::parse(std::string_view text) {
  using namespace std::string_literals;
  if (text.size() > max_url_length) return "longer than 2048 characters"s;
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; })) {
    return "contains white space, a control character or a character outside of ASCII"s;
  }

  Url url;
  url.text_ = text;
  url.is_tls_ = starts_with_ignoring_case(text, "https://");
  if (!url.is_tls_ && !starts_with_ignoring_case(text, "http://")) return "not an absolute http or https URL"s;
  const std::string_view rest = text.substr(url.is_tls_ ? 8 : 7);
  if (rest.find('#') != std::string_view::npos) return "has a fragment"s;

  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  if (authority.find('@') != std::string_view::npos) return "has user information"s;

  const bool is_ipv6 = authority.starts_with('[');
  const std::size_t closing = is_ipv6 ? authority.find(']') : 0;
  if (closing == std::string_view::npos) return "has an IPv6 address without its closing bracket"s;
  const std::size_t colon = authority.find(':', closing);
  const std::size_t host_end = std::min(colon, authority.size());
  if (is_ipv6) {
    if (host_end != closing + 1) return "has characters behind the IPv6 address"s;
    auto canonical = canonical_ipv6(authority.substr(1, closing - 1));
    if (!canonical) return "has an invalid IPv6 address"s;
    url.host_ = std::move(*canonical);
  } else {
    if (!is_host_name(authority.substr(0, host_end))) return "has no valid host"s;
    url.host_ = authority.substr(0, host_end);
    std::transform(url.host_.begin(), url.host_.end(), url.host_.begin(), to_lower);
  }

  const std::uint16_t default_port = url.is_tls_ ? 443 : 80;
  url.port_ = default_port;
  if (colon != std::string_view::npos) {
    const std::string_view digits = authority.substr(colon + 1);
    unsigned port = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (fault != std::errc{} || end != digits.data() + digits.size() || port < 1 || port > 65535) return "has no valid port"s;
    url.port_ = static_cast<std::uint16_t>(port);
  }

  const std::string_view target = rest.substr(authority_end);
  if (!is_target(target)) return "has characters in its path or query that must be percent-encoded"s;
  url.target_ = target.starts_with('/') ? std::string(target) : "/" + std::string(target);

  url.host_header_ = is_ipv6 ? "[" + url.host_ + "]" : url.host_;
  const std::string port = ":" + std::to_string(url.port_);
  url.destination_.reserve(url.host_header_.size() + 16);
  url.destination_.append(url.scheme()).append("://").append(url.host_header_).append(port);
  if (url.port_ != default_port) url.host_header_ += port;
  return url;
}

}  // namespace escrow::protocol
