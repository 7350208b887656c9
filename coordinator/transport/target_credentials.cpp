#include "coordinator/transport/target_credentials.hpp"

#include "coordinator/transport/errors.hpp"
#include "protocol/url.hpp"

#include <algorithm>

namespace escrow::transport {
namespace {

std::string_view without_final_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

}  // namespace

Result<void> TargetCredentials::add(TargetCredential credential) {
  const auto refuse = [&](std::string_view why) {
    return Error{Errc::target_rule_invalid, "match: \"" + credential.match + "\" is no HOST, *.HOST, * or HOST:PORT" + std::string(why)};
  };
  std::string_view text = credential.match;
  Entry entry;
  if (text.starts_with("*.")) {
    entry.host = "*.";
    text.remove_prefix(2);
  } else if (text.starts_with('*')) {
    entry.host = "*";
    text.remove_prefix(1);
    if (!text.empty() && !text.starts_with(':')) return refuse("");
  }
  // Hosts and ports are what they are in a URL, so that what matches a call is written as in the call.
  const auto url = protocol::Url::parse("https://" + (entry.host == "*" ? "any" : std::string()) + std::string(text));
  if (!url) return refuse(": " + url.error());
  if (url->target() != "/" || text.ends_with('/')) return refuse("");
  if (entry.host != "*") entry.host += without_final_dot(url->host());
  const bool has_port = text.rfind(':') != std::string_view::npos && !text.ends_with(']');
  if (has_port) entry.port = url->port();
  entry.credential = std::move(credential);
  entries_.push_back(std::move(entry));
  return {};
}

bool TargetCredentials::Entry::names(std::string_view wanted_host, std::uint16_t wanted_port) const {
  if (port != 0 && port != wanted_port) return false;
  if (host == "*") return true;
  wanted_host = without_final_dot(wanted_host);
  if (!host.starts_with("*.")) return host == wanted_host;
  const std::string_view suffix = std::string_view(host).substr(1);  // keeps the dot: *.example.com names no badexample.com
  return wanted_host.size() > suffix.size() && wanted_host.ends_with(suffix);
}

std::size_t TargetCredentials::index_of(std::string_view host, std::uint16_t port) const {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.names(host, port); });
  return static_cast<std::size_t>(found - entries_.begin());
}

const TargetCredential* TargetCredentials::find(std::string_view host, std::uint16_t port) const {
  const std::size_t index = index_of(host, port);
  return index == entries_.size() ? nullptr : &entries_[index].credential;
}

}  // namespace escrow::transport
