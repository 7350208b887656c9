#include "client-sdk/src/participant/tls_files.hpp"

#include <algorithm>
#include <utility>

#include <openssl/ssl.h>
#include <escrow/error.hpp>

namespace escrow::participant {
namespace {

namespace ssl = boost::asio::ssl;

Error unusable(const std::string& file, const boost::system::error_code& error) {
  return make_error(Errc::invalid_argument, file + " can't be used: " + error.message());
}

}  // namespace

TlsFiles::TlsFiles(ServerTls files, std::function<void(const std::string&)> log) : files_(std::move(files)), log_(std::move(log)) {
  for (const std::string& path : {files_.certificate_file(), files_.key_file(), files_.client_ca_file()}) {
    if (!path.empty()) watched_.emplace_back(path);
  }
}

Result<TlsFiles> TlsFiles::make(const ServerTls& files, std::function<void(const std::string&)> log) {
  TlsFiles made(files, std::move(log));
  auto context = made.load();
  if (!context) return std::move(context).error();
  made.context_ = *std::move(context);
  return made;
}

Result<std::unique_ptr<ssl::context>> TlsFiles::load() {
  // Remembers how they look now: what changes while they are read is seen the next time.
  for (signing::WatchedFile& file : watched_) static_cast<void>(file.read());
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(native, 0);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  // A key with a pass phrase is an error: without this, OpenSSL asks for it at the terminal.
  SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return 0; });
  boost::system::error_code error;
  context->use_certificate_chain_file(files_.certificate_file(), error);
  if (error) return unusable(files_.certificate_file(), error);
  context->use_private_key_file(files_.key_file(), ssl::context::pem, error);
  if (error) return unusable(files_.key_file(), error);
  if (files_.client_ca_file().empty()) return context;
  context->load_verify_file(files_.client_ca_file(), error);
  if (error) return unusable(files_.client_ca_file(), error);
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  return context;
}

ssl::context& TlsFiles::now() {
  const bool changed = std::ranges::any_of(watched_, [](const signing::WatchedFile& file) { return file.has_changed(); });
  if (changed) {
    if (auto context = load()) {
      context_ = *std::move(context);
    } else {
      log_("the TLS files are as they were: " + context.error().detail);
    }
  }
  return *context_;
}

}  // namespace escrow::participant
