#include "protocol/signing/target_pattern.hpp"

namespace escrow::protocol::signing {

Result<TargetPattern, std::string> TargetPattern::parse(std::string_view text) {
  TargetPattern pattern;
  if (text == "*") {
    pattern.is_all_ = true;
    return pattern;
  }
  pattern.is_below_ = text.starts_with("*.");
  if (pattern.is_below_) text.remove_prefix(2);
  const bool is_bare_v6 = !text.starts_with('[') && text.find(':') != text.rfind(':');
  // The rules for hosts and ports are those of URLs: one place knows them.
  const auto url = Url::parse("http://" + (is_bare_v6 ? "[" + std::string(text) + "]" : std::string(text)));
  if (!url || url->target() != "/" || text.ends_with('/')) return "not HOST, *.HOST or HOST:PORT: " + std::string(text);
  pattern.host_ = url->host();
  const auto colon = text.rfind(':');
  const bool has_port = !is_bare_v6 && colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos;
  if (has_port) pattern.port_ = url->port();
  return pattern;
}

bool TargetPattern::matches(const Url& url) const {
  if (is_all_) return true;
  if (port_ && *port_ != url.port()) return false;
  if (!is_below_) return url.host() == host_;
  const std::string& host = url.host();
  return host.size() > host_.size() + 1 && host.ends_with(host_) && host[host.size() - host_.size() - 1] == '.';
}

}  // namespace escrow::protocol::signing
