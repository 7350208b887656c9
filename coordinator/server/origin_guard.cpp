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

OriginGuard::OriginGuard(std::string_view listen) : listen_host_(host_of(listen)), is_loopback_(is_loopback_host(listen_host_)) {}

std::optional<std::string> OriginGuard::refusal(const transport::Request& request) const {
  // Only a browser sends a name that is not ours without being told to: a page whose name was pointed at 127.0.0.1.
  if (is_loopback_ && !request.host.empty()) {
    const std::string host = host_of(request.host);
    if (host != listen_host_ && !is_loopback_host(host)) return "the Host header names another host than this listener";
  }
  if (const auto origin = request.headers.find("Origin")) {
    const std::string own = lower_case(request.host);
    const std::string given = lower_case(*origin);
    if (own.empty() || (given != "http://" + own && given != "https://" + own)) return "cross-site requests of browsers are refused";
  }
  if (const auto site = request.headers.find("Sec-Fetch-Site");
      site && !is_safe(request.method) && *site != "same-origin" && *site != "none") {
    return "cross-site requests of browsers are refused";
  }
  return std::nullopt;
}

}  // namespace escrow::server
