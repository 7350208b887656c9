#include "coordinator/transport/target_policy.hpp"
#include "protocol/url.hpp"
#include "tests/fault-injection/fuzz/targets.hpp"

#include <arpa/inet.h>
#include <boost/asio/ip/tcp.hpp>

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace escrow::fuzz {
namespace {

using boost::asio::ip::address;

/// What the system takes a numeric host for, without asking anybody.
std::vector<address> what_the_system_takes(const std::string& host) {
  std::vector<address> found;
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    boost::asio::ip::tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    endpoint.resize(entry->ai_addrlen);
    found.push_back(endpoint.address());
  }
  freeaddrinfo(list);
  return found;
}

bool is_link_local(const address& where) {
  if (where.is_v4()) return (where.to_v4().to_uint() >> 16U) == 0xa9fe;
  const auto bytes = where.to_v6().to_bytes();
  if (bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80) return true;
  const bool is_mapped = std::all_of(bytes.begin(), bytes.begin() + 10, [](unsigned char byte) { return byte == 0; }) &&
                         bytes[10] == 0xff && bytes[11] == 0xff;
  return is_mapped && bytes[12] == 0xa9 && bytes[13] == 0xfe;
}

void check_url(const protocol::Url& url, std::string_view text) {
  check(url.text() == text && text.size() <= protocol::max_url_length, "the text of a URL is another one");
  const auto is_plain = [](char c) { return c > ' ' && c <= '~'; };
  for (const std::string* part : {&url.host(), &url.target(), &url.host_header(), &url.destination()}) {
    check(!part->empty() && std::all_of(part->begin(), part->end(), is_plain), "a part of a URL could end a header line");
  }
  check(url.target().front() == '/', "a target that is none");
  check(text.find('#') == std::string_view::npos, "a URL with a fragment");
  const std::string_view authority = text.substr(text.find("://") + 3);
  check(authority.substr(0, authority.find_first_of("/?")).find('@') == std::string_view::npos, "a URL with user-info");
  check(url.port() != 0, "a URL to port 0");
  const auto again = protocol::Url::parse(std::string(url.scheme()) + "://" + url.host_header() + url.target());
  check(again && again->destination() == url.destination() && again->target() == url.target(),
        "a URL that reads otherwise when written again");
}

}  // namespace

/// A URL, a rule to allow and a rule to deny, a line each. By default nothing link-local is ever called, however its address is spelled;
/// deny beats allow.
void url_policy(std::string_view input) {
  Input in(input);
  const std::string text(in.line());
  const std::string allow(in.line());
  const std::string deny(in.line());
  const auto list = [](const std::string& rule) { return rule.empty() ? std::vector<std::string>{} : std::vector<std::string>{rule}; };
  const auto policy = transport::TargetPolicy::make(list(allow), list(deny));
  const auto url = protocol::Url::parse(text);
  if (!url) return check(!url.error().empty(), "refused without a word");
  check_url(*url, text);
  static const transport::TargetPolicy by_default;
  for (const address& where : what_the_system_takes(url->host())) {
    if (is_link_local(where)) {
      check(by_default.forbids_literal(url->host()), "a link-local address may be named: " + url->host());
      check(!by_default.allows(url->host(), where), "a link-local address may be called: " + url->host());
      if (policy && allow.find_first_of("/:") == std::string::npos && allow.find_first_not_of("0123456789.") != std::string::npos) {
        check(!policy->allows(url->host(), where), "a host name opens a link-local address: " + allow);
      }
    }
    if (!policy) continue;
    if (policy->forbids_literal(url->host())) check(!policy->allows(url->host(), where), "forbidden by name and allowed by address");
    const auto only_denied = transport::TargetPolicy::make({}, list(deny));
    if (only_denied && !only_denied->allows(url->host(), where) && by_default.allows(url->host(), where)) {
      check(!policy->allows(url->host(), where), "allow beats deny");
    }
  }
}

}  // namespace escrow::fuzz
