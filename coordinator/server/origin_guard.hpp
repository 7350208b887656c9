#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/transport/http_message.hpp"

/// Keeps web pages away from a coordinator on somebody's machine: a page on another site must neither post to it (request forgery), nor
/// reach it under a name of its own (DNS rebinding).
namespace escrow::server {

/// The host of HOST:PORT, in lower case and without brackets; empty when the text is none.
[[nodiscard]] std::string host_of(std::string_view authority);

/// Whether only this machine can connect to a listener on that host: a loopback address, or `localhost`.
[[nodiscard]] bool is_loopback_host(std::string_view host);

class OriginGuard {
 public:
  /// `listen` is HOST:PORT as configured, its host counts unless it means every address; `hosts` are names by which it is
  /// known besides (`server.hosts`).
  explicit OriginGuard(std::string_view listen, const std::vector<std::string>& hosts = {});

  struct Refusal {
    /// For metrics and log: `host` or `origin`.
    std::string_view reason;
    /// For the caller.
    std::string_view detail;
  };
  /// Why the request is forbidden; nothing: it may pass.
  [[nodiscard]] std::optional<Refusal> refusal(const transport::Request& request) const;

 private:
  [[nodiscard]] bool knows(std::string_view host) const;
  [[nodiscard]] bool is_listen_host(std::string_view host) const;

  std::string listen_host_;
  bool is_loopback_;
  std::set<std::string, std::less<>> hosts_;
};

}  // namespace escrow::server
