#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ssl/context.hpp>
#include <escrow/participant_server.hpp>

#include "client-sdk/src/signing/watched_file.hpp"
#include "protocol/result.hpp"

namespace escrow::participant {

/// The TLS of a participant's server, made from files that are read again when they change. On the I/O thread only, but for `make`.
class TlsFiles {
 public:
  /// Errc::invalid_argument, naming the file.
  [[nodiscard]] static Result<TlsFiles> make(const ServerTls& files, std::function<void(const std::string&)> log);

  /// What the next connection is served with. Files that can't be used any more are told to the log, and the last good ones stay.
  [[nodiscard]] boost::asio::ssl::context& now();

 private:
  TlsFiles(ServerTls files, std::function<void(const std::string&)> log);
  [[nodiscard]] Result<std::unique_ptr<boost::asio::ssl::context>> load();

  ServerTls files_;
  std::function<void(const std::string&)> log_;
  std::vector<signing::WatchedFile> watched_;
  std::unique_ptr<boost::asio::ssl::context> context_;
};

}  // namespace escrow::participant
