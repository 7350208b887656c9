#include "coordinator/server/origin_guard.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace escrow::server {
namespace {

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

constexpr OriginGuard::Refusal cross_site{"origin", "cross-site requests of browsers are refused"};

}  // namespace

std::string host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return end == std::string_view::npos ? std::string() : lower_case(authority.substr(1, end - 1));
  }
  return lower_case(authority.substr(0, authority.find(':')));
}

bool is_loopback_host(std::string_view host) {
  if (host == "localhost") return true;
  boost::system::error_code failure;
  const auto address = boost::asio::ip::make_address(std::string(host), failure);
  return !failure && address.is_loopback();
}

OriginGuard::OriginGuard(std::string_view listen, const std::vector<std::string>& hosts)
    : listen_host_(host_of(listen)), is_loopback_(is_loopback_host(listen_host_)) {
  for (const std::string& host : hosts) hosts_.insert(host_of(host));
}

bool OriginGuard::knows(std::string_view host) const {
  // Elsewhere, and nobody has said by which name: any.
  if (!is_loopback_ && hosts_.empty()) return true;
  return hosts_.contains(host) || is_loopback_host(host) || is_listen_host(host);
}

/// Where it listens is its name, too, unless that is "on every address": no page's name can be an address, or a name that we were given.
bool OriginGuard::is_listen_host(std::string_view host) const {
  boost::system::error_code failure;
  const auto own = boost::asio::ip::make_address(listen_host_, failure);
  if (failure) return host == listen_host_;
  const auto asked = boost::asio::ip::make_address(std::string(host), failure);
  return !failure && !own.is_unspecified() && asked == own;
}

std::optional<OriginGuard::Refusal> OriginGuard::refusal(const transport::Request& request) const {
  // Only a browser sends a name that is not ours without being told to: a page whose name was pointed at our address. Whoever asks for our
  // health (by an address that nobody could write down before) learns nothing else.
  if (!request.host.empty() && !knows(host_of(request.host)) && (is_loopback_ || !request.path.starts_with("/healthz/")))
    return Refusal{"host", "the Host header names another host than this listener"};
  if (const auto origin = request.headers.find("Origin")) {
    const std::string own = lower_case(request.host);
    const std::string given = lower_case(*origin);
    if (own.empty() || (given != "http://" + own && given != "https://" + own)) return cross_site;
  }
  const auto site = request.headers.find("Sec-Fetch-Site");
  if (!site || *site == "same-origin" || *site == "none") return std::nullopt;
  // A link to the console may stand anywhere; a picture, a script or a form of another site may not lead here.
  const bool is_link = is_safe(request.method) && request.headers.find("Sec-Fetch-Mode") == "navigate" &&
                       request.headers.find("Sec-Fetch-Dest").value_or("document") == "document";
  if (!is_link) return cross_site;
  return std::nullopt;
}

}  // namespace escrow::server
